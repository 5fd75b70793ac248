import { formatGoNumber } from '../histogram/format.ts';

let scratch = new Float64Array(256);

/** The `q` quantile of sorted values (NaNs first), between neighbours by weight. */
function quantileOfSorted(q: number, sorted: Float64Array, nans: number): number {
  const count = sorted.length + nans;
  if (count === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const rank = q * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  const at = (index: number): number => (index < nans ? Number.NaN : sorted[index - nans]!);
  return at(lower) * (1 - weight) + at(upper) * weight;
}

/** The `q` quantile of values `from` to `to - 1`, as Prometheus reckons it: NaNs are least; outside 0 to 1 it is infinite. */
export function quantileOf(q: number, values: ArrayLike<number>, from: number, to: number): number {
  if (scratch.length < to - from) scratch = new Float64Array((to - from) * 2);
  let kept = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (!Number.isNaN(value)) scratch[kept++] = value;
  }
  return quantileOfSorted(q, scratch.subarray(0, kept).sort(), to - from - kept);
}

/** The median of distances from the median; NaN where a value is. */
export function medianDeviationOf(values: ArrayLike<number>, from: number, to: number): number {
  for (let i = from; i < to; i++) if (Number.isNaN(values[i]!)) return Number.NaN;
  const median = quantileOf(0.5, values, from, to);
  const distances = new Float64Array(to - from);
  for (let i = from; i < to; i++) distances[i - from] = Math.abs(values[i]! - median);
  return quantileOf(0.5, distances, 0, distances.length);
}

/** What is said of a quantile outside 0 to 1. */
export function invalidQuantile(q: number): string {
  return `quantile value should be between 0 and 1, got ${formatGoNumber(q)}`;
}
