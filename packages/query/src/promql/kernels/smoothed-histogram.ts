import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { isCustom, withHint } from '../histogram/histogram.ts';
import { between } from './extended-histogram-rate.ts';
import { interpolate } from './extended-rate.ts';
import { mixedKinds, mixedSchemas } from './histogram-notes.ts';
import type { KernelNotes, MixedWindow } from './kernel.ts';

/** `x smoothed` where the series holds histograms: between the samples before and after; the one before stays until another comes. */
export function smoothedSample(window: MixedWindow, notes: KernelNotes): FloatHistogram | number | undefined {
  const { floats, histograms, atMs } = window;
  if (floats.times.length > 0 && histograms.times.length > 0) {
    notes.warn(mixedKinds(notes.metric));
    return undefined;
  }
  const { times } = histograms.times.length > 0 ? histograms : floats;
  const found = times.findIndex((ms) => ms >= atMs);
  const next = found < 0 ? times.length : found;
  const beforeMs = times[next - 1];
  const nextMs = times[next];
  if (histograms.times.length === 0) {
    const [before, after] = [floats.values[next - 1], floats.values[next]];
    if (nextMs === atMs) return after;
    if (beforeMs === undefined || before === undefined) return undefined;
    if (nextMs === undefined || after === undefined) return before;
    return interpolate(beforeMs, before, nextMs, after, atMs, false);
  }
  const [before, after] = [histograms.values[next - 1], histograms.values[next]];
  if (nextMs === atMs) return after;
  if (beforeMs === undefined || before === undefined) return undefined;
  // The hint says how a sample follows the one before it, which is another one now.
  if (nextMs === undefined || after === undefined) return withHint(before, 0);
  if (isCustom(before) !== isCustom(after)) {
    notes.warn(mixedSchemas(notes.metric));
    return undefined;
  }
  const counter = before.counterResetHint !== 3 || after.counterResetHint !== 3;
  return between(before, beforeMs, after, nextMs, atMs, counter, notes);
}
