/** The door to histogram algebra: pure functions over `FloatHistogram`. */
export {
  addHistograms,
  divideHistogram,
  hasOverflow,
  multiplyHistogram,
  negateHistogram,
  reduceResolution,
  subtractHistograms,
  withHint,
  type Combined,
} from './arithmetic.ts';
export { allBuckets, type Bucket } from './buckets.ts';
export { compactHistogram } from './compact.ts';
export { detectReset } from './detect-reset.ts';
export { equalCompacted, equalHistograms } from './equal.ts';
export { formatGoNumber, formatHistogram, formatTestHistogram, plainDigits } from './format.ts';
export { HistogramMean, HistogramSum } from './histogram-sum.ts';
export { histogramFraction, histogramQuantile, type NanNote } from './quantile.ts';
export { histogramAverage, histogramDeviation, histogramVariance } from './statistics.ts';
export { trimHistogram } from './trim.ts';
export { isCustom } from './working.ts';
