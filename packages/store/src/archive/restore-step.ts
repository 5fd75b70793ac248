import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { ArchivedLogFile, ArchivedLogs, TelemetryWriter } from '../port/index.ts';
import { exactlyOnceSettings } from '../schema/exactly-once.ts';

/** What somebody wants back, as far as it has come. */
export interface Restore {
  readonly id: string;
  readonly organisation: string;
  /** Days of receipt, both included. */
  readonly fromDay: string;
  readonly toDay: string;
  /** '' for any. */
  readonly site: string;
  readonly class: string;
  readonly leavesAt: number;
  readonly readyAt: number | null;
  readonly filesDone: number;
  readonly rows: number;
  readonly lastFile: string;
}

/** Where restores are noted. */
export interface RestoreBook {
  /** Those whose rows are not removed yet. */
  open(): Promise<readonly Restore[]>;
  progress(
    id: string,
    change: { files?: number; filesDone?: number; rows?: number; lastFile?: string; detail?: string },
  ): Promise<void>;
  ready(id: string): Promise<void>;
  gone(id: string): Promise<void>;
}

export interface RestoreStepParts {
  readonly store: TelemetryWriter;
  readonly archive: Pick<ArchivedLogs, 'days' | 'files' | 'open'>;
  readonly restores: RestoreBook;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 5000;
const fileTimeoutMs = 5 * 60_000;

const columns =
  'organisation, site, device, environment, service, release, ts, received_at, severity, severity_text, event_name, body, trace_id, span_id, flags, correlation_id, scope_name, res, attrs, class';

/**
 * Brings archived files back into the table `restored_logs`, file by file in a fixed order, and removes them when their time is
 * over. Each file is one insert whose token is its name: a kill between it and the note of it, or a second server, loads nothing
 * twice. Readers see a restore once it is whole.
 */
export class RestoreStep {
  readonly #parts: RestoreStepParts;
  readonly #loop: BackgroundLoop;

  constructor(parts: RestoreStepParts) {
    this.#parts = parts;
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      fault: 'archived logs could not be restored; tried again',
      round: () => this.catchUp(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** Does what is due of every restore. Throws the first fault after all had their turn. */
  async catchUp(): Promise<void> {
    const { restores, clock } = this.#parts;
    const faults: unknown[] = [];
    for (const restore of await restores.open()) {
      if (this.#loop.signal.aborted) return;
      try {
        if (restore.leavesAt <= clock.now()) await this.#remove(restore);
        else if (restore.readyAt === null) await this.#load(restore);
      } catch (error) {
        if (this.#loop.signal.aborted) return;
        faults.push(error);
        await restores.progress(restore.id, { detail: 'It could not go on, and is tried again.' });
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  async #load(restore: Restore): Promise<void> {
    const { archive, restores, clock } = this.#parts;
    const { id, organisation, site, class: kept } = restore;
    const wanted: ArchivedLogFile[] = [];
    for (const { day } of await archive.days(organisation)) {
      if (day < restore.fromDay || day > restore.toDay) continue;
      wanted.push(
        ...(await archive.files(organisation, day)).filter(
          (file) => (kept === '' || file.class === kept) && (site === '' || file.site === null || file.site === site),
        ),
      );
    }
    wanted.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    await restores.progress(id, { files: wanted.length });
    let { filesDone, rows } = restore;
    const missing: string[] = [];
    for (const file of wanted.filter((one) => nameOf(one) > restore.lastFile)) {
      if (this.#loop.signal.aborted || restore.leavesAt <= clock.now()) return;
      const unread = await this.#insert(restore, file);
      missing.push(...unread);
      filesDone++;
      // Of what could not be read nothing is there: it counts for nothing.
      if (unread.length === 0) rows += file.rows;
      await restores.progress(id, {
        filesDone,
        rows,
        lastFile: nameOf(file),
        detail: missing.length === 0 ? '' : `${missing.length} files could not be read. ${missing[0]}`,
      });
    }
    await restores.ready(id);
  }

  /** Answers why the file could not be read. */
  async #insert({ id, organisation, site }: Restore, file: ArchivedLogFile): Promise<readonly string[]> {
    const { archive, store } = this.#parts;
    const opened = await archive.open(organisation, [file], 'archived');
    try {
      if (opened.table === undefined) return opened.missing;
      await store.execute(
        `INSERT INTO restored_logs (${columns}, restore) SELECT ${columns}, {restore:String} FROM ${opened.table}
         WHERE organisation = {organisation:String}${site === '' ? '' : ' AND site = {site:String}'}`,
        { ...opened.parameters, restore: id, organisation, site },
        {
          timeoutMs: fileTimeoutMs,
          signal: this.#loop.signal,
          settings: { ...exactlyOnceSettings, insert_deduplication_token: `${id} ${nameOf(file)}` },
        },
      );
      return opened.missing;
    } finally {
      await opened.close();
    }
  }

  async #remove({ id }: Restore): Promise<void> {
    await this.#parts.store.execute('ALTER TABLE restored_logs DROP PARTITION {restore:String}', { restore: id });
    await this.#parts.restores.gone(id);
  }
}

const nameOf = ({ day, path }: ArchivedLogFile): string => `${day}/${path}`;
