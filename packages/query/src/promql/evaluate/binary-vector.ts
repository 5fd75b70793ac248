import type { Binary } from '../ast.ts';
import { operate, type Operand } from './elements.ts';
import { type Evaluation, SeriesBuilder } from './evaluation.ts';
import { Matching, Signatures } from './matching.ts';
import { arithmetic, comparisons } from './operators.ts';
import { execution, keyOf, printLabels, sameLabels, type VectorSeries } from './values.ts';

/** Both sides with their signatures; `many` may have several elements to one of `one`. */
interface Sides {
  readonly matching: Matching;
  readonly many: readonly VectorSeries[];
  readonly one: readonly VectorSeries[];
  readonly manyNumbers: readonly number[];
  readonly oneNumbers: readonly number[];
  readonly signatures: number;
  /** True where the sides were exchanged: `one` stands on the left. */
  readonly swapped: boolean;
}

function sidesOf(node: Binary, left: readonly VectorSeries[], right: readonly VectorSeries[]): Sides {
  const matching = new Matching(node.matching);
  const swapped = matching.matching.cardinality === 'one-to-many';
  const [many, one] = swapped ? [right, left] : [left, right];
  const signatures = new Signatures();
  const numbers = (side: readonly VectorSeries[]): number[] =>
    side.map(({ labels }) => signatures.numberOf(matching.signatureOf(labels)));
  const manyNumbers = numbers(many);
  const oneNumbers = numbers(one);
  return { matching, many, one, manyNumbers, oneNumbers, signatures: signatures.count, swapped };
}

/**
 * Arithmetic and comparison between two vectors
 * (https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching). Where every signature belongs to one series
 * of the "one" side and results cannot meet, series are combined whole; else step by step, as partners may change.
 */
export function vectorVector(
  evaluation: Evaluation,
  node: Binary,
  left: readonly VectorSeries[],
  right: readonly VectorSeries[],
  steps: number,
): readonly VectorSeries[] {
  const sides = sidesOf(node, left, right);
  return wholeSeries(evaluation, node, sides) ?? stepByStep(evaluation, node, sides, steps);
}

function wholeSeries(evaluation: Evaluation, node: Binary, sides: Sides): VectorSeries[] | undefined {
  const { matching, many, one, manyNumbers, oneNumbers } = sides;
  const { fillLeft, fillRight, cardinality } = matching.matching;
  if (fillLeft !== undefined || fillRight !== undefined) return undefined;
  const partners = new Map<number, VectorSeries>();
  for (const [index, series] of one.entries()) {
    if (partners.has(oneNumbers[index]!)) return undefined;
    partners.set(oneNumbers[index]!, series);
  }
  const drops = arithmetic[node.operator] !== undefined;
  const taken = new Set<number>();
  const keys = new Set<string>();
  const results: VectorSeries[] = [];
  for (const [index, series] of many.entries()) {
    const number = manyNumbers[index]!;
    const partner = partners.get(number);
    if (!partner) continue;
    const labels = matching.resultLabels(series.labels, partner.labels, drops);
    if (cardinality === 'one-to-one') {
      if (taken.has(number)) return undefined;
      taken.add(number);
    } else {
      const key = keyOf(labels);
      if (keys.has(key)) return undefined;
      keys.add(key);
    }
    evaluation.limits.check();
    const [left, right] = sides.swapped ? [partner, series] : [series, partner];
    const dropName = node.bool || (!drops && series.dropName);
    results.push({ ...combine(evaluation, node, left, right), labels, dropName });
  }
  return results;
}

/** Two series, element by element. */
function combine(
  { annotations }: Evaluation,
  node: Binary,
  left: VectorSeries,
  right: VectorSeries,
): Omit<VectorSeries, 'labels' | 'dropName'> {
  const steps = left.values.length;
  const trims = node.operator === '</' || node.operator === '>/';
  if (left.histograms || right.histograms || trims) {
    const result = new SeriesBuilder({}, steps);
    for (let step = 0; step < steps; step++) {
      if (left.present[step] === 0 || right.present[step] === 0) continue;
      const outcome = operate(node, elementOf(left, step), elementOf(right, step), annotations);
      if (outcome && (outcome.keep || node.bool)) put(result, step, node, outcome);
    }
    return result;
  }
  const present = new Uint8Array(steps);
  const of = arithmetic[node.operator];
  if (of) {
    const values = new Float64Array(steps);
    for (let step = 0; step < steps; step++) {
      if (left.present[step] === 0 || right.present[step] === 0) continue;
      values[step] = of(left.values[step]!, right.values[step]!);
      present[step] = 1;
    }
    return { values, present };
  }
  const compare = comparisons[node.operator]!;
  // A comparison that selects leaves the values as they are.
  const values = node.bool ? new Float64Array(steps) : left.values;
  for (let step = 0; step < steps; step++) {
    if (left.present[step] === 0 || right.present[step] === 0) continue;
    const holds = compare(left.values[step]!, right.values[step]!);
    if (!holds && !node.bool) continue;
    if (node.bool) values[step] = Number(holds);
    present[step] = 1;
  }
  return { values, present };
}

