import type { FloatHistogram } from '../../histogram/float-histogram.ts';
import type { Labels } from '../../source.ts';
import { named } from '../annotations.ts';
import { keyOf, type VectorSeries } from '../values.ts';
import type { Buckets } from './classic-buckets.ts';
import type { FunctionInput } from './input.ts';

/** Buckets of one classic histogram: series in order of their bounds. */
interface ClassicHistogram {
  readonly labels: Labels;
  readonly metric: string;
  readonly members: { readonly bound: number; readonly series: VectorSeries }[];
  /** The native histogram with the same labels; where both have a value, neither counts. */
  native?: VectorSeries;
}

/** Go's `ParseFloat`, for what stands in `le`: undefined where it is no number. */
function readBound(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (word) return word[2]!.toLowerCase() === 'nan' ? Number.NaN : word[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return undefined;
  return Number(text);
}

/** What `histogram_quantile` and its like read: the histograms of a vector, native and classic ones. */
export class HistogramVector {
  readonly #input: FunctionInput;
  readonly #position: number;
  readonly #natives: VectorSeries[] = [];
  readonly #classics = new Map<string, ClassicHistogram>();

  constructor(input: FunctionInput, index: number) {
    this.#input = input;
    this.#position = input.position(index);
    for (const series of input.vector(index)) this.#sort(series);
    for (const series of this.#natives) {
      const classic = this.#classics.get(keyOf(series.labels));
      if (classic) classic.native = series;
    }
  }

  #sort(series: VectorSeries): void {
    const { labels, histograms, present } = series;
    if (histograms) {
      this.#natives.push(series);
      if (!present.some((one, step) => one === 1 && !histograms[step])) return;
    }
    const { le, ...rest } = labels;
    const metric = labels['__name__'] ?? '';
    const bound = readBound(le);
    if (bound === undefined) {
      if (!present.includes(1)) return;
      const message = `bucket label "le" is missing or has a malformed value of ${JSON.stringify(le ?? '')}${named(metric)}`;
      this.#input.evaluation.annotations.warn(message, this.#position);
      return;
    }
    const key = keyOf(rest);
    let classic = this.#classics.get(key);
    if (!classic) this.#classics.set(key, (classic = { labels: rest, metric, members: [] }));
    classic.members.push({ bound, series });
  }

  /** A new series for each native histogram: `of` is its value at a step. */
  natives(of: (histogram: FloatHistogram, metric: string, step: number) => number): VectorSeries[] {
    const classics = new Map([...this.#classics.values()].flatMap((one) => (one.native ? [[one.native, one]] : [])));
    return this.#natives.map((series) => {
      const classic = classics.get(series);
      const metric = series.labels['__name__'] ?? '';
      return this.#values(series.labels, (step) => {
        const histogram = series.histograms?.[step];
        if (!histogram || (classic && hasBuckets(classic, step))) return undefined;
        return of(histogram, metric, step);
      });
    });
  }

  /** A new series for each classic histogram. The buckets given are the same arrays at each step. */
  classics(of: (buckets: Buckets, metric: string, step: number) => number): VectorSeries[] {
    return [...this.#classics.values()].map((classic) => {
      this.#input.evaluation.limits.check();
      const members = classic.members.sort((left, right) => left.bound - right.bound);
      const buckets = { bounds: new Float64Array(members.length), counts: new Float64Array(members.length), count: 0 };
      return this.#values(classic.labels, (step) => {
        buckets.count = 0;
        for (const { bound, series } of members) {
          if (series.present[step] === 0 || series.histograms?.[step]) continue;
          const last = buckets.count - 1;
          if (last >= 0 && buckets.bounds[last] === bound) {
            buckets.counts[last]! += series.values[step]!;
          } else {
            buckets.bounds[buckets.count] = bound;
            buckets.counts[buckets.count++] = series.values[step]!;
          }
        }
        if (buckets.count === 0) return undefined;
        if (classic.native?.histograms?.[step]) {
          const message = `vector contains a mix of classic and native histograms${named(classic.metric)}`;
          this.#input.evaluation.annotations.warn(message, this.#position);
          return undefined;
        }
        return of(buckets, classic.metric, step);
      });
    });
  }

  #values(labels: Labels, of: (step: number) => number | undefined): VectorSeries {
    const steps = this.#input.grid.count;
    const values = new Float64Array(steps);
    const present = new Uint8Array(steps);
    for (let step = 0; step < steps; step++) {
      const value = of(step);
      if (value === undefined) continue;
      values[step] = value;
      present[step] = 1;
    }
    return { labels, values, present, dropName: true };
  }
}

function hasBuckets({ members }: ClassicHistogram, step: number): boolean {
  return members.some(({ series }) => series.present[step] === 1 && !series.histograms?.[step]);
}
