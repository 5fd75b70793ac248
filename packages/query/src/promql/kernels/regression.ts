import { type Kernel, type KernelInput, parameterAt } from './kernel.ts';
import { CompensatedSum } from './sums.ts';

const sumX = new CompensatedSum();
const sumY = new CompensatedSum();
const sumXY = new CompensatedSum();
const sumX2 = new CompensatedSum();

/** Least squares through samples `from` to `to - 1`: slope per second, and the value at `interceptMs`. */
export function regress(
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  from: number,
  to: number,
  interceptMs: number,
): { readonly slope: number; readonly intercept: number } {
  const first = values[from]!;
  let constant = true;
  for (const sum of [sumX, sumY, sumXY, sumX2]) sum.reset();
  for (let i = from; i < to; i++) {
    const y = values[i]!;
    if (y !== first && i > from) constant = false;
    const x = (times[i]! - interceptMs) / 1000;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumX2.add(x * x);
  }
  if (constant) {
    if (first === Infinity || first === -Infinity) return { slope: Number.NaN, intercept: Number.NaN };
    return { slope: 0, intercept: first };
  }
  const n = to - from;
  const x = sumX.sum + sumX.compensation;
  const y = sumY.sum + sumY.compensation;
  const xy = sumXY.sum + sumXY.compensation;
  const x2 = sumX2.sum + sumX2.compensation;
  const slope = (xy - (x * y) / n) / (x2 - (x * x) / n);
  return { slope, intercept: y / n - (slope * x) / n };
}

export const deriv: Kernel = {
  name: 'deriv',
  floats({ samples, grid }, { low, high }, output) {
    for (let step = 0; step < grid.count; step++) {
      const from = low[step]!;
      if (high[step]! - from < 2) continue;
      output.values[step] = regress(samples.times, samples.values, from, high[step]!, samples.times[from]!).slope;
      output.present[step] = 1;
    }
  },
  mixed({ floats }, notes) {
    if (floats.times.length > 0) notes.info(ignoredHistograms(notes.metric));
    if (floats.times.length < 2) return undefined;
    return regress(floats.times, floats.values, 0, floats.times.length, floats.times[0]!).slope;
  },
};

/** What is said where a window holds both kinds and the function reads floats alone. */
export function ignoredHistograms(metric: string): string {
  return `ignored histograms in a range containing both floats and histograms for metric name ${JSON.stringify(metric)}`;
}

/** The time that a prediction starts from: the evaluation's own, which `offset` and `@` do not move. */
function predictionMs({ call, grid }: Pick<KernelInput, 'call' | 'grid'>, step: number): number {
  return grid.startMs + step * grid.stepMs + (call.parameters.length > 1 ? parameterAt(call, 1, step) : 0);
}

/** `predict_linear`: parameters are seconds ahead and, where the window is shifted, milliseconds from window to evaluation. */
export const predictLinear: Kernel = {
  name: 'predict_linear',
  floats(input, { low, high }, output) {
    const { samples, grid, call } = input;
    for (let step = 0; step < grid.count; step++) {
      if (high[step]! - low[step]! < 2) continue;
      const line = regress(samples.times, samples.values, low[step]!, high[step]!, predictionMs(input, step));
      output.values[step] = line.slope * parameterAt(call, 0, step) + line.intercept;
      output.present[step] = 1;
    }
  },
  mixed({ floats, call, atMs, step }, notes) {
    if (floats.times.length > 0) notes.info(ignoredHistograms(notes.metric));
    if (floats.times.length < 2) return undefined;
    const fromMs = predictionMs({ call, grid: { startMs: atMs, stepMs: 0, count: 1 } }, step);
    const line = regress(floats.times, floats.values, 0, floats.times.length, fromMs);
    return line.slope * parameterAt(call, 0, step) + line.intercept;
  },
};