function elementOf(series: VectorSeries, step: number): Operand {
  return { value: series.values[step]!, histogram: series.histograms?.[step] };
}

function put(result: SeriesBuilder, step: number, node: Binary, outcome: Operand & { readonly keep: boolean }): void {
  result.present[step] = 1;
  if (node.bool) result.values[step] = Number(outcome.keep);
  else {
    result.values[step] = outcome.value;
    if (outcome.histogram)
      (result.histograms ??= Array.from({ length: result.values.length }))[step] = outcome.histogram;
  }
}

const explicit = 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)';
const unique = 'multiple matches for labels: grouping labels must ensure unique matches';

function stepByStep(evaluation: Evaluation, node: Binary, sides: Sides, steps: number): VectorSeries[] {
  const { matching, many, one, manyNumbers, oneNumbers, swapped } = sides;
  const { cardinality } = matching.matching;
  // As in Prometheus `fill_right` is of the "one" side even where `group_right` puts that on the left.
  const { fillLeft: fillMany, fillRight: fillOne } = matching.matching;
  const drops = arithmetic[node.operator] !== undefined;
  const results = new Map<string, SeriesBuilder>();
  const labelsOf = new Map<string, { readonly labels: VectorSeries['labels']; readonly key: string }>();
  /** Index of each signature's element of the "one" side, -1 for none. */
  const partner = new Int32Array(sides.signatures);
  const matched = new Uint8Array(sides.signatures);
  const inserted = new Map<number, Set<string>>();

  const labelsFor = (manyIndex: number, oneIndex: number) => {
    const pair = `${manyIndex} ${oneIndex}`;
    let known = labelsOf.get(pair);
    if (!known) {
      const manyLabels = many[manyIndex]?.labels ?? matching.matchedLabels(one[oneIndex]!.labels);
      const oneLabels = one[oneIndex]?.labels ?? matching.matchedLabels(manyLabels);
      const labels = matching.resultLabels(manyLabels, oneLabels, drops);
      known = { labels, key: keyOf(labels) };
      labelsOf.set(pair, known);
    }
    return known;
  };
  const combineAt = (step: number, manyIndex: number, oneIndex: number, number: number): void => {
    const series = many[manyIndex];
    const manyElement = series ? elementOf(series, step) : { value: fillMany! };
    const oneElement = one[oneIndex] ? elementOf(one[oneIndex], step) : { value: fillOne! };
    const outcome = swapped
      ? operate(node, oneElement, manyElement, evaluation.annotations)
      : operate(node, manyElement, oneElement, evaluation.annotations);
    if (!outcome) return;
    const { labels, key } = labelsFor(manyIndex, oneIndex);
    if (cardinality === 'one-to-one') {
      if (matched[number] === 1) throw execution(explicit);
    } else {
      let keys = inserted.get(number);
      if (!keys) inserted.set(number, (keys = new Set()));
      if (keys.has(key)) throw execution(unique);
      keys.add(key);
    }
    matched[number] = 1;
    if (!outcome.keep && !node.bool) return;
    let result = results.get(key);
    if (!result) {
      result = new SeriesBuilder(labels, steps, node.bool || (!drops && series?.dropName === true));
      results.set(key, result);
    }
    if (result.present[step] === 1) throw execution(sameLabels);
    put(result, step, node, outcome);
  };

  for (let step = 0; step < steps; step++) {
    evaluation.limits.check();
    const noMany = !many.some(({ present }) => present[step] === 1);
    const noOne = !one.some(({ present }) => present[step] === 1);
    if ((noMany && noOne) || ((noMany || noOne) && fillMany === undefined && fillOne === undefined)) continue;
    partner.fill(-1);
    matched.fill(0);
    inserted.clear();
    for (const [index, series] of one.entries()) {
      if (series.present[step] === 0) continue;
      const number = oneNumbers[index]!;
      const other = partner[number]!;
      if (other >= 0) throw duplicate(sides, one[other]!, series);
      partner[number] = index;
    }
    for (const [index, series] of many.entries()) {
      if (series.present[step] === 0) continue;
      const number = manyNumbers[index]!;
      const other = partner[number]!;
      if (other >= 0 || fillOne !== undefined) combineAt(step, index, other, number);
    }
    if (fillMany === undefined) continue;
    for (const [index, series] of one.entries()) {
      const number = oneNumbers[index]!;
      if (series.present[step] === 1 && matched[number] === 0) combineAt(step, -1, index, number);
    }
  }
  return [...results.values()];
}

function duplicate({ matching, swapped }: Sides, first: VectorSeries, second: VectorSeries) {
  const group = printLabels(matching.matchedLabels(second.labels));
  const both = [printLabels(first.labels), printLabels(second.labels)].sort().join(', ');
  return execution(
    `found duplicate series for the match group ${group} on the ${swapped ? 'left' : 'right'} hand-side of the operation: ` +
      `[${both}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
}
