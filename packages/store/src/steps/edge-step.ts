import { readFileSync } from 'node:fs';
import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { TelemetryStore } from '../port/index.ts';
import { exactlyOnceSettings } from '../schema/exactly-once.ts';

export interface EdgeStepParts {
  readonly store: TelemetryStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** When the oldest record that still waits for its table was received, ms; undefined while none waits or it is not known here. */
  readonly waitingSinceMs: () => number | undefined;
}

const minuteMs = 60_000;
/** Receipt and loading take seconds; what was received before this is in the tables, or `waitingSinceMs` says otherwise. */
const settledAfterMs = 15_000;
/** Spans of one trace are looked for this far around what came. */
const aroundMs = 15 * minuteMs;
/** At the first start, and after it was down: no further back. */
const mostBackMs = 24 * 60 * minuteMs;
const lookEveryMs = 5000;
const windowsAtOnce = 60;
/** Spans of a window that are joined in one statement: more are parted by trace. */
const spansAtOnce = 500_000;
const sql = readFileSync(new URL('edges.sql', import.meta.url), 'utf8');

/**
 * Joins parents and children that different services sent, and consumers with the producers they link to, minute of receipt by minute: each pair is counted in the minute in
 * which its later half came, so that late spans are neither lost nor counted twice. A window's rows carry its name as
 * deduplication token and the progress is a row: a kill between the two, or a second server, changes nothing.
 */
export class EdgeStep {
  readonly #parts: EdgeStepParts;
  readonly #loop: BackgroundLoop;

  constructor(parts: EdgeStepParts) {
    this.#parts = parts;
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      fault: 'edges between services could not be joined; tried again',
      round: async () => (await this.catchUp()) === windowsAtOnce,
    });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** Works off what is settled; answers how many windows that were. Throws `StoreError`. */
  async catchUp(): Promise<number> {
    let done = 0;
    for (let from = await this.#next(); from !== undefined && done < windowsAtOnce; from = await this.#next(), done++) {
      if (this.#loop.signal.aborted) break;
      await this.#window(from);
    }
    return done;
  }

  /** Begin of the next window that holds spans and is settled, ms. */
  async #next(): Promise<number | undefined> {
    const { store, clock, waitingSinceMs } = this.#parts;
    const now = clock.now();
    const [row] = await store.query<{ doneMs: string }>(
      `SELECT toString(max(toUnixTimestamp64Milli(done_to))) AS doneMs FROM span_steps WHERE step = 'edges'`,
      {},
      { signal: this.#loop.signal },
    );
    const after = Math.max(Number(row?.doneMs ?? 0), floorMinute(now - mostBackMs));
    const settled = floorMinute(Math.min(now - settledAfterMs, waitingSinceMs() ?? Infinity));
    if (after >= settled) return undefined;
    const [first] = await store.query<{ n: string; firstMs: string }>(
      `SELECT toString(count()) AS n, toString(toUnixTimestamp64Milli(toDateTime64(min(received_at), 3))) AS firstMs FROM spans
       WHERE received_at >= fromUnixTimestamp64Milli({after:Int64}) AND received_at < fromUnixTimestamp64Milli({settled:Int64})`,
      { after, settled },
      { signal: this.#loop.signal },
    );
    if (Number(first?.n ?? 0) > 0) return floorMinute(Number(first?.firstMs));
    // Nothing came: that is known too.
    await this.#note(settled);
    return undefined;
  }

  async #window(fromMs: number): Promise<void> {
    const { store } = this.#parts;
    const toMs = fromMs + minuteMs;
    const [range] = await store.query<{ n: string; first: string; last: string }>(
      `SELECT toString(count()) AS n, toString(min(toUnixTimestamp64Milli(toDateTime64(ts, 3)))) AS first, toString(max(toUnixTimestamp64Milli(toDateTime64(ts, 3)))) AS last FROM spans
       WHERE received_at >= fromUnixTimestamp64Milli({fromMs:Int64}) AND received_at < fromUnixTimestamp64Milli({toMs:Int64})`,
      { fromMs, toMs },
      { signal: this.#loop.signal },
    );
    const parts = Math.max(1, Math.ceil(Number(range?.n ?? 0) / spansAtOnce));
    for (let part = 0; part < parts; part++) {
      await store.execute(
        sql,
        {
          from_ms: fromMs,
          to_ms: toMs,
          from_ts: new Date(Math.max(0, Number(range?.first ?? 0) - aroundMs)),
          to_ts: new Date(Number(range?.last ?? 0) + aroundMs),
          parts,
          part,
        },
        {
          timeoutMs: 60_000,
          threads: 1,
          settings: { ...exactlyOnceSettings, insert_deduplication_token: `edges-${fromMs}-${part}-${parts}` },
          signal: this.#loop.signal,
        },
      );
    }
    await this.#note(toMs);
  }

  async #note(doneMs: number): Promise<void> {
    await this.#parts.store.execute(
      `INSERT INTO span_steps (step, done_to) SELECT 'edges', fromUnixTimestamp64Milli({doneMs:Int64})`,
      { doneMs },
      {
        settings: { ...exactlyOnceSettings, insert_deduplication_token: `edges-done-${doneMs}` },
        signal: this.#loop.signal,
      },
    );
  }
}

const floorMinute = (ms: number): number => Math.floor(ms / minuteMs) * minuteMs;
