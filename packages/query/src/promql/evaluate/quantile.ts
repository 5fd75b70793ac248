import type { Aggregate } from '../ast.ts';
import { invalidQuantile, quantileOf } from '../kernels/quantile.ts';
import type { SeriesValues } from '../source.ts';
import type { Evaluation } from './evaluation.ts';
import { noteIgnored } from './ignored.ts';
import { eachRow } from './step-rows.ts';
import type { VectorSeries } from './values.ts';

/** Says which quantiles of a parameter are outside 0 to 1: a NaN, the greatest, the least. */
export function checkQuantiles({ annotations }: Evaluation, quantiles: Float64Array, position: number): void {
  let least = Infinity;
  let greatest = -Infinity;
  for (const q of quantiles) {
    if (Number.isNaN(q)) annotations.warn(invalidQuantile(q), position);
    if (q < least) least = q;
    if (q > greatest) greatest = q;
  }
  if (greatest > 1) annotations.warn(invalidQuantile(greatest), position);
  if (least < 0) annotations.warn(invalidQuantile(least), position);
}

/** `quantile(q, …)` over a group. */
export function quantileOfGroup(
  evaluation: Evaluation,
  node: Aggregate,
  members: readonly VectorSeries[],
  quantiles: Float64Array,
  steps: number,
): SeriesValues {
  const values = new Float64Array(steps);
  const present = new Uint8Array(steps);
  eachRow(
    members,
    steps,
    (step, row) => {
      values[step] = quantileOf(quantiles[step]!, row.values, 0, row.values.length);
      present[step] = 1;
    },
    () => noteIgnored(evaluation, node),
  );
  return { values, present };
}
