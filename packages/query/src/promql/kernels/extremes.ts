import type { KernelInput, KernelOutput } from './kernel.ts';
import type { Windows } from './windows.ts';

let queue = new Int32Array(1024);

/** Below so many samples a window is looked through anew at each step. */
const narrow = 8;

/**
 * `min_over_time`, `max_over_time` and their `ts_of_` forms: where windows overlap much, a queue of candidates in falling order, so
 * that each sample is looked at once. NaNs count only where there is nothing else. `latest` prefers the later of equals.
 */
export function extremes(
  input: KernelInput,
  windows: Windows,
  output: KernelOutput,
  greatest: boolean,
  latest: boolean,
  time: boolean,
): void {
  const { samples, grid } = input;
  const { times, values, count } = samples;
  const { low, high } = windows;
  const steps = grid.count;
  let looked = 0;
  for (let step = 0; step < steps; step++) looked += high[step]! - low[step]!;
  const one = looked <= narrow * steps ? simple : undefined;
  if (!one && queue.length < count) queue = new Int32Array(count * 2);
  const sign = greatest ? 1 : -1;
  let head = 0;
  let tail = 0;
  let next = 0;
  for (let step = 0; step < steps; step++) {
    const from = low[step]!;
    const to = high[step]!;
    if (to <= from) continue;
    let best: number;
    if (one) best = one(values, from, to, sign, latest);
    else {
      if (next < from) {
        next = from;
        head = tail = 0;
      }
      for (; next < to; next++) {
        const value = values[next]! * sign;
        // oxlint-disable-next-line no-self-compare -- NaN
        if (value !== value) continue;
        while (tail > head && isBetter(value, values[queue[tail - 1]!]! * sign, latest)) tail--;
        queue[tail++] = next;
      }
      while (head < tail && queue[head]! < from) head++;
      // With nothing but NaNs Prometheus keeps taking the next one.
      best = head < tail ? queue[head]! : to - 1;
    }
    output.values[step] = time ? times[best]! / 1000 : values[best]!;
    output.present[step] = 1;
  }
}

function isBetter(value: number, than: number, latest: boolean): boolean {
  return latest ? value >= than : value > than;
}

function simple(values: Float64Array, from: number, to: number, sign: number, latest: boolean): number {
  let best = from;
  let top = values[from]! * sign;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]! * sign;
    // oxlint-disable-next-line no-self-compare -- NaN gives way to anything
    if (isBetter(value, top, latest) || top !== top) {
      best = i;
      top = value;
    }
  }
  return best;
}

/** The same of a list, for windows that hold histograms too. */
export function extremeIndex(values: readonly number[], greatest: boolean, latest: boolean): number {
  return simple(Float64Array.from(values), 0, values.length, greatest ? 1 : -1, latest);
}
