import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { ScrubBatch } from '@sightline/record';
import { StoreError, type TelemetryStore } from '../port/index.ts';
import type { HeldRows } from '../steps/held-rows.ts';
import type { BackfillBook, BackfillRun } from './backfill-book.ts';
import { ask, type BackfillContext, dropStages, rangeOf, stageName } from './backfill-context.ts';
import type { BackfillScrubber } from './backfill-scrubber.ts';
import { type Files, type FilesUnit, scrubFiles, writeFiles } from './files-unit.ts';
import { countNames, type NamesUnit } from './names-unit.ts';
import { scrubTexts } from './plain-texts.ts';
import { renameRows, type RenamedUnit, writeRenamed } from './renamed-unit.ts';
import { countScrubbed, type RowsUnit, scrubRows, writeAgain } from './rows-unit.ts';
import { renamedTables, scrubbedTables } from './scrubbed-tables.ts';
import { scrubControl, type TextsUnit } from './texts-unit.ts';

export type { BackfillScrubber } from './backfill-scrubber.ts';

export interface BackfillStepParts {
  readonly store: TelemetryStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** As in `EdgeStep`. */
  readonly waitingSinceMs: () => number | undefined;
  readonly book: BackfillBook;
  /** The organisation's scrubber as its rules stand now. */
  readonly scrubber: (organisation: string) => Promise<BackfillScrubber>;
  /** Legal holds of an organisation as they stand now: what they keep stays as it is. */
  readonly holds: (organisation: string) => Promise<readonly HeldRows[]>;
  /** Runs `work` with them while nobody can place one: it begins to write, and does not wait for the end. */
  readonly whileNonePlaced: <T>(organisation: string, work: (holds: readonly HeldRows[]) => Promise<T>) => Promise<T>;
  /** Where attachments lie; undefined where this process cannot reach them. */
  readonly files: Files | undefined;
  /** Runs work while no day of the archive is written. */
  readonly exclusive: <T>(organisation: string, work: () => Promise<T>) => Promise<T>;
}

const lookEveryMs = 3000;
const claimMs = 60_000;
const renewEveryMs = 10_000;
const waitMs = 5000;
const failuresAtMost = 20;
const partitionsAtMost = 20_000;
const keys = { files: 'c', texts: 'd', names: 'e', templates: 'z' } as const;

const attachments = 'attachments';

type Unit =
  | RowsUnit
  | RenamedUnit
  | FilesUnit
  | TextsUnit
  | NamesUnit
  | { readonly kind: 'templates'; readonly key: string };

/**
 * Scrubs what is stored: for an organisation and days, table by table and partition by partition, by the functions that load records. What
 * a batch of rows becomes is worked out into a table of the run's own, counted and noted; then one mutation of the engine puts it into
 * the rows, part by part: each row is as it was or as it becomes, rows that come meanwhile are not touched, and after a kill the same is carried
 * out again to the same end. A preview does all but the writing.
 */
export class BackfillStep {
  readonly #parts: BackfillStepParts;
  readonly #loop: BackgroundLoop;
  /** One after the other, of whatever run. */
  #failures = 0;

