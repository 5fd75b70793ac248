import type { FloatHistogram, SampleColumns } from '@sightline/query/promql';
import { sampleCapacity, times as timesAt, values as valuesAt } from '../vector/layout.ts';
import type { Vectors } from '../vector/vectors.ts';

/** Columns of samples that grow and are used again. `values` are only ever copied by typed arrays: a NaN keeps its bits. */
export class SampleBuffer implements SampleColumns {
  count = 0;
  times: Float64Array;
  values: Float64Array;
  /** Known of what was appended since `clear` by chunks and by `appendFloats`; whoever writes the columns by himself calls `unknown`. */
  numbersAlone = false;
  rising = false;
  /** Whose memory the columns lie in, as long as they have room there. */
  readonly #vectors: Vectors | undefined;
  /** Filled only when `hasHistograms`. */
  #histograms: (FloatHistogram | undefined)[] | undefined;
  #startTimes: Float64Array | undefined;

  /** `capacity` samples at first; as many as `vectors` have room for where they are given. */
  constructor(capacity = 1024, vectors?: Vectors) {
    this.#vectors = vectors;
    this.times = vectors?.doubles(timesAt, sampleCapacity) ?? new Float64Array(capacity);
    this.values = vectors?.doubles(valuesAt, sampleCapacity) ?? new Float64Array(capacity);
  }

  /** Those in whose memory the columns lie. */
  get vectors(): Vectors | undefined {
    return this.times.buffer === this.#vectors?.bytes.buffer ? this.#vectors : undefined;
  }

  get histograms(): (FloatHistogram | undefined)[] | undefined {
    return this.#histograms;
  }
  get startTimes(): Float64Array | undefined {
    return this.#startTimes;
  }

  clear(): void {
    if (this.#vectors && !this.vectors) {
      this.times = this.#vectors.doubles(timesAt, sampleCapacity);
      this.values = this.#vectors.doubles(valuesAt, sampleCapacity);
    }
    this.count = 0;
    this.numbersAlone = true;
    this.rising = true;
    this.#histograms = undefined;
    this.#startTimes = undefined;
  }

  /** Nothing is known of the values any more. */
  unknown(): void {
    this.numbersAlone = false;
    this.rising = false;
  }

  /** What is known of the values from `from` on, which were appended last. */
  learn(from: number, numbersAlone: boolean, rising: boolean): void {
    this.numbersAlone &&= numbersAlone;
    this.rising &&= rising && (from === 0 || (this.values[from - 1] ?? 0) <= (this.values[from] ?? 0));
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
    if (this.numbersAlone) this.#look(this.count, this.count + count);
    this.#startTimes?.fill(0, this.count, this.count + count);
    if (this.#histograms) this.#histograms.length = this.count;
    this.count += count;
  }

  /** Learns of values by looking at each. */
  #look(from: number, to: number): void {
    const { values } = this;
    let rising = true;
    let numbersAlone = true;
    for (let i = from; i < to; i++) {
      const value = values[i] ?? 0;
      if (Number.isNaN(value)) numbersAlone = false;
      if (i > from && !(value >= (values[i - 1] ?? 0))) rising = false;
    }
    if (to > from) this.learn(from, numbersAlone, rising);
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
