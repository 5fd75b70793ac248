import { fail, ok, type Result } from '@sightline/base';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { ReadScope } from '../search/scope.ts';
import { ask } from './ask.ts';
import { histogramQuantile } from './histogram-quantile.ts';
import { seriesCondition } from './list-metrics.ts';
import { counterBuckets, counterLookbackMs, samplesInRange } from './samples-sql.ts';
import { timeGrid } from './time-grid.ts';

export const metricAggregates = ['avg', 'sum', 'min', 'max', 'rate', 'increase', 'count', 'p50', 'p95', 'p99'] as const;
export type MetricAggregate = (typeof metricAggregates)[number];

export interface MetricQuery {
  readonly scope: ReadScope;
  readonly metric: string;
  readonly aggregate: MetricAggregate;
  /** Labels to split by (at most 10); none gives one series. `site` and `service` count as labels. */
  readonly by: readonly string[];
  /** Labels and the values they must have, at most 20. */
  readonly where: ReadonlyMap<string, string>;
  readonly points: number;
}

export interface MetricSeries {
  readonly labels: Record<string, string>;
  /** Gaps stay gaps: a bucket without a sample has no point. */
  readonly points: { at: number; value: number }[];
}
export interface MetricAnswer {
  readonly stepMs: number;
  readonly unit: string;
  /** At most 50, those with the greatest mean first. */
  readonly series: MetricSeries[];
  /** How many more series there are. */
  readonly others: number;
}

const shownSeries = 50;
/** More samples' series than this would take the engine's memory: the person is asked to narrow the question. */
const seriesLimit = 50_000;
/** Values that come to us at most, buckets of all groups together: beyond it the engine refuses, and the person narrows. */
const valueLimit = 500_000;

/** Why a metric was not computed, in a sentence for the person. */
export interface MetricFault {
  readonly message: string;
}

/**
 * Values of a metric over time. Of gauges each series counts with its mean (or least, or greatest) in a bucket; `rate`
 * (per second) and `increase` difference counters through restarts and are summed over series. Quantiles are taken over
 * series, or out of the buckets when the metric is a histogram. Throws `StoreError`.
 */
export async function queryMetric(
  reader: TelemetryReader,
  query: MetricQuery,
  limits: QueryLimits = {},
): Promise<Result<MetricAnswer, MetricFault>> {
  const about = await readAbout(reader, query, limits);
  const grid = timeGrid(query.scope, query.points);
  if (about.series > seriesLimit)
    return fail({
      message: `${query.metric} has ${about.series} series in this range, more than ${seriesLimit}: narrow it by site, service or label.`,
    });
  if (grid.count === 0 || (about.series === 0 && about.buckets === 0))
    return ok({ stepMs: grid.stepMs, unit: about.unit, series: [], others: 0 });
  const asked = { query, stepMs: grid.stepMs, firstMs: grid.firstMs };
  const rows =
    about.series > 0
      ? await readPlain(reader, asked, query.metric, limits)
      : await readHistogram(reader, asked, limits);
  return ok({
    stepMs: grid.stepMs,
    unit: query.aggregate === 'count' ? '' : about.unit,
    ...groupSeries(query.by, rows),
  });
}

interface Asked {
  readonly query: MetricQuery;
  readonly stepMs: number;
  readonly firstMs: number;
}
interface ValueRow {
  readonly key: readonly string[];
  readonly at: number;
  readonly value: number;
}

async function readAbout(
  reader: TelemetryReader,
  query: MetricQuery,
  limits: QueryLimits,
): Promise<{ series: number; buckets: number; unit: string }> {
  const condition = seriesCondition(query.scope);
  const [row] = await ask<{ series: number; buckets: number; u: string }>(
    reader,
    `SELECT toFloat64(uniqExactIf(fp, metric = {metric:String})) AS series, toFloat64(uniqExactIf(fp, metric != {metric:String})) AS buckets,
      any(toString(unit)) AS u
    FROM series WHERE ${condition.sql} AND metric IN {names:Array(String)} AND ${whereSql}`,
    {
      ...condition.parameters,
      ...whereParameters(query),
      metric: query.metric,
      names: [query.metric, `${query.metric}_bucket`],
    },
    limits,
  );
  return { series: row?.series ?? 0, buckets: row?.buckets ?? 0, unit: row?.u ?? '' };
}

