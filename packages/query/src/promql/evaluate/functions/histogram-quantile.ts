import { histogramFraction, histogramQuantile, type NanNote } from '../../histogram/histogram.ts';
import { invalidQuantile } from '../../kernels/quantile.ts';
import { named } from '../annotations.ts';
import { timeAt } from '../evaluation.ts';
import { formatOpenMetrics } from '../number-format.ts';
import { mergeSame, type VectorSeries } from '../values.ts';
import { bucketFraction, bucketQuantile } from './classic-buckets.ts';
import { HistogramVector } from './histogram-vector.ts';
import type { FunctionInput, VectorFunction } from './input.ts';

const nanNotes: Readonly<Record<NanNote, string>> = {
  'nan-result': 'input to histogram_quantile has NaN observations, result is NaN',
  'nan-skew': 'input to histogram_quantile has NaN observations, result is skewed higher',
};

function warnOfQuantiles({ evaluation }: FunctionInput, quantiles: Float64Array, position: number): void {
  for (const q of quantiles) if (!(q >= 0 && q <= 1)) evaluation.annotations.warn(invalidQuantile(q), position);
}

function quantilesOf(
  input: FunctionInput,
  vector: HistogramVector,
  quantiles: Float64Array,
  position: number,
): VectorSeries[] {
  const { evaluation, grid } = input;
  const natives = vector.natives((histogram, metric, step) => {
    const { value, note } = histogramQuantile(quantiles[step]!, histogram);
    if (note) evaluation.annotations.info(nanNotes[note] + named(metric), position);
    return value;
  });
  const classics = vector.classics((buckets, metric, step) => {
    const { value, fix } = bucketQuantile(quantiles[step]!, buckets);
    if (fix) evaluation.annotations.forcedMonotonicity(metric, position, timeAt(grid, step), fix);
    return value;
  });
  return [...natives, ...classics];
}

/** `histogram_quantile(q, v)`. */
export const quantile: VectorFunction = (input) => {
  warnOfQuantiles(input, input.scalar(0), input.position(0));
  const vector = new HistogramVector(input, 1);
  return mergeSame(quantilesOf(input, vector, input.scalar(0), input.position(1)));
};

/** `histogram_quantiles(v, "label", q…)`: each quantile in a label. */
export const quantiles: VectorFunction = (input) => {
  const label = input.text(1);
  for (let index = 2; index < input.count; index++) {
    warnOfQuantiles(input, input.scalar(index), input.position(index));
  }
  const vector = new HistogramVector(input, 0);
  const steps = input.grid.count;
  return Array.from({ length: input.count - 2 }, (_, index) => input.scalar(index + 2)).flatMap((asked) => {
    const all = quantilesOf(input, vector, asked, input.position(0));
    // A quantile may change from step to step: a series for each of its values.
    const distinct = [...new Set(Array.from(asked, (q) => (Number.isNaN(q) ? 'NaN' : formatOpenMetrics(q))))];
    return distinct.flatMap((text) =>
      all.map((series) => {
        const labels = { ...series.labels, [label]: text };
        if (distinct.length === 1) return { ...series, labels };
        const present = new Uint8Array(steps);
        for (let step = 0; step < steps; step++) {
          if (formatOpenMetrics(asked[step]!) === text) present[step] = series.present[step]!;
        }
        return { ...series, labels, present };
      }),
    );
  });
};

/** `histogram_fraction(lower, upper, v)`. */
export const fraction: VectorFunction = (input) => {
  const [lower, upper] = [input.scalar(0), input.scalar(1)];
  const vector = new HistogramVector(input, 2);
  const natives = vector.natives((histogram, metric, step) => {
    const { value, note } = histogramFraction(lower[step]!, upper[step]!, histogram);
    if (note) {
      const message = `input to histogram_fraction has NaN observations, which are excluded from all fractions${named(metric)}`;
      input.evaluation.annotations.info(message, input.position(2));
    }
    return value;
  });
  const classics = vector.classics((buckets, _metric, step) => bucketFraction(lower[step]!, upper[step]!, buckets));
  return mergeSame([...natives, ...classics]);
};
