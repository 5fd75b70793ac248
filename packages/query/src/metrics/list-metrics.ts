import type { QueryLimits } from '@sightline/store/port';
import type { SeriesQuery } from '../promql/metric-engine.ts';
import type { Matcher } from '../promql/ast.ts';
import type { ReadScope } from '../search/scope.ts';
import { literalExpression, valueOrThrow, type TelemetryReads } from './telemetry-reads.ts';

export interface MetricInfo {
  readonly metric: string;
  readonly type: string;
  readonly unit: string;
  readonly series: number;
  readonly lastSeenAt: number;
}

const metricLimit = 2000;
const labelLimit = 200;
const valueLimit = 200;

/** The matchers of a page's scope. Metrics carry their environment as a label where the client named one. */
export function scopeMatchers(scope: Pick<ReadScope, 'site' | 'service' | 'environment'>): Matcher[] {
  return (['site', 'service', 'environment'] as const).flatMap((name): Matcher[] => {
    if (scope[name] === '') return [];
    // What names no environment belongs to each.
    return name === 'environment'
      ? [{ label: name, operator: '=~', value: `|${literalExpression(scope[name])}` }]
      : [{ label: name, operator: '=', value: scope[name] }];
  });
}

/** What the index is asked for within a scope. */
export function seriesQuery(scope: ReadScope, matchers: readonly Matcher[], limits: QueryLimits): SeriesQuery {
  return {
    organisation: scope.organisation,
    matchers: [[...matchers, ...scopeMatchers(scope)]],
    startMs: scope.fromMs,
    endMs: Math.min(scope.toMs, 8.64e15),
    limit: 0,
    ...(limits.signal ? { signal: limits.signal } : {}),
  };
}

const anyMetric: Matcher = { label: '__name__', operator: '!=', value: '' };

/**
 * Metrics heard in the range whose name contains every word of `q` (any case), by name, at most 2,000. The `_bucket`, `_count`
 * and `_sum` of a classic histogram show as one metric of its base name.
 */
export async function listMetrics(
  reads: TelemetryReads,
  scope: ReadScope,
  q: string,
  limits: QueryLimits = {},
): Promise<MetricInfo[]> {
  const [names, metadata] = await Promise.all([
    reads.metrics.metricNames(seriesQuery(scope, [anyMetric], limits)),
    reads.metrics.metadata({ organisation: scope.organisation, metric: '', limit: 0 }),
  ]);
  const known = valueOrThrow(metadata);
  const items = valueOrThrow(names).items;
  const present = new Set(items.map(({ metric }) => metric));
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const byName = new Map<string, MetricInfo>();
  for (const { metric, series, lastSeenMs } of items) {
    const base = baseOf(metric, present);
    const [about] = known.get(base) ?? known.get(metric) ?? [];
    const before = byName.get(base);
    byName.set(base, {
      metric: base,
      type: base !== metric ? 'histogram' : (about?.type ?? ''),
      unit: about?.unit ?? '',
      series: series + (before?.series ?? 0),
      lastSeenAt: Math.max(lastSeenMs, before?.lastSeenAt ?? 0),
    });
  }
  return [...byName.values()]
    .filter(({ metric }) => words.every((word) => metric.toLowerCase().includes(word)))
    .sort((a, b) => (a.metric < b.metric ? -1 : 1))
    .slice(0, metricLimit);
}

/** The base name of a classic histogram's series; the name itself for all others. */
function baseOf(metric: string, present: ReadonlySet<string>): string {
  const [, base = '', suffix] = /^(.+)_(bucket|count|sum)$/.exec(metric) ?? [];
  return suffix !== undefined && present.has(`${base}_bucket`) ? base : metric;
}

/**
 * Labels of a metric (a histogram's base name included) and at most 200 of their values, by name. `le` is left out of
 * histograms: it is how they are stored.
 */
export async function listMetricLabels(
  reads: TelemetryReads,
  scope: ReadScope,
  metric: string,
  limits: QueryLimits = {},
): Promise<{ label: string; values: string[] }[]> {
  const names = [metric, `${metric}_bucket`, `${metric}_count`].map((name): Matcher => ({
    label: '__name__',
    operator: '=',
    value: name,
  }));
  const query = seriesQuery(scope, [], limits);
  const asked = { ...query, matchers: names.map((name) => [name, ...scopeMatchers(scope)]) };
  const labels = valueOrThrow(await reads.metrics.labelNames(asked)).items.filter(
    (label) => label !== '__name__' && (label !== 'le' || metric.endsWith('_bucket')),
  );
  return Promise.all(
    labels.slice(0, labelLimit).map(async (label) => {
      const found = await reads.metrics.labelValues({ ...asked, label, limit: valueLimit });
      return { label, values: [...valueOrThrow(found).items] };
    }),
  );
}
