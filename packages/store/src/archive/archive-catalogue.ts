import { randomUUID } from 'node:crypto';
import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { LruCache, type Clock } from '@sightline/base';
import type { ArchivedDay, ArchivedLogFile, ArchivedLogs, OpenArchive } from '../port/index.ts';
import type { ArchiveReader } from './archive-reader.ts';
import { archivedTable } from './archived-logs.ts';
import type { ArchivedFile } from './manifest.ts';
import { OpenedFiles } from './opened-files.ts';
import { SideBySide } from './side-by-side.ts';

export interface ArchiveCatalogueParts {
  readonly files: Pick<ArchiveReader, 'days' | 'manifest' | 'open'>;
  /** Files (`day/path`) that were deleted on record: they are in no catalogue any more. */
  readonly deleted?: (organisation: string) => Promise<ReadonlySet<string>>;
  readonly clock: Clock;
  /** A folder of this process alone, without a character that the engine's patterns know; its content is removed by `prepare`. */
  readonly scratch: string;
  /** For tests: files whose entries are held at a time. */
  readonly entriesAtMost?: number;
}

/** An entry that is handed out, and what its manifest says of the file. */
interface Entry {
  readonly shown: ArchivedLogFile;
  readonly file: ArchivedFile;
}

const lookAgainMs = 30_000;
const organisationsAtMost = 100;
/**
 * Files that are fetched and decrypted at a time, of all searches together. Each holds about 2 MiB in memory meanwhile, so that this is
 * at most some 16 MiB; the copies themselves lie on the disk.
 */
const openingAtMost = 8;
/** Some 100 MB. */
const entriesAtMost = 200_000;

/**
 * What the archive holds, read once from its manifests: a line for each day, and the entries of the days that were asked for
 * last. It looks for new days when it is asked, at most every half minute.
 */
export class ArchiveCatalogue implements ArchivedLogs {
  readonly #parts: ArchiveCatalogueParts;
  readonly #organisations: LruCache<string, Promise<readonly ArchivedDay[]>>;
  /** Lines of days that were read before. */
  readonly #lines = new Map<string, ReadonlyMap<string, ArchivedDay>>();
  /** Entries by organisation and day, those unused longest first. */
  readonly #entries = new Map<string, readonly Entry[]>();
  readonly #opened: OpenedFiles;
  readonly #opening = new SideBySide(openingAtMost);
  /** How many files were deleted when the lines of an organisation were made. */
  readonly #deletedThen = new Map<string, number>();
  #held = 0;

  constructor(parts: ArchiveCatalogueParts) {
    this.#parts = parts;
    this.#opened = new OpenedFiles(parts);
    this.#organisations = new LruCache(organisationsAtMost, lookAgainMs, parts.clock);
  }

