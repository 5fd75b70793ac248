import type { Aggregate } from '../ast.ts';
import type { SeriesValues } from '../source.ts';
import type { Evaluation } from './evaluation.ts';
import { noteIgnored } from './ignored.ts';
import type { VectorSeries } from './values.ts';

/** `stddev` and `stdvar` by Welford's method, series after series, as Prometheus does. */
export function varianceOfGroup(
  evaluation: Evaluation,
  node: Aggregate,
  members: readonly VectorSeries[],
  steps: number,
): SeriesValues {
  const mean = new Float64Array(steps);
  const counts = new Float64Array(steps);
  const values = new Float64Array(steps);
  const present = new Uint8Array(steps);
  for (const member of members) {
    for (let step = 0; step < steps; step++) {
      if (member.present[step] === 0) continue;
      if (member.histograms?.[step]) {
        noteIgnored(evaluation, node);
        continue;
      }
      const value = member.values[step]!;
      const count = ++counts[step]!;
      if (count === 1) {
        present[step] = 1;
        mean[step] = value;
        values[step] = Number.isFinite(value) ? 0 : Number.NaN;
        continue;
      }
      const difference = value - mean[step]!;
      mean[step]! += difference / count;
      values[step]! += difference * (value - mean[step]!);
    }
  }
  for (let step = 0; step < steps; step++) {
    const variance = values[step]! / counts[step]!;
    values[step] = node.operator === 'stddev' ? Math.sqrt(variance) : variance;
  }
  return { values, present };
}
