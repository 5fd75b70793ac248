import type { ChartKind } from './uplot-options.ts';

/** Kinds whose series stand on each other. */
export const isStack = (kind: ChartKind): boolean => kind === 'bars' || kind === 'stacked';

/** One line of a chart. `at` is the start of a bucket in ms; buckets that are missing are gaps. */
export interface ChartSeries {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
  /** A CSS colour or variable; without it the chart's palette in order. */
  readonly colour?: string | undefined;
  /** Drawn broken: what was, beside what is. */
  readonly dashed?: boolean;
  /** Drawn on over gaps. */
  readonly bridged?: boolean;
}

export interface AlignedSeries {
  /** Bucket starts in ms, ascending, `stepMs` apart. */
  readonly times: readonly number[];
  /** One column per series, null where nothing was measured. */
  readonly columns: readonly (readonly (number | null)[])[];
}

/** A chart never draws more buckets than this, whatever range and step it is handed. */
const mostBuckets = 5000;

/**
 * Puts series on one axis of equal steps from `from` to `to` (ms), so that a missing bucket is a gap and not a line drawn
 * across it. Points outside are left out; of two points in one bucket the later wins.
 */
export function alignSeries(series: readonly ChartSeries[], from: number, to: number, stepMs: number): AlignedSeries {
  const origin = firstPoint(series, from, to) ?? from;
  const step = Math.max(stepMs, (to - from) / mostBuckets, 1);
  const start = origin - Math.floor((origin - from) / step) * step;
  const length = Math.max(0, Math.min(mostBuckets, Math.ceil((to - start) / step)));
  const times = Array.from({ length }, (_, index) => start + index * step);
  const columns = series.map(({ points }) => {
    const column = Array.from<number | null>({ length }).fill(null);
    for (const { at, value } of points) {
      if (at >= to || !Number.isFinite(value)) continue;
      // One in the last part of a step at the end has no bucket after it.
      const index = Math.min(length - 1, Math.round((at - start) / step));
      if (index >= 0) column[index] = value;
    }
    return column;
  });
  return { times, columns };
}

function firstPoint(series: readonly ChartSeries[], from: number, to: number): number | undefined {
  let first: number | undefined;
  for (const { points } of series) {
    for (const { at } of points) {
      if (at >= from && at < to && (first === undefined || at < first)) first = at;
    }
  }
  return first;
}

/**
 * At most `most` series by their greatest sum, in the order given. The rest become one series `others (n)` when their
 * values may be added (`sum`), and are only counted when they may not (`omit`: an average of averages is no average).
 */
export function topSeries(
  series: readonly ChartSeries[],
  most: number,
  rest: 'sum' | 'omit',
): { readonly kept: readonly ChartSeries[]; readonly omitted: number } {
  if (series.length <= most) return { kept: series, omitted: 0 };
  const weight = (one: ChartSeries) => one.points.reduce((sum, { value }) => sum + Math.abs(value), 0);
  const ranked = series.map((one) => ({ one, weight: weight(one) })).toSorted((a, b) => b.weight - a.weight);
  const chosen = new Set(ranked.slice(0, most).map(({ one }) => one));
  const kept = series.filter((one) => chosen.has(one));
  const others = series.filter((one) => !chosen.has(one));
  if (rest === 'omit') return { kept, omitted: others.length };
  const sums = new Map<number, number>();
  for (const { points } of others) {
    for (const { at, value } of points) sums.set(at, (sums.get(at) ?? 0) + value);
  }
  const points = [...sums].map(([at, value]) => ({ at, value })).toSorted((a, b) => a.at - b.at);
  return { kept: [...kept, { name: `others (${others.length})`, points, colour: 'var(--chart-others)' }], omitted: 0 };
}

/** Each column on top of those before it; a gap adds nothing, and a bucket where all are gaps stays one. */
export function stackColumns(
  columns: readonly (readonly (number | null | undefined)[])[],
): readonly (readonly (number | null)[])[] {
  const length = columns[0]?.length ?? 0;
  const totals = Array.from<number>({ length }).fill(0);
  const empty = Array.from({ length }, (_, index) => columns.every((column) => (column[index] ?? null) === null));
  return columns.map((column) =>
    Array.from({ length }, (_, index) => {
      if (empty[index] === true) return null;
      totals[index] = (totals[index] ?? 0) + (column[index] ?? 0);
      return totals[index] ?? 0;
    }),
  );
}

/** What a chart says to someone who does not see it: one sentence for each series. */
export function summariseSeries(series: readonly ChartSeries[], format: (value: number) => string): readonly string[] {
  return series.map(({ name, points }) => {
    const last = points.at(-1);
    if (last === undefined) return `${name}: no values`;
    let low = last.value;
    let high = last.value;
    for (const { value } of points) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return `${name}: last ${format(last.value)}, lowest ${format(low)}, highest ${format(high)}`;
  });
}
