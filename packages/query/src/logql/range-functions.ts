import { runKernel } from '../promql/kernels/run-kernel.ts';
import { KernelNotes } from '../promql/kernels/kernel.ts';
import type { Grid, SeriesValues } from '../promql/source.ts';
import type { RangeFunction } from './ast.ts';

/** Samples of one series in order of time: nanoseconds since `originNs`, and a number each. */
export interface Samples {
  readonly times: number[];
  readonly values: number[];
}

type Reduce = (values: readonly number[], from: number, to: number, seconds: number) => number;

const fold =
  (start: number, step: (total: number, value: number) => number): Reduce =>
  (values, from, to) => {
    let total = start;
    for (let index = from; index < to; index++) total = step(total, values[index]!);
    return total;
  };
const sum = fold(0, (total, value) => total + value);
const variance: Reduce = (values, from, to, seconds) => {
  const mean = sum(values, from, to, seconds) / (to - from);
  let total = 0;
  for (let index = from; index < to; index++) total += (values[index]! - mean) ** 2;
  return total / (to - from);
};

/** What each function makes of a window that is not empty. Entries without a number count 1, or their bytes. */
const reductions: Readonly<Partial<Record<RangeFunction, Reduce>>> = {
  count_over_time: sum,
  bytes_over_time: sum,
  sum_over_time: sum,
  rate: (values, from, to, seconds) => sum(values, from, to, seconds) / seconds,
  bytes_rate: (values, from, to, seconds) => sum(values, from, to, seconds) / seconds,
  avg_over_time: (values, from, to, seconds) => sum(values, from, to, seconds) / (to - from),
  min_over_time: fold(Infinity, Math.min),
  max_over_time: fold(-Infinity, Math.max),
  stdvar_over_time: variance,
  stddev_over_time: (values, from, to, seconds) => Math.sqrt(variance(values, from, to, seconds)),
  first_over_time: (values, from) => values[from]!,
  last_over_time: (values, _, to) => values[to - 1]!,
  absent_over_time: sum,
};

/** As PromQL's `quantile_over_time`: linear between the ranks. */
export function quantileOf(sorted: readonly number[], quantile: number): number {
  if (quantile < 0) return -Infinity;
  if (quantile > 1) return Infinity;
  const rank = quantile * (sorted.length - 1);
  const low = Math.floor(rank);
  const [under = Number.NaN, over = under] = [sorted[low], sorted[low + 1]];
  return under + (over - under) * (rank - low);
}

/** One range function over a series at each step; windows are open on their left. `originNs` is `grid.startMs` less the range. */
export function overWindows(
  {
    name,
    parameter,
    rangeMs,
  }: { readonly name: RangeFunction; readonly parameter: number | undefined; readonly rangeMs: number },
  { times, values }: Samples,
  grid: Grid,
): SeriesValues {
  if (name === 'rate_counter') {
    const originMs = grid.startMs - rangeMs;
    const columns = {
      count: times.length,
      times: Float64Array.from(times, (time) => originMs + time / 1e6),
      values: Float64Array.from(values),
    };
    const rates = runKernel({ name: 'rate', rangeMs, parameters: [] }, columns, grid, new KernelNotes());
    // Where PromQL has no rate because a window holds one sample, Loki has 0.
    const seen = overWindows({ name: 'count_over_time', parameter, rangeMs }, { times, values }, grid).present;
    return { values: rates.values.map((rate, step) => (rates.present[step] === 1 ? rate : 0)), present: seen };
  }
  const result = { values: new Float64Array(grid.count), present: new Uint8Array(grid.count) };
  const reduce =
    reductions[name] ??
    ((list, from, to) =>
      quantileOf(
        list.slice(from, to).toSorted((a, b) => a - b),
        parameter ?? Number.NaN,
      ));
  let [from, to] = [0, 0];
  for (let step = 0; step < grid.count; step++) {
    const startNs = step * grid.stepMs * 1e6;
    const endNs = startNs + rangeMs * 1e6;
    while (from < times.length && times[from]! <= startNs) from += 1;
    while (to < times.length && times[to]! <= endNs) to += 1;
    if (to <= from) continue;
    result.values[step] = reduce(values, from, to, rangeMs / 1000);
    result.present[step] = 1;
  }
  return result;
}
