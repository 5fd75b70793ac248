import type { BucketSpan, FloatHistogram } from '@sightline/record';

/** Buckets of both sides together; beyond, two and two are joined. */
const bucketsLimit = 160;
const finest = 3;
const coarsest = -4;
const zeroThreshold = 1e-128;

/** Observations as a native histogram that grows: eight buckets to a doubling (9 %), coarser where that makes too many. */
export class GrowingHistogram {
  count = 0;
  sum = 0;
  #schema = finest;
  #zeroCount = 0;
  #positive = new Map<number, number>();
  #negative = new Map<number, number>();

  observe(value: number, weight: number): void {
    this.count += weight;
    this.sum += value * weight;
    const size = Math.abs(value);
    if (size <= zeroThreshold) {
      this.#zeroCount += weight;
      return;
    }
    const side = value > 0 ? this.#positive : this.#negative;
    // Bucket i holds (base^(i-1), base^i].
    const index = Math.ceil(Math.log2(size) * 2 ** this.#schema);
    side.set(index, (side.get(index) ?? 0) + weight);
    while (this.#positive.size + this.#negative.size > bucketsLimit && this.#schema > coarsest) this.#coarsen();
  }

  native(): FloatHistogram {
    const positive = spansOf(this.#positive);
    const negative = spansOf(this.#negative);
    return {
      counterResetHint: 0,
      schema: this.#schema,
      zeroThreshold,
      zeroCount: this.#zeroCount,
      count: this.count,
      sum: this.sum,
      positiveSpans: positive.spans,
      negativeSpans: negative.spans,
      positiveBuckets: positive.buckets,
      negativeBuckets: negative.buckets,
      customValues: [],
    };
  }

  #coarsen(): void {
    this.#schema--;
    this.#positive = joined(this.#positive);
    this.#negative = joined(this.#negative);
  }
}

function joined(side: ReadonlyMap<number, number>): Map<number, number> {
  const result = new Map<number, number>();
  for (const [index, count] of side) {
    const coarser = Math.ceil(index / 2);
    result.set(coarser, (result.get(coarser) ?? 0) + count);
  }
  return result;
}

function spansOf(side: ReadonlyMap<number, number>): { readonly spans: BucketSpan[]; readonly buckets: number[] } {
  const spans: { offset: number; length: number }[] = [];
  const buckets: number[] = [];
  let end = 0;
  for (const [index, count] of [...side].sort(([a], [b]) => a - b)) {
    const last = spans.at(-1);
    if (last && index === end) last.length++;
    else spans.push({ offset: last ? index - end : index, length: 1 });
    buckets.push(count);
    end = index + 1;
  }
  return { spans, buckets };
}
