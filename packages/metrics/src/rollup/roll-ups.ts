import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { TelemetryStore } from '@sightline/store/port';
import { pathLiteral } from '../head/head-settings.ts';
import type { EngineAddress } from '../query/engine-address.ts';
import type { MetricRetention } from '../retention.ts';
import type { DayThreadData, FromDayThread, ToDayThread } from './day-messages.ts';
import { dayMs, fiveMinutesMs, hourMs, rollupTables } from './resolutions.ts';
import { type DayFigures, type DayJob, rowsFilePrefix, rowStructure, type RowsFile } from './roll-up-day.ts';
import { heldDays, type HeldDay, type MadeDay, madeDays } from './rollup-state.ts';

export interface RollUpOptions {
  readonly store: TelemetryStore;
  /** The same engine as `store`. */
  readonly engine: EngineAddress;
  /** Where files of rows lie until they are in the engine, which must be able to read them. */
  readonly folder: string;
  /** The store's settings under which a statement with one deduplication token takes effect once. */
  readonly exactlyOnce: Readonly<Record<string, string | number>>;
  readonly kept: MetricRetention;
  /** True while queries are at work: a day waits for a quiet moment then, but not for ever. */
  readonly busy?: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A day is rolled up when it has been over and without new chunks for so long: its blocks are cut by then. */
const quietMs = 3_600_000;
/** A day that gets late samples all the time is made anew after so long nevertheless. */
const longestMs = 6 * 3_600_000;
/** Of a day that has been over for that long, blocks may still be on their way: a store that is filled, a start after a kill. */
const settledMs = 120_000;
/** How long queries may keep a day waiting. */
const longestWaitMs = 120_000;
const lookEveryMs = 60_000;
const statementMs = 300_000;
/** Heap of the thread, megabytes. */
const heapMb = 256;

/**
 * Makes roll-ups in the background, one day of one organisation at a time, oldest first. A day counts once, whatever is killed when: its
 * rows replace those of an earlier attempt, and the row that says that it is done is written last. A day that got late samples is
 * made anew.
 */
export class RollUps {
  readonly #options: RollUpOptions;
  readonly #startedAtMs: number;
  readonly #loop: BackgroundLoop;
  #worker: Worker | undefined;
  /** Since when queries keep days waiting. */
  #waitsSinceMs: number | undefined;
  #done = 0;
  #days = 0;
  #series = 0;
  #failures = 0;

