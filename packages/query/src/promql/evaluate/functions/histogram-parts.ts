import type { FloatHistogram } from '../../histogram/float-histogram.ts';
import { histogramAverage, histogramDeviation, histogramVariance } from '../../histogram/histogram.ts';
import type { FunctionInput, VectorFunction } from './input.ts';

const parts: Readonly<Record<string, (histogram: FloatHistogram) => number>> = {
  histogram_count: ({ count }) => count,
  histogram_sum: ({ sum }) => sum,
  histogram_avg: histogramAverage,
  histogram_stddev: histogramDeviation,
  histogram_stdvar: histogramVariance,
};

/** One number of each native histogram; floats are left out. */
export const histogramParts: ReadonlyMap<string, VectorFunction> = new Map(
  Object.entries(parts).map(([name, part]) => [name, (input: FunctionInput) => partsOf(input, part)]),
);

function partsOf(input: FunctionInput, part: (histogram: FloatHistogram) => number) {
  const steps = input.grid.count;
  return input.vector(0).flatMap(({ labels, histograms }) => {
    if (!histograms) return [];
    const values = new Float64Array(steps);
    const present = new Uint8Array(steps);
    histograms.forEach((histogram, step) => {
      if (!histogram) return;
      values[step] = part(histogram);
      present[step] = 1;
    });
    return [{ labels, values, present, dropName: true }];
  });
}
