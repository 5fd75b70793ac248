/** What roll-ups there are, and from when on samples themselves: what a query's plan rests on. */
import type { Clock, Logger } from '@sightline/base';
import type { TelemetryReader } from '@sightline/store/port';
import type { MetricRetention } from '../retention.ts';
import { dayMs, fiveMinutesMs } from './resolutions.ts';

/** Milliseconds since the epoch; structured-cloneable. */
export interface RollupState {
  /** From here on every sample is kept; -Infinity for ever. */
  readonly rawFromMs: number;
  /** Start of the first day that was rolled up. */
  readonly firstMs: number;
  /** Days before this are rolled up as they are now; later ones are not, or got samples since. */
  readonly upToMs: number;
  /** From here on roll-ups of five minutes are kept. Those of an hour are kept for longer. */
  readonly fiveMinutesFromMs: number;
}

/** By start of the day: chunks of samples that the engine holds, or held when the day was rolled up. */
export type ChunksByDay = ReadonlyMap<number, number>;

/** How long samples and roll-ups of five minutes are kept, milliseconds. */
export interface Kept {
  readonly rawMs: number;
  readonly fiveMinutesMs: number;
}

/**
 * `held`: what is there now; `made`: what was there when days were rolled up. Undefined where no day was. A day whose numbers differ
 * got samples since. What is older than samples are kept for may be there in part: it is read from roll-ups where they were made.
 */
export function rollupStateOf(
  held: ChunksByDay,
  made: ChunksByDay,
  kept: Kept,
  nowMs: number,
): RollupState | undefined {
  const madeDays = [...made.keys()].sort((a, b) => a - b);
  const firstMs = madeDays[0];
  const lastMadeMs = madeDays.at(-1);
  if (firstMs === undefined || lastMadeMs === undefined) return undefined;
  const heldDays = [...held.keys()].sort((a, b) => a - b);
  const wholeFromMs = Math.ceil((nowMs - kept.rawMs) / dayMs) * dayMs;
  const unmadeMs = heldDays.find((day) => !made.has(day)) ?? Infinity;
  const rawFromMs = Math.min(wholeFromMs, unmadeMs);
  const changedMs = heldDays.find((day) => day >= rawFromMs && made.get(day) !== held.get(day)) ?? Infinity;
  return {
    rawFromMs,
    firstMs,
    upToMs: Math.min(lastMadeMs + dayMs, changedMs),
    fiveMinutesFromMs: Math.ceil((nowMs - kept.fiveMinutesMs) / dayMs) * dayMs,
  };
}

interface HeldRow {
  readonly partition: string;
  readonly chunks: number;
  readonly changedAtMs: number;
}

/** A day's chunks in the engine, whoever they belong to, and when its parts last changed. */
export interface HeldDay {
  readonly chunks: number;
  readonly changedAtMs: number;
}

/** The days of which the engine holds samples. A day is a partition: this reads no table. */
export async function heldDays(store: TelemetryReader): Promise<Map<number, HeldDay>> {
  const rows = await store.query<HeldRow>(
    `SELECT partition, toFloat64(sum(rows)) AS chunks, toFloat64(max(modification_time)) * 1000 AS changedAtMs FROM system.parts
     WHERE database = currentDatabase() AND table = 'metric_chunks' AND active AND rows > 0 GROUP BY partition`,
  );
  return new Map(
    rows.map(({ partition, chunks, changedAtMs }) => [Number(partition) * dayMs, { chunks, changedAtMs }]),
  );
}

/** A day that was rolled up: chunks that it had then, and when, milliseconds. */
export interface MadeDay {
  readonly chunks: number;
  readonly madeAtMs: number;
}

/** Days that were rolled up for everybody (`organisation` ''), or for one organisation. */
export async function madeDays(store: TelemetryReader, organisation = ''): Promise<Map<number, MadeDay>> {
  const rows = await store.query<{ day: number } & MadeDay>(
    `SELECT toFloat64(t) AS day, toFloat64(d.chunks) AS chunks, toFloat64(toUnixTimestamp64Milli(d.made_at)) AS madeAtMs
     FROM metric_rollup_days AS d FINAL WHERE organisation = {organisation:String} AND resolution = ${fiveMinutesMs / 1000}`,
    { organisation },
  );
  return new Map(rows.map(({ day, chunks, madeAtMs }) => [day, { chunks, madeAtMs }]));
}

const freshMs = 15_000;

/** The state as queries need it: asked for again when it is older than some seconds, without making a query wait. */
export class RollupStates {
  readonly #store: TelemetryReader;
  readonly #kept: Kept;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #state: RollupState | undefined;
  #askedAtMs = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(parts: {
    readonly store: TelemetryReader;
    readonly kept: MetricRetention;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#store = parts.store;
    const { rawMs, fiveMinutesMs: fine = 365 * dayMs } = parts.kept;
    this.#kept = { rawMs, fiveMinutesMs: Math.max(rawMs, fine) };
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  /** Undefined where nothing is rolled up, or the engine did not say. */
  async current(): Promise<RollupState | undefined> {
    if (this.#clock.now() - this.#askedAtMs >= freshMs && !this.#asking) {
      const first = this.#askedAtMs === -Infinity;
      this.#asking = this.refresh().finally(() => (this.#asking = undefined));
      if (first) await this.#asking;
    }
    return this.#state;
  }

  /** Asks now. */
  async refresh(): Promise<void> {
    const now = this.#clock.now();
    try {
      const [held, made] = await Promise.all([heldDays(this.#store), madeDays(this.#store)]);
      const chunks = (days: ReadonlyMap<number, { readonly chunks: number }>): ChunksByDay =>
        new Map([...days].map(([day, of]) => [day, of.chunks]));
      this.#state = rollupStateOf(chunks(held), chunks(made), this.#kept, now);
    } catch (error) {
      this.#logger.warn('it could not be asked which days of metrics are rolled up', { error: String(error) });
    }
    this.#askedAtMs = now;
  }
}
