import { sameBounds } from './arithmetic.ts';
import { detectReset } from './detect-reset.ts';
import type { CounterResetHint, FloatHistogram } from './float-histogram.ts';

/**
 * The hint a counter's histogram has once it is read from storage: what follows its predecessor without a reset says so, everything
 * else is unknown, whatever its sender said; gauges stay gauges. `previous` is the sample just before it in the series, `undefined`
 * where that is none, a float or a staleness mark.
 */
export function storedHint(current: FloatHistogram, previous: FloatHistogram | undefined): CounterResetHint {
  if (current.counterResetHint === 3) return 3;
  if (previous === undefined || previous.counterResetHint === 3 || current.counterResetHint === 1) return 0;
  const sameBuckets =
    current.schema === previous.schema &&
    current.zeroThreshold === previous.zeroThreshold &&
    sameBounds(current.customValues, previous.customValues);
  return sameBuckets && !detectReset({ ...current, counterResetHint: 0 }, previous) ? 2 : 0;
}
