import type { FloatHistogram, SampleColumns } from '@sightline/query/promql';

/** Columns of samples that grow and are used again. `values` are only ever copied by typed arrays: a NaN keeps its bits. */
export class SampleBuffer implements SampleColumns {
  count = 0;
  times: Float64Array;
  values: Float64Array;
  /** Filled only when `hasHistograms`. */
  #histograms: (FloatHistogram | undefined)[] | undefined;
  #startTimes: Float64Array | undefined;

  constructor(capacity = 1024) {
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
  }

  get histograms(): (FloatHistogram | undefined)[] | undefined {
    return this.#histograms;
  }
  get startTimes(): Float64Array | undefined {
    return this.#startTimes;
  }

  clear(): void {
    this.count = 0;
    this.#histograms = undefined;
    this.#startTimes = undefined;
  }

  /** Makes room for `more` samples behind `count`. */
  reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.times.length) return;
    const capacity = Math.max(needed, this.times.length * 2);
    this.times = grown(this.times, capacity);
    this.values = grown(this.values, capacity);
    if (this.#startTimes) this.#startTimes = grown(this.#startTimes, capacity);
  }

  /** Appends `count` samples that lie in `from`: their times at `times`, their values, bit by bit, at `values`. */
  appendFloats(from: Float64Array, times: number, values: number, count: number): void {
    this.reserve(count);
    this.times.set(from.subarray(times, times + count), this.count);
    this.values.set(from.subarray(values, values + count), this.count);
    this.#startTimes?.fill(0, this.count, this.count + count);
    if (this.#histograms) this.#histograms.length = this.count;
    this.count += count;
  }

  /** The histograms' column, made when first needed; entries without a histogram are undefined. */
  withHistograms(): (FloatHistogram | undefined)[] {
    return (this.#histograms ??= []);
  }

  /** The start times' column, made when first needed: 0 is "not known". */
  withStartTimes(): Float64Array {
    return (this.#startTimes ??= new Float64Array(this.times.length));
  }
}

function grown(column: Float64Array, capacity: number): Float64Array {
  const wider = new Float64Array(capacity);
  wider.set(column);
  return wider;
}
