import { createHash, type KeyObject } from 'node:crypto';
import { mostManifestBytes } from './archive-reader.ts';
import type { ArchiveKeys } from './keyring.ts';
import {
  type ArchivedFile,
  dayName,
  filePath,
  fingerprint,
  isSigned,
  type AuditHead,
  type Manifest,
  manifestName,
  readManifest,
  rootOf,
  sha256,
  signatureName,
} from './manifest.ts';
import type { SignedRow } from './day-heads.ts';
import { readHeads } from './head-chain.ts';
import { takenOver } from './newest-manifest.ts';
import { parquetRows, ParquetTail } from './parquet-rows.ts';
import { keyIdOf, openPieces, SealedFileError } from './sealed-file.ts';
import type { ArchiveTarget } from './target.ts';
import { RecordChain } from './verify-records.ts';

export interface VerifyOptions {
  readonly target: ArchiveTarget;
  readonly publicKey: KeyObject;
  /** Keys to decrypt with, where somebody has them: then rows are counted too. Without them all else is proved. */
  readonly keys?: ArchiveKeys;
  /** Days (`YYYY-MM-DD`) that each organisation must have at least; '' where that is not asked. */
  readonly from?: string;
  readonly through?: string;
  /** What is signed of each organisation, as a day or since then, must reach this moment; absent where that is not asked. */
  readonly untilMs?: number;
  /** Checks a part: one organisation's days of a period, and of their files those that are asked for. */
  readonly only?: PartToVerify;
}

export interface PartToVerify {
  readonly organisation: string;
  /** Both included. */
  readonly from: string;
  readonly through: string;
  /** Whether the files of a day are read; `manifest` is the SHA-256 of its manifest, `bytes` what they are to hold. */
  readonly readsFiles: (day: string, manifest: string, bytes: number) => boolean;
  /** Told for each day whose files were read. Their faults are told here alone. */
  readonly checked: (day: string, manifest: string, found: CheckedFiles) => void;
}

export interface CheckedFiles {
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  readonly faults: readonly string[];
}

/** What was found in an archive. */
export interface Verified {
  /** One sentence each; empty where all is as it was signed. */
  readonly faults: readonly string[];
  /** Keys that signatures name which are not of the given one, with how many of the faults say so. */
  readonly otherKeys: ReadonlyMap<string, number>;
  readonly organisations: readonly {
    readonly name: string;
    readonly first: string;
    readonly last: string;
    /** SHA-256 of the last manifest's bytes: whoever notes it can tell later that nothing after it was taken away. */
    readonly lastManifest: string;
    /** As `lastManifest`, of the records of what was taken out; '' where there is none. */
    readonly lastRecord: string;
    /** Records signed since the last day, and up to when; their heads' last hash, '' without any. */
    readonly heads: { readonly rows: readonly SignedRow[]; readonly until: string; readonly last: string };
    /** Entries of the audit trail that manifests sign, in the order of days; of one entry the first day. */
    readonly auditHeads: readonly (AuditHead & { readonly day: string })[];
  }[];
  readonly days: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** Encrypted files, and those of them that were decrypted and counted. */
  readonly sealed: number;
  readonly opened: number;
  /** Files that are gone, each with a signed record that says so. */
  readonly deleted: { readonly files: number; readonly rows: number };
  /** Files that nobody can read any more, because their key was destroyed. */
  readonly unreadable: { readonly files: number; readonly rows: number };
  /** What was taken out, one sentence each: no faults. */
  readonly notes: readonly string[];
}

const dayMs = 86_400_000;

/**
 * Checks an archive without server and engine: signatures, the chain of manifests, days that are missing, Merkle roots, and every
 * file's length, hash and rows. Throws where it cannot be read.
 */
export async function verifyArchive(options: VerifyOptions): Promise<Verified> {
  const organisations: Verified['organisations'][number][] = [];
  const total: Total = {
    faults: [],
    otherKeys: new Map(),
    notes: [],
    days: 0,
    files: 0,
    rows: 0,
    bytes: 0,
    sealed: 0,
    opened: 0,
    deleted: { files: 0, rows: 0 },
    unreadable: { files: 0, rows: 0 },
  };
  const names = (await options.target.folders('')).filter(
    (name) => !options.only || name === options.only.organisation,
  );
  if (options.only && names.length === 0) return { ...total, organisations };
  if (names.length === 0) total.faults.push('There is nothing: the folder holds no organisation.');
  for (const name of names) {
    const chain = new Chain(name, options, total);
    const end = await chain.check();
    if (end) organisations.push(end);
  }
  return { ...total, organisations };
}

