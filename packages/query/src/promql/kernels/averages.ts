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

/** Sums and compensations of two windows, of the first and of the second. */
const two = new Float64Array(4);

/** As `sumOf` adds, of `count` values from `a` and from `b` on: an addition waits for the one before it, so that two series of them take the time of one. */
function addTwo(values: Float64Array, a: number, b: number, count: number): void {
  let sumA = values[a]!;
  let sumB = values[b]!;
  let compensationA = 0;
  let compensationB = 0;
  for (let i = 1; i < count; i++) {
    const valueA = values[a + i]!;
    const valueB = values[b + i]!;
    const totalA = sumA + valueA;
    const totalB = sumB + valueB;
    const addedA = totalA - sumA;
    const addedB = totalB - sumB;
    compensationA += sumA - (totalA - addedA) + (valueA - addedA);
    compensationB += sumB - (totalB - addedB) + (valueB - addedB);
    sumA = totalA;
    sumB = totalB;
  }
  two[0] = sumA;
  two[1] = compensationA;
  two[2] = sumB;
  two[3] = compensationB;
}

/** The mean of each window: windows of as many values two by two, others and those whose sum overflows as `averageOf` has it. */
export const averageFloats: Kernel['floats'] = ({ samples, grid }, { low, high }, output) => {
  const { values } = samples;
  const steps = grid.count;
  const alone = (step: number): void => {
    if (high[step]! <= low[step]!) return;
    output.values[step] = averageOf(values, low[step]!, high[step]!);
    output.present[step] = 1;
  };
  for (let step = 0; step < steps; step += 2) {
    const count = high[step]! - low[step]!;
    const next = step + 1 < steps ? high[step + 1]! - low[step + 1]! : 0;
    const paired = count > 0 && next === count;
    // A sum that is no finite number was one on the way, or became too large.
    if (paired) addTwo(values, low[step]!, low[step + 1]!, count);
    if (!paired || two[0]! - two[0]! !== 0 || two[2]! - two[2]! !== 0) {
      alone(step);
      if (step + 1 < steps) alone(step + 1);
      continue;
    }
    output.values[step] = two[0]! / count + two[1]! / count;
    output.values[step + 1] = two[2]! / count + two[3]! / count;
    output.present[step] = output.present[step + 1] = 1;
  }
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
