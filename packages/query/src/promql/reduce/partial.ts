import type { Reduction, SeriesValues } from '../source.ts';

/**
 * A group's aggregation in the making: plain arrays of the grid's length, so that a worker can hand it on. `counts` is how many
 * series had a value at a step; `compensation` belongs to compensated sums and means; `running` marks the steps of an `avg` whose
 * sum would have overflowed, where `values` is the mean so far.
 */
export interface PartialGroup {
  readonly values: Float64Array;
  readonly counts: Float64Array;
  readonly compensation: Float64Array;
  running?: Uint8Array;
}

type Operator = Reduction['operator'];

const isCompensated = (operator: Operator): boolean => operator === 'sum' || operator === 'avg';

/** Room for the columns of many groups in two pieces of memory: what becomes of the values lives on, the rest does not. */
export class PartialRoom {
  readonly #operator: Operator;
  readonly #steps: number;
  #values: Float64Array;
  #rest: Float64Array;

  /** For so many groups; others are given memory of their own. */
  constructor(operator: Operator, steps: number, groups: number) {
    this.#operator = operator;
    this.#steps = steps;
    this.#values = new Float64Array(groups * steps);
    this.#rest = new Float64Array(groups * steps * (isCompensated(operator) ? 2 : 1));
  }

  take(): PartialGroup {
    const steps = this.#steps;
    const rest = isCompensated(this.#operator) ? 2 * steps : steps;
    if (this.#values.length < steps || this.#rest.length < rest) return newPartial(this.#operator, steps);
    const group = {
      values: this.#values.subarray(0, steps),
      counts: this.#rest.subarray(0, steps),
      compensation: this.#rest.subarray(steps, rest),
    };
    this.#values = this.#values.subarray(steps);
    this.#rest = this.#rest.subarray(rest);
    return group;
  }
}

export function newPartial(operator: Operator, steps: number): PartialGroup {
  return {
    values: new Float64Array(steps),
    counts: new Float64Array(steps),
    compensation: new Float64Array(isCompensated(operator) ? steps : 0),
  };
}

function isInfinite(value: number): boolean {
  return value === Infinity || value === -Infinity;
}

function addCompensated(partial: PartialGroup, step: number, value: number): void {
  const sum = partial.values[step]!;
  const total = sum + value;
  if (isInfinite(total)) partial.compensation[step] = 0;
  else if (Math.abs(sum) >= Math.abs(value)) partial.compensation[step]! += sum - total + value;
  else partial.compensation[step]! += value - total + sum;
  partial.values[step] = total;
}

/** Adds one series to its group, or its steps `from` to `to` (excluded); histograms must not be among its values. */
export function accumulate(
  operator: Operator,
  partial: PartialGroup,
  series: SeriesValues,
  from = 0,
  to = partial.values.length,
): void {
  const { values, present } = series;
  const { counts } = partial;
  const into = partial.values;
  switch (operator) {
    case 'sum': {
      const { compensation } = partial;
      for (let step = from; step < to; step++) {
        if (present[step] === 0) continue;
        const value = values[step]!;
        const sum = into[step]!;
        const total = sum + value;
        // Knuth's two-sum: the rounding error without a branch, the same number as Kahan's and Neumaier's form gives.
        const added = total - sum;
        compensation[step] = compensation[step]! + (sum - (total - added) + (value - added));
        into[step] = total;
        counts[step] = counts[step]! + 1;
      }
      return;
    }
    case 'avg': {
      const { compensation, running } = partial;
      for (let step = from; step < to; step++) {
        if (present[step] === 0) continue;
        const value = values[step]!;
        const sum = into[step]!;
        const total = sum + value;
        if (running?.[step] === 1 || total === Infinity || total === -Infinity) {
          average(partial, step, value);
          continue;
        }
        const added = total - sum;
        compensation[step] = compensation[step]! + (sum - (total - added) + (value - added));
        into[step] = total;
        counts[step] = counts[step]! + 1;
      }
      return;
    }
    case 'min':
    case 'max': {
      const sign = operator === 'max' ? 1 : -1;
      for (let step = from; step < to; step++) {
        if (present[step] === 0) continue;
        const value = values[step]!;
        const best = into[step]!;
        if (counts[step]!++ === 0 || best * sign < value * sign || Number.isNaN(best)) into[step] = value;
      }
      return;
    }
    case 'count':
    case 'group':
      for (let step = from; step < to; step++) counts[step]! += present[step]!;
  }
}

function average(partial: PartialGroup, step: number, value: number): void {
  const count = ++partial.counts[step]!;
  if (partial.running?.[step] !== 1) {
    if (count === 1 || !isInfinite(partial.values[step]! + value)) {
      if (count === 1) partial.values[step] = value;
      else addCompensated(partial, step, value);
      return;
    }
    toRunning(partial, step, count - 1);
  }
  const kept = (count - 1) / count;
  partial.values[step]! *= kept;
  partial.compensation[step]! *= kept;
  addCompensated(partial, step, value / count);
}

/** From here on the step holds the mean of its `count` values instead of their sum. */
function toRunning(partial: PartialGroup, step: number, count: number): void {
  partial.running ??= new Uint8Array(partial.values.length);
  partial.running[step] = 1;
  partial.values[step]! /= count;
  partial.compensation[step]! /= count;
}

/** Adds `other` to `partial`: the halves of two workers. */
export function mergePartial(operator: Operator, partial: PartialGroup, other: PartialGroup): void {
  const steps = partial.values.length;
  for (let step = 0; step < steps; step++) {
    const count = other.counts[step]!;
    if (count === 0) continue;
    const value = other.values[step]!;
    if (operator === 'count' || operator === 'group') {
      partial.counts[step]! += count;
    } else if (partial.counts[step] === 0) {
      partial.counts[step] = count;
      partial.values[step] = value;
      if (partial.compensation.length > 0) partial.compensation[step] = other.compensation[step]!;
      if (other.running?.[step] === 1) (partial.running ??= new Uint8Array(steps))[step] = 1;
    } else if (operator === 'sum') {
      partial.counts[step]! += count;
      addCompensated(partial, step, value);
      if (!isInfinite(partial.values[step]!)) partial.compensation[step]! += other.compensation[step]!;
    } else if (operator === 'avg') {
      mergeAverages(partial, other, step);
    } else {
      const sign = operator === 'max' ? 1 : -1;
      const best = partial.values[step]!;
      partial.counts[step]! += count;
      if (best * sign < value * sign || Number.isNaN(best)) partial.values[step] = value;
    }
  }
}

function mergeAverages(partial: PartialGroup, other: PartialGroup, step: number): void {
  const own = partial.counts[step]!;
  const more = other.counts[step]!;
  const running = partial.running?.[step] === 1;
  const otherRunning = other.running?.[step] === 1;
  partial.counts[step] = own + more;
  if (!running && !otherRunning && !isInfinite(partial.values[step]! + other.values[step]!)) {
    addCompensated(partial, step, other.values[step]!);
    partial.compensation[step]! += other.compensation[step]!;
    return;
  }
  if (!running) toRunning(partial, step, own);
  const share = more / (own + more);
  const mean = otherRunning ? other.values[step]! : other.values[step]! / more;
  const compensation = otherRunning ? other.compensation[step]! : other.compensation[step]! / more;
  partial.values[step]! *= 1 - share;
  partial.compensation[step] = partial.compensation[step]! * (1 - share) + compensation * share;
  addCompensated(partial, step, mean * share);
}

/** The group's values. The arrays are the partial's own. */
export function finishPartial(operator: Operator, partial: PartialGroup): SeriesValues {
  const { values, counts, compensation, running } = partial;
  const steps = values.length;
  const present = new Uint8Array(steps);
  for (let step = 0; step < steps; step++) {
    const count = counts[step]!;
    if (count === 0) continue;
    present[step] = 1;
    // An infinite sum has no error to make up for, only a NaN.
    if (operator === 'sum')
      values[step] = isInfinite(values[step]!) ? values[step]! : values[step]! + compensation[step]!;
    else if (operator === 'count') values[step] = count;
    else if (operator === 'group') values[step] = 1;
    else if (operator === 'avg') {
      if (running?.[step] === 1) values[step]! += compensation[step]!;
      else values[step] = values[step]! / count + compensation[step]! / count;
    }
  }
  return { values, present };
}