interface Count {
  files: number;
  rows: number;
}

interface Total extends Count {
  readonly faults: string[];
  readonly otherKeys: Map<string, number>;
  readonly notes: string[];
  days: number;
  bytes: number;
  sealed: number;
  opened: number;
  readonly deleted: Count;
  readonly unreadable: Count;
}

/** One organisation's days, from the first to the last. */
class Chain {
  readonly #name: string;
  readonly #options: VerifyOptions;
  readonly #total: Total;
  readonly #records: RecordChain;
  readonly #auditHeads: (AuditHead & { readonly day: string })[] = [];

  constructor(name: string, options: VerifyOptions, total: Total) {
    this.#name = name;
    this.#options = options;
    this.#total = total;
    this.#records = new RecordChain(name, options, (sentence, otherKey) => {
      this.#fault('', sentence);
      if (otherKey !== undefined) this.#otherKey(otherKey);
    });
  }

  async check(): Promise<Verified['organisations'][number] | undefined> {
    const { target, from = '', through = '', only } = this.#options;
    const all = (await target.folders(this.#name)).filter((name) => dayName.test(name));
    const days = all.filter((day) => !only || (day >= dayBefore(only.from) && day <= only.through));
    await this.#records.read();
    const [first, last] = [days[0], days.at(-1)];
    if (first === undefined || last === undefined) {
      const heads = await this.#heads(undefined);
      if (!only && heads.last === '') this.#fault('', 'there is no day.');
      this.#reaches('', heads.until);
      if (heads.last === '') return undefined;
      return {
        name: this.#name,
        first: '',
        last: '',
        lastManifest: '',
        lastRecord: this.#records.last,
        auditHeads: [],
        heads,
      };
    }
    if (from !== '' && from < first) this.#missing(from, dayBefore(first));
    let before: { day: string; number: number; hash: string } | undefined;
    let newest: Manifest | undefined;
    /** Whether what came before is known to be the start, or missing and said so. */
    let said = first !== all[0];
    let lastManifest = '';
    for (const day of days) {
      const expected = before && dayAfter(before.day);
      if (expected !== undefined && day !== expected) {
        this.#missing(expected, dayBefore(day));
        said = true;
      }
      this.#total.days++;
      const bytes = await this.#manifestBytes(day);
      const manifest = bytes && (await this.#manifest(day, bytes));
      if (!bytes || !manifest) {
        before = { day, number: Number.NaN, hash: '' };
        said = true;
        continue;
      }
      if (!said) this.#follows(day, manifest, before);
      said = false;
      lastManifest = sha256(bytes);
      before = { day, number: manifest.number, hash: lastManifest };
      newest = manifest;
      for (const one of manifest.unlike ?? []) this.#fault(day, `when the day was written, ${one}`);
      this.#records.follows(day, manifest);
      this.#auditFollows(day, manifest);
      if (only) await this.#part(only, day, lastManifest, manifest);
      else await this.#files(day, manifest);
    }
    this.#total.notes.push(...this.#records.notes());
    if (through !== '' && through > last) this.#missing(dayAfter(last), through);
    const heads = await this.#heads(newest);
    this.#reaches(last, heads.until);
    return {
      name: this.#name,
      first,
      last,
      lastManifest,
      lastRecord: this.#records.last,
      auditHeads: this.#auditHeads,
      heads,
    };
  }

  /** That what is signed reaches `untilMs`: of what was taken away at the end nothing else tells. */
  #reaches(lastDay: string, headsUntil: string): void {
    const { untilMs, only } = this.#options;
    if (untilMs === undefined || only) return;
    const dayEndMs = lastDay === '' ? 0 : Date.parse(lastDay) + dayMs;
    const endMs = Math.max(dayEndMs, headsUntil === '' ? 0 : Date.parse(headsUntil));
    if (endMs >= untilMs) return;
    const asked = new Date(untilMs).toISOString();
    const ends = endMs === 0 ? 'nothing is signed' : `what is signed ends at ${new Date(endMs).toISOString()}`;
    this.#fault(
      '',
      `${ends}, not at ${asked} or later: what was signed after it was taken away, or nothing came since.`,
    );
  }

  /** What was signed since the last day; nothing where a part is checked. */
  async #heads(newest: Manifest | undefined): Promise<Verified['organisations'][number]['heads']> {
    const { target, publicKey, only } = this.#options;
    if (only) return { rows: [], until: '', last: '' };
    const chain = await readHeads(target, this.#name, publicKey, takenOver(newest));
    for (const fault of chain.faults) this.#fault('', fault);
    for (const key of chain.otherKeys) this.#otherKey(key);
    for (const note of chain.notes) this.#total.notes.push(`${this.#name}: ${note}`);
    return { rows: chain.rows, until: chain.last?.head.to ?? '', last: chain.last?.sha256 ?? '' };
  }

  /** The audit trail only grows: what a manifest signs of it stands at or behind what the one before signed. */
  #auditFollows(day: string, { audit }: Manifest): void {
    const before = this.#auditHeads.at(-1);
    if (!audit) {
      if (before) this.#fault(day, `the manifest signs no audit trail, that of ${before.day} does.`);
      return;
    }
    if (before && audit.number < before.number)
      this.#fault(
        day,
        `the audit trail had ${before.number} entries on ${before.day} and ${audit.number} on this day.`,
      );
    if (before && audit.number === before.number && audit.sha256 !== before.sha256)
      this.#fault(
        day,
        `entry ${audit.number} of the audit trail is not the one that ${before.day} signs: it was replaced.`,
      );
    if (!before || audit.number > before.number) this.#auditHeads.push({ day, ...audit });
  }

  /** The files of a day, where they are asked for; their faults are the day's own. */
  async #part(only: PartToVerify, day: string, hash: string, manifest: Manifest): Promise<void> {
    // The day before the period is there for the chain alone.
    if (day < only.from || !only.readsFiles(day, hash, manifest.bytes)) return;
    const { faults } = this.#total;
    const before = faults.length;
    await this.#files(day, manifest);
    const { rows, bytes, files } = manifest;
    only.checked(day, hash, { rows, bytes, files: files.length, faults: faults.splice(before) });
  }

  async #manifestBytes(day: string): Promise<Buffer | undefined> {
    const bytes = await this.#options.target.get(this.#at(day, manifestName), mostManifestBytes);
    if (!bytes) this.#fault(day, `the manifest is missing (${manifestName}): nothing of this day is proved.`);
    return bytes;
  }

  /** The manifest as far as it can be read, after its signature and what it says of itself were checked. */
  async #manifest(day: string, bytes: Buffer): Promise<Manifest | undefined> {
    const { publicKey, target } = this.#options;
    const signature = await target.get(this.#at(day, signatureName), 1024);
    const manifest = readManifest(bytes);
    if (!signature) this.#fault(day, `the signature is missing (${signatureName}).`);
    else if (!isSigned(bytes, signature, publicKey)) {
      const other = manifest && manifest.key !== fingerprint(publicKey);
      if (other) this.#otherKey(manifest.key);
      this.#fault(
        day,
        other
          ? `the manifest was not signed by the given key; it names the key ${manifest.key}.`
          : 'the signature is not that of the manifest: it was changed or forged.',
      );
    }
    if (!manifest) {
      this.#fault(day, 'the manifest cannot be read.');
      return undefined;
    }
    if (manifest.organisation !== this.#name || manifest.day !== day)
      this.#fault(
        day,
        `the manifest is that of ${manifest.organisation}, ${manifest.day}: it was put in another place.`,
      );
    const root = rootOf(manifest.files);
    if (root !== manifest.root)
      this.#fault(
        day,
        `the root is not that of the files in the manifest: it says ${manifest.root}, they give ${root}.`,
      );
    return manifest;
  }

  #follows(day: string, manifest: Manifest, before: { number: number; hash: string } | undefined): void {
    if (!before) {
      if (manifest.number !== 1 || manifest.previous !== null)
        this.#fault(
          day,
          `this is day number ${manifest.number} of the archive: ${manifest.number - 1} before it are missing.`,
        );
      return;
    }
    if (manifest.previous !== before.hash || manifest.number !== before.number + 1)
      this.#fault(day, 'the manifest does not follow from that of the day before: one of the two was replaced.');
  }

  async #files(day: string, manifest: Manifest): Promise<void> {
    const known = new Set<string>([manifestName, signatureName]);
    for (const file of manifest.files) {
      if (!filePath.test(file.path) || known.has(file.path)) {
        this.#fault(day, `the manifest names a file that cannot be: ${JSON.stringify(file.path)}.`);
        continue;
      }
      known.add(file.path);
      this.#total.files++;
      this.#total.rows += file.rows;
      this.#total.bytes += file.bytes;
      const fault = await this.#faultOf(day, file);
      if (fault !== undefined) this.#fault(day, `${file.path} ${fault}`);
    }
    const [rows, bytes] = [sum(manifest.files.map((file) => file.rows)), sum(manifest.files.map((file) => file.bytes))];
    if (rows !== manifest.rows || bytes !== manifest.bytes)
      this.#fault(
        day,
        `the manifest counts ${manifest.rows} rows in ${manifest.bytes} bytes, its files ${rows} in ${bytes}.`,
      );
    for await (const { name } of this.#options.target.list(`${this.#name}/${day}`)) {
      const found = name.slice(this.#at(day, '').length);
      if (!known.has(found)) this.#fault(day, `${found} is not in the manifest: it was added later.`);
    }
  }

  /** What is wrong with a file, as the rest of a sentence that begins with its name. */
  async #faultOf(day: string, file: ArchivedFile): Promise<string | undefined> {
    const { target } = this.#options;
    const name = this.#at(day, file.path);
    if (file.key !== undefined) this.#total.sealed++;
    const size = await target.size(name);
    const gone = this.#records.deletion(day, file.path);
    if (gone) {
      if (gone.file.sha256 !== file.sha256 || gone.file.rows !== file.rows)
        return `was deleted on ${gone.record.at} as another file than the manifest names.`;
      if (size !== undefined) return `was to be deleted on ${gone.record.at} by ${gone.record.by} and is still there.`;
      count(this.#total.deleted, file);
      return undefined;
    }
    if (size === undefined) return 'is missing, and no record says that it was deleted.';
    const hash = createHash('sha256');
    for await (const piece of target.read(name)) hash.update(piece);
    if (hash.digest('hex') !== file.sha256) return changed(target, name, file, size);
    return file.key === undefined ? undefined : this.#opens(name, file, file.key);
  }

  /** Decrypts a file whose bytes are right, where somebody gave its key. */
  async #opens(name: string, file: ArchivedFile, key: string): Promise<string | undefined> {
    const { target, keys } = this.#options;
    const ended = this.#records.destruction(key);
    if (ended) count(this.#total.unreadable, file);
    const secret = await keys?.find({ organisation: this.#name, class: file.class }, key);
    if (ended && secret) return `can be read: its key ${key} was destroyed on ${ended.at} and is among the given keys.`;
    if (!secret) return undefined;
    const plain = new ParquetTail();
    try {
      for await (const piece of openPieces(target.read(name), (id) => (id === key ? secret : undefined)))
        plain.push(piece);
    } catch (error) {
      if (error instanceof SealedFileError) return `cannot be decrypted: ${error.message}.`;
      throw error;
    }
    const rows = plain.rows();
    if (rows !== file.rows) return `holds ${rows ?? 'no'} rows, the manifest says ${file.rows}.`;
    this.#total.opened++;
    return undefined;
  }

  #at(day: string, name: string): string {
    return `${this.#name}/${day}/${name}`;
  }

  #missing(from: string, to: string): void {
    this.#fault('', from === to ? `${from} is missing.` : `the days from ${from} to ${to} are missing.`);
  }

  /** The fault before says that this key signed, and not the given one. */
  #otherKey(key: string): void {
    const { otherKeys } = this.#total;
    otherKeys.set(key, (otherKeys.get(key) ?? 0) + 1);
  }

  #fault(day: string, sentence: string): void {
    this.#total.faults.push(`${this.#name}${day === '' ? '' : ` ${day}`}: ${sentence}`);
  }
}

