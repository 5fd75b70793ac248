import { fail, ok, type Result } from '@sightline/base';
import type { Metric, MetricStage, TraceqlError } from './ast.ts';
import { compareValues } from './evaluate.ts';
import type { SpanExemplar } from './exemplars.ts';
import type { TraceqlExemplar, TraceqlRange, TraceqlSeries } from './metrics-traceql.ts';

/** Of one step and group: a value, of quantiles several. */
export interface MetricRow {
  readonly step: string;
  readonly labels: string[];
  readonly values: number[];
}

/** Samples of all series before `topk` and comparisons. */
const mostSamples = 5_000_000;

/** When the step begins in which a moment lies. */
export const stepOf = (atMs: number, { fromMs, stepMs }: TraceqlRange): number =>
  fromMs + Math.floor((atMs - fromMs) / stepMs) * stepMs;

/** Whether a metrics query measures durations: its values are seconds then, of a histogram its buckets. */
export const inSeconds = (metric: Metric | undefined): boolean =>
  metric?.of?.kind === 'intrinsic' && ['duration', 'traceDuration', 'event:timeSinceStart'].includes(metric.of.name);

export interface CollectedSeries extends TraceqlSeries {
  /** What the spans were grouped by, as one text. */
  readonly group: string;
}

/** Rows as series; refuses, as a value, what would be too many samples. */
export function collect(
  rows: readonly MetricRow[],
  names: readonly string[],
  metric: Metric,
  range: TraceqlRange,
): Result<readonly CollectedSeries[], TraceqlError> {
  const per = metric.name === 'rate' ? range.stepMs / 1000 : 1;
  const filled = metric.name === 'rate' || metric.name === 'count_over_time';
  const series = new Map<
    string,
    { group: string; labels: (readonly [string, string | number])[]; at: Map<number, number> }
  >();
  for (const { step, labels, values } of rows) {
    for (const [i, value] of values.entries()) {
      const quantile = metric.name === 'quantile_over_time' ? metric.quantiles[i] : undefined;
      const key = JSON.stringify([labels, quantile]);
      let one = series.get(key);
      if (!one) {
        const named = names.map((name, n) => {
          const text = labels[n] ?? '';
          return [name, name === '__bucket' ? Number(text) : text] as const;
        });
        const own = quantile === undefined ? named : [...named, ['p', quantile] as const];
        one = {
          group: JSON.stringify(labels),
          labels: own.length === 0 ? [['__name__', metric.name]] : own,
          at: new Map(),
        };
        series.set(key, one);
      }
      if (Number.isFinite(value)) one.at.set(range.fromMs + Number(step) * range.stepMs, value / per);
    }
  }
  if (series.size === 0 && filled && names.length === 0)
    series.set('', { group: '[]', labels: [['__name__', metric.name]], at: new Map() });
  if (series.size * Math.ceil((range.toMs - range.fromMs) / range.stepMs) > mostSamples) {
    return fail({
      message: 'the query has too many series for so many steps: group by fewer attributes, or choose a longer step',
      position: { from: metric.at, to: metric.at + 1 },
    });
  }
  return ok(
    [...series.values()].map(({ group, labels, at }) => {
      const samples: { atMs: number; value: number }[] = [];
      for (let atMs = range.fromMs; atMs < range.toMs; atMs += range.stepMs) {
        const value = at.get(atMs) ?? (filled ? 0 : undefined);
        if (value !== undefined) samples.push({ atMs, value });
      }
      return { group, labels, samples, exemplars: [] };
    }),
  );
}

/** What `topk`, `bottomk` and comparisons leave of series, from left to right. */
export function throughStages(
  series: readonly CollectedSeries[],
  stages: readonly MetricStage[],
): readonly CollectedSeries[] {
  let left = series;
  for (const stage of stages) left = stage.kind === 'top' ? keepTop(left, stage) : keepWhere(left, stage);
  return left;
}

/** As Prometheus' `topk`: at each step the largest stay, the others lose their sample there. */
function keepTop(
  series: readonly CollectedSeries[],
  { name, count }: Extract<MetricStage, { kind: 'top' }>,
): CollectedSeries[] {
  const byStep = new Map<number, { of: number; value: number }[]>();
  for (const [of, { samples }] of series.entries()) {
    for (const { atMs, value } of samples) {
      const list = byStep.get(atMs) ?? [];
      list.push({ of, value });
      byStep.set(atMs, list);
    }
  }
  const kept = new Set<string>();
  for (const [atMs, list] of byStep) {
    list.sort((a, b) => (name === 'topk' ? b.value - a.value : a.value - b.value));
    for (const { of } of list.slice(0, count)) kept.add(`${of}/${atMs}`);
  }
  return series
    .map((one, of) => ({ ...one, samples: one.samples.filter(({ atMs }) => kept.has(`${of}/${atMs}`)) }))
    .filter(({ samples }) => samples.length > 0);
}

/** Samples that satisfy the comparison; a series without one goes. */
function keepWhere(
  series: readonly CollectedSeries[],
  { op, value: bound }: Extract<MetricStage, { kind: 'compare' }>,
): CollectedSeries[] {
  return series
    .map((one) => ({ ...one, samples: one.samples.filter(({ value }) => compareValues(op, value, bound)) }))
    .filter(({ samples }) => samples.length > 0);
}

/**
 * Exemplars beside the samples that their spans are part of; those whose sample did not stay go. Of several quantiles of a group it is the
 * nearest.
 */
export function attachExemplars(
  series: readonly CollectedSeries[],
  exemplars: readonly SpanExemplar[],
  names: readonly string[],
  range: TraceqlRange,
): CollectedSeries[] {
  const byGroup = new Map<string, { readonly at: ReadonlyMap<number, number>; readonly own: TraceqlExemplar[] }[]>();
  const result = series.map((one) => {
    const own: TraceqlExemplar[] = [];
    const at = new Map(one.samples.map(({ atMs, value }) => [atMs, value]));
    byGroup.set(one.group, [...(byGroup.get(one.group) ?? []), { at, own }]);
    return { ...one, exemplars: own };
  });
  for (const { labels, value, atMs, spanLabels } of exemplars) {
    const stepAt = stepOf(atMs, range);
    let nearest: { readonly own: TraceqlExemplar[]; readonly sample: number } | undefined;
    for (const { at, own } of byGroup.get(JSON.stringify(labels)) ?? []) {
      const sample = at.get(stepAt);
      if (sample === undefined) continue;
      const distance = value === undefined ? 0 : Math.abs(sample - value);
      if (!nearest || distance < Math.abs(nearest.sample - (value ?? nearest.sample))) nearest = { own, sample };
    }
    nearest?.own.push({
      atMs,
      value: value ?? nearest.sample,
      labels: [...spanLabels, ...names.map((name, n) => [name, labels[n] ?? 'nil'] as const)],
    });
  }
  return result;
}