  /** Removes what an earlier run left in the scratch folder. */
  async prepare(): Promise<void> {
    await rm(this.#parts.scratch, { recursive: true, force: true });
    await mkdir(this.#parts.scratch, { recursive: true, mode: 0o700 });
  }

  /** Closes the files that stayed open. */
  close(): Promise<void> {
    return this.#opened.close();
  }

  days(organisation: string): Promise<readonly ArchivedDay[]> {
    const known = this.#organisations.get(organisation);
    if (known) return known;
    const reading = this.#read(organisation);
    this.#organisations.set(organisation, reading);
    // A fault is not held: the next call looks again.
    reading.catch(() => this.#organisations.delete(organisation));
    return reading;
  }

  async files(organisation: string, day: string): Promise<readonly ArchivedLogFile[]> {
    return (await this.#entriesOf(organisation, day)).map(({ shown }) => shown);
  }

  async filesBetween(organisation: string, fromMs: number, toMs: number): Promise<readonly ArchivedLogFile[]> {
    const meets = (one: { readonly firstMs: number; readonly lastMs: number; readonly rows: number }): boolean =>
      one.rows > 0 && one.firstMs < toMs && one.lastMs >= fromMs;
    const found: ArchivedLogFile[] = [];
    for (const line of await this.days(organisation))
      if (meets(line)) found.push(...(await this.files(organisation, line.day)).filter(meets));
    return found;
  }

  async open(organisation: string, files: readonly ArchivedLogFile[], name: string): Promise<OpenArchive> {
    const folder = path.join(this.#parts.scratch, randomUUID());
    const opened: { close(): Promise<void> }[] = [];
    const missing: string[] = [];
    const close = async (): Promise<void> => {
      await rm(folder, { recursive: true, force: true });
      for (const one of opened.splice(0)) await one.close();
    };
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const days = new Map<string, ReadonlyMap<string, Entry>>();
      for (const { day } of files)
        if (!days.has(day))
          days.set(day, new Map((await this.#entriesOf(organisation, day)).map((entry) => [entry.shown.path, entry])));
      const all = await Promise.allSettled(
        files.map(({ day, path: below }) =>
          this.#opening.run(async () => {
            const entry = days.get(day)?.get(below);
            return { entry, file: entry && (await this.#opened.open({ organisation, day, file: entry.file })) };
          }),
        ),
      );
      // Whatever happened to one: those that are open are closed by `close`.
      for (const one of all) if (one.status === 'fulfilled' && one.value.file?.ok) opened.push(one.value.file.value);
      for (const [n, one] of all.entries()) {
        if (one.status === 'rejected') throw one.reason;
        const { entry, file } = one.value;
        const { day, path: below } = files[n]!;
        if (!file?.ok) {
          missing.push(file?.error.message ?? `${organisation}/${day}/${below} is in no manifest any more.`);
          continue;
        }
        // Folders of plain names: a pattern over them reads all, whatever the archive's own path looks like.
        const place = path.join(folder, entry?.file.class ?? '');
        await mkdir(place, { recursive: true, mode: 0o700 });
        await symlink(path.resolve(file.value.path), path.join(place, `${String(n).padStart(6, '0')}.parquet`));
      }
    } catch (error) {
      await close();
      throw error;
    }
    return {
      table: opened.length === 0 ? undefined : archivedTable(name),
      parameters: { [name]: path.join(folder, '*', '*.parquet') },
      missing,
      close,
    };
  }

  async #read(organisation: string): Promise<readonly ArchivedDay[]> {
    const deleted = (await this.#parts.deleted?.(organisation))?.size ?? 0;
    if (deleted !== (this.#deletedThen.get(organisation) ?? 0)) this.#forget(organisation);
    this.#deletedThen.set(organisation, deleted);
    const before = this.#lines.get(organisation);
    const lines = new Map<string, ArchivedDay>();
    for (const day of await this.#parts.files.days(organisation)) {
      const line = before?.get(day) ?? lineOf(day, await this.#readEntries(organisation, day));
      if (line) lines.set(day, line);
    }
    this.#lines.delete(organisation);
    this.#lines.set(organisation, lines);
    if (this.#lines.size > organisationsAtMost) {
      const oldest = this.#lines.keys().next();
      if (!oldest.done) this.#lines.delete(oldest.value);
    }
    return [...lines.values()];
  }

  #forget(organisation: string): void {
    this.#lines.delete(organisation);
    for (const [key, { length }] of this.#entries) {
      if (!key.startsWith(`${organisation}/`)) continue;
      this.#entries.delete(key);
      this.#held -= length;
    }
  }

  async #entriesOf(organisation: string, day: string): Promise<readonly Entry[]> {
    const key = `${organisation}/${day}`;
    const held = this.#entries.get(key);
    if (!held) return (await this.#readEntries(organisation, day)) ?? [];
    this.#entries.delete(key);
    this.#entries.set(key, held);
    return held;
  }

  /** Undefined where the day has no manifest that can be read. */
  async #readEntries(organisation: string, day: string): Promise<readonly Entry[] | undefined> {
    const manifest = await this.#parts.files.manifest(organisation, day);
    if (!manifest) return undefined;
    const deleted = await this.#parts.deleted?.(organisation);
    const entries = manifest.files
      .filter((file) => deleted?.has(`${day}/${file.path}`) !== true)
      .map((file): Entry => ({ shown: entryOf(day, file), file }));
    const key = `${organisation}/${day}`;
    this.#held += entries.length - (this.#entries.get(key)?.length ?? 0);
    this.#entries.delete(key);
    this.#entries.set(key, entries);
    for (const [oldest, { length }] of this.#entries) {
      if (this.#held <= (this.#parts.entriesAtMost ?? entriesAtMost) || oldest === key) break;
      this.#entries.delete(oldest);
      this.#held -= length;
    }
    return entries;
  }
}

function entryOf(
  day: string,
  { path: below, class: kept, site, rows, bytes, first, last }: ArchivedFile,
): ArchivedLogFile {
  // The manifest's times are cut to microseconds, these to milliseconds: the last one is rounded up.
  return { day, path: below, class: kept, site, rows, bytes, firstMs: Date.parse(first), lastMs: Date.parse(last) + 1 };
}

function lineOf(day: string, entries: readonly Entry[] | undefined): ArchivedDay | undefined {
  if (!entries) return undefined;
  const line = { day, files: 0, rows: 0, bytes: 0, firstMs: Infinity, lastMs: 0 };
  for (const { shown } of entries) {
    line.files++;
    line.rows += shown.rows;
    line.bytes += shown.bytes;
    line.firstMs = Math.min(line.firstMs, shown.firstMs);
    line.lastMs = Math.max(line.lastMs, shown.lastMs);
  }
  return { ...line, firstMs: line.rows === 0 ? 0 : line.firstMs };
}
