import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { around, between } from '../search/key-range.ts';

/** What names a trace without being part of it. */
export interface TraceBeside {
  /** Recorded sessions in which it was begun, or in which one of its errors happened; newest last. */
  readonly replays: { readonly replay: string; readonly at: number }[];
  /** Measurements that name it, in order of time. */
  readonly exemplars: {
    /** The metric as it is listed: without a histogram's `_bucket` and the like. */
    readonly metric: string;
    readonly at: number;
    readonly value: number | null;
    /** '' where the exemplar names none. */
    readonly spanId: string;
  }[];
  /** Whether there may be exemplars that were not looked at. */
  readonly cut: boolean;
}

export interface TraceBesideAsked {
  readonly organisation: string;
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** When the trace ran, ms. */
  readonly fromMs: number;
  readonly toMs: number;
}

const hourMs = 3_600_000;
/** A measurement is taken when its request is over, and sent with the next export. */
const exemplarsAroundMs = 120_000;
/** A trace runs for seconds; of one that runs for days, its end. */
const longestMs = 6 * hourMs;
const most = { replays: 5, exemplars: 100 } as const;
/** Exemplars have no index by trace: of so many of the time around they are looked at. */
const exemplarsLookedAt = 2_000_000;

/** Replays and exemplars that name a trace, looked for around the time in which it ran. Throws `StoreError`. */
export async function readTraceBeside(
  reader: TelemetryReader,
  asked: TraceBesideAsked,
  limits: QueryLimits = {},
): Promise<TraceBeside> {
  const traceId = asked.traceId.toLowerCase();
  const fromMs = Math.max(asked.fromMs, asked.toMs - longestMs);
  const { organisation, toMs } = asked;
  const [replays, exemplars] = await Promise.all([
    ask<{ replay: string; at: number }>(
      reader,
      `SELECT replay_id AS replay, toFloat64(toUnixTimestamp64Milli(min(started_at))) AS at FROM replays
       WHERE ${between('from', 'to')} AND (has(traces, {trace:String}) OR hasAny(errors, (
         SELECT groupArray(100)(event_id) FROM errors WHERE organisation = {organisation:String} AND trace_id = toFixedString(unhex({trace:String}), 16))))
       GROUP BY replay ORDER BY at, replay LIMIT ${most.replays}`,
      { organisation, trace: traceId, ...around('from', 'to', fromMs - hourMs, toMs + hourMs) },
      limits,
    ),
    reader.query<{ name: string; moment: string; value: number | null; spanId: string }>(
      `SELECT toString(metric) AS name, toString(t) AS moment, value, if(labels['span_id'] != '', labels['span_id'], labels['spanID']) AS spanId FROM metric_exemplars
       PREWHERE organisation = {organisation:String} AND t >= {from:Int64} AND t <= {to:Int64}
       WHERE lower(labels['trace_id']) = {trace:String} OR lower(labels['traceID']) = {trace:String}
       ORDER BY t LIMIT ${most.exemplars + 1}`,
      { organisation, trace: traceId, ...around('from', 'to', fromMs - exemplarsAroundMs, toMs + exemplarsAroundMs) },
      {
        ...limits,
        settings: { ...limits.settings, max_rows_to_read: exemplarsLookedAt, read_overflow_mode: 'break' },
      },
    ),
  ]);
  return {
    replays,
    exemplars: exemplars.slice(0, most.exemplars).map(({ name, moment, value, spanId }) => ({
      metric: name.replace(/_(?:bucket|count|sum)$/, ''),
      at: Number(moment),
      value,
      spanId: spanId.toLowerCase(),
    })),
    cut: exemplars.length > most.exemplars,
  };
}
