import type { Grid, ScannedSeries } from '../promql/source.ts';
import type { Grouping, RangeAggregation, RangeFunction } from './ast.ts';
import type { Buckets } from './bucket-sql.ts';
import { labelKey, type Labels } from './labels.ts';

/** Rows of different resources may be one stream. */
export function mergeSame(series: readonly Buckets[], buckets: number, name: RangeFunction): Buckets[] {
  const merged = new Map<string, Buckets>();
  for (const one of series) {
    const key = labelKey(one.labels);
    const other = merged.get(key);
    if (!other) {
      merged.set(key, one);
      continue;
    }
    for (let index = 0; index < buckets; index++) {
      if (one.counts[index] === 0) continue;
      const [mine, theirs] = [one.values[index]!, other.values[index]!];
      const first = other.counts[index] === 0;
      other.values[index] = first
        ? mine
        : name === 'min_over_time'
          ? Math.min(mine, theirs)
          : name === 'max_over_time'
            ? Math.max(mine, theirs)
            : mine + theirs;
      other.counts[index] = other.counts[index]! + one.counts[index]!;
    }
  }
  return [...merged.values()];
}

/** Buckets put together to windows. */
export function windowsOf(
  { name, rangeMs }: RangeAggregation,
  { counts, values }: Buckets,
  grid: Grid,
  bucketMs: number,
): { values: Float64Array; present: Uint8Array } {
  const result = { values: new Float64Array(grid.count), present: new Uint8Array(grid.count) };
  const width = Math.round(rangeMs / bucketMs);
  const perStep = Math.round(grid.stepMs / bucketMs);
  const seconds = rangeMs / 1000;
  const extreme = name === 'min_over_time' ? Math.min : name === 'max_over_time' ? Math.max : undefined;
  for (let step = 0; step < grid.count; step++) {
    const first = step * perStep;
    let count = 0;
    let total = extreme ? Number.NaN : 0;
    for (let index = first; index < first + width; index++) {
      if (counts[index] === 0) continue;
      count += counts[index]!;
      const value = values[index]!;
      total = extreme ? (Number.isNaN(total) ? value : extreme(total, value)) : total + value;
    }
    if (count === 0) continue;
    result.present[step] = 1;
    result.values[step] =
      name === 'rate' || name === 'bytes_rate' ? total / seconds : name === 'avg_over_time' ? total / count : total;
  }
  return result;
}

/** The labels of a group. `get`: a label of the line, "" where it has none. */
export function grouped(all: Labels, grouping: Grouping | undefined, get: (label: string) => string): Labels {
  if (!grouping) return all;
  if (grouping.without) {
    const dropped = new Set(grouping.labels);
    return Object.fromEntries(Object.entries(all).filter(([name]) => !dropped.has(name)));
  }
  return Object.fromEntries(grouping.labels.map((label) => [label, get(label)]).filter(([, value]) => value !== ''));
}

/** 1 wherever there is nothing, with the labels that the selector names. */
export function absent({ log }: RangeAggregation, found: readonly ScannedSeries[], grid: Grid): ScannedSeries[] {
  const values = new Float64Array(grid.count).fill(1);
  const present = new Uint8Array(grid.count).fill(1);
  for (const one of found) for (let step = 0; step < grid.count; step++) if (one.present[step] === 1) present[step] = 0;
  const labels = Object.fromEntries(
    log.matchers.filter(({ op, value }) => op === '=' && value !== '').map(({ label, value }) => [label, value]),
  );
  return present.includes(1) ? [{ labels, values, present }] : [];
}