const labelValue = (name: string): string =>
  `multiIf(${name} = 'site', toString(site), ${name} = 'service', toString(service), labels[${name}])`;
const whereSql = `arrayAll((k, v) -> ${labelValue('k')} = v, {whereKeys:Array(String)}, {whereValues:Array(String)})`;

function whereParameters(query: MetricQuery): Record<string, ParameterValue> {
  const pairs = [...query.where].slice(0, 20);
  return {
    whereKeys: pairs.map(([key]) => key),
    whereValues: pairs.map(([, value]) => value),
    by: query.by.slice(0, 10),
  };
}

/** fp, temporality, key (and le) of the series asked for. */
function seriesSql(condition: string): string {
  return `SELECT fp, any(temporality) AS temporality, any(arrayMap(k -> ${labelValue('k')}, {by:Array(String)})) AS key, any(labels['le']) AS le
    FROM series WHERE ${condition} AND metric = {metric:String} AND ${whereSql} GROUP BY fp`;
}

function parametersOf(asked: Asked, metric: string): Record<string, ParameterValue> {
  const { query } = asked;
  return {
    ...seriesCondition(query.scope).parameters,
    ...whereParameters(query),
    metric,
    fromMs: asked.firstMs,
    toMs: Math.min(query.scope.toMs, 4_294_000_000_000),
    stepMs: asked.stepMs,
    lookbackMs: Math.max(counterLookbackMs, asked.stepMs),
  };
}

/** How series' values of one bucket become one: `inner` within a series, `outer` over series. */
const gaugeSql: Readonly<
  Record<Exclude<MetricAggregate, 'rate' | 'increase'>, readonly [inner: string, outer: string]>
> = {
  avg: ['avg(value)', 'avg(v)'],
  sum: ['avg(value)', 'sum(v)'],
  min: ['min(value)', 'min(v)'],
  max: ['max(value)', 'max(v)'],
  count: ['avg(value)', 'toFloat64(count())'],
  p50: ['avg(value)', 'quantileExactInclusive(0.5)(v)'],
  p95: ['avg(value)', 'quantileExactInclusive(0.95)(v)'],
  p99: ['avg(value)', 'quantileExactInclusive(0.99)(v)'],
};

function readPlain(reader: TelemetryReader, asked: Asked, metric: string, limits: QueryLimits): Promise<ValueRow[]> {
  const { aggregate } = asked.query;
  if (aggregate === 'rate' || aggregate === 'increase') return readGrowth(reader, asked, metric, aggregate, limits);
  const [inner, outer] = gaugeSql[aggregate];
  const series = seriesSql(seriesCondition(asked.query.scope).sql);
  return ask<ValueRow>(
    reader,
    `SELECT key, toFloat64(bucket * {stepMs:Int64}) AS at, ${outer} AS value
    FROM (SELECT fp, intDiv(toUnixTimestamp64Milli(ts), {stepMs:Int64}) AS bucket, ${inner} AS v
      FROM samples WHERE ${samplesInRange} AND fp IN (SELECT fp FROM (${series})) GROUP BY fp, bucket) AS b
    INNER JOIN (${series}) AS s USING (fp) GROUP BY key, bucket ORDER BY bucket`,
    parametersOf(asked, metric),
    { resultRows: valueLimit, ...limits },
  );
}

