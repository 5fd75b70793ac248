import { detectReset, equalHistograms } from '../histogram/histogram.ts';
import type { MixedWindow } from './kernel.ts';
import { samplesInOrder, type MixedSample } from './mixed-samples.ts';
import { isStartReset } from './start-times.ts';

/** `changes` of a window with histograms: another kind is a change. */
export function histogramChanges(window: MixedWindow): number | undefined {
  return countPairs(window, (before, now) => {
    if (before.histogram && now.histogram) return !equalHistograms(now.histogram, before.histogram);
    if (before.histogram || now.histogram) return true;
    return now.value !== before.value && !(Number.isNaN(now.value) && Number.isNaN(before.value));
  });
}

/** `resets` of a window with histograms: another kind is a reset. */
export function histogramResets(window: MixedWindow): number | undefined {
  return countPairs(window, (before, now) => {
    const began = isStartReset(before.startMs, before.atMs, now.startMs, now.atMs);
    if (before.histogram && now.histogram) return began || detectReset(now.histogram, before.histogram);
    if (before.histogram || now.histogram) return true;
    return began || now.value < before.value;
  });
}

function countPairs(
  window: MixedWindow,
  differs: (before: MixedSample, now: MixedSample) => boolean,
): number | undefined {
  let samples = samplesInOrder(window);
  if (window.call.extended === 'anchored') {
    // The last sample at or before the window's start is the first to compare with; without one after it there is nothing.
    const startMs = window.atMs - window.call.rangeMs;
    const after = samples.findIndex(({ atMs }) => atMs > startMs);
    if (after < 0) return undefined;
    samples = samples.slice(Math.max(0, after - 1));
  }
  if (samples.length === 0) return undefined;
  return samples.filter((now, i) => i > 0 && differs(samples[i - 1]!, now)).length;
}
