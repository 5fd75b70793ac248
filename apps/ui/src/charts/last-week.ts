import type { HistogramBucket } from './histogram.tsx';
import { severityOrder } from './severity-colour.ts';

export const weekMs = 7 * 86_400_000;

/** Steps longer than a day do not divide a week: its buckets would lie beside those of now. */
export const comparable = (stepMs: number): boolean => stepMs > 0 && weekMs % stepMs === 0;

/** All records of a bucket. */
export function totalOf({ counts }: Pick<HistogramBucket, 'counts'>): number {
  return severityOrder.reduce((sum, severity) => sum + (counts[severity] ?? 0), 0);
}

/** The totals of a week before by the start of the bucket a week later. */
export function weekLater(buckets: readonly HistogramBucket[]): ReadonlyMap<number, number> {
  return new Map(buckets.map((bucket) => [bucket.at + weekMs, totalOf(bucket)]));
}

/** How many more or fewer than a week before, in words: `12 % more than last week`. */
export function changeText(now: number, before: number): string {
  if (before === 0) return now === 0 ? 'none last week either' : 'none last week';
  const share = (now - before) / before;
  const percent = Math.round(Math.abs(share) * 100);
  if (percent === 0) return 'as many as last week';
  if (share > 9) return `${Math.round(now / before)} times last week`;
  return `${percent} % ${share > 0 ? 'more' : 'fewer'} than last week`;
}

/** The outline of totals over the slots, `tall` high at `high`; slots without a total stand at zero. */
export function outlineOf(totals: readonly number[], high: number, tall: number): string {
  if (high <= 0 || totals.length === 0) return '';
  const heights = totals.map((total) => Math.round((tall - (total / high) * tall) * 100) / 100);
  return heights.map((y, slot) => `${slot === 0 ? 'M' : 'L'}${slot} ${y}H${slot + 1}`).join('');
}
