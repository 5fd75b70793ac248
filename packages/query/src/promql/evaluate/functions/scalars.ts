import type { VectorSeries } from '../values.ts';

/** `scalar(v)`: the one float of a step; NaN where there is none or are several. */
export function scalarOf(series: readonly VectorSeries[], steps: number): Float64Array {
  const values = new Float64Array(steps).fill(Number.NaN);
  const found = new Uint32Array(steps);
  for (const { present, values: own, histograms } of series) {
    for (let step = 0; step < steps; step++) {
      if (present[step] === 0 || histograms?.[step]) continue;
      values[step] = found[step]!++ === 0 ? own[step]! : Number.NaN;
    }
  }
  return values;
}
