/** One bucket of a histogram: `count` observations were at most `le` (counts are cumulative). */
export interface Bucket {
  readonly le: number;
  readonly count: number;
}

/**
 * The value below which the share `quantile` (0 to 1) of observations lies, interpolated linearly within its bucket as
 * Prometheus does (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile). Undefined
 * without observations, or without a `+Inf` bucket. In the `+Inf` bucket the answer is the greatest finite bound.
 */
export function histogramQuantile(quantile: number, buckets: readonly Bucket[]): number | undefined {
  const sorted = buckets.filter((bucket) => !Number.isNaN(bucket.le)).sort((a, b) => a.le - b.le);
  const last = sorted.at(-1);
  if (!last || last.le !== Infinity || last.count <= 0 || sorted.length < 2) return undefined;
  const rank = quantile * last.count;
  // Series of one histogram may be read between two writes: counts that fall are lifted to the one before.
  let before = 0;
  for (const [i, bucket] of sorted.entries()) {
    const count = Math.max(before, bucket.count);
    if (count >= rank && count > 0) {
      if (bucket.le === Infinity) return sorted[i - 1]?.le;
      const lower = i === 0 ? Math.min(0, bucket.le) : (sorted[i - 1]?.le ?? 0);
      if (i === 0 && bucket.le <= 0) return bucket.le;
      return count === before ? lower : lower + ((bucket.le - lower) * (rank - before)) / (count - before);
    }
    before = count;
  }
  return undefined;
}
