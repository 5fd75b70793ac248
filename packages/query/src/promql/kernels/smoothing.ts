import { QueryFailure } from '../source.ts';
import { type Kernel, type KernelNotes, type MixedWindow, parameterAt } from './kernel.ts';
import { ignoredHistograms } from './regression.ts';

function factor(value: number, which: 'smoothing' | 'trend', letters: string): number {
  if (!(value <= 0 || value >= 1)) return value;
  const message = `invalid ${which} factor. Expected: 0 < ${letters} < 1, got: ${value.toFixed(6)}`;
  throw new QueryFailure({ kind: 'execution', message });
}

/** Holt's linear method over values `from` to `to - 1`, at least two (https://en.wikipedia.org/wiki/Exponential_smoothing). */
function smooth(values: ArrayLike<number>, from: number, to: number, smoothing: number, trend: number): number {
  let before = 0;
  let level = values[from]!;
  let slope = values[from + 1]! - values[from]!;
  for (let i = from + 1; i < to; i++) {
    const scaled = smoothing * values[i]!;
    if (i > from + 1) slope = trend * (level - before) + (1 - trend) * slope;
    const carried = (1 - smoothing) * (level + slope);
    before = level;
    level = scaled + carried;
  }
  return level;
}

export const doubleExponentialSmoothing: Kernel = {
  name: 'double_exponential_smoothing',
  floats({ samples, grid, call }, { low, high }, output) {
    for (let step = 0; step < grid.count; step++) {
      if (high[step]! <= low[step]!) continue;
      const smoothing = factor(parameterAt(call, 0, step), 'smoothing', 'sf');
      const trend = factor(parameterAt(call, 1, step), 'trend', 'tf');
      if (high[step]! - low[step]! < 2) continue;
      output.values[step] = smooth(samples.values, low[step]!, high[step]!, smoothing, trend);
      output.present[step] = 1;
    }
  },
  mixed({ floats, histograms, call, step }: MixedWindow, notes: KernelNotes) {
    const smoothing = factor(parameterAt(call, 0, step), 'smoothing', 'sf');
    const trend = factor(parameterAt(call, 1, step), 'trend', 'tf');
    if (floats.values.length > 0 && histograms.values.length > 0) notes.info(ignoredHistograms(notes.metric));
    if (floats.values.length < 2) return undefined;
    return smooth(floats.values, 0, floats.values.length, smoothing, trend);
  },
};
