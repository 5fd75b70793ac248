import { fail, ok, type Result } from '@sightline/base';
import type { QueryLimits } from '@sightline/store/port';
import type { MatrixSeries } from '../promql/metric-engine.ts';
import type { Matcher } from '../promql/ast.ts';
import type { ReadScope } from '../search/scope.ts';
import { scopeMatchers, seriesQuery } from './list-metrics.ts';
import { labelName, range, selectorOf, valueOrThrow, type TelemetryReads } from './telemetry-reads.ts';
import { counterLookback, timeGrid, type TimeGrid } from './time-grid.ts';

export const metricAggregates = ['avg', 'sum', 'min', 'max', 'rate', 'increase', 'count', 'p50', 'p95', 'p99'] as const;
export type MetricAggregate = (typeof metricAggregates)[number];

export interface MetricQuery {
  readonly scope: ReadScope;
  readonly metric: string;
  readonly aggregate: MetricAggregate;
  /** Labels to split by (at most 10); none gives one series. */
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
/** Beyond this (2106) nothing is stored. */
const lastMs = 4_294_000_000_000;

/** Why a metric was not computed, in a sentence for the person. */
export interface MetricFault {
  readonly message: string;
}

type Shape = 'nothing' | 'plain' | 'classic-histogram' | 'native-histogram';

/**
 * Values of a metric over time, as PromQL gives them. Of gauges each series counts with its mean (or least, or greatest) in a bucket; `rate`
 * (per second) and `increase` difference counters through restarts and are summed over series. Quantiles are taken over
 * series, or out of the buckets when the metric is a histogram. Throws `StoreError`.
 */
export async function queryMetric(
  reads: TelemetryReads,
  query: MetricQuery,
  limits: QueryLimits = {},
): Promise<Result<MetricAnswer, MetricFault>> {
  const { metric, aggregate } = query;
  const scope = { ...query.scope, toMs: Math.min(query.scope.toMs, lastMs) };
  const grid = timeGrid(scope, query.points);
  const known = valueOrThrow(await reads.metrics.metadata({ organisation: scope.organisation, metric, limit: 1 }));
  const [about] = known.get(metric) ?? [];
  const shape = await shapeOf(reads, query, about?.type ?? '', limits);
  const unit = aggregate === 'count' ? '' : (about?.unit ?? '');
  if (grid.count === 0 || shape === 'nothing') return ok({ stepMs: grid.stepMs, unit, series: [], others: 0 });
  const answered = await reads.metrics.range({
    organisation: scope.organisation,
    expression: expressionOf(query, shape, grid),
    // A bucket holds its first moment and not its last; PromQL's windows are open at their left end.
    startMs: grid.firstMs + grid.stepMs - 1,
    endMs: grid.firstMs + grid.count * grid.stepMs - 1,
    stepMs: grid.stepMs,
    lookbackMs: counterLookback(grid),
    enforced: scopeMatchers(scope),
    ...(limits.signal ? { signal: limits.signal } : {}),
  });
  if (!answered.ok && answered.error.kind === 'execution')
    return fail({ message: `${answered.error.message}. Narrow it by site, service or label.` });
  const { value } = valueOrThrow(answered);
  if (value.type !== 'matrix') throw new Error(`a range query answered a ${value.type}`);
  return ok({ stepMs: grid.stepMs, unit, ...shownOf(query.by, value.series, grid) });
}

/** Whether there is anything, and in which form. */
async function shapeOf(reads: TelemetryReads, query: MetricQuery, type: string, limits: QueryLimits): Promise<Shape> {
  const exists = async (name: string): Promise<boolean> => {
    const matchers: Matcher[] = [
      { label: '__name__', operator: '=', value: name },
      ...[...query.where].map(([label, value]): Matcher => ({ label, operator: '=', value })),
    ];
    const found = await reads.metrics.series({ ...seriesQuery(query.scope, matchers, limits), limit: 1 });
    return valueOrThrow(found).items.length > 0;
  };
  if (await exists(query.metric)) return type === 'histogram' ? 'native-histogram' : 'plain';
  return (await exists(`${query.metric}_bucket`)) ? 'classic-histogram' : 'nothing';
}

/** Holds two samples of whoever is scraped once a minute. */
const nativeWindowMs = 150_000;

function expressionOf(query: MetricQuery, shape: Exclude<Shape, 'nothing'>, grid: TimeGrid): string {
  const { metric, aggregate } = query;
  const labels = Object.fromEntries([...query.where].slice(0, 20));
  const window = range(grid.stepMs);
  const by = query.by.slice(0, 10).map(labelName);
  const over = (operator: string, inner: string, more: readonly string[] = []): string =>
    `${operator} by (${[...by, ...more].join(',')}) (${inner})`;
  const growth = (name: string, as: 'rate' | 'increase'): string =>
    `${as}(${selectorOf(name, labels)}[${window}] anchored)`;
  const level = (as: 'avg' | 'min' | 'max'): string => `${as}_over_time(${selectorOf(metric, labels)}[${window}])`;
  const share = aggregate.startsWith('p') ? Number(aggregate.slice(1)) / 100 : aggregate === 'max' ? 1 : 0;

  if (shape !== 'plain') {
    const native = shape === 'native-histogram';
    // `rate` needs two samples in its window, and native histograms know no `anchored`, which looks before it.
    const nativeRate = `rate(${selectorOf(metric, labels)}[${range(Math.max(grid.stepMs, nativeWindowMs))}])`;
    const nativeGrowth = (as: 'rate' | 'increase'): string =>
      over('sum', as === 'rate' ? nativeRate : `${nativeRate} * ${grid.stepMs / 1000}`);
    const histogram = over('sum', native ? nativeRate : growth(`${metric}_bucket`, 'increase'), native ? [] : ['le']);
    const counted = (as: 'rate' | 'increase'): string =>
      native ? `histogram_count(${nativeGrowth(as)})` : over('sum', growth(`${metric}_count`, as));
    const summed = native
      ? `histogram_sum(${nativeGrowth('increase')})`
      : over('sum', growth(`${metric}_sum`, 'increase'));
    switch (aggregate) {
      case 'rate':
        return counted('rate');
      case 'count':
      case 'increase':
        return counted('increase');
      case 'sum':
        return summed;
      case 'avg':
        return `${summed} / (${counted('increase')} > 0)`;
      default:
        return `histogram_quantile(${share}, ${histogram})`;
    }
  }
  switch (aggregate) {
    case 'rate':
    case 'increase':
      return over('sum', growth(metric, aggregate));
    case 'avg':
    case 'min':
    case 'max':
      return over(aggregate, level(aggregate));
    case 'sum':
    case 'count':
      return over(aggregate, level('avg'));
    default:
      return `quantile by (${by.join(',')}) (${share}, ${level('avg')})`;
  }
}

function shownOf(
  by: readonly string[],
  matrix: readonly MatrixSeries[],
  grid: TimeGrid,
): { series: MetricSeries[]; others: number } {
  const groups = matrix.flatMap(({ labels, floats }) => {
    const points = Array.from(floats.times, (at, i) => ({ at: at + 1 - grid.stepMs, value: floats.values[i] ?? NaN }));
    const finite = points.filter(({ value }) => Number.isFinite(value));
    const sum = finite.reduce((total, { value }) => total + value, 0);
    return finite.length === 0 ? [] : [{ labels, points: finite, mean: sum / finite.length }];
  });
  const ordered = groups.sort((a, b) => b.mean - a.mean);
  const series = ordered.slice(0, shownSeries).map(({ labels, points }) => ({
    labels: Object.fromEntries(by.map((label) => [label, labels[label] ?? ''])),
    points,
  }));
  return { series, others: ordered.length - series.length };
}
