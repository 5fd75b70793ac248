import type { Binary } from '../ast.ts';
import { operate } from './elements.ts';
import { type Evaluation, SeriesBuilder } from './evaluation.ts';
import { arithmetic, comparisons } from './operators.ts';
import type { VectorSeries } from './values.ts';

/** An operation between a vector and a scalar; `scalarFirst` where the scalar stands on the left. */
export function vectorScalar(
  evaluation: Evaluation,
  node: Binary,
  vector: readonly VectorSeries[],
  scalar: Float64Array,
  scalarFirst: boolean,
): VectorSeries[] {
  const drops = node.bool || arithmetic[node.operator] !== undefined;
  return vector.map((series) => {
    evaluation.limits.check();
    const dropName = drops || series.dropName;
    if (series.histograms || node.operator === '</' || node.operator === '>/') {
      return { ...mixed(evaluation, node, series, scalar, scalarFirst), dropName };
    }
    return { ...floats(node, series, scalar, scalarFirst), dropName };
  });
}

function floats(node: Binary, series: VectorSeries, scalar: Float64Array, scalarFirst: boolean): VectorSeries {
  const { labels, values, present, dropName } = series;
  const steps = values.length;
  const of = arithmetic[node.operator];
  if (of) {
    const result = new Float64Array(steps);
    for (let step = 0; step < steps; step++) {
      if (present[step] === 0) continue;
      result[step] = scalarFirst ? of(scalar[step]!, values[step]!) : of(values[step]!, scalar[step]!);
    }
    return { labels, values: result, present, dropName };
  }
  const compare = comparisons[node.operator]!;
  const kept = new Uint8Array(steps);
  // A comparison that selects leaves the values as they are.
  const result = node.bool ? new Float64Array(steps) : values;
  for (let step = 0; step < steps; step++) {
    if (present[step] === 0) continue;
    const holds = scalarFirst ? compare(scalar[step]!, values[step]!) : compare(values[step]!, scalar[step]!);
    if (!holds && !node.bool) continue;
    kept[step] = 1;
    if (node.bool) result[step] = Number(holds);
  }
  return { labels, values: result, present: kept, dropName };
}

function mixed(
  { annotations }: Evaluation,
  node: Binary,
  series: VectorSeries,
  scalar: Float64Array,
  scalarFirst: boolean,
): VectorSeries {
  const steps = series.values.length;
  const result = new SeriesBuilder(series.labels, steps);
  for (let step = 0; step < steps; step++) {
    if (series.present[step] === 0) continue;
    const element = { value: series.values[step]!, histogram: series.histograms?.[step] };
    const constant = { value: scalar[step]! };
    const outcome = scalarFirst
      ? operate(node, constant, element, annotations)
      : operate(node, element, constant, annotations);
    if (!outcome || (!outcome.keep && !node.bool)) continue;
    result.present[step] = 1;
    if (node.bool) result.values[step] = Number(outcome.keep);
    else {
      // A comparison keeps the vector's element whichever side it is on.
      const { value, histogram } = scalarFirst && comparisons[node.operator] ? element : outcome;
      result.values[step] = value;
      if (histogram) (result.histograms ??= Array.from({ length: steps }))[step] = histogram;
    }
  }
  return result;
}
