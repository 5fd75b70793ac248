import type { KeyObject } from 'node:crypto';
import { isSigned, sha256 } from './manifest.ts';
import { merkleRoot } from './merkle.ts';
import {
  areCounts,
  areTexts,
  fileNumbers,
  isFields,
  parsedAs,
  readSignedFile,
  signedFile,
  type SignedFile,
} from './signed-file.ts';
import type { ArchiveTarget } from './target.ts';

/**
 * What a head signs of one record: the SHA-256 of its text, when it was received (ISO 8601 in UTC, microseconds), site and service. In the
 * file it is one line, a JSON array in this order.
 */
export interface SignedRow {
  readonly sha256: string;
  readonly received: string;
  readonly site: string;
  readonly service: string;
}

/** Records as they were stored during a day, signed before the day's manifest signs them. Heads of an organisation form a chain of their own. */
export interface DayHead {
  readonly version: 1;
  readonly organisation: string;
  /** 1 for the first, and one more each. */
  readonly number: number;
  /** SHA-256 of the signed text of the head before, in hexadecimal; null for the first. */
  readonly previous: string | null;
  /** What was received from here (included) to there (without) is signed by this head and those before; ISO 8601 in UTC. */
  readonly from: string;
  readonly to: string;
  readonly at: string;
  /** Records that this head signs, and the Merkle root (RFC 9162) over their lines. */
  readonly records: number;
  readonly root: string;
  /** Why the records were changed by Sightline itself, after which they are signed anew: heads before this one stand for nothing. Else absent. */
  readonly restated?: string;
  /** Fingerprint of the key that signed it. */
  readonly key: string;
}

/** As it lies in the archive; its lines are those of the records. */
export interface StoredHead extends SignedFile {
  readonly number: number;
  /** Of the signed text, in hexadecimal. */
  readonly sha256: string;
  /** undefined where it cannot be read. */
  readonly head: DayHead | undefined;
}

/** Folder of an organisation's heads. */
export const headsFolder = 'heads';
/** One head signs no more records: it stays small enough to be read at once. */
export const rowsOfHeadAtMost = 20_000;
const mostHeadBytes = 32 * 1024 * 1024;

export const headName = (organisation: string, number: number): string =>
  `${organisation}/${headsFolder}/${String(number).padStart(9, '0')}.head`;

/** Numbers of the heads that are there, in order. */
export async function headNumbers(target: ArchiveTarget, organisation: string): Promise<number[]> {
  return fileNumbers(target, `${organisation}/${headsFolder}`, (number) => headName(organisation, number));
}

/** Undefined where there is no such head. */
export async function readHead(
  target: ArchiveTarget,
  organisation: string,
  number: number,
): Promise<StoredHead | undefined> {
  const bytes = await target.get(headName(organisation, number), mostHeadBytes);
  if (!bytes) return undefined;
  const file = readSignedFile(bytes);
  return { number, sha256: sha256(file.text), head: parsedAs(file.text, isHead), ...file };
}

export const isSignedHead = ({ text, signature }: StoredHead, publicKey: KeyObject): boolean =>
  isSigned(text, signature, publicKey);

export const rootOfLines = (lines: readonly string[]): string =>
  merkleRoot(lines.map((line) => Buffer.from(line))).toString('hex');

export const lineOf = ({ sha256: hash, received, site, service }: SignedRow): string =>
  JSON.stringify([hash, received, site, service]);

/** Undefined where the line is none of a head. */
export function readLine(line: string): SignedRow | undefined {
  try {
    const [hash, received, site, service] = JSON.parse(line) as unknown[];
    return [hash, received, site, service].every((one) => typeof one === 'string')
      ? { sha256: String(hash), received: String(received), site: String(site), service: String(service) }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The file of a head. */
export function headFile(
  content: Omit<DayHead, 'version' | 'records' | 'root'>,
  rows: readonly SignedRow[],
  sign: (bytes: Uint8Array) => Uint8Array,
): { head: DayHead; sha256: string; bytes: Buffer } {
  const lines = rows.map(lineOf);
  const head: DayHead = { version: 1, ...content, records: lines.length, root: rootOfLines(lines) };
  const text = Buffer.from(JSON.stringify(head));
  return { head, sha256: sha256(text), bytes: signedFile(text, sign, lines) };
}

function isHead(value: unknown): value is DayHead {
  return (
    isFields(value) &&
    value['version'] === 1 &&
    areTexts(value, 'organisation', 'from', 'to', 'at', 'root', 'key') &&
    areCounts(value, 'number', 'records') &&
    (value['previous'] === null || typeof value['previous'] === 'string')
  );
}
