import { mapFloats, timeAt } from '../evaluation.ts';
import { dateFunctions } from './dates.ts';
import { histogramParts } from './histogram-parts.ts';
import { fraction, quantile, quantiles } from './histogram-quantile.ts';
import type { FunctionInput, VectorFunction } from './input.ts';
import { labelJoin, labelReplace } from './labels.ts';
import { clamp, clampMax, clampMin, ofOneFloat, round } from './math.ts';
import { sort, sortByLabel, sortByLabelDesc, sortDesc } from './sort.ts';

/** `timestamp` of what is no selector: the evaluation time wherever there is a value, a histogram too. */
const timestampOfStep: VectorFunction = (input) =>
  input.vector(0).map(({ labels, present }) => ({
    labels,
    values: Float64Array.from(present, (_, step) => timeAt(input.grid, step) / 1000),
    present,
    dropName: true,
  }));

/** `vector(s)`. */
const vectorOfScalar: VectorFunction = (input) => [
  { labels: {}, values: input.scalar(0), present: new Uint8Array(input.grid.count).fill(1), dropName: false },
];

/** Functions of instant vectors, their arguments evaluated. Range functions are kernels. */
export const vectorFunctions: ReadonlyMap<string, VectorFunction> = new Map<string, VectorFunction>([
  ...Object.entries(ofOneFloat).map(
    ([name, of]) => [name, (input: FunctionInput) => input.vector(0).map((one) => mapFloats(one, of))] as const,
  ),
  ...dateFunctions,
  ...histogramParts,
  ['clamp', clamp],
  ['clamp_max', clampMax],
  ['clamp_min', clampMin],
  ['round', round],
  ['label_replace', labelReplace],
  ['label_join', labelJoin],
  ['sort', sort],
  ['sort_desc', sortDesc],
  ['sort_by_label', sortByLabel],
  ['sort_by_label_desc', sortByLabelDesc],
  ['histogram_quantile', quantile],
  ['histogram_quantiles', quantiles],
  ['histogram_fraction', fraction],
  ['timestamp', timestampOfStep],
  ['start_timestamp', () => []],
  ['vector', vectorOfScalar],
]);
