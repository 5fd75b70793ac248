import { QueryFailure } from '../source.ts';
import { bitsOf, isStale, sliceSamples, withoutStale } from './columns.ts';
import { firstIndex, interpolate } from './extended-rate.ts';
import type { Kernel, KernelInput, KernelOutput } from './kernel.ts';
import { windows, type Windows } from './windows.ts';

/** Index of each step's sample: the last of the window unless it is a staleness mark; -1 for none. */
function eachLatest(input: KernelInput, { low, high }: Windows, take: (step: number, index: number) => void): void {
  const { samples, grid } = input;
  const { values } = samples;
  const bits = bitsOf(values);
  for (let step = 0; step < grid.count; step++) {
    const index = high[step]! - 1;
    if (index < low[step]! || isStale(bits, index)) continue;
    take(step, index);
  }
}

/** An instant selector: the latest sample within the lookback. */
export const last: Kernel = {
  name: 'last',
  keepsName: true,
  readsStale: true,
  floats(input, { low, high }, output) {
    if (input.call.extended === 'smoothed') {
      smoothed(input, output);
      return;
    }
    const { values } = input.samples;
    const bits = bitsOf(values);
    const out = output.values;
    const present = output.present;
    const steps = input.grid.count;
    for (let step = 0; step < steps; step++) {
      const index = high[step]! - 1;
      if (index < low[step]!) continue;
      const value = values[index]!;
      // oxlint-disable-next-line no-self-compare -- a NaN, which may be a staleness mark
      if (value !== value && isStale(bits, index)) continue;
      out[step] = value;
      present[step] = 1;
    }
  },
};

/** `x smoothed`: between the samples before and after; the one before stays until another comes. */
function smoothed(input: KernelInput, output: KernelOutput): void {
  const { grid, call } = input;
  const samples = withoutStale(input.samples);
  const { times, values } = samples;
  const { low, high } = windows(samples, grid, call.rangeMs, call.rangeMs);
  for (let step = 0; step < grid.count; step++) {
    const atMs = grid.startMs + step * grid.stepMs;
    const next = firstIndex(low[step]!, high[step]!, (i) => times[i]! >= atMs);
    if (next < high[step]! && times[next] === atMs) output.values[step] = values[next]!;
    else if (next === low[step]!) continue;
    else if (next < high[step]!) {
      output.values[step] = interpolate(times[next - 1]!, values[next - 1]!, times[next]!, values[next]!, atMs, false);
    } else output.values[step] = values[next - 1]!;
    output.present[step] = 1;
  }
}

/** `timestamp(selector)`: the time of the sample that the selector took, seconds. */
export const timestamp: Kernel = {
  name: 'timestamp',
  readsStale: true,
  floats(input, windows, output) {
    const { times } = input.samples;
    eachLatest(input, windows, (step, index) => {
      output.values[step] = times[index]! / 1000;
      output.present[step] = 1;
    });
  },
};

/** The same of an info metric, which has floats alone. */
export const infoTimestamp: Kernel = {
  name: 'info_timestamp',
  readsStale: true,
  floats(input, windows, output) {
    const { times, histograms } = input.samples;
    eachLatest(input, windows, (step, index) => {
      if (histograms?.[index]) {
        const message = `this should be an info metric, with float samples: ${input.notes.metric}`;
        throw new QueryFailure({ kind: 'execution', message });
      }
      output.values[step] = times[index]! / 1000;
      output.present[step] = 1;
    });
  },
};

/** `start_timestamp(selector)`: when that sample's count began, seconds; 0 where it does not say. */
export const startTimestamp: Kernel = {
  name: 'start_timestamp',
  readsStale: true,
  floats(input, windows, output) {
    const starts = input.samples.startTimes;
    eachLatest(input, windows, (step, index) => {
      output.values[step] = (starts?.[index] ?? 0) / 1000;
      output.present[step] = 1;
    });
  },
};

/** The samples of the one step's window, or the values at its edges and between for extended selectors. */
export function windowSamples(input: KernelInput, { low, high }: Windows) {
  return sliceSamples(input.samples, low[0]!, high[0]!);
}
