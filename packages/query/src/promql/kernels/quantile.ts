import { formatGoNumber } from '../histogram/format.ts';

let scratch = new Float64Array(256);

/**
 * The `q` quantile of values `from` to `to - 1`, as Prometheus reckons it: NaNs are least; between neighbours by weight; outside
 * 0 to 1 it is infinite.
 */
export function quantileOf(q: number, values: ArrayLike<number>, from: number, to: number): number {
  const count = to - from;
  if (count === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (scratch.length < count) scratch = new Float64Array(count * 2);
  let kept = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (!Number.isNaN(value)) scratch[kept++] = value;
  }
  const nans = count - kept;
  const rank = q * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  if (lower < nans) return Number.NaN;
  const found = nthSmallest(scratch, kept, lower - nans);
  if (upper === lower) return found * (1 - weight) + found * weight;
  // Behind the n-th smallest stand none that are smaller.
  let next = Infinity;
  for (let i = lower - nans + 1; i < kept; i++) if (scratch[i]! < next) next = scratch[i]!;
  return found * (1 - weight) + next * weight;
}

/** Moves the n-th smallest of the first `count` values to its place, smaller ones before it (Hoare's selection). */
function nthSmallest(values: Float64Array, count: number, n: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = median(values[low]!, values[(low + high) >>> 1]!, values[high]!);
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! < pivot) left++;
      while (values[right]! > pivot) right--;
      if (left > right) break;
      const swapped = values[left]!;
      values[left++] = values[right]!;
      values[right--] = swapped;
    }
    if (n <= right) high = right;
    else if (n >= left) low = left;
    else break;
  }
  return values[n]!;
}

function median(a: number, b: number, c: number): number {
  if (a < b) return b < c ? b : a < c ? c : a;
  return a < c ? a : b < c ? c : b;
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