  constructor(options: RollUpOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.now();
    const { clock, logger } = options;
    this.#loop = new BackgroundLoop({
      clock,
      logger,
      everyMs: lookEveryMs,
      round: () => this.pass(),
      fault: (error) => {
        this.#failures++;
        logger.warn('a day of metrics could not be rolled up yet and will be tried again', { error: String(error) });
      },
    });
  }

  /** Looks once a minute until `close`. */
  start(): void {
    this.#loop.start();
  }

  /** Ends at once: what is half-made is made again after the next start. */
  async close(): Promise<void> {
    await Promise.all([this.#loop.close(), this.#worker?.terminate()]);
  }

  /** Lines of Prometheus' text format. */
  metrics(): string {
    const line = (name: string, value: number): string =>
      `# TYPE sightline_metric_store_${name} counter\nsightline_metric_store_${name} ${value}\n`;
    return (
      `# TYPE sightline_metric_store_rolled_up_days gauge\nsightline_metric_store_rolled_up_days ${this.#done}\n` +
      line('rolled_up_days_total', this.#days) +
      line('rolled_up_series_total', this.#series) +
      line('roll_up_failures_total', this.#failures)
    );
  }

  /** Makes what is due now. Rejects when it cannot; what is done stays done. */
  async pass(): Promise<void> {
    const { store } = this.#options;
    const [held, made] = await Promise.all([heldDays(store), madeDays(store)]);
    await this.#clean();
    try {
      const due = this.#due(held, made);
      this.#done = made.size;
      for (const day of due) {
        if (this.#loop.signal.aborted || this.#givesWay()) return;
        await this.#makeDay(day, held.get(day)?.chunks ?? 0, made.get(day)?.madeAtMs ?? 0);
      }
    } finally {
      await this.#worker?.terminate();
    }
  }

  #givesWay(): boolean {
    const { busy, clock } = this.#options;
    if (!busy?.()) {
      this.#waitsSinceMs = undefined;
      return false;
    }
    this.#waitsSinceMs ??= clock.now();
    return clock.now() - this.#waitsSinceMs < longestWaitMs;
  }

  /** Removes files that an end in the middle left. */
  async #clean(): Promise<void> {
    const { folder } = this.#options;
    for (const name of await readdir(folder))
      if (name.startsWith(rowsFilePrefix)) await rm(path.join(folder, name), { force: true });
  }

  /** Days that are over and not made of what is there now, oldest first. What is partly gone already is not made anew. */
  #due(held: ReadonlyMap<number, HeldDay>, made: ReadonlyMap<number, MadeDay>): number[] {
    const { clock, kept } = this.#options;
    const now = clock.now();
    return [...held]
      .filter(([day, { chunks, changedAtMs }]) => {
        const overMs = day + dayMs;
        const before = made.get(day);
        if (before?.chunks === chunks || now < overMs + quietMs) return false;
        if (before && day < now - kept.rawMs) return false;
        if (now - changedAtMs >= quietMs) return true;
        if (before) return now - before.madeAtMs >= longestMs;
        return now - overMs >= longestMs && (now - changedAtMs >= settledMs || now - this.#startedAtMs >= longestMs);
      })
      .map(([day]) => day)
      .sort((a, b) => a - b);
  }

  async #makeDay(day: number, chunks: number, madeBeforeMs: number): Promise<void> {
    const { store, clock } = this.#options;
    const organisations = await store.query<{ organisation: string; chunks: number; before: number }>(
      `SELECT c.organisation AS organisation, c.chunks AS chunks, toFloat64(d.chunks) AS before FROM
         (SELECT organisation, toFloat64(count()) AS chunks FROM metric_chunks
          WHERE t >= {from:Int64} AND t < {to:Int64} GROUP BY organisation) AS c
       LEFT JOIN (SELECT organisation, chunks FROM metric_rollup_days FINAL WHERE resolution = ${fiveMinutesMs / 1000} AND t = {from:Int64}) AS d
       ON c.organisation = d.organisation ORDER BY organisation`,
      { from: day, to: day + dayMs },
      { timeoutMs: statementMs },
    );
    // Greater than before, whatever the clock says.
    const version = Math.max(clock.now(), madeBeforeMs + 1);
    for (const { organisation, chunks: own, before } of organisations) {
      if (this.#loop.signal.aborted) return;
      if (own === before) continue;
      const { series } = await this.#inThread({ organisation, dayMs: day, version, folder: this.#options.folder });
      this.#series += series;
      await this.#say(organisation, day, own, version);
    }
    await this.#say('', day, chunks, version);
    this.#days++;
    if (madeBeforeMs === 0) this.#done++;
  }

  /** Says that a day is done. */
  async #say(organisation: string, day: number, chunks: number, version: number): Promise<void> {
    await this.#options.store.execute(
      `INSERT INTO metric_rollup_days (organisation, resolution, t, made_at, chunks)
       SELECT {organisation:String}, arrayJoin([${fiveMinutesMs / 1000}, ${hourMs / 1000}]), {day:Int64}, fromUnixTimestamp64Milli({version:Int64}), {chunks:UInt64}`,
      { organisation, day, version, chunks },
    );
  }

  /** The thread of a pass: started when there is something to do, ended with the pass. */
  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const data: DayThreadData = { engine: this.#options.engine };
    const worker = new Worker(new URL('day-thread.ts', import.meta.url), {
      name: 'metric roll-up',
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16 },
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    return (this.#worker = worker);
  }

  #inThread(job: DayJob): Promise<DayFigures> {
    const { logger } = this.#options;
    const worker = this.#thread();
    const { promise, resolve, reject } = Promise.withResolvers<DayFigures>();
    const failed = (error: unknown): void => reject(error instanceof Error ? error : new Error(String(error)));
    const ended = (): void => failed(new Error('the thread that rolls up has ended'));
    const hear = (message: FromDayThread): void => {
      if (message.kind === 'files') {
        this.#store(message.files, job).then(
          () => worker.postMessage({ kind: 'stored' } satisfies ToDayThread, []),
          failed,
        );
      } else if (message.kind === 'damaged') {
        logger.error('a chunk of samples was left out of a roll-up', { reason: message.message });
      } else if (message.kind === 'done') resolve(message.figures);
      else failed(new Error(message.message));
    };
    worker.on('message', hear).on('error', failed).on('exit', ended);
    worker.postMessage({ kind: 'job', job } satisfies ToDayThread, []);
    return promise.finally(() => worker.off('message', hear).off('error', failed).off('exit', ended));
  }

  async #store(files: readonly RowsFile[], { organisation, dayMs: day, version }: DayJob): Promise<void> {
    const { store, exactlyOnce } = this.#options;
    for (const file of files) {
      const columns = 'organisation, metric, fp, t, version, chunk';
      await store.execute(
        `INSERT INTO ${rollupTables[file.resolutionMs]} (${columns}) SELECT ${columns} FROM file(${pathLiteral(file.path)}, RowBinary, '${rowStructure}')`,
        {},
        {
          timeoutMs: statementMs,
          settings: {
            ...exactlyOnce,
            insert_deduplication_token: `roll-up:${organisation}:${day}:${version}:${file.path}`,
          },
        },
      );
      await rm(file.path, { force: true });
    }
  }
}
