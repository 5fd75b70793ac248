import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';

/** One result of a monitor. */
export interface MonitorResult {
  readonly at: number;
  readonly up: boolean;
  readonly durationMs: number;
  readonly message: string;
  /** Timings, status and the like, as text. */
  readonly details: Readonly<Record<string, string>>;
}

/** Response times over a range; buckets without a good result are missing. */
export interface ResponseTimes {
  readonly stepMs: number;
  readonly mean: { at: number; value: number }[];
  readonly worst: { at: number; value: number }[];
  /** Results that were down, by bucket. */
  readonly down: { at: number; value: number }[];
}

interface Asked {
  readonly organisation: string;
  readonly monitor: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const ofMonitor = `organisation = {organisation:String} AND monitor = {monitor:String}
  AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND status IN ('up', 'down')`;
const parametersOf = ({ organisation, monitor, fromMs, toMs }: Asked) => ({
  organisation,
  monitor,
  from: fromMs,
  to: toMs,
});

/** Newest first. Throws `StoreError`. */
export async function readMonitorResults(
  reader: TelemetryReader,
  asked: Asked & { readonly limit: number },
  limits: QueryLimits = {},
): Promise<MonitorResult[]> {
  const rows = await ask<{ at: number; up: number; duration: number; m: string; a: Record<string, string> }>(
    reader,
    `SELECT toFloat64(toUnixTimestamp64Milli(ts)) AS at, toUInt8(status = 'up') AS up, duration_ms AS duration, message AS m, attrs AS a
    FROM checks WHERE ${ofMonitor} ORDER BY ts DESC LIMIT {limit:UInt32}`,
    { ...parametersOf(asked), limit: asked.limit },
    limits,
  );
  return rows.map(({ at, up, duration, m, a }) => ({
    at,
    up: up === 1,
    durationMs: duration,
    message: m,
    details: a,
  }));
}

const steps = [60_000, 300_000, 900_000, 3_600_000, 10_800_000, 86_400_000];
const mostBuckets = 300;

/** In buckets that hold a result each at least, of one that comes every `everyMs`. Throws `StoreError`. */
export async function readResponseTimes(
  reader: TelemetryReader,
  asked: Asked & { readonly everyMs: number },
  limits: QueryLimits = {},
): Promise<ResponseTimes> {
  const leastMs = Math.max(asked.everyMs, (asked.toMs - asked.fromMs) / mostBuckets);
  const stepMs = steps.find((step) => step >= leastMs) ?? 86_400_000 * Math.ceil(leastMs / 86_400_000);
  const rows = await ask<{ b: number; ups: number; downs: number; mean: number; worst: number }>(
    reader,
    `SELECT toFloat64(intDiv(toUnixTimestamp64Milli(ts), {step:UInt32}) * {step:UInt32}) AS b, toFloat64(countIf(status = 'up')) AS ups,
      toFloat64(countIf(status = 'down')) AS downs, sumIf(duration_ms, status = 'up') / greatest(ups, 1) AS mean, maxIf(duration_ms, status = 'up') AS worst
    FROM checks WHERE ${ofMonitor} GROUP BY b ORDER BY b`,
    { ...parametersOf(asked), step: stepMs },
    limits,
  );
  const good = rows.filter(({ ups }) => ups > 0);
  return {
    stepMs,
    mean: good.map(({ b, mean }) => ({ at: b, value: mean })),
    worst: good.map(({ b, worst }) => ({ at: b, value: worst })),
    down: rows.filter(({ downs }) => downs > 0).map(({ b, downs }) => ({ at: b, value: downs })),
  };
}
