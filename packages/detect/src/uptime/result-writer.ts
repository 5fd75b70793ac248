import { randomBytes } from 'node:crypto';
import { BackgroundLoop, type Clock, type Logger, redactText } from '@sightline/base';
import type { TelemetryWriter } from '@sightline/store/port';

/** One result as it is kept in `checks`. */
export interface CheckRow {
  readonly organisation: string;
  readonly site: string;
  readonly monitor: string;
  readonly type: string;
  readonly atMs: number;
  /** Tells results of one monitor apart: they are kept once. */
  readonly checkId: string;
  readonly up: boolean;
  readonly durationMs: number;
  readonly message: string;
  readonly details: Readonly<Record<string, string | number>>;
  /** How much of the time before `atMs` it speaks for. */
  readonly coversMs: number;
}

const flushEveryMs = 1000;
const rowsAtOnce = 2000;
const rowsWaiting = 50_000;
const closingMs = 8000;
const unwritten = 'Results of monitors could not be written and will be tried again';

/**
 * Writes results in batches within about a second. A batch that failed is written again under the same token, so that it
 * counts once; results beyond the bound are given up, oldest first, and said so.
 */
export class ResultWriter {
  readonly #target: TelemetryWriter;
  readonly #settings: Readonly<Record<string, string | number>>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #loop: BackgroundLoop;
  readonly #run = `checks-${randomBytes(8).toString('hex')}`;
  #waiting: CheckRow[] = [];
  #batch: { readonly token: string; readonly rows: readonly CheckRow[] } | undefined;
  #batches = 0;

  constructor(
    target: TelemetryWriter,
    settings: Readonly<Record<string, string | number>>,
    clock: Clock,
    logger: Logger,
  ) {
    this.#target = target;
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
    this.#loop = new BackgroundLoop({
      clock,
      logger,
      everyMs: flushEveryMs,
      pausesFirst: true,
      round: async () => (await this.flush()) && this.#waiting.length >= rowsAtOnce,
      fault: unwritten,
    });
    this.#loop.start();
  }

  /** Takes a result; it is written soon. */
  add(row: CheckRow): void {
    this.#waiting.push(row);
    if (this.#waiting.length <= rowsWaiting) return;
    this.#waiting = this.#waiting.slice(this.#waiting.length / 2);
    this.#logger.error('Results of monitors were given up: the store takes none', { kept: this.#waiting.length });
  }

  /** Writes these rows now, exactly once for one `token`. Throws what the store throws. */
  async write(token: string, rows: readonly CheckRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#target.execute(insertChecks, columnsOf(rows, this.#clock.now()), {
      timeoutMs: 30_000,
      settings: { ...this.#settings, insert_deduplication_token: token },
    });
  }

  /** Writes what waits and stops, within some seconds. */
  async close(): Promise<void> {
    await this.#loop.close();
    const until = this.#clock.now() + closingMs;
    while ((this.#batch || this.#waiting.length > 0) && this.#clock.now() < until) if (!(await this.flush())) return;
  }

  /** Writes one batch of what waits; false when it could not. */
  async flush(): Promise<boolean> {
    if (!this.#batch && this.#waiting.length > 0) {
      this.#batch = { token: `${this.#run}-${this.#batches++}`, rows: this.#waiting.splice(0, rowsAtOnce) };
    }
    if (!this.#batch) return true;
    try {
      await this.write(this.#batch.token, this.#batch.rows);
      this.#batch = undefined;
      return true;
    } catch (error) {
      this.#logger.warn(unwritten, { error });
      return false;
    }
  }
}

function columnsOf(rows: readonly CheckRow[], nowMs: number) {
  return {
    organisation: rows.map((row) => row.organisation),
    site: rows.map((row) => row.site),
    monitor: rows.map((row) => row.monitor),
    kind: rows.map((row) => row.type),
    ts: rows.map((row) => Math.round(row.atMs)),
    received: rows.map(() => Math.round(nowMs)),
    check: rows.map((row) => row.checkId),
    status: rows.map((row) => (row.up ? 'up' : 'down')),
    duration: rows.map((row) => row.durationMs),
    message: rows.map((row) => redactText(row.message)),
    names: rows.map((row) => Object.keys(row.details)),
    values: rows.map((row) => Object.values(row.details).map(String)),
    covers: rows.map((row) => Math.max(0, row.coversMs)),
  };
}

const insertChecks = `INSERT INTO checks (organisation, site, service, environment, monitor, kind, ts, received_at, check_id, status, duration_ms, message, attrs, covers_ms)
SELECT organisation, site, '', '', monitor, kind, fromUnixTimestamp64Milli(ts, 'UTC'), fromUnixTimestamp64Milli(received, 'UTC'), check, status, duration, message, mapFromArrays(names, details), covers
FROM (SELECT {organisation:Array(String)} AS organisation, {site:Array(String)} AS site, {monitor:Array(String)} AS monitor,
  {kind:Array(String)} AS kind, {ts:Array(Int64)} AS ts, {received:Array(Int64)} AS received, {check:Array(String)} AS check,
  {status:Array(String)} AS status, {duration:Array(Float64)} AS duration, {message:Array(String)} AS message,
  {names:Array(Array(String))} AS names, {values:Array(Array(String))} AS details, {covers:Array(Float64)} AS covers)
ARRAY JOIN organisation, site, monitor, kind, ts, received, check, status, duration, message, names, details, covers`;