/** In which way a file is not the one that was signed. */
async function changed(target: ArchiveTarget, name: string, file: ArchivedFile, size: number): Promise<string> {
  const sizes =
    size === file.bytes
      ? 'was changed: its length is right, its bytes are not those that were signed.'
      : `was changed: it has ${size} bytes, ${file.bytes} were archived.`;
  const read = (from: number, length: number): Promise<Buffer> => joined(target.read(name, { from, length }));
  if (file.key !== undefined) {
    const key = await keyIdOf(target.read(name, { from: 0, length: Math.min(size, 512) }));
    return key === undefined ? `is no encrypted file any more (${size} of ${file.bytes} bytes).` : sizes;
  }
  const held = await parquetRows(size, read);
  if (held === undefined) return `was changed and is no whole Parquet file any more (${size} of ${file.bytes} bytes).`;
  if (held < file.rows) return `was written anew: it holds ${held} of ${file.rows} rows.`;
  if (held > file.rows) return `was written anew: it holds ${held} rows, ${file.rows} were archived.`;
  return sizes;
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

function count(to: Count, { rows }: ArchivedFile): void {
  to.files++;
  to.rows += rows;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const shifted = (day: string, by: number): string => new Date(Date.parse(day) + by * dayMs).toISOString().slice(0, 10);
const dayAfter = (day: string): string => shifted(day, 1);
const dayBefore = (day: string): string => shifted(day, -1);