  constructor(parts: BackfillStepParts) {
    this.#parts = parts;
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      fault: 'backfills of the scrubber could not be looked at; tried again',
      round: () => this.catchUp(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** Carries out a run that is due, as far as it goes; answers whether there was one. Throws what the ports throw. */
  async catchUp(): Promise<boolean> {
    const { book, store, clock, logger } = this.#parts;
    const run = await book.claim(claimMs);
    if (!run) return false;
    const stopping = new AbortController();
    const over = new AbortController();
    const signal = AbortSignal.any([this.#loop.signal, stopping.signal]);
    const renewing = this.#renew(run.id, stopping, over.signal);
    try {
      await this.#carryOn(run, signal);
      this.#failures = 0;
      if (stopping.signal.aborted) await book.end(run.id, 'stopped', '');
    } catch (error) {
      if (stopping.signal.aborted) await book.end(run.id, 'stopped', '');
      else if (!this.#loop.signal.aborted) {
        logger.warn('a backfill could not go on; tried again', { id: run.id, error });
        const away = error instanceof StoreError && error.kind === 'unavailable';
        this.#failures = away ? this.#failures : this.#failures + 1;
        if (this.#failures < failuresAtMost)
          await book.later(run.id, clock.now() + waitMs, 'It could not go on, and is tried again.');
        else await book.end(run.id, 'failed', 'It could not go on. The log of the server says why.');
      }
    } finally {
      over.abort();
      await renewing;
      if (this.#loop.signal.aborted) await book.later(run.id, clock.now(), '');
    }
    await dropStages(store, await book.open());
    return true;
  }

  async #renew(id: string, stopping: AbortController, over: AbortSignal): Promise<void> {
    const { clock, book } = this.#parts;
    while (!over.aborted) {
      // A database that does not answer stops nothing: the batch itself needs it.
      if (!(await book.renew(id, claimMs).catch(() => true))) return stopping.abort();
      await clock.sleep(renewEveryMs, over);
    }
  }

  async #carryOn(run: BackfillRun, signal: AbortSignal): Promise<void> {
    const { book, clock, waitingSinceMs } = this.#parts;
    const { scrubber, holds, whileNonePlaced, store, exclusive, files } = this.#parts;
    const own = await scrubber(run.organisation);
    let batches = run.batches;
    const context: BackfillContext = {
      store,
      clock,
      book,
      run,
      scrubber: own,
      holds: () => holds(run.organisation),
      whileNonePlaced: (work) => whileNonePlaced(run.organisation, work),
      exclusive,
      files,
      waitingSinceMs,
      batch: () => batches++,
      signal,
      ending: this.#loop.signal,
    };
    if (run.pending && !(await this.#finish({ ...context, signal: this.#loop.signal }, run.pending))) return;
    if (run.pending) return;
    if (own.rulesAt !== run.rulesAt)
      return book.end(run.id, 'stopped', 'The rules were changed meanwhile. Start again, under those that hold now.');
    const settled = Math.min(clock.now(), waitingSinceMs() ?? Infinity);
    if (settled < own.appliesAtMs)
      return book.later(run.id, clock.now() + waitMs, 'It waits until everything that comes is scrubbed by the rules.');
    const units = await this.#units(context);
    if (!run.started) await book.begin(run.id, await countRows(context));
    for (const unit of units) {
      if (unit.key < run.unit || (unit.key === run.unit && run.minute === null)) continue;
      if (signal.aborted || !(await this.#unit(context, unit))) return;
    }
    await book.end(run.id, 'done', '');
  }

  async #unit(context: BackfillContext, unit: Unit): Promise<boolean> {
    if (unit.kind === 'rows') return scrubRows(context, unit);
    if (unit.kind === 'renamed') return renameRows(context, unit);
    if (unit.kind === 'files') return scrubFiles(context, unit);
    if (unit.kind === 'texts') return scrubControl(context, unit);
    if (unit.kind === 'names') return countNames(context, unit);
    const { book, run } = context;
    const changed = await book.templates(
      run.organisation,
      (texts) =>
        scrubTexts(
          context,
          texts.map((text) => ({ field: 'body', text })),
        ),
      run.kind === 'run',
    );
    const nothing = { seen: 0, held: 0, holds: '', counts: [], days: {}, examples: [] };
    await book.advance(run.id, { ...nothing, number: context.batch(), unit: unit.key, next: null, changed });
    return true;
  }

  /** A batch that was noted and not counted: whoever noted it is gone. */
  async #finish(context: BackfillContext, pending: ScrubBatch): Promise<boolean> {
    const { book, run } = context;
    const unit = (await this.#units(context)).find(({ key }) => key === pending.unit);
    if (unit?.kind === 'rows' && (await exists(context, stageName(run.id, 'rows')))) {
      const written = await writeAgain(context, unit, pending);
      if (written === 'ended') return false;
      if (written === 'other holds') {
        await book.later(run.id, this.#parts.clock.now(), '');
        return true;
      }
      await countScrubbed(context, pending);
    }
    if (unit?.kind === 'renamed' && (await exists(context, stageName(run.id, 'moved'))))
      if (!(await writeRenamed(context, unit))) return false;
    if (unit?.kind === 'files' && (await exists(context, stageName(run.id, 'files')))) {
      if (!(await writeFiles(context, unit))) return false;
      await countScrubbed(context, pending);
    }
    await book.advance(run.id, pending);
    await book.later(run.id, this.#parts.clock.now(), '');
    return true;
  }

  /** Everything there is to do, in the order in which it is done. */
  async #units(context: BackfillContext): Promise<Unit[]> {
    const { run } = context;
    const parts = await ask<{ table: string; id: string; partition: string }>(
      context,
      `SELECT DISTINCT table, partition_id AS id, partition FROM system.parts WHERE database = currentDatabase() AND active
       AND has({tables:Array(String)}, table) ORDER BY table, id LIMIT ${partitionsAtMost}`,
      { tables: [...[...scrubbedTables, ...renamedTables].map(({ table }) => table), attachments] },
    );
    const units: Unit[] = [];
    const place = (i: number): string => String(i).padStart(2, '0');
    scrubbedTables.forEach((table, i) => {
      if (table.partition === 'none') units.push({ kind: 'rows', key: `a${place(i)}`, table, partition: undefined });
      else
        for (const { id, partition } of parts.filter((part) => part.table === table.table))
          if (table.partition === 'name' || (partition >= run.fromDay && partition <= run.toDay))
            units.push({ kind: 'rows', key: `a${place(i)} ${id}`, table, partition: safeId(id) });
    });
    const month = (day: string): string => day.slice(0, 7).replace('-', '');
    renamedTables.forEach((table, i) => {
      for (const { id, partition } of parts.filter((part) => part.table === table.table)) {
        const [first, last] =
          table.partition === 'day' ? [run.fromDay, run.toDay] : [month(run.fromDay), month(run.toDay)];
        if (partition >= first && partition <= last)
          units.push({ kind: 'renamed', key: `b${place(i)} ${id}`, table, partition: safeId(id) });
      }
    });
    for (const { id, partition } of parts.filter((part) => part.table === attachments))
      if (partition >= run.fromDay && partition <= run.toDay)
        units.push({ kind: 'files', key: `${keys.files} ${id}`, partition: safeId(id) });
    units.push({ kind: 'texts', key: keys.texts }, { kind: 'names', key: keys.names });
    return [...units, { kind: 'templates' as const, key: keys.templates }].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }
}

/** The engine's own name of a partition, which becomes part of a statement. */
function safeId(id: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(id)) throw new Error(`no name of a partition: ${JSON.stringify(id)}`);
  return id;
}

async function exists(context: BackfillContext, stage: string): Promise<boolean> {
  const rows = await ask<{ name: string }>(
    context,
    `SELECT name FROM system.tables WHERE concat(database, '.', name) = {stage:String}`,
    { stage },
  );
  return rows.length > 0;
}

/** Rows that will be looked at, for people who wait. */
async function countRows(context: BackfillContext): Promise<number> {
  const { fromMs, toMs } = rangeOf(context.run);
  let rows = 0;
  for (const { table, from, to } of scrubbedTables) {
    const [row] = await ask<{ n: number }>(
      context,
      `SELECT toFloat64(count()) AS n FROM ${table} WHERE organisation = {organisation:String} AND ${to} >= fromUnixTimestamp64Milli({from:Int64}) AND ${from} < fromUnixTimestamp64Milli({to:Int64})`,
      { organisation: context.run.organisation, from: fromMs, to: toMs },
    );
    rows += row?.n ?? 0;
  }
  return rows;
}
