import { allBuckets } from './buckets.ts';
import { addCompensated, lost } from './compensation.ts';
import type { FloatHistogram } from './float-histogram.ts';
import { isCustom } from './working.ts';

export function histogramAverage(histogram: FloatHistogram): number {
  return histogram.sum / histogram.count;
}

/** The variance, every observation taken to stand at the middle of its bucket: the geometric one, of custom buckets the arithmetic. */
export function histogramVariance(histogram: FloatHistogram): number {
  const mean = histogramAverage(histogram);
  let variance = 0;
  let loss = 0;
  for (const { lower, upper, count } of allBuckets(histogram)) {
    if (count === 0) continue;
    let middle = 0;
    if (isCustom(histogram)) middle = (upper + lower) / 2;
    else if (lower > 0 || upper < 0) middle = Math.sqrt(upper * lower) * (upper < 0 ? -1 : 1);
    variance = addCompensated(count * (middle - mean) * (middle - mean), variance, loss);
    loss = lost;
  }
  return (variance + loss) / histogram.count;
}

export function histogramDeviation(histogram: FloatHistogram): number {
  return Math.sqrt(histogramVariance(histogram));
}
