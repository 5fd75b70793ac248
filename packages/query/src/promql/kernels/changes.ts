import type { KernelInput, KernelOutput } from './kernel.ts';
import { isStartReset } from './start-times.ts';
import type { Windows } from './windows.ts';

/** How often a sample differs from the one before in each window: `at(i)` says it of sample i and i - 1. */
function countSteps(
  { samples, grid, call }: KernelInput,
  { low, high }: Windows,
  output: KernelOutput,
  at: Uint8Array,
) {
  const { times, count } = samples;
  const before = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) before[i + 1] = before[i]! + at[i]!;
  const anchored = call.extended === 'anchored';
  for (let step = 0; step < grid.count; step++) {
    let from = low[step]!;
    const to = high[step]!;
    if (to <= from) continue;
    if (anchored) {
      // The last sample at or before the window's start is the first to compare with; without one after it there is nothing.
      const startMs = grid.startMs + step * grid.stepMs - call.rangeMs;
      while (from + 1 < to && times[from + 1]! <= startMs) from++;
      if (times[to - 1]! <= startMs) continue;
    }
    output.values[step] = before[to]! - before[from + 1]!;
    output.present[step] = 1;
  }
}

/** `changes`: a NaN after a NaN is none. */
export function changesOfFloats(input: KernelInput, windows: Windows, output: KernelOutput): void {
  const { values, count } = input.samples;
  const at = new Uint8Array(count);
  for (let i = 1; i < count; i++) {
    const value = values[i]!;
    const previous = values[i - 1]!;
    if (value !== previous && !(Number.isNaN(value) && Number.isNaN(previous))) at[i] = 1;
  }
  countSteps(input, windows, output, at);
}

/** `resets`: a lower value, or a start timestamp that says so. */
export function resetsOfFloats(input: KernelInput, windows: Windows, output: KernelOutput): void {
  const { times, values, count, startTimes } = input.samples;
  const at = new Uint8Array(count);
  for (let i = 1; i < count; i++) {
    const reset =
      values[i]! < values[i - 1]! ||
      (startTimes !== undefined && isStartReset(startTimes[i - 1]!, times[i - 1]!, startTimes[i]!, times[i]!));
    if (reset) at[i] = 1;
  }
  countSteps(input, windows, output, at);
}
