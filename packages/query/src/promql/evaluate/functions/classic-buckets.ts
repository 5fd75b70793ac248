/** Cumulative buckets of a classic histogram at one step: upper bounds in order, none twice. */
export interface Buckets {
  readonly bounds: Float64Array;
  readonly counts: Float64Array;
  count: number;
}

/** How counts had to be raised so that they grow with the bound. */
export interface MonotonicityFix {
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDifference: number;
}

/** Differences below this share come of rounding and are passed over without a word. */
const smallDelta = 1e-12;
const smallestNormal = 2 ** -1022;

function isAlmostEqual(left: number, right: number): boolean {
  if (left === right || (Number.isNaN(left) && Number.isNaN(right))) return true;
  const sum = Math.abs(left) + Math.abs(right);
  const difference = Math.abs(left - right);
  if (left === 0 || right === 0 || sum < smallestNormal) return difference < smallDelta * smallestNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < smallDelta;
}

/** Raises counts that are lower than one before; says where, unless the difference is one of rounding. */
export function ensureMonotonic({ bounds, counts, count }: Buckets): MonotonicityFix | undefined {
  let minBucket = Infinity;
  let maxBucket = -Infinity;
  let maxDifference = 0;
  let fixed = false;
  let previous = counts[0]!;
  for (let i = 1; i < count; i++) {
    const current = counts[i]!;
    if (current === previous) continue;
    if (isAlmostEqual(previous, current)) {
      counts[i] = previous;
    } else if (current < previous) {
      counts[i] = previous;
      fixed = true;
      minBucket = Math.min(minBucket, bounds[i]!);
      maxBucket = Math.max(maxBucket, bounds[i]!);
      maxDifference = Math.max(maxDifference, previous - current);
    } else {
      previous = current;
    }
  }
  return fixed ? { minBucket, maxBucket, maxDifference } : undefined;
}

/** The quantile by linear interpolation within a bucket; the lowest begins at 0 where its bound is positive. */
export function bucketQuantile(
  q: number,
  buckets: Buckets,
): { readonly value: number; readonly fix: MonotonicityFix | undefined } {
  const none = (value: number) => ({ value, fix: undefined });
  if (Number.isNaN(q)) return none(Number.NaN);
  if (q < 0) return none(-Infinity);
  if (q > 1) return none(Infinity);
  const { bounds, counts, count } = buckets;
  if (bounds[count - 1] !== Infinity) return none(Number.NaN);
  const fix = ensureMonotonic(buckets);
  const observations = counts[count - 1]!;
  if (count < 2 || observations === 0) return { value: Number.NaN, fix };
  let rank = q * observations;
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (counts[middle]! >= rank) high = middle;
    else low = middle + 1;
  }
  if (low === count - 1) return { value: bounds[count - 2]!, fix };
  if (low === 0 && bounds[0]! <= 0) return { value: bounds[0]!, fix };
  let start = 0;
  let within = counts[low]!;
  if (low > 0) {
    start = bounds[low - 1]!;
    within -= counts[low - 1]!;
    rank -= counts[low - 1]!;
  }
  return { value: start + (bounds[low]! - start) * (rank / within), fix };
}

/** The share of observations between two values. */
export function bucketFraction(lower: number, upper: number, { bounds, counts, count }: Buckets): number {
  if (bounds[count - 1] !== Infinity) return Number.NaN;
  const all = counts[count - 1]!;
  if (all === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const rankOf = (value: number): number => Math.min(all, rankBelow(value, bounds, counts, count, all));
  return (rankOf(upper) - rankOf(lower)) / all;
}

/** How many observations are below a value. Within a bucket without end none is taken to be. */
function rankBelow(value: number, bounds: Float64Array, counts: Float64Array, count: number, all: number): number {
  let rank = 0;
  for (let i = 0; i < count; i++) {
    const lower = i > 0 ? bounds[i - 1]! : bounds[0]! <= 0 ? -Infinity : 0;
    const upper = bounds[i]!;
    if (lower >= value) return rank;
    if (upper > value) {
      if (lower === -Infinity) return counts[i]!;
      return rank + ((counts[i]! - rank) * (value - lower)) / (upper - lower);
    }
    rank = counts[i]!;
  }
  return all;
}
