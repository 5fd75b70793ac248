import { createHash, type KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  type ArchivedFile,
  dayName,
  filePath,
  fingerprint,
  isSigned,
  type Manifest,
  manifestName,
  readManifest,
  rootOf,
  sha256,
  signatureName,
} from './manifest.ts';
import { parquetRows } from './parquet-rows.ts';

export interface VerifyOptions {
  readonly folder: string;
  readonly publicKey: KeyObject;
  /** Days (`YYYY-MM-DD`) that each organisation must have at least; '' where that is not asked. */
  readonly from?: string;
  readonly through?: string;
}

/** What was found in an archive. */
export interface Verified {
  /** One sentence each; empty where all is as it was signed. */
  readonly faults: readonly string[];
  readonly organisations: readonly {
    readonly name: string;
    readonly first: string;
    readonly last: string;
    /** SHA-256 of the last manifest's bytes: whoever notes it can tell later that nothing after it was taken away. */
    readonly lastManifest: string;
  }[];
  readonly days: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

const dayMs = 86_400_000;
const mostManifestBytes = 64 * 1024 * 1024;

/**
 * Checks an archive without server and engine: signatures, the chain of manifests, days that are missing, Merkle roots, and every
 * file's length, hash and rows. Throws where the folder cannot be read.
 */
export async function verifyArchive(options: VerifyOptions): Promise<Verified> {
  const organisations: Verified['organisations'][number][] = [];
  const total = { faults: [] as string[], days: 0, files: 0, rows: 0, bytes: 0 };
  const names = await foldersIn(options.folder);
  if (names.length === 0) total.faults.push('There is nothing: the folder holds no organisation.');
  for (const name of names) {
    const chain = new Chain(name, options, total);
    const end = await chain.check();
    if (end) organisations.push(end);
  }
  return { ...total, organisations };
}

type Total = { faults: string[]; days: number; files: number; rows: number; bytes: number };

/** One organisation's days, from the first to the last. */
class Chain {
  readonly #name: string;
  readonly #options: VerifyOptions;
  readonly #total: Total;

  constructor(name: string, options: VerifyOptions, total: Total) {
    this.#name = name;
    this.#options = options;
    this.#total = total;
  }

  async check(): Promise<Verified['organisations'][number] | undefined> {
    const { folder, from = '', through = '' } = this.#options;
    const days = (await foldersIn(path.join(folder, this.#name))).filter((name) => dayName.test(name));
    const [first, last] = [days[0], days.at(-1)];
    if (first === undefined || last === undefined) {
      this.#fault('', 'there is no day.');
      return undefined;
    }
    if (from !== '' && from < first) this.#missing(from, dayBefore(first));
    let before: { day: string; number: number; hash: string } | undefined;
    /** Whether what came before is known to be the start, or missing and said so. */
    let said = false;
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
      await this.#files(day, manifest);
    }
    if (through !== '' && through > last) this.#missing(dayAfter(last), through);
    return { name: this.#name, first, last, lastManifest };
  }

  async #manifestBytes(day: string): Promise<Buffer | undefined> {
    const bytes = await readSmall(this.#at(day, manifestName));
    if (!bytes) this.#fault(day, `the manifest is missing (${manifestName}): nothing of this day is proved.`);
    return bytes;
  }

  /** The manifest as far as it can be read, after its signature and what it says of itself were checked. */
  async #manifest(day: string, bytes: Buffer): Promise<Manifest | undefined> {
    const { publicKey } = this.#options;
    const signature = await readSmall(this.#at(day, signatureName));
    const manifest = readManifest(bytes);
    if (!signature) this.#fault(day, `the signature is missing (${signatureName}).`);
    else if (!isSigned(bytes, signature, publicKey)) {
      const other = manifest && manifest.key !== fingerprint(publicKey);
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
      const fault = await faultOf(this.#at(day, file.path), file);
      if (fault !== undefined) this.#fault(day, `${file.path} ${fault}`);
    }
    const [rows, bytes] = [sum(manifest.files.map((file) => file.rows)), sum(manifest.files.map((file) => file.bytes))];
    if (rows !== manifest.rows || bytes !== manifest.bytes)
      this.#fault(
        day,
        `the manifest counts ${manifest.rows} rows in ${manifest.bytes} bytes, its files ${rows} in ${bytes}.`,
      );
    const found = await readdir(path.join(this.#options.folder, this.#name, day), {
      recursive: true,
      withFileTypes: true,
    });
    for (const entry of found) {
      const name = path.relative(this.#at(day, '.'), path.join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      if (!entry.isDirectory() && !known.has(name))
        this.#fault(day, `${name} is not in the manifest: it was added later.`);
    }
  }

  #at(day: string, name: string): string {
    return path.join(this.#options.folder, this.#name, day, name);
  }

  #missing(from: string, to: string): void {
    this.#fault('', from === to ? `${from} is missing.` : `the days from ${from} to ${to} are missing.`);
  }

  #fault(day: string, sentence: string): void {
    this.#total.faults.push(`${this.#name}${day === '' ? '' : ` ${day}`}: ${sentence}`);
  }
}

async function faultOf(file: string, { rows, bytes, sha256: expected }: ArchivedFile): Promise<string | undefined> {
  const found = await stat(file).catch(missing);
  if (!found) return 'is missing.';
  if (!found.isFile()) return 'is no file.';
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  if (hash.digest('hex') === expected) return undefined;
  const held = await parquetRows(file);
  if (held === undefined) return `was changed and is no whole Parquet file any more (${found.size} of ${bytes} bytes).`;
  if (held < rows) return `was written anew: it holds ${held} of ${rows} rows.`;
  if (held > rows) return `was written anew: it holds ${held} rows, ${rows} were archived.`;
  return found.size === bytes
    ? 'was changed: its length is right, its bytes are not those that were signed.'
    : `was changed: it has ${found.size} bytes, ${bytes} were archived.`;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .toSorted();
}

async function readSmall(file: string): Promise<Buffer | undefined> {
  const found = await stat(file).catch(missing);
  return found?.isFile() && found.size <= mostManifestBytes ? readFile(file) : undefined;
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const shifted = (day: string, by: number): string => new Date(Date.parse(day) + by * dayMs).toISOString().slice(0, 10);
const dayAfter = (day: string): string => shifted(day, 1);
const dayBefore = (day: string): string => shifted(day, -1);
