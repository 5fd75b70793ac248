import { bucketBound } from './bounds.ts';
import type { FloatHistogram } from './float-histogram.ts';
import { sideOf } from './side.ts';
import { isCustom } from './working.ts';

/** A bucket with its limits. Exponential buckets do not hold their limit nearer to zero; the zero bucket holds both. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly lowerIncluded: boolean;
  readonly upperIncluded: boolean;
  readonly count: number;
}

/** Buckets above zero, outwards; of a histogram with custom buckets: all. */
export function positiveBuckets(histogram: FloatHistogram): Bucket[] {
  const side = sideOf(histogram.positiveSpans, histogram.positiveBuckets);
  const custom = isCustom(histogram);
  return side.indexes.map((index, at) => {
    const lower = bucketBound(index - 1, histogram.schema, histogram.customValues);
    const upper = bucketBound(index, histogram.schema, histogram.customValues);
    const lowerIncluded = custom ? index === 0 : lower < 0;
    return { lower, upper, lowerIncluded, upperIncluded: custom || upper > 0, count: side.counts[at] ?? 0 };
  });
}

/** Buckets below zero, outwards: the greatest first. */
export function negativeBuckets(histogram: FloatHistogram): Bucket[] {
  const side = sideOf(histogram.negativeSpans, histogram.negativeBuckets);
  return side.indexes.map((index, at) => {
    const lower = -bucketBound(index, histogram.schema, []);
    const upper = -bucketBound(index - 1, histogram.schema, []);
    return { lower, upper, lowerIncluded: lower < 0, upperIncluded: upper > 0, count: side.counts[at] ?? 0 };
  });
}

export function zeroBucket(histogram: FloatHistogram): Bucket {
  return {
    lower: -histogram.zeroThreshold,
    upper: histogram.zeroThreshold,
    lowerIncluded: true,
    upperIncluded: true,
    count: histogram.zeroCount,
  };
}

/** All buckets in ascending order, empty ones too but no empty zero bucket. What overlaps the zero bucket ends where that begins. */
export function allBuckets(histogram: FloatHistogram): Bucket[] {
  const cut = (bucket: Bucket): Bucket => {
    if (bucket.upper < 0 && bucket.upper > -histogram.zeroThreshold)
      return { ...bucket, upper: -histogram.zeroThreshold };
    if (bucket.lower > 0 && bucket.lower < histogram.zeroThreshold)
      return { ...bucket, lower: histogram.zeroThreshold };
    return bucket;
  };
  const custom = isCustom(histogram);
  const below = custom ? [] : negativeBuckets(histogram).toReversed().map(cut);
  const zero = !custom && histogram.zeroCount > 0 ? [zeroBucket(histogram)] : [];
  return [...below, ...zero, ...positiveBuckets(histogram).map(cut)];
}

/**
 * Share of a bucket's observations at or below `value`, which lies between its finite limits: evenly spread, or evenly on a
 * logarithmic scale.
 */
export function fractionBelow(bucket: Bucket, value: number, linear: boolean): number {
  if (linear) return (value - bucket.lower) / (bucket.upper - bucket.lower);
  const lower = Math.log2(Math.abs(bucket.lower));
  const upper = Math.log2(Math.abs(bucket.upper));
  const at = Math.log2(Math.abs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}
