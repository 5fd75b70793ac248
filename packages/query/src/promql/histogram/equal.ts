import { sameBounds } from './arithmetic.ts';
import { compactHistogram } from './compact.ts';
import type { BucketSpan, FloatHistogram } from './float-histogram.ts';
import { spansOf, sideOf } from './side.ts';

/**
 * True when both count the same observations in the same buckets; the hint is no part of it. Numbers are compared by `same`
 * (default: identical, NaN with NaN).
 */
export function equalHistograms(
  a: FloatHistogram,
  b: FloatHistogram,
  same: (a: number, b: number) => boolean = Object.is,
): boolean {
  const numbers = (x: readonly number[], y: readonly number[]) =>
    x.length === y.length && x.every((value, at) => same(value, y[at] ?? Number.NaN));
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    same(a.zeroCount, b.zeroCount) &&
    same(a.count, b.count) &&
    same(a.sum, b.sum) &&
    sameBounds(a.customValues, b.customValues) &&
    equalSpans(a.positiveSpans, b.positiveSpans, a.positiveBuckets, b.positiveBuckets) &&
    equalSpans(a.negativeSpans, b.negativeSpans, a.negativeBuckets, b.negativeBuckets) &&
    numbers(a.positiveBuckets, b.positiveBuckets) &&
    numbers(a.negativeBuckets, b.negativeBuckets)
  );
}

/** As `equalHistograms`, with empty buckets as good as none: the `==` of PromQL compares what was compacted. */
export function equalCompacted(
  a: FloatHistogram,
  b: FloatHistogram,
  same: (a: number, b: number) => boolean = Object.is,
): boolean {
  return equalHistograms(compactHistogram(a), compactHistogram(b), same);
}

/** Spans of length 0 and spans that touch describe the same buckets as others without them. */
function equalSpans(
  a: readonly BucketSpan[],
  b: readonly BucketSpan[],
  countsOfA: readonly number[],
  countsOfB: readonly number[],
): boolean {
  const normalA = spansOf(sideOf(a, countsOfA));
  const normalB = spansOf(sideOf(b, countsOfB));
  return (
    normalA.length === normalB.length &&
    normalA.every((span, at) => span.offset === normalB[at]?.offset && span.length === normalB[at].length)
  );
}
