import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { isCustom, withHint } from '../histogram/histogram.ts';
import type { SeriesValues } from '../source.ts';
import { withoutStale } from './columns.ts';
import { interpolateHistograms } from './extended-histogram-rate.ts';
import { firstIndex, interpolate } from './extended-rate.ts';
import { mixedKinds, mixedSchemas } from './histogram-notes.ts';
import type { KernelInput } from './kernel.ts';
import { windows } from './windows.ts';

/** `x smoothed` of a series that holds histograms: between two of them; a mix of kinds within the lookback has no value. */
export function smoothedHistograms(input: KernelInput): SeriesValues {
  const { call, grid, notes } = input;
  const samples = withoutStale(input.samples);
  const { low, high } = windows(samples, grid, call.rangeMs, call.rangeMs);
  const steps = grid.count;
  const values = new Float64Array(steps);
  const present = new Uint8Array(steps);
  const histograms: (FloatHistogram | undefined)[] = Array.from({ length: steps });
  const { times } = samples;
  for (let step = 0; step < steps; step++) {
    const from = low[step]!;
    const to = high[step]!;
    if (to <= from) continue;
    const kinds = new Set(samples.histograms?.slice(from, to).map((one) => one !== undefined));
    if (kinds.size > 1) {
      notes.warn(mixedKinds(notes.metric));
      continue;
    }
    const atMs = grid.startMs + step * grid.stepMs;
    const next = firstIndex(from, to, (i) => times[i]! >= atMs);
    const exact = next < to && times[next] === atMs;
    if (!exact && next === from) continue;
    if (kinds.has(false)) {
      const v = samples.values;
      if (exact) values[step] = v[next]!;
      else if (next === to) values[step] = v[next - 1]!;
      else values[step] = interpolate(times[next - 1]!, v[next - 1]!, times[next]!, v[next]!, atMs, false);
      present[step] = 1;
      continue;
    }
    const histogram = exact ? samples.histograms![next] : between(input, samples.histograms!, times, next, to, atMs);
    if (!histogram) continue;
    histograms[step] = histogram;
    present[step] = 1;
  }
  return { values, present, histograms };
}

function between(
  { notes }: KernelInput,
  histograms: readonly (FloatHistogram | undefined)[],
  times: Float64Array,
  next: number,
  to: number,
  atMs: number,
): FloatHistogram | undefined {
  const before = histograms[next - 1]!;
  // What is carried forward says nothing of a reset.
  if (next === to) return withHint(before, 0);
  const after = histograms[next]!;
  if (isCustom(before) !== isCustom(after)) {
    notes.warn(mixedSchemas(notes.metric));
    return undefined;
  }
  const counter = before.counterResetHint !== 3 || after.counterResetHint !== 3;
  return interpolateHistograms(before, times[next - 1]!, after, times[next]!, atMs, counter, notes);
}
