import type { DayProof } from './day-proof.ts';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Clock, fail, type Logger, ok } from '@sightline/base';
import type { Destruction, KeyDestruction, ParameterValue, TelemetryReader, TelemetryWriter } from '../port/index.ts';
import { mostManifestBytes } from './archive-reader.ts';
import type { ArchiveSigner } from './archive-step.ts';
import { classOfLog } from './archived-logs.ts';
import type { Keyring } from './keyring.ts';
import {
  type ArchivedFile,
  dayName,
  filePath,
  fingerprint,
  type Manifest,
  manifestName,
  organisationName,
  readManifest,
} from './manifest.ts';
import {
  appendRecord,
  type ArchiveRecord,
  type DeletedFile,
  type DestroyedKey,
  filesOfRecordAtMost,
  isSignedRecord,
  readRecord,
  recordNumbers,
} from './records.ts';
import { dropSortedDays } from './sorted-day.ts';
import type { ArchiveTarget } from './target.ts';
import type { Turns } from './turns.ts';
import { countersText } from '../counters-text.ts';

/** A file of the archive that somebody would delete. */
export interface ArchivePiece {
  readonly class: string;
  /** As records carry it, '' for those without; null where it holds every site's. */
  readonly site: string | null;
  readonly day: string;
  /** The records' own times, ms. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** The legal holds of one organisation at a moment; each answer is a hold's name. */
export interface HoldsNow {
  /** The hold that keeps a file; undefined where it may go. */
  holding(piece: ArchivePiece): string | undefined;
  /** A hold on anything of a class ('' of any class); undefined where there is none. */
  on(kept: string): string | undefined;
}

/** What an organisation decided about its classes, asked right before anything is deleted. */
export interface DisposalTerms {
  /** How many days after its day of receipt a file of the class is kept. */
  keepDays(organisation: string, kept: string): Promise<number>;
  /**
   * Runs `work` with the holds while none can be placed: it writes the record after which something is gone, in a few seconds. A hold that is
   * placed afterwards comes after the deletion.
   */
  whileNonePlaced<T>(organisation: string, work: (holds: HoldsNow) => Promise<T>): Promise<T>;
}

export interface DisposalParts {
  readonly store: TelemetryReader & TelemetryWriter;
  readonly target: ArchiveTarget;
  readonly keyring: Keyring;
  readonly signer: ArchiveSigner;
  readonly terms: DisposalTerms;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs what deletes from the engine, so that what was signed of it is signed anew. */
  readonly around?: DayProof['around'];
  /** Shared with the step that writes: no day is written while keys are destroyed. */
  readonly turns: Turns;
}

const dayMs = 86_400_000;
/** Nothing is in the engine longer than this after its receipt. */
const hotAtMostMs = 31 * dayMs;
const hotRows = `organisation = {organisation:String} AND received_at <= fromUnixTimestamp64Milli({at:Int64}) AND ({class:String} = '' OR (${classOfLog}) = {class:String})`;

interface ArchivedDay {
  readonly day: string;
  readonly manifest: Manifest;
}

interface DueFile {
  readonly deleted: DeletedFile;
  readonly piece: ArchivePiece;
}

/**
 * Takes out of the archive what its time or its owner ends: files whose class's days are over, and the keys of a class. Each
 * time a signed record is written first, then carried out; whatever a kill left undone is carried out after the next start.
 */
export class ArchiveDisposal implements KeyDestruction {
  readonly #parts: DisposalParts;
  readonly #publicKey: KeyObject;
  readonly #key: string;
  /** What is left of days that were looked at: `organisation/day` to classes. */
  readonly #left = new Map<string, ReadonlySet<string>>();
  /** Destructions after which late records may still come out of the spool. */
  readonly #settling = new Set<ArchiveRecord>();
  readonly #counted = { files: 0, rows: 0, keys: 0 };
  #resumed = false;

  constructor(parts: DisposalParts) {
    this.#parts = parts;
    this.#publicKey = createPublicKey(parts.signer.publicKeyPem);
    this.#key = fingerprint(this.#publicKey);
  }

  /** What this process deleted, in Prometheus' text format. */
  metrics(): string {
    const { files, rows, keys } = this.#counted;
    return countersText('sightline_archive', [
      ['deleted_files', 'Files deleted from the archive, each with a signed record.', files],
      ['deleted_rows', 'Logs in those files.', rows],
      ['destroyed_keys', 'Data keys of the archive that were destroyed.', keys],
    ]);
  }

