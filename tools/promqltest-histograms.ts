import { allBuckets, type FloatHistogram } from '@sightline/query/promql';
import { almostEqual, type HistogramForm } from '@sightline/query/promql/testing';

/** Rule (0 to 3: which limits a bucket holds), lower and upper limit, count. */
type ShownBucket = readonly [number, string, string, string];

/**
 * A native histogram as Prometheus' API writes it: count, sum, and the buckets that are not empty, in ascending order; a zero bucket
 * only where it counts more than nothing (https://prometheus.io/docs/prometheus/latest/querying/api/#native-histograms). What the
 * answer does not have cannot be compared: the schema and the width of the zero bucket where no bucket shows them, custom bounds of empty
 * buckets, the hint of a counter reset.
 */
export interface ShownHistogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly ShownBucket[];
}

export const shownHistograms: HistogramForm<ShownHistogram> = {
  same: (expected, found) => {
    const wanted = projected(expected);
    const buckets = found.buckets ?? [];
    return (
      sameNumber(wanted.count, found.count) &&
      sameNumber(wanted.sum, found.sum) &&
      wanted.buckets.length === buckets.length &&
      wanted.buckets.every(([rule, ...numbers], at) => {
        const [foundRule, ...others] = buckets[at] ?? [Number.NaN, '', '', ''];
        return rule === foundRule && numbers.every((number, i) => sameNumber(number, others[i] ?? ''));
      })
    );
  },
  show: (found) => shown(found),
  showExpected: (expected) => shown(projected(expected)),
};

/** A number of the API; what is none is NaN. */
export function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return text === '' ? Number.NaN : Number(text);
}

function sameNumber(wanted: string, found: string): boolean {
  const number = numberOf(found);
  return (!Number.isNaN(number) || found === 'NaN') && almostEqual(numberOf(wanted), number);
}

const textOf = (value: number): string =>
  Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';

function projected(histogram: FloatHistogram): Required<ShownHistogram> {
  const buckets = allBuckets(histogram)
    .filter(({ count }) => count !== 0)
    .map(({ lower, upper, lowerIncluded, upperIncluded, count }): ShownBucket => {
      const rule = lowerIncluded ? (upperIncluded ? 3 : 1) : upperIncluded ? 0 : 2;
      return [rule, textOf(lower), textOf(upper), textOf(count)];
    });
  return { count: textOf(histogram.count), sum: textOf(histogram.sum), buckets };
}

function shown({ count, sum, buckets = [] }: ShownHistogram): string {
  const open = ['(]', '[)', '()', '[]'];
  const list = buckets.map(([rule, lower, upper, held]) => {
    const [left = '?', right = '?'] = open[rule] ?? '';
    return `${left}${lower}, ${upper}${right}: ${held}`;
  });
  return `count ${count}, sum ${sum}${list.map((bucket) => `, ${bucket}`).join('')}`;
}
