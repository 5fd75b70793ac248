/** Buckets of equal width, aligned to the epoch so that they stay put while the range moves. */
export interface TimeGrid {
  readonly stepMs: number;
  /** Start of the first bucket: at or before the range's start. */
  readonly firstMs: number;
  /** Number of buckets that the range touches. */
  readonly count: number;
}

const stepsS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400] as const;
const dayMs = 86_400_000;

/**
 * The grid of a range with at most `points` (≥ 1) buckets, none narrower than `leastStepMs`. A range that ends before it begins
 * has no bucket.
 */
export function timeGrid(range: { fromMs: number; toMs: number }, points: number, leastStepMs = 1000): TimeGrid {
  const span = Math.max(0, range.toMs - range.fromMs);
  const wanted = Math.max(leastStepMs, span / Math.max(1, points));
  const nice = stepsS.find((step) => step * 1000 >= wanted);
  const stepMs = nice === undefined ? Math.ceil(wanted / dayMs) * dayMs : nice * 1000;
  const firstMs = Math.floor(range.fromMs / stepMs) * stepMs;
  return { stepMs, firstMs, count: span === 0 ? 0 : Math.ceil((range.toMs - firstMs) / stepMs) };
}

/**
 * How far before a bucket a counter's last sample is sought, milliseconds: growth over a gap stands in the bucket that ends it. The
 * range's own length, at least five minutes and at most six hours where buckets are not longer.
 */
export function counterLookback({ stepMs, count }: TimeGrid): number {
  return Math.max(300_000, stepMs, Math.min(stepMs * count, 6 * 3_600_000));
}
