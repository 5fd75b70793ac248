import { exponentialBound } from './bounds.ts';
import { addCompensated, lost } from './compensation.ts';
import { customBucketsSchema, type CounterResetHint, type FloatHistogram } from './float-histogram.ts';
import { innerBound, noBuckets, sideOf, spansOf, withoutEmpty, type Side } from './side.ts';

/** A histogram while it is computed with: buckets by index. */
export interface Working {
  hint: CounterResetHint;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  count: number;
  sum: number;
  positive: Side;
  negative: Side;
  customValues: readonly number[];
  /** Losses of the three numbers; `undefined` while sums are not compensated. */
  lost: { zeroCount: number; count: number; sum: number } | undefined;
}

export function workingOf(histogram: FloatHistogram): Working {
  return {
    hint: histogram.counterResetHint,
    schema: histogram.schema,
    zeroThreshold: histogram.zeroThreshold,
    zeroCount: histogram.zeroCount,
    count: histogram.count,
    sum: histogram.sum,
    positive: sideOf(histogram.positiveSpans, histogram.positiveBuckets),
    negative:
      histogram.negativeBuckets.length === 0 ? noBuckets : sideOf(histogram.negativeSpans, histogram.negativeBuckets),
    customValues: histogram.customValues,
    lost: undefined,
  };
}

export function histogramOf(working: Working): FloatHistogram {
  return {
    counterResetHint: working.hint,
    schema: working.schema,
    zeroThreshold: working.zeroThreshold,
    zeroCount: working.zeroCount,
    count: working.count,
    sum: working.sum,
    positiveSpans: spansOf(working.positive),
    negativeSpans: spansOf(working.negative),
    positiveBuckets: working.positive.counts,
    negativeBuckets: working.negative.counts,
    customValues: working.customValues,
  };
}

/** A histogram with custom buckets: these have no zero bucket and no negative side. */
export function isCustom(histogram: { readonly schema: number }): boolean {
  return histogram.schema === customBucketsSchema;
}

export interface WidenedZero {
  readonly threshold: number;
  readonly zeroCount: number;
  readonly loss: number;
}

/**
 * The zero bucket as it is with a threshold of at least `threshold`. Where that falls inside a populated bucket, the threshold grows
 * to the far end of it: a bucket is not divided.
 */
export function widenedZero(working: Working, threshold: number): WidenedZero {
  if (threshold === working.zeroThreshold)
    return { threshold, zeroCount: working.zeroCount, loss: working.lost?.zeroCount ?? 0 };
  let wide = threshold;
  for (;;) {
    let zeroCount = working.zeroCount;
    let loss = working.lost?.zeroCount ?? 0;
    let grown = wide;
    for (const side of [working.positive, working.negative]) {
      for (const [at, index] of side.indexes.entries()) {
        if (innerBound(index, working.schema) >= grown) break;
        const count = side.counts[at] ?? 0;
        zeroCount = addCompensated(count, zeroCount, loss);
        zeroCount = addCompensated(side.losses?.[at] ?? 0, zeroCount, lost);
        loss = lost;
        const outer = exponentialBound(index, working.schema);
        if (outer <= grown) continue;
        if (count !== 0) grown = outer;
        break;
      }
    }
    // A threshold that grew on the negative side may reach further on the positive side: once more from the start.
    if (grown === wide) return { threshold: wide, zeroCount, loss };
    wide = grown;
  }
}

/** Makes the zero bucket that wide and takes the buckets inside it away. */
export function widenZero(working: Working, threshold: number): void {
  const zero = widenedZero(working, threshold);
  working.zeroThreshold = zero.threshold;
  if (working.lost === undefined) working.zeroCount = zero.zeroCount + zero.loss;
  else {
    working.zeroCount = zero.zeroCount;
    working.lost.zeroCount = zero.loss;
  }
  working.positive = outside(working.positive, working);
  working.negative = outside(working.negative, working);
}

function outside(side: Side, { schema, zeroThreshold }: Working): Side {
  const first = side.indexes.findIndex((index) => innerBound(index, schema) >= zeroThreshold);
  const from = first < 0 ? side.indexes.length : first;
  return withoutEmpty({
    indexes: side.indexes.slice(from),
    counts: side.counts.slice(from),
    ...(side.losses === undefined ? {} : { losses: side.losses.slice(from) }),
  });
}