  /** As in `KeyDestruction`. */
  destroy(request: Destruction): ReturnType<KeyDestruction['destroy']> {
    return this.#parts.turns.take(async () => {
      const { organisation, class: kept, by, reason } = request;
      const { clock, keyring, target, signer, terms } = this.#parts;
      const keys: DestroyedKey[] = [];
      for (const one of kept === '' ? await keyring.classes(organisation) : [kept])
        for (const id of await keyring.list({ organisation, class: one })) keys.push({ class: one, id });
      const ids = new Set(keys.map(({ id }) => id));
      const unreadable = { files: 0, rows: 0 };
      for await (const { manifest } of this.#days(organisation))
        for (const file of manifest.files)
          if (file.key !== undefined && ids.has(file.key)) {
            unreadable.files++;
            unreadable.rows += file.rows;
          }
      const atMs = clock.now();
      const written = await terms.whileNonePlaced(organisation, async (holds) => {
        const hold = holds.on(kept);
        if (hold !== undefined)
          return fail({
            reason: 'held' as const,
            message: `The legal hold "${hold}" keeps it. Lift the hold first.`,
          });
        const at = new Date(atMs).toISOString();
        const content = {
          kind: 'keys-destroyed',
          organisation,
          at,
          by,
          reason,
          class: kept,
          keys,
          unreadable,
        } as const;
        return ok(await appendRecord(target, { ...content, files: [], key: this.#key }, (bytes) => signer.sign(bytes)));
      });
      if (!written.ok) return written;
      const record = written.value;
      this.#settling.add(record);
      const { deletedFiles, deletedLogs } = await this.#end(record);
      return ok({ record: record.number, atMs, keys: keys.length, unreadable, deletedFiles, deletedLogs });
    });
  }

  /**
   * To be called before days are written: carries out what an earlier run left undone, destroys keys that a backup brought
   * back, and deletes records that came out of the spool after their class was ended. `waitingSinceMs` as in `EdgeStep`.
   */
  async settle(waitingSinceMs: number | undefined): Promise<void> {
    await this.#parts.turns.take(async () => {
      if (!this.#resumed) await this.#resume();
      this.#resumed = true;
      for (const record of this.#settling) {
        const atMs = Date.parse(record.at);
        await this.#deleteHot(record);
        // Nothing that came before it waits any more.
        if (waitingSinceMs === undefined || waitingSinceMs > atMs) this.#settling.delete(record);
      }
    });
  }

  /** Deletes every file whose class's days are over and that no legal hold keeps; answers how many. */
  async expire(): Promise<number> {
    let deleted = 0;
    for (const organisation of await this.#organisations())
      deleted += await this.#parts.turns.take(() => this.#expireOf(organisation));
    return deleted;
  }

  async #expireOf(organisation: string): Promise<number> {
    const { clock, target, terms } = this.#parts;
    const holds = await terms.whileNonePlaced(organisation, async (now) => now);
    const keepDays = new Map<string, number>();
    const over = async (kept: string, day: string): Promise<boolean> => {
      const days = keepDays.get(kept) ?? (await terms.keepDays(organisation, kept));
      keepDays.set(kept, days);
      return Date.parse(day) + (1 + days) * dayMs <= clock.now();
    };
    const due: DueFile[] = [];
    const dueKeys = new Map<string, DestroyedKey>();
    const keptKeys = new Set<string>();
    for (const day of await this.#dayNames(organisation)) {
      const name = `${organisation}/${day}`;
      const known = this.#left.get(name);
      const anyOver = async (classes: Iterable<string>): Promise<boolean> => {
        for (const kept of classes) if (await over(kept, day)) return true;
        return false;
      };
      if (known && !(await anyOver(known))) continue;
      const manifest = await this.#manifest(organisation, day);
      if (!manifest) continue;
      const classes = new Set(manifest.files.map((file) => file.class));
      if (!known && !(await anyOver(classes))) {
        this.#left.set(name, classes);
        continue;
      }
      const present = new Set<string>();
      for await (const entry of target.list(name)) present.add(entry.name.slice(name.length + 1));
      const left = new Set<string>();
      for (const file of manifest.files) {
        if (!present.has(file.path) || !filePath.test(file.path)) continue;
        const stays = !(await over(file.class, day)) || holds.holding(pieceOf(day, file)) !== undefined;
        if (stays) {
          left.add(file.class);
          if (file.key !== undefined) keptKeys.add(file.key);
        } else {
          due.push({ deleted: deletedFile(day, file), piece: pieceOf(day, file) });
          if (file.key !== undefined) dueKeys.set(file.key, { class: file.class, id: file.key });
        }
      }
      this.#left.set(name, left);
    }
    const deleted = await this.#expireFiles(organisation, due);
    await this.#closeMonths(
      organisation,
      [...dueKeys.values()].filter(({ id }) => !keptKeys.has(id)),
    );
    return deleted;
  }

