import type { KeyObject } from 'node:crypto';
import { isSigned, sha256 } from './manifest.ts';
import { areCounts, areTexts, fileNumbers, isFields, parsedAs, readSignedFile, signedFile } from './signed-file.ts';
import type { ArchiveTarget } from './target.ts';

/** A file that was deleted: what the day's manifest says of it. */
export interface DeletedFile {
  readonly day: string;
  readonly path: string;
  readonly class: string;
  readonly site: string | null;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** A data key that was destroyed. */
export interface DestroyedKey {
  readonly class: string;
  readonly id: string;
}

/** What was taken out of an organisation's archive, and why. Records form a chain of their own, beside that of the days. */
export interface ArchiveRecord {
  readonly version: 1;
  /** `files-deleted`: after their time, or with their key. `keys-destroyed`: somebody ended a class, or ('') every class. */
  readonly kind: 'files-deleted' | 'keys-destroyed';
  readonly organisation: string;
  /** 1 for the first, and one more each. */
  readonly number: number;
  /** SHA-256 of the file of the record before, in hexadecimal; null for the first. */
  readonly previous: string | null;
  readonly at: string;
  /** Who did it: a person, or `Sightline` for what is done by time alone. */
  readonly by: string;
  readonly reason: string;
  /** Of `keys-destroyed`; '' for every class. */
  readonly class: string;
  readonly keys: readonly DestroyedKey[];
  /** Of `keys-destroyed`: files that stay and cannot be read any more. */
  readonly unreadable: { readonly files: number; readonly rows: number };
  readonly files: readonly DeletedFile[];
  /** Fingerprint of the key that signed it. */
  readonly key: string;
}

/** The newest record of a chain, as a manifest names it. */
export interface RecordHead {
  readonly number: number;
  readonly sha256: string;
}

/** A record as it lies in the archive: a line of JSON, and a line with the signature over it in base64. */
export interface StoredRecord {
  readonly number: number;
  readonly sha256: string;
  /** undefined where it cannot be read. */
  readonly record: ArchiveRecord | undefined;
  readonly text: Buffer;
  readonly signature: Buffer;
}

/** Folder of an organisation's records. */
export const recordsFolder = 'records';
const mostRecordBytes = 16 * 1024 * 1024;
/** One record names no more files: it stays small enough to be read at once. */
export const filesOfRecordAtMost = 5000;

export const recordName = (organisation: string, number: number): string =>
  `${organisation}/${recordsFolder}/${String(number).padStart(6, '0')}.record`;

/** Numbers of the records that are there, in order. */
export async function recordNumbers(target: ArchiveTarget, organisation: string): Promise<number[]> {
  return fileNumbers(target, `${organisation}/${recordsFolder}`, (number) => recordName(organisation, number));
}

/** Undefined where there is no such record. */
export async function readRecord(
  target: ArchiveTarget,
  organisation: string,
  number: number,
): Promise<StoredRecord | undefined> {
  const bytes = await target.get(recordName(organisation, number), mostRecordBytes);
  if (!bytes) return undefined;
  const { text, signature, lines } = readSignedFile(bytes);
  return {
    number,
    sha256: sha256(bytes),
    record: parsedAs(text, isRecord),
    text,
    // Nothing stands behind the signature of a record: where something does, it proves nothing.
    signature: lines.length === 0 ? signature : Buffer.alloc(0),
  };
}

/** The newest record; undefined where there is none. */
export async function recordHead(target: ArchiveTarget, organisation: string): Promise<RecordHead | undefined> {
  const number = (await recordNumbers(target, organisation)).at(-1);
  const stored = number === undefined ? undefined : await readRecord(target, organisation, number);
  return stored && { number: stored.number, sha256: stored.sha256 };
}

export const isSignedRecord = ({ text, signature }: StoredRecord, publicKey: KeyObject): boolean =>
  isSigned(text, signature, publicKey);

const attemptsAtMost = 10;

/** Adds a record at the end of the chain. Throws where others were faster ten times. */
export async function appendRecord(
  target: ArchiveTarget,
  content: Omit<ArchiveRecord, 'version' | 'number' | 'previous'>,
  sign: (bytes: Uint8Array) => Uint8Array,
): Promise<ArchiveRecord> {
  const { organisation } = content;
  for (let attempt = 0; attempt < attemptsAtMost; attempt++) {
    const head = await recordHead(target, organisation);
    const number = (head?.number ?? 0) + 1;
    const record: ArchiveRecord = { version: 1, ...content, number, previous: head?.sha256 ?? null };
    const bytes = signedFile(Buffer.from(JSON.stringify(record)), sign);
    if (await target.put(recordName(organisation, number), bytes)) return record;
  }
  throw new Error(`no record could be added for ${organisation}: another process adds them at the same time`);
}

function isRecord(value: unknown): value is ArchiveRecord {
  return (
    isFields(value) &&
    value['version'] === 1 &&
    (value['kind'] === 'files-deleted' || value['kind'] === 'keys-destroyed') &&
    areTexts(value, 'organisation', 'at', 'by', 'reason', 'class', 'key') &&
    areCounts(value, 'number') &&
    (value['previous'] === null || typeof value['previous'] === 'string') &&
    isFields(value['unreadable']) &&
    areCounts(value['unreadable'], 'files', 'rows') &&
    Array.isArray(value['keys']) &&
    value['keys'].every((key: unknown) => isFields(key) && areTexts(key, 'class', 'id')) &&
    Array.isArray(value['files']) &&
    value['files'].every(
      (file: unknown) =>
        isFields(file) && areTexts(file, 'day', 'path', 'class', 'sha256') && areCounts(file, 'rows', 'bytes'),
    )
  );
}
