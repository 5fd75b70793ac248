import { fail, ok, type Result } from '@sightline/base';
import { compactHistogram } from './compact.ts';
import { customBucketsSchema, type FloatHistogram } from './float-histogram.ts';

/** One moment of a classic histogram: cumulative counts by upper bound, in any order, and what `_count` and `_sum` said. */
export interface ClassicHistogram {
  readonly buckets: readonly { readonly upperBound: number; readonly count: number }[];
  readonly count?: number;
  readonly sum?: number;
}

/**
 * The same observations as a native histogram with custom buckets (NHCB). Refuses counts that are negative or fall with the bound,
 * and a `_count` that differs from the last bucket; the error says which.
 */
export function convertClassicHistogram(classic: ClassicHistogram): Result<FloatHistogram, string> {
  const buckets: { upperBound: number; count: number }[] = [];
  for (const bucket of [...classic.buckets].sort((a, b) => a.upperBound - b.upperBound)) {
    if (Number.isNaN(bucket.upperBound)) return fail('a bucket has the bound NaN');
    if (bucket.count < 0) return fail(`the bucket le=${bucket.upperBound} has the negative count ${bucket.count}`);
    const last = buckets.at(-1);
    if (last?.upperBound === bucket.upperBound) continue;
    if (last !== undefined && bucket.count < last.count)
      return fail(`the count falls from ${last.count} to ${bucket.count} at le=${bucket.upperBound}`);
    buckets.push({ ...bucket });
  }
  const count = classic.count ?? buckets.at(-1)?.count ?? 0;
  if (count < 0) return fail(`the count ${count} is negative`);
  if (buckets.at(-1)?.upperBound !== Infinity) buckets.push({ upperBound: Infinity, count });
  if (buckets.at(-1)?.count !== count)
    return fail(`the count is ${count}, the bucket le=+Inf says ${buckets.at(-1)?.count ?? 0}`);
  const histogram: FloatHistogram = {
    counterResetHint: 0,
    schema: customBucketsSchema,
    zeroThreshold: 0,
    zeroCount: 0,
    count,
    sum: classic.sum ?? 0,
    positiveSpans: [{ offset: 0, length: buckets.length }],
    negativeSpans: [],
    positiveBuckets: buckets.map((bucket, at) => bucket.count - (buckets[at - 1]?.count ?? 0)),
    negativeBuckets: [],
    customValues: buckets.slice(0, -1).map((bucket) => bucket.upperBound),
  };
  return ok(compactHistogram(histogram));
}