  /** Deletes what no hold keeps by now, with its records; answers how many files. */
  async #expireFiles(organisation: string, due: readonly DueFile[]): Promise<number> {
    const { terms } = this.#parts;
    let deleted = 0;
    for (let at = 0; at < due.length; at += filesOfRecordAtMost) {
      const some = due.slice(at, at + filesOfRecordAtMost);
      const record = await terms.whileNonePlaced(organisation, async (holds) => {
        const free = some.filter(({ piece }) => holds.holding(piece) === undefined);
        // A hold came since they were looked at: the day is looked at anew.
        for (const { piece } of some) if (holds.holding(piece)) this.#left.delete(`${organisation}/${piece.day}`);
        if (free.length === 0) return undefined;
        return this.#recordFiles(
          organisation,
          free.map((one) => one.deleted),
          'Sightline',
          'the days of its class are over',
        );
      });
      if (!record) continue;
      await this.#delete(record);
      deleted += record.files.length;
    }
    return deleted;
  }

  /** Writes the record, then deletes. What a file says of itself is what its day's manifest says. */
  async #deleteFiles(organisation: string, files: readonly DeletedFile[], by: string, reason: string): Promise<void> {
    for (let at = 0; at < files.length; at += filesOfRecordAtMost)
      await this.#delete(await this.#recordFiles(organisation, files.slice(at, at + filesOfRecordAtMost), by, reason));
  }

  #recordFiles(
    organisation: string,
    files: readonly DeletedFile[],
    by: string,
    reason: string,
  ): Promise<ArchiveRecord> {
    const { clock, target, signer } = this.#parts;
    const at = new Date(clock.now()).toISOString();
    const none = { class: '', keys: [], unreadable: { files: 0, rows: 0 } };
    const content = { kind: 'files-deleted', organisation, at, by, reason, ...none, files, key: this.#key } as const;
    return appendRecord(target, content, (bytes) => signer.sign(bytes));
  }

  async #delete({ organisation, files }: ArchiveRecord): Promise<void> {
    for (const { day, path, rows } of files) {
      if (!(await this.#parts.target.delete(`${organisation}/${day}/${path}`))) continue;
      this.#counted.files++;
      this.#counted.rows += rows;
    }
  }

  /** Destroys keys of months of which no file is left, so that copies elsewhere end with the files. */
  async #closeMonths(organisation: string, keys: readonly DestroyedKey[]): Promise<void> {
    const { clock, keyring } = this.#parts;
    const month = new Date(clock.now() - 2 * dayMs).toISOString().slice(0, 7);
    for (const { class: kept, id } of keys) {
      if (id.slice(0, 7) >= month || (await this.#isUsed(organisation, kept, id))) continue;
      if (await keyring.destroy({ organisation, class: kept }, id)) this.#counted.keys++;
    }
  }

  /** Whether a file that is still there needs the key. */
  async #isUsed(organisation: string, kept: string, id: string): Promise<boolean> {
    for (const day of await this.#dayNames(organisation)) {
      if (!day.startsWith(id.slice(0, 7))) continue;
      const manifest = await this.#manifest(organisation, day);
      for (const file of manifest?.files ?? [])
        if (file.class === kept && file.key === id) {
          const there = await this.#parts.target.size(`${organisation}/${day}/${file.path}`);
          if (there !== undefined) return true;
        }
    }
    return false;
  }

  /** Carries out a destruction: keys, plain files, what the engine holds. */
  async #end(record: ArchiveRecord): Promise<{ deletedFiles: number; deletedLogs: number }> {
    await this.#destroyKeys(record);
    const plain: DeletedFile[] = [];
    for await (const { day, manifest } of this.#days(record.organisation)) {
      if (manifest.writtenAt > record.at) continue;
      for (const file of manifest.files) {
        const ended = file.key === undefined && (record.class === '' || file.class === record.class);
        if (!ended || !filePath.test(file.path)) continue;
        const there = await this.#parts.target.size(`${record.organisation}/${day}/${file.path}`);
        if (there !== undefined) plain.push(deletedFile(day, file));
      }
    }
    await this.#deleteFiles(record.organisation, plain, record.by, record.reason);
    return { deletedFiles: plain.length, deletedLogs: await this.#deleteHot(record) };
  }

  async #destroyKeys({ organisation, keys }: ArchiveRecord): Promise<void> {
    for (const { class: kept, id } of keys)
      if (await this.#parts.keyring.destroy({ organisation, class: kept }, id)) this.#counted.keys++;
  }

  /** Rewrites the engine's parts without the logs that a destruction ended; answers how many those were. */
  #deleteHot(record: ArchiveRecord): Promise<number> {
    const { around = (_organisation, _why, work) => work() } = this.#parts;
    const why = `keys of ${record.class === '' ? 'every class' : record.class} were destroyed (record ${record.number})`;
    return around(record.organisation, why, () => this.#deleteEnded(record));
  }

  async #deleteEnded(record: ArchiveRecord): Promise<number> {
    const { store } = this.#parts;
    const parameters: Readonly<Record<string, ParameterValue>> = {
      organisation: record.organisation,
      class: record.class,
      at: Date.parse(record.at),
    };
    const days = await store.query<{ day: string; n: string }>(
      `SELECT toString(toDate(ts)) AS day, toString(count()) AS n FROM logs WHERE ${hotRows} GROUP BY day ORDER BY day LIMIT 1000`,
      parameters,
      { timeoutMs: 120_000, threads: 1 },
    );
    // A copy that a killed writer left, or that another process is writing from.
    await dropSortedDays(store, 0);
    let rows = 0;
    for (const { day, n } of days) {
      if (!dayName.test(day)) throw new Error(`no day: ${day}`);
      await store.execute(`ALTER TABLE logs DELETE IN PARTITION '${day}' WHERE ${hotRows}`, parameters, {
        timeoutMs: 600_000,
        threads: 1,
        // Ends when the parts are rewritten, on every replica.
        settings: { mutations_sync: 2 },
      });
      rows += Number(n);
    }
    return rows + (await this.#deleteRestored(parameters));
  }

  /** What was brought back from the archive is a copy of it. */
  async #deleteRestored(parameters: Readonly<Record<string, ParameterValue>>): Promise<number> {
    const { store } = this.#parts;
    const restored = `organisation = {organisation:String} AND received_at <= fromUnixTimestamp64Milli({at:Int64}) AND ({class:String} = '' OR class = {class:String})`;
    const [found] = await store.query<{ n: string }>(
      `SELECT toString(count()) AS n FROM restored_logs WHERE ${restored}`,
      parameters,
      { timeoutMs: 120_000, threads: 1 },
    );
    const rows = Number(found?.n ?? 0);
    if (rows > 0)
      await store.execute(`ALTER TABLE restored_logs DELETE WHERE ${restored}`, parameters, {
        timeoutMs: 600_000,
        threads: 1,
        settings: { mutations_sync: 2 },
      });
    return rows;
  }

  /** Once after a start. */
  async #resume(): Promise<void> {
    const { target, clock } = this.#parts;
    for (const organisation of await this.#organisations()) {
      const numbers = await recordNumbers(target, organisation);
      for (const number of numbers) {
        const stored = await readRecord(target, organisation, number);
        const record = stored?.record;
        // What nobody signed ends nothing.
        if (!record || record.organisation !== organisation || !isSignedRecord(stored, this.#publicKey)) continue;
        if (record.kind === 'files-deleted') {
          if (number === numbers.at(-1)) await this.#delete(record);
        } else if (Date.parse(record.at) + hotAtMostMs > clock.now()) {
          await this.#end(record);
          this.#settling.add(record);
        } else await this.#destroyKeys(record);
      }
    }
  }

  async #organisations(): Promise<string[]> {
    return (await this.#parts.target.folders('')).filter((name) => organisationName.test(name));
  }

  async #dayNames(organisation: string): Promise<string[]> {
    return (await this.#parts.target.folders(organisation)).filter((name) => dayName.test(name));
  }

  async #manifest(organisation: string, day: string): Promise<Manifest | undefined> {
    const bytes = await this.#parts.target.get(`${organisation}/${day}/${manifestName}`, mostManifestBytes);
    const manifest = bytes && readManifest(bytes);
    // What was put in another place is not acted upon.
    return manifest && manifest.organisation === organisation && manifest.day === day ? manifest : undefined;
  }

  async *#days(organisation: string): AsyncGenerator<ArchivedDay> {
    for (const day of await this.#dayNames(organisation)) {
      const manifest = await this.#manifest(organisation, day);
      if (manifest) yield { day, manifest };
    }
  }
}

function deletedFile(day: string, { path, class: kept, site, rows, bytes, sha256 }: ArchivedFile): DeletedFile {
  return { day, path, class: kept, site, rows, bytes, sha256 };
}

function pieceOf(day: string, { class: kept, site, first, last }: ArchivedFile): ArchivePiece {
  return { class: kept, site, day, firstMs: Date.parse(first), lastMs: Date.parse(last) };
}
