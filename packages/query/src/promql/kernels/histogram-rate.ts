import type { FloatHistogram } from '../histogram/float-histogram.ts';
import {
  compactHistogram,
  detectReset,
  isCustom,
  multiplyHistogram,
  reduceResolution,
  subtractHistograms,
  withHint,
} from '../histogram/histogram.ts';
import { extendedHistogramRate } from './extended-histogram-rate.ts';
import { boundsReconciled, mixedKinds, mixedSchemas, notACounter, notAGauge } from './histogram-notes.ts';
import { addNoted } from './histogram-steps.ts';
import type { KernelNotes, MixedWindow } from './kernel.ts';
import { isStartReset, overlapWarning, startsOverlap } from './start-times.ts';

/** `rate`, `increase` and `delta` of a window with histograms: extrapolated to its edges as floats are. */
export function histogramRate(
  window: MixedWindow,
  notes: KernelNotes,
  counter: boolean,
  rate: boolean,
): FloatHistogram | undefined {
  if (window.floats.values.length > 0) {
    notes.warn(mixedKinds(notes.metric));
    return undefined;
  }
  if (window.call.extended) return extendedHistogramRate(window, notes, counter, rate);
  const { times, values } = window.histograms;
  const first = values[0];
  if (first === undefined) return undefined;
  const gaps = (window.histograms.count ?? values.length) - 1;
  let result = gaps > 0 ? increaseOf(window, notes, counter) : undefined;
  if (gaps > 0 && result === undefined) return undefined;

  const firstMs = times[0] ?? 0;
  const lastMs = times.at(-1) ?? 0;
  const startMs = window.atMs - window.call.rangeMs;
  const began = counter ? (window.histogramStarts[0] ?? 0) : 0;
  let span = (lastMs - firstMs) / 1000;
  const average = gaps > 0 ? span / gaps : 0;
  const threshold = average * 1.1;
  let before = (firstMs - startMs) / 1000;
  let after = (window.atMs - lastMs) / 1000;
  if (began !== 0 && began > startMs && began < firstMs) {
    // It was empty then: no need to guess where it began.
    before = 0;
    span = (lastMs - began) / 1000;
    result = result === undefined ? first : addNoted(result, first, notes);
  } else if (gaps > 0) {
    if (before >= threshold) before = average / 2;
    if (counter && result !== undefined && result.count > 0 && first.count >= 0)
      before = Math.min(before, span * (first.count / result.count));
  }
  if (result === undefined) return undefined;
  if (after >= threshold) after = average / 2;
  let factor = span === 0 ? 1 : (span + before + after) / span;
  if (rate) factor /= window.call.rangeMs / 1000;
  return multiplyHistogram(result, factor);
}

/** What was observed between the first and the last sample: resets are made up for, the result is a gauge. */
function increaseOf(window: MixedWindow, notes: KernelNotes, counter: boolean): FloatHistogram | undefined {
  const { times, values } = window.histograms;
  const starts = window.histogramStarts;
  const last = values.at(-1)!;
  const second = values[1]!;
  let previous = values[0]!;
  const began = (i: number): boolean =>
    starts.length > i && isStartReset(starts[i - 1]!, times[i - 1]!, starts[i]!, times[i]!);
  if (counter) {
    if (values.some((histogram) => histogram.counterResetHint === 3)) notes.warn(notACounter(notes.metric));
    // Nothing of the first sample counts when the second begins anew: its buckets need not fit either.
    if (began(1) || detectReset(second, previous)) previous = emptyLike(second);
  } else if (previous.counterResetHint !== 3 || last.counterResetHint !== 3) notes.warn(notAGauge(notes.metric));
  const between = counter ? values.slice(1, -1) : [];
  if ([previous, ...between].some((histogram) => isCustom(histogram) !== isCustom(last))) {
    notes.warn(mixedSchemas(notes.metric));
    return undefined;
  }
  const schema = Math.min(last.schema, previous.schema, ...between.map((histogram) => histogram.schema));
  const difference = subtractHistograms(reduceResolution(last, schema), previous);
  if (difference === undefined) return undefined;
  let result: FloatHistogram | undefined = difference.histogram;
  if (difference.boundsReconciled) notes.info(boundsReconciled('subtraction'));
  if (counter) {
    let overlap = false;
    for (let i = 1; i < values.length && result !== undefined; i++) {
      overlap ||= starts.length > i && startsOverlap(starts[i - 1]!, times[i - 1]!, starts[i]!);
      if (began(i) || detectReset(values[i]!, previous)) result = addNoted(result, previous, notes);
      previous = values[i]!;
    }
    if (overlap) notes.add(overlapWarning(notes.metric));
  }
  return result && withHint(compactHistogram(result), 3);
}

function emptyLike(histogram: FloatHistogram): FloatHistogram {
  return {
    counterResetHint: 0,
    schema: histogram.schema,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positiveSpans: [],
    negativeSpans: [],
    positiveBuckets: [],
    negativeBuckets: [],
    customValues: histogram.customValues,
  };
}
