import type { FloatHistogram } from '../histogram/float-histogram.ts';
import {
  compactHistogram,
  detectReset,
  divideHistogram,
  isCustom,
  multiplyHistogram,
  withHint,
} from '../histogram/histogram.ts';
import { firstIndex } from './extended-rate.ts';
import { mixedSchemas, notACounter, notAGauge } from './histogram-notes.ts';
import { addNoted, subtractNoted } from './histogram-steps.ts';
import type { KernelNotes, MixedWindow } from './kernel.ts';

/** `rate`, `increase`, `delta` of `anchored` and `smoothed` windows of histograms: the edges have values, nothing is extrapolated. */
export function extendedHistogramRate(
  window: MixedWindow,
  notes: KernelNotes,
  counter: boolean,
  rate: boolean,
): FloatHistogram | undefined {
  const { times, values } = window.histograms;
  const endMs = window.atMs;
  const startMs = endMs - window.call.rangeMs;
  const smoothed = window.call.extended === 'smoothed';
  let last = values.length - 1;
  const first = Math.max(0, firstIndex(0, last, (i) => times[i]! > startMs) - 1);
  if (smoothed) last = firstIndex(0, last, (i) => times[i]! >= endMs);
  if (times[last]! <= startMs || (smoothed && times[first]! > endMs)) return undefined;
  const inside = values.slice(first, last + 1);
  if (inside.some((histogram) => isCustom(histogram) !== isCustom(inside[0]!))) {
    notes.warn(mixedSchemas(notes.metric));
    return undefined;
  }
  if (counter && inside.some((histogram) => histogram.counterResetHint === 3)) notes.warn(notACounter(notes.metric));
  const at = (before: number, atMs: number) =>
    between(values[before]!, times[before]!, values[before + 1]!, times[before + 1]!, atMs, counter, notes);
  const left = smoothed && times[first]! < startMs ? at(first, startMs) : values[first]!;
  const right = smoothed && last > 0 && times[last]! > endMs ? at(last - 1, endMs) : values[last]!;
  if (left === undefined || right === undefined) return undefined;
  if (!counter && (left.counterResetHint !== 3 || right.counterResetHint !== 3)) notes.warn(notAGauge(notes.metric));
  let result = subtractNoted(right, left, notes);
  if (counter) {
    for (const lost of lostAtResets(window, first, last, left, right, startMs, smoothed))
      result = result && addNoted(result, lost, notes);
  }
  if (result === undefined) return undefined;
  const whole = rate ? divideHistogram(result, window.call.rangeMs / 1000) : result;
  return withHint(compactHistogram(whole), 3);
}

/** What each reset between the edges took away. */
function lostAtResets(
  { histograms: { times, values } }: MixedWindow,
  first: number,
  last: number,
  left: FloatHistogram,
  right: FloatHistogram,
  startMs: number,
  smoothed: boolean,
): FloatHistogram[] {
  const lost: FloatHistogram[] = [];
  let from = first + 1;
  let previous = left;
  if (smoothed && times[first]! < startMs && detectReset(values[first + 1]!, values[first]!)) {
    // The left edge is on the far side of that reset already.
    previous = values[first + 1]!;
    from++;
  }
  if (from > last) return lost;
  for (let i = from; i < last; i++) {
    if (detectReset(values[i]!, previous)) lost.push(previous);
    previous = values[i]!;
  }
  if (detectReset(right, previous)) lost.push(previous);
  return lost;
}

/** On the line between two histograms; `undefined`, with a warning, where they cannot be put together. A counter that was reset began empty. */
export function between(
  before: FloatHistogram,
  beforeMs: number,
  after: FloatHistogram,
  afterMs: number,
  atMs: number,
  counter: boolean,
  notes: KernelNotes,
): FloatHistogram | undefined {
  if (atMs === beforeMs) return before;
  if (atMs === afterMs) return after;
  const fraction = (atMs - beforeMs) / (afterMs - beforeMs);
  if (counter && detectReset(after, before)) return multiplyHistogram(after, fraction);
  const growth = subtractNoted(after, before, notes);
  return growth && addNoted(multiplyHistogram(growth, fraction), before, notes);
}
