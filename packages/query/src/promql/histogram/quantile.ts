import { allBuckets, fractionBelow, type Bucket } from './buckets.ts';
import type { FloatHistogram } from './float-histogram.ts';
import { isCustom } from './working.ts';

/** Observations of NaN are counted but in no bucket: `nan-result` when the answer fell among them, `nan-skew` when they shift it. */
export type NanNote = 'nan-result' | 'nan-skew';
export interface Estimate {
  readonly value: number;
  readonly note?: NanNote;
}

/**
 * The value below which the share `q` of the observations lies. Within an exponential bucket they are taken to be spread evenly on
 * a logarithmic scale, within custom buckets and the zero bucket evenly. NaN for an empty histogram and for `q` NaN; infinite
 * for `q` outside 0 to 1 (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
 */
export function histogramQuantile(q: number, histogram: FloatHistogram): Estimate {
  if (q < 0) return { value: -Infinity };
  if (q > 1) return { value: Infinity };
  if (histogram.count === 0 || Number.isNaN(q)) return { value: Number.NaN };
  const custom = isCustom(histogram);
  // NaN observations stand above all buckets, so that ranks count from below; otherwise from the nearer end.
  const unsure = Number.isNaN(histogram.sum);
  const upwards = unsure || q < 0.5;
  const buckets = upwards ? allBuckets(histogram) : allBuckets(histogram).toReversed();
  let rank = (upwards ? q : 1 - q) * histogram.count;
  let passed = 0;
  let at = -1;
  for (const [index, bucket] of buckets.entries()) {
    at = index;
    if (bucket.count === 0) continue;
    passed += bucket.count;
    if (passed >= rank) break;
  }
  const found = buckets[at] ?? { lower: 0, upper: 0, lowerIncluded: false, upperIncluded: false, count: 0 };
  let bucket = found;
  if (custom) {
    if (bucket.lower === -Infinity) {
      if (bucket.upper <= 0) return { value: bucket.upper };
      bucket = { ...bucket, lower: 0 };
    } else if (bucket.upper === Infinity) return { value: bucket.lower };
  } else bucket = halved(bucket, histogram);
  passed = Math.min(passed, histogram.count);
  if (passed < rank) return unsure ? { value: Number.NaN, note: 'nan-result' } : { value: bucket.upper };
  rank = upwards ? rank - (passed - bucket.count) : passed - rank;
  const beyond = buckets.slice(at + 1).reduce((sum, { count }) => sum + count, passed);
  const note: { note?: NanNote } = unsure && beyond < histogram.count ? { note: 'nan-skew' } : {};
  return { value: within(bucket, rank / bucket.count, custom), ...note };
}

function within({ lower, upper }: Bucket, fraction: number, custom: boolean): number {
  if (custom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

/** The zero bucket begins or ends at 0 where the histogram has buckets on one side only. */
function halved(bucket: Bucket, histogram: FloatHistogram): Bucket {
  if (bucket.lower > 0 || bucket.upper < 0) return bucket;
  const below = histogram.negativeBuckets.length > 0;
  const above = histogram.positiveBuckets.length > 0;
  if (above && !below) return { ...bucket, lower: 0 };
  if (below && !above) return { ...bucket, upper: 0 };
  return bucket;
}

/**
 * The share of the observations between `lower` and `upper`. NaN for an empty histogram or a limit that is NaN, 0 when the limits
 * are the wrong way round (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_fraction).
 */
export function histogramFraction(lower: number, upper: number, histogram: FloatHistogram): Estimate {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return { value: Number.NaN };
  if (lower >= upper) return { value: 0 };
  const custom = isCustom(histogram);
  const buckets = allBuckets(histogram);
  const unsure = Number.isNaN(histogram.sum);
  const inBuckets = buckets.reduce((sum, { count }) => sum + count, 0);
  const known = unsure ? inBuckets : histogram.count;
  const rankOf = (limit: number) => Math.min(rankBelow(limit, buckets, histogram, custom) ?? known, known);
  const value = (rankOf(upper) - rankOf(lower)) / histogram.count;
  return unsure && inBuckets < histogram.count ? { value, note: 'nan-skew' } : { value };
}

/** Observations below `limit`; `undefined` when no bucket reaches that far. */
function rankBelow(
  limit: number,
  buckets: readonly Bucket[],
  histogram: FloatHistogram,
  custom: boolean,
): number | undefined {
  let rank = 0;
  for (const found of buckets) {
    const zero = found.lower <= 0 && found.upper >= 0;
    const bucket = zero ? halved(found, histogram) : found;
    if (bucket.lower >= limit) return rank;
    if (bucket.upper > limit) {
      // Nothing can be said about where in an endless bucket observations are: below the first they count as below.
      if ((custom || zero) && bucket.lower === -Infinity) return bucket.count;
      return rank + bucket.count * fractionBelow(bucket, limit, custom || zero);
    }
    rank += bucket.count;
  }
  return undefined;
}
