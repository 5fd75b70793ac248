import { intersectBounds, sameBounds } from './arithmetic.ts';
import type { FloatHistogram } from './float-histogram.ts';
import { moveToBounds, reduceSide, type Side } from './side.ts';
import { isCustom, widenedZero, widenZero, workingOf } from './working.ts';

/**
 * True when the counter was reset between `previous` and `current`: a count fell, a populated bucket is gone, or the resolution
 * grew. The hint of `current` decides where it says reset or no reset.
 */
export function detectReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.counterResetHint === 1) return true;
  if (current.counterResetHint === 2) return false;
  if (current.count < previous.count) return true;
  if (isCustom(current) !== isCustom(previous)) return true;
  const now = workingOf(current);
  const before = workingOf(previous);
  if (isCustom(current)) {
    if (sameBounds(current.customValues, previous.customValues)) return fell(now.positive, before.positive);
    const bounds = intersectBounds(current.customValues, previous.customValues);
    return fell(
      moveToBounds(now.positive, now.customValues, bounds),
      moveToBounds(before.positive, before.customValues, bounds),
    );
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const zero = widenedZero(before, current.zeroThreshold);
  // A new threshold within a bucket that was populated.
  if (zero.threshold !== current.zeroThreshold || current.zeroCount < zero.zeroCount) return true;
  widenZero(before, current.zeroThreshold);
  widenZero(now, current.zeroThreshold);
  return (
    fell(now.positive, reduceSide(before.positive, previous.schema, current.schema)) ||
    fell(now.negative, reduceSide(before.negative, previous.schema, current.schema))
  );
}

/** True when a bucket of `before` has fewer observations now, or is gone. */
function fell(now: Side, before: Side): boolean {
  let at = 0;
  return before.indexes.some((index, i) => {
    while (at < now.indexes.length && (now.indexes[at] ?? Infinity) < index) at++;
    const count = now.indexes[at] === index ? (now.counts[at] ?? 0) : 0;
    return count < (before.counts[i] ?? 0);
  });
}
