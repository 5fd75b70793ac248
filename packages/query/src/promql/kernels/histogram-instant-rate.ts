import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { compactHistogram, detectReset, divideHistogram, withHint } from '../histogram/histogram.ts';
import { mixedKinds, notACounter, notAGauge } from './histogram-notes.ts';
import { subtractNoted } from './histogram-steps.ts';
import type { KernelNotes, MixedWindow } from './kernel.ts';
import { samplesInOrder } from './mixed-samples.ts';
import { isStartReset } from './start-times.ts';

/** `irate` and `idelta` of a window with histograms: its last two samples, of one kind. */
export function histogramInstantRate(
  window: MixedWindow,
  notes: KernelNotes,
  rate: boolean,
): FloatHistogram | number | undefined {
  const [before, last] = samplesInOrder(window).slice(-2);
  if (before === undefined || last === undefined || last.atMs === before.atMs) return undefined;
  const seconds = (last.atMs - before.atMs) / 1000;
  const began = isStartReset(before.startMs, before.atMs, last.startMs, last.atMs);
  if (before.histogram === undefined && last.histogram === undefined) {
    const reset = rate && (last.value < before.value || began);
    const difference = reset ? last.value : last.value - before.value;
    return rate ? difference / seconds : difference;
  }
  if (before.histogram === undefined || last.histogram === undefined) {
    notes.warn(mixedKinds(notes.metric));
    return undefined;
  }
  const gauges = [before.histogram, last.histogram].filter((histogram) => histogram.counterResetHint === 3).length;
  if (rate && gauges > 0) notes.warn(notACounter(notes.metric));
  if (!rate && gauges < 2) notes.warn(notAGauge(notes.metric));
  const reset = rate && (began || detectReset(last.histogram, before.histogram));
  const difference = reset ? last.histogram : subtractNoted(last.histogram, before.histogram, notes);
  if (difference === undefined) return undefined;
  const gauge = withHint(compactHistogram(difference), 3);
  return rate ? divideHistogram(gauge, seconds) : gauge;
}
