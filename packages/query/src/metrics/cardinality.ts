import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from './ask.ts';
import { valueOrThrow, type TelemetryReads } from './telemetry-reads.ts';

/** A metric that has met a limit: what was too much is added up in its series `{overflow="true"}`. */
export interface FoldedMetric {
  readonly metric: string;
  /** When the first sample was folded, ms since the epoch. */
  readonly sinceMs: number;
  /** When the last one was, to about an hour; null where it does not hold the series any more. */
  readonly lastMs: number | null;
}

export interface Cardinality {
  /** Series that take samples at present. */
  readonly series: number;
  /** Greatest first, at most a hundred. */
  readonly byMetric: readonly { readonly metric: string; readonly series: number }[];
  /** Labels with most values, at most a hundred. */
  readonly byLabel: readonly { readonly label: string; readonly values: number }[];
  readonly folded: readonly FoldedMetric[];
}

const foldedAtMost = 100;
const dayMs = 86_400_000;
/** Series that have not been heard for so long are said to be folded no more. */
const rememberedMs = 7 * dayMs;

/** How many series an organisation has, by metric and by label, and which metrics have met a limit within a week. Throws `StoreError`. */
export async function readCardinality(
  reads: TelemetryReads,
  asked: { readonly organisation: string; readonly nowMs: number },
  limits: QueryLimits = {},
): Promise<Cardinality> {
  const [{ series, byMetric, byLabel }, folded] = await Promise.all([
    reads.metrics.statistics(asked.organisation),
    readFolded(reads, asked, limits),
  ]);
  return {
    series,
    byMetric: byMetric.map(([metric, count]) => ({ metric, series: count })),
    // How many names there are says nothing of a label that has too many values.
    byLabel: byLabel.filter(([label]) => label !== '__name__').map(([label, values]) => ({ label, values })),
    folded,
  };
}

/** Metrics with an overflow series that was heard within a week, the newest first, at most a hundred. Throws `StoreError`. */
export async function readFolded(
  reads: TelemetryReads,
  { organisation, nowMs }: { readonly organisation: string; readonly nowMs: number },
  limits: QueryLimits = {},
): Promise<FoldedMetric[]> {
  // The ledger is small, the table of series is not: it is read where something was folded at all.
  const [noted] = await foldedSince(reads, nowMs - rememberedMs, organisation, limits);
  if (noted === undefined) return [];
  const began = await beganToFold(reads, organisation, nowMs - rememberedMs, limits);
  if (began.length === 0) return [];
  const heard = await reads.metrics.metricNames({
    organisation,
    // Each by its name: without names the index would load every metric there is.
    matchers: began.map(({ metric }) => [
      { label: '__name__', operator: '=', value: metric },
      { label: 'overflow', operator: '=', value: 'true' },
    ]),
    startMs: nowMs - rememberedMs,
    endMs: nowMs,
    limit: 0,
    ...(limits.signal ? { signal: limits.signal } : {}),
  });
  const last = new Map(valueOrThrow(heard).items.map(({ metric, lastSeenMs }) => [metric, lastSeenMs]));
  // The index knows the hour in which a series is alive: that may end after now.
  const lastOf = (metric: string): number | null => {
    const lastMs = last.get(metric);
    return lastMs === undefined ? null : Math.min(lastMs, nowMs);
  };
  return began.map(({ metric, sinceMs }) => ({ metric, sinceMs, lastMs: lastOf(metric) }));
}

/** Organisations of which samples were folded since a moment, and how many; `organisation` '' for all, at most a thousand. Throws `StoreError`. */
export function foldedSince(
  reader: TelemetryReader,
  sinceMs: number,
  organisation = '',
  limits: QueryLimits = {},
): Promise<{ organisation: string; samples: number }[]> {
  return ask(
    reader,
    `SELECT toString(l.organisation) AS organisation, toFloat64(sum(l.records)) AS samples FROM ledger AS l
     WHERE ({only:String} = '' OR l.organisation = {only:String}) AND l.minute >= toDateTime({since:UInt32}) AND l.reason = 'folded'
     GROUP BY l.organisation ORDER BY samples DESC LIMIT 1000`,
    { only: organisation, since: Math.max(0, Math.floor(sinceMs / 1000)) },
    limits,
  );
}

/** The table of series is told of a new one at once, and of one that lives once a day. */
function beganToFold(
  reader: TelemetryReader,
  organisation: string,
  sinceMs: number,
  limits: QueryLimits,
): Promise<{ metric: string; sinceMs: number }[]> {
  return ask(
    reader,
    `SELECT toString(s.metric) AS metric, toFloat64(min(s.first_seen)) AS sinceMs FROM metric_series AS s
     WHERE s.organisation = {organisation:String} AND length(s.labels) = 1 AND s.labels['overflow'] = 'true'
     GROUP BY s.metric HAVING max(s.last_seen) >= {since:Int64} ORDER BY sinceMs DESC, metric LIMIT {most:UInt32}`,
    { organisation, since: Math.floor(sinceMs), most: foldedAtMost },
    limits,
  );
}
