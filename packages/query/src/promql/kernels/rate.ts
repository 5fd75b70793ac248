import { histogramRate } from './histogram-rate.ts';
import type { Kernel, KernelInput, KernelNotes, KernelOutput } from './kernel.ts';
import { extendedRate } from './extended-rate.ts';
import { rateWithStartTimes } from './rate-start-times.ts';
import type { Windows } from './windows.ts';

let resetScratch = new Int32Array(1024);

/** Indexes of samples that are lower than the one before, in `resetScratch`. */
function findResets(values: Float64Array, count: number): number {
  let found = 0;
  for (let i = 1; i < count; i++) {
    if (values[i]! < values[i - 1]!) {
      if (found + 1 >= resetScratch.length) {
        const larger = new Int32Array(resetScratch.length * 2);
        larger.set(resetScratch);
        resetScratch = larger;
      }
      resetScratch[found++] = i;
    }
  }
  return found;
}

/**
 * `rate`, `increase` and `delta` with Prometheus' extrapolation to the window's edges
 * (https://prometheus.io/docs/prometheus/latest/querying/functions/#rate). Times stay milliseconds and comparisons are
 * multiplied out, which saves divisions; where that could decide otherwise than Prometheus' own form, its form decides.
 */
function extrapolated(
  input: KernelInput,
  { low, high }: Windows,
  output: KernelOutput,
  counter: boolean,
  rate: boolean,
) {
  const { samples, grid, call } = input;
  const { times, values, count } = samples;
  const { startMs, stepMs, count: steps } = grid;
  const { rangeMs } = call;
  const out = output.values;
  const present = output.present;
  const seconds = rate ? rangeMs / 1000 : 1;
  const resets = counter && samples.rising !== true ? findResets(values, count) : 0;
  let firstReset = 0;
  for (let step = 0; step < steps; step++) {
    const first = low[step]!;
    const last = high[step]! - 1;
    const gaps = last - first;
    if (gaps < 1) continue;
    const firstMs = times[first]!;
    const lastMs = times[last]!;
    const firstValue = values[first]!;
    let difference = values[last]! - firstValue;
    if (firstReset < resets) {
      while (firstReset < resets && resetScratch[firstReset]! <= first) firstReset++;
      for (let r = firstReset; r < resets && resetScratch[r]! <= last; r++) difference += values[resetScratch[r]! - 1]!;
    }
    const endMs = startMs + step * stepMs;
    const span = lastMs - firstMs;
    let before = firstMs - endMs + rangeMs;
    let after = endMs - lastMs;
    const threshold = 1.1 * span;
    const tie = 1e-9 * span;
    const beforeOver = before * gaps - threshold;
    if (beforeOver > tie || (beforeOver >= -tie && isFar(before, span, gaps))) before = span / gaps / 2;
    // A counter is extrapolated to zero at most.
    if (counter && difference > 0 && firstValue >= 0 && span * firstValue < before * difference) {
      before = span * (firstValue / difference);
    }
    const afterOver = after * gaps - threshold;
    if (afterOver > tie || (afterOver >= -tie && isFar(after, span, gaps))) after = span / gaps / 2;
    out[step] = difference * ((span + before + after) / span / seconds);
    present[step] = 1;
  }
}

/** Whether an edge is farther than 110 % of the average gap, reckoned in seconds as Prometheus does. */
function isFar(edgeMs: number, spanMs: number, gaps: number): boolean {
  return edgeMs / 1000 >= (spanMs / 1000 / gaps) * 1.1;
}

function rateKernel(name: string, counter: boolean, rate: boolean): Kernel {
  return {
    name,
    floats(input, windows, output) {
      if (input.call.extended) extendedRate(input, windows, output, counter, rate);
      else if (counter && input.samples.startTimes) rateWithStartTimes(input, windows, output, rate);
      else extrapolated(input, windows, output, counter, rate);
      if (counter) noteName(input.notes, output);
    },
    mixed: (window, notes) => histogramRate(window, notes, counter, rate),
  };
}

/** Prometheus doubts a counter whose name does not sound like one, once it has a value. */
export function noteName(notes: KernelNotes, output: KernelOutput): void {
  if (isCounterName(notes.metric) || !output.present.includes(1)) return;
  noteCounterName(notes);
}

const isCounterName = (metric: string): boolean => metric === '' || /_(?:total|sum|count|bucket)$/.test(metric);

/** The same for whoever knows that there is a value. */
export function noteCounterName(notes: KernelNotes): void {
  const { metric } = notes;
  if (isCounterName(metric)) return;
  notes.info(
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${JSON.stringify(metric)}`,
  );
}

export const rate = rateKernel('rate', true, true);
export const increase = rateKernel('increase', true, false);
export const delta = rateKernel('delta', false, false);
