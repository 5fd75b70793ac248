import type { SamplingPolicy } from '@sightline/record';
import { traceVerdicts, type QueryLimits, type TelemetryReader } from '@sightline/store/port';

/** What became of the spans of a trace that a policy did not keep. */
export interface SampledTrace {
  readonly policy: string;
  /** When it was decided first, ms. */
  readonly at: number;
  readonly spans: number;
}

/** undefined where all that came of the trace is kept. Throws `StoreError`. */
export async function findSampled(
  reader: TelemetryReader,
  organisation: string,
  traceId: string,
  limits: QueryLimits = {},
): Promise<SampledTrace | undefined> {
  const [row] = await reader.query<{ policy: string; at: string; total: string }>(
    `SELECT toString(argMin(policy, decided_at)) AS policy, toString(toUnixTimestamp64Milli(min(decided_at))) AS at, toString(sum(arraySum(spans))) AS total
     FROM sampled_traces WHERE organisation = {organisation:String} AND trace_id = toFixedString(unhex({trace:String}), 16) HAVING count() > 0`,
    { organisation, trace: traceId.toLowerCase() },
    limits,
  );
  return row && { policy: row.policy, at: Number(row.at), spans: Number(row.total) };
}

export interface SamplingPreview {
  readonly traces: number;
  readonly keptErrors: number;
  readonly keptSlow: number;
  readonly keptShare: number;
  readonly spans: number;
  readonly keptSpans: number;
  readonly bytes: number;
  readonly keptBytes: number;
}

/** Spans that are judged; of more, a part of the traces stands for all. */
const spansJudged = 1_000_000;

/** What a policy would keep of the traces that began in the range, by the same SQL as it is carried out. Throws `StoreError`. */
export async function previewSampling(
  reader: TelemetryReader,
  asked: {
    readonly organisation: string;
    readonly policy: SamplingPolicy;
    readonly fromMs: number;
    readonly toMs: number;
  },
  limits: QueryLimits = {},
): Promise<SamplingPreview> {
  const { organisation } = asked;
  const within =
    'organisation = {organisation:String} AND ts >= {from_ts:DateTime64(9)} AND ts < {to_ts:DateTime64(9)}';
  const range = { organisation, from_ts: new Date(asked.fromMs), to_ts: new Date(asked.toMs) };
  const [[size], [disk]] = await Promise.all([
    reader.query<{ n: string }>(`SELECT toString(count()) AS n FROM spans PREWHERE ${within}`, range, limits),
    reader.query<{ each: number }>(
      `SELECT if(sum(rows) = 0, 0, sum(bytes_on_disk) / sum(rows)) AS each FROM system.parts WHERE database = currentDatabase() AND table = 'spans' AND active`,
      {},
      limits,
    ),
  ]);
  const oneIn = Math.max(1, Math.ceil(Number(size?.n ?? 0) / spansJudged));
  const verdicts = traceVerdicts(asked.policy, {
    spans: `spans PREWHERE ${within} AND xxHash64(trace_id) % {one_in:UInt32} = 0`,
    errors: `SELECT trace_id FROM errors WHERE ${within}`,
    gone: `SELECT trace_id FROM sampled_traces WHERE 0`,
  });
  const rows = await reader.query<{ verdict: string; traces: string; spans: string }>(
    `SELECT verdict, toString(count()) AS traces, toString(sum(total)) AS spans FROM (${verdicts.sql}) GROUP BY verdict`,
    { ...verdicts.parameters, ...range, one_in: oneIn },
    { threads: 1, ...limits },
  );
  const of = (verdict: string): { traces: number; spans: number } => {
    const row = rows.find((one) => one.verdict === verdict);
    return { traces: oneIn * Number(row?.traces ?? 0), spans: oneIn * Number(row?.spans ?? 0) };
  };
  const [errors, slow, share, dropped] = [of('error'), of('slow'), of('share'), of('dropped')];
  const keptSpans = errors.spans + slow.spans + share.spans;
  const each = disk?.each ?? 0;
  return {
    traces: errors.traces + slow.traces + share.traces + dropped.traces,
    keptErrors: errors.traces,
    keptSlow: slow.traces,
    keptShare: share.traces,
    spans: keptSpans + dropped.spans,
    keptSpans,
    bytes: Math.round(each * (keptSpans + dropped.spans)),
    keptBytes: Math.round(each * keptSpans),
  };
}
