import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { detectReset } from '../histogram/histogram.ts';
import type { SampleColumns } from '../source.ts';
import { bitsOf, isStale } from './columns.ts';

/**
 * Histograms reduced to count and sum, for `histogram_count` and its like: what only their buckets tell of a reset is put into the
 * hint, of every histogram but the first.
 */
export function asStatistics(samples: SampleColumns): SampleColumns {
  const bits = bitsOf(samples.values);
  let previous: FloatHistogram | undefined;
  const histograms = samples.histograms?.map((histogram, index) => {
    if (!histogram || isStale(bits, index)) return histogram;
    const { counterResetHint: hint, schema, count, sum } = histogram;
    const found = hint !== 0 || !previous ? hint : detectReset(histogram, previous) ? 1 : 2;
    previous = { ...histogram, counterResetHint: found };
    return { ...empty, counterResetHint: found, schema, count, sum };
  });
  const { count, times, values, startTimes } = samples;
  return { count, times, values, ...(histograms && { histograms }), ...(startTimes && { startTimes }) };
}

const empty = {
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [],
  negativeSpans: [],
  positiveBuckets: [],
  negativeBuckets: [],
  customValues: [],
};