function readGrowth(
  reader: TelemetryReader,
  asked: Asked,
  metric: string,
  as: 'rate' | 'increase',
  limits: QueryLimits,
): Promise<ValueRow[]> {
  const series = seriesSql(seriesCondition(asked.query.scope).sql);
  const value = as === 'rate' ? 'sum(increase / (greatest(elapsedMs, 1) / 1000))' : 'sum(increase)';
  return ask<ValueRow>(
    reader,
    `SELECT key, toFloat64(at) AS at, ${value} AS value FROM (${counterBuckets(series)}) AS b INNER JOIN (${series}) AS s USING (fp)
    GROUP BY key, at ORDER BY at`,
    parametersOf(asked, metric),
    { resultRows: valueLimit, ...limits },
  );
}

/** A histogram asked by its base name: quantiles out of its buckets, everything else out of its count and sum. */
async function readHistogram(reader: TelemetryReader, asked: Asked, limits: QueryLimits): Promise<ValueRow[]> {
  const { metric, aggregate } = asked.query;
  const growth = (suffix: string, as: 'rate' | 'increase'): Promise<ValueRow[]> =>
    readGrowth(reader, asked, `${metric}${suffix}`, as, limits);
  switch (aggregate) {
    case 'rate':
      return growth('_count', 'rate');
    case 'count':
    case 'increase':
      return growth('_count', 'increase');
    case 'sum':
      return growth('_sum', 'increase');
    case 'avg':
      return meanOf(await growth('_sum', 'increase'), await growth('_count', 'increase'));
    case 'min':
      return readQuantiles(reader, asked, 0, limits);
    case 'max':
      return readQuantiles(reader, asked, 1, limits);
    case 'p50':
    case 'p95':
    case 'p99':
      return readQuantiles(reader, asked, Number(aggregate.slice(1)) / 100, limits);
  }
}

function meanOf(sums: readonly ValueRow[], counts: readonly ValueRow[]): ValueRow[] {
  const id = (row: ValueRow): string => JSON.stringify([row.key, row.at]);
  const byId = new Map(counts.map((row) => [id(row), row.value]));
  return sums.flatMap((row) => {
    const count = byId.get(id(row)) ?? 0;
    return count > 0 ? [{ ...row, value: row.value / count }] : [];
  });
}

async function readQuantiles(
  reader: TelemetryReader,
  asked: Asked,
  quantile: number,
  limits: QueryLimits,
): Promise<ValueRow[]> {
  const series = seriesSql(seriesCondition(asked.query.scope).sql);
  const rows = await ask<{ key: string[]; at: number; bounds: string[]; counts: number[] }>(
    reader,
    `SELECT key, toFloat64(at) AS at, groupArray(le) AS bounds, groupArray(grown) AS counts
    FROM (SELECT key, at, le, sum(increase) AS grown FROM (${counterBuckets(series)}) AS b INNER JOIN (${series}) AS s USING (fp)
      GROUP BY key, at, le)
    GROUP BY key, at ORDER BY at`,
    parametersOf(asked, `${asked.query.metric}_bucket`),
    { resultRows: valueLimit, ...limits },
  );
  return rows.flatMap(({ key, at, bounds, counts }) => {
    const value = histogramQuantile(
      quantile,
      bounds.map((le, i) => ({ le: le === '+Inf' ? Infinity : Number(le), count: counts[i] ?? 0 })),
    );
    return value === undefined ? [] : [{ key, at, value }];
  });
}

function groupSeries(by: readonly string[], rows: readonly ValueRow[]): { series: MetricSeries[]; others: number } {
  const groups = new Map<string, { key: readonly string[]; points: { at: number; value: number }[]; sum: number }>();
  for (const { key, at, value } of rows) {
    if (!Number.isFinite(value)) continue;
    const id = JSON.stringify(key);
    const group = groups.get(id) ?? { key, points: [], sum: 0 };
    groups.set(id, group);
    group.points.push({ at, value });
    group.sum += value;
  }
  const ordered = [...groups.values()].sort((a, b) => b.sum / b.points.length - a.sum / a.points.length);
  const series = ordered.slice(0, shownSeries).map(({ key, points }) => ({
    labels: Object.fromEntries(by.map((label, i) => [label, key[i] ?? ''])),
    points,
  }));
  return { series, others: ordered.length - series.length };
}
