import type { BucketSpan, FloatHistogram } from './float-histogram.ts';
import { sideOf, spansOf, withoutEmpty, type Side } from './side.ts';

/** The same histogram without empty buckets, but for gaps of at most `maxEmpty` between populated ones, which are filled. */
export function compactHistogram(histogram: FloatHistogram, maxEmpty = 0): FloatHistogram {
  const positive = compact(histogram.positiveSpans, histogram.positiveBuckets, maxEmpty);
  const negative = compact(histogram.negativeSpans, histogram.negativeBuckets, maxEmpty);
  return {
    ...histogram,
    positiveSpans: spansOf(positive),
    positiveBuckets: positive.counts,
    negativeSpans: spansOf(negative),
    negativeBuckets: negative.counts,
  };
}

function compact(spans: readonly BucketSpan[], counts: readonly number[], maxEmpty: number): Side {
  const populated = withoutEmpty(sideOf(spans, counts));
  if (maxEmpty === 0) return populated;
  const indexes: number[] = [];
  const filled: number[] = [];
  for (const [at, index] of populated.indexes.entries()) {
    const before = indexes.at(-1);
    if (before !== undefined && index - before - 1 <= maxEmpty)
      for (let empty = before + 1; empty < index; empty++) {
        indexes.push(empty);
        filled.push(0);
      }
    indexes.push(index);
    filled.push(populated.counts[at] ?? 0);
  }
  return { indexes, counts: filled };
}
