import type { FloatHistogram } from '@sightline/query/promql';
import type { ReceivedSeries } from '@sightline/record';

/** A sample that a rule made. */
export interface RuleSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly histogram?: FloatHistogram;
}

/** One text for equal labels. */
export function seriesKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A sample as a series with one value. */
export function receivedSeries({ labels, value, histogram }: RuleSample, atMs: number): ReceivedSeries {
  return { ...bare(labels), times: [atMs], values: [value], ...(histogram ? { histograms: [histogram] } : {}) };
}

/** The mark that a series has no value from here on. */
export function staleSeries(labels: Readonly<Record<string, string>>, atMs: number): ReceivedSeries {
  return { ...bare(labels), times: [atMs], values: [Number.NaN], stale: [0] };
}

function bare(labels: Readonly<Record<string, string>>) {
  const flat = Object.entries(labels).flatMap(([name, value]) => (value === '' ? [] : [name, value]));
  return { labels: flat, type: 'unknown', unit: '', help: '', delta: false } as const;
}
