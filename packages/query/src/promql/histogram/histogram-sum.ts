import { combineInto, divideHistogram, hasOverflow, type Combination } from './arithmetic.ts';
import type { FloatHistogram } from './float-histogram.ts';
import type { Side } from './side.ts';
import { histogramOf, workingOf, type Working } from './working.ts';

/** Adds histograms up without losing what each addition rounds away, as Prometheus' `sum` and `sum_over_time` do. */
export class HistogramSum {
  #working: Working;

  constructor(first: FloatHistogram) {
    this.#working = compensating(first);
  }

  /** `undefined` when `histogram` cannot be added (exponential and custom buckets); the sum stays as it was. */
  add(histogram: FloatHistogram): Combination | undefined {
    return combineInto(this.#working, workingOf(histogram), 1);
  }

  value(): FloatHistogram {
    return settled(this.#working);
  }
}

/** The mean of histograms. Adds up as long as doubles reach, then goes on with the mean so far. */
export class HistogramMean {
  #working: Working;
  #count = 1;
  #incremental = false;

  constructor(first: FloatHistogram) {
    this.#working = compensating(first);
  }

  add(histogram: FloatHistogram): Combination | undefined {
    const count = this.#count + 1;
    if (!this.#incremental) {
      const next = copied(this.#working);
      const combination = combineInto(next, workingOf(histogram), 1);
      if (combination === undefined) return undefined;
      if (!hasOverflow(histogramOf(next))) {
        this.#working = next;
        this.#count = count;
        return combination;
      }
      this.#incremental = true;
      scale(this.#working, (value) => value / (count - 1));
    }
    scale(this.#working, (value) => value * ((count - 1) / count));
    const combination = combineInto(this.#working, workingOf(divideHistogram(histogram, count)), 1);
    if (combination !== undefined) this.#count = count;
    return combination;
  }

  value(): FloatHistogram {
    if (this.#incremental) return settled(this.#working);
    const working = copied(this.#working);
    scale(working, (value) => value / this.#count);
    return settled(working);
  }
}

function compensating(first: FloatHistogram): Working {
  const working = workingOf(first);
  working.lost = { zeroCount: 0, count: 0, sum: 0 };
  working.positive = { ...working.positive, losses: working.positive.counts.map(() => 0) };
  working.negative = { ...working.negative, losses: working.negative.counts.map(() => 0) };
  return working;
}

function copied(working: Working): Working {
  return { ...working, lost: working.lost && { ...working.lost } };
}

function scale(working: Working, by: (value: number) => number): void {
  const scaled = (side: Side): Side => ({
    indexes: side.indexes,
    counts: side.counts.map(by),
    losses: (side.losses ?? []).map(by),
  });
  working.zeroCount = by(working.zeroCount);
  working.count = by(working.count);
  working.sum = by(working.sum);
  if (working.lost !== undefined) {
    working.lost = {
      zeroCount: by(working.lost.zeroCount),
      count: by(working.lost.count),
      sum: by(working.lost.sum),
    };
  }
  working.positive = scaled(working.positive);
  working.negative = scaled(working.negative);
}

/** With the losses added, once and last. */
function settled(working: Working): FloatHistogram {
  const sides = (side: Side): Side => ({
    indexes: side.indexes,
    counts: side.counts.map((count, at) => count + (side.losses?.[at] ?? 0)),
  });
  return histogramOf({
    ...working,
    zeroCount: working.zeroCount + (working.lost?.zeroCount ?? 0),
    count: working.count + (working.lost?.count ?? 0),
    sum: working.sum + (working.lost?.sum ?? 0),
    positive: sides(working.positive),
    negative: sides(working.negative),
  });
}
