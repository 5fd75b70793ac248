import { fractionBelow, negativeBuckets, positiveBuckets, zeroBucket, type Bucket } from './buckets.ts';
import { compactHistogram } from './compact.ts';
import type { FloatHistogram } from './float-histogram.ts';
import { isCustom } from './working.ts';

/** What of a bucket stays, and where its observations are taken to stand. */
interface Kept {
  readonly count: number;
  readonly middle: number;
}

/**
 * `histogram </ limit` (`below`) and `histogram >/ limit` (`above`): only the observations on that side of the limit. Within a bucket
 * they are interpolated; count and sum are estimated anew where anything was taken away.
 */
export function trimHistogram(histogram: FloatHistogram, limit: number, keep: 'below' | 'above'): FloatHistogram {
  const custom = isCustom(histogram);
  let count = 0;
  let sum = 0;
  let trimmed = false;
  const settle = (before: number, kept: Kept): number => {
    count += kept.count;
    sum += kept.middle * kept.count;
    trimmed ||= kept.count !== before;
    return kept.count;
  };
  const trimSide = (buckets: readonly Bucket[], positive: boolean) =>
    buckets.map((bucket) =>
      bucket.count === 0 ? 0 : settle(bucket.count, keptOf(bucket, limit, keep, positive, custom)),
    );
  const above = positiveBuckets(histogram);
  const below = custom ? [] : negativeBuckets(histogram);
  const positive = trimSide(above, true);
  const negative = trimSide(below, false);
  const populated = (buckets: readonly Bucket[]) => buckets.some((bucket) => bucket.count !== 0);
  let { zeroCount } = histogram;
  if (zeroCount > 0) {
    const zero = zeroBucket(histogram);
    // The zero bucket begins or ends at 0 where there is nothing on the other side.
    const lower = populated(above) && !populated(below) ? 0 : zero.lower;
    const upper = populated(below) && !populated(above) ? 0 : zero.upper;
    zeroCount = settle(zeroCount, keptOfZero({ ...zero, lower, upper }, limit, keep));
  }
  if (!trimmed) return histogram;
  return compactHistogram({
    ...histogram,
    zeroCount,
    count,
    sum,
    positiveBuckets: positive,
    negativeBuckets: negative,
  });
}

function keptOf(bucket: Bucket, limit: number, keep: 'below' | 'above', positive: boolean, custom: boolean): Kept {
  const { lower, upper, count } = bucket;
  const whole = keep === 'below' ? upper <= limit : lower >= limit;
  if (whole) return { count, middle: middleOf(lower, upper, positive, custom) };
  const touched = keep === 'below' ? lower < limit : upper > limit;
  if (!touched) return { count: 0, middle: 0 };
  if (lower === -Infinity || upper === Infinity) return keptOfEndless(bucket, limit, keep);
  const under = limit <= lower ? 0 : limit >= upper ? count : count * fractionBelow(bucket, limit, custom);
  return keep === 'below'
    ? { count: under, middle: middleOf(lower, limit, positive, custom) }
    : { count: count - under, middle: middleOf(limit, upper, positive, custom) };
}

/**
 * A bucket without end says nothing about where its observations are: it is kept or dropped as a whole, but for a first custom bucket
 * with a positive bound, which is taken to begin at 0.
 */
function keptOfEndless({ lower, upper, count }: Bucket, limit: number, keep: 'below' | 'above'): Kept {
  const dropped = { count: 0, middle: 0 };
  if (lower === -Infinity) {
    const fromZero = upper > 0 && upper !== Infinity;
    if (keep === 'below') {
      if (limit >= upper) return { count, middle: 0 };
      if (fromZero && limit > 0) return { count: (count * limit) / upper, middle: limit / 2 };
      return upper <= 0 ? { count, middle: limit } : dropped;
    }
    if (limit <= lower) return { count, middle: 0 };
    if (limit >= 0 && upper > limit && upper !== Infinity)
      return { count: count * (1 - limit / upper), middle: (limit + upper) / 2 };
    return dropped;
  }
  return keep === 'above' && limit >= lower ? { count, middle: limit } : dropped;
}

function keptOfZero({ lower, upper, count }: Bucket, limit: number, keep: 'below' | 'above'): Kept {
  const all = { count, middle: (lower + upper) / 2 };
  const none = { count: 0, middle: 0 };
  if (limit <= lower) return keep === 'below' ? none : all;
  if (limit >= upper) return keep === 'below' ? all : none;
  return keep === 'below'
    ? { count: (count * (limit - lower)) / (upper - lower), middle: (lower + limit) / 2 }
    : { count: (count * (upper - limit)) / (upper - lower), middle: (limit + upper) / 2 };
}

function middleOf(lower: number, upper: number, positive: boolean, linear: boolean): number {
  const endless = (bound: number) => bound === Infinity || bound === -Infinity;
  if (endless(lower)) {
    if (endless(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (endless(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const middle = Math.sqrt(Math.abs(lower * upper));
  return positive ? middle : -middle;
}
