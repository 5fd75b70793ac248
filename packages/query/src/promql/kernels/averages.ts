import type { Kernel } from './kernel.ts';
import { CompensatedSum } from './sums.ts';

/** Values `from` to `to - 1`. */
export type FloatsOfWindow = (values: ArrayLike<number>, from: number, to: number) => number;

/** The rounding error of each addition is exact and has no branch (Knuth's two-sum): the same numbers as Prometheus' Kahan sum. */
export const sumOf: FloatsOfWindow = (values, from, to) => {
  let sum = 0;
  let compensation = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    const total = sum + value;
    const added = total - sum;
    compensation += sum - (total - added) + (value - added);
    sum = total;
  }
  return sum === Infinity || sum === -Infinity ? sum : sum + compensation;
};

const mean = new CompensatedSum();

/** The mean of the sum; where the sum would overflow, the running mean from there on, as Prometheus does. */
export const averageOf: FloatsOfWindow = (values, from, to) => {
  let sum = values[from]!;
  let compensation = 0;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) return runningMean(values, from, i, to, sum, compensation);
    const added = total - sum;
    compensation += sum - (total - added) + (value - added);
    sum = total;
  }
  const count = to - from;
  return sum / count + compensation / count;
};

function runningMean(
  values: ArrayLike<number>,
  from: number,
  at: number,
  to: number,
  sum: number,
  compensation: number,
): number {
  mean.reset(sum / (at - from), compensation / (at - from));
  for (let i = at; i < to; i++) {
    const count = i - from + 1;
    const kept = (count - 1) / count;
    mean.reset(kept * mean.sum, kept * mean.compensation);
    mean.add(values[i]! / count);
  }
  return mean.sum + mean.compensation;
}

const moments = [new CompensatedSum(), new CompensatedSum()] as const;

export const varianceOf: FloatsOfWindow = (values, from, to) => {
  const [average, squares] = moments;
  average.reset();
  squares.reset();
  let count = 0;
  for (let i = from; i < to; i++) {
    count++;
    const value = values[i]!;
    const difference = value - (average.sum + average.compensation);
    average.add(difference / count);
    squares.add(difference * (value - (average.sum + average.compensation)));
  }
  return (squares.sum + squares.compensation) / count;
};

/** The loop over the steps of what one window's floats decide. */
export function overWindows(of: FloatsOfWindow): Kernel['floats'] {
  return ({ samples, grid }, { low, high }, output) => {
    const { values } = samples;
    const steps = grid.count;
    for (let step = 0; step < steps; step++) {
      const from = low[step]!;
      const to = high[step]!;
      if (to <= from) continue;
      output.values[step] = of(values, from, to);
      output.present[step] = 1;
    }
  };
}
