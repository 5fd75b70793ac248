import type { KernelInput, KernelOutput } from './kernel.ts';
import { isStartReset, overlapWarning, startsOverlap } from './start-times.ts';
import type { Windows } from './windows.ts';

/** `rate` and `increase` of a series whose samples say when their count began: resets are known, and so is the first zero. */
export function rateWithStartTimes(
  input: KernelInput,
  { low, high }: Windows,
  output: KernelOutput,
  rate: boolean,
): void {
  const { samples, grid, call, notes } = input;
  const { times, values } = samples;
  const starts = samples.startTimes!;
  const rangeSeconds = call.rangeMs / 1000;
  for (let step = 0; step < grid.count; step++) {
    const first = low[step]!;
    const last = high[step]! - 1;
    if (last < first) continue;
    const endMs = grid.startMs + step * grid.stepMs;
    const startMs = endMs - call.rangeMs;
    let difference = values[last]! - values[first]!;
    let overlap = false;
    for (let i = first + 1; i <= last; i++) {
      overlap ||= startsOverlap(starts[i - 1]!, times[i - 1]!, starts[i]!);
      if (values[i]! < values[i - 1]! || isStartReset(starts[i - 1]!, times[i - 1]!, starts[i]!, times[i]!)) {
        difference += values[i - 1]!;
      }
    }
    if (overlap) notes.add(overlapWarning(notes.metric));
    const gaps = last - first;
    let span = (times[last]! - times[first]!) / 1000;
    const average = gaps > 0 ? span / gaps : 0;
    const threshold = average * 1.1;
    let before = (times[first]! - startMs) / 1000;
    let after = (endMs - times[last]!) / 1000;
    const began = starts[first]!;
    if (began !== 0 && began > startMs && began < times[first]!) {
      // The count was zero then: no need to guess where it began.
      before = 0;
      span = (times[last]! - began) / 1000;
      difference += values[first]!;
    } else if (gaps === 0) {
      continue;
    } else {
      if (before >= threshold) before = average / 2;
      if (difference > 0 && values[first]! >= 0) before = Math.min(before, span * (values[first]! / difference));
    }
    if (after >= threshold) after = average / 2;
    let factor = span === 0 ? 1 : (span + before + after) / span;
    if (rate) factor /= rangeSeconds;
    output.values[step] = difference * factor;
    output.present[step] = 1;
  }
}
