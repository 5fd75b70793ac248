import type { Aggregate } from '../ast.ts';
import { Grouper } from '../reduce/grouping.ts';
import { accumulate, finishPartial, newPartial } from '../reduce/partial.ts';
import type { Labels, Reduction } from '../source.ts';
import { countValues } from './count-values.ts';
import type { Evaluation } from './evaluation.ts';
import { combineWithHistograms } from './histogram-aggregate.ts';
import { quantileOfGroup } from './quantile.ts';
import { select } from './select.ts';
import type { VectorSeries } from './values.ts';
import { varianceOfGroup } from './variance.ts';

/** Series that an aggregation puts together. */
export interface Group {
  readonly labels: Labels;
  readonly members: VectorSeries[];
}

/** The parameter of an aggregation: a number a step, or the label's name of `count_values`. */
export type Parameter = Float64Array | string | undefined;

export function groupsOf(node: Aggregate, series: readonly VectorSeries[]): Group[] {
  const grouper = new Grouper(node);
  const groups = new Map<string, Group>();
  for (const one of series) {
    const key = grouper.keyOf(one.labels);
    const group = groups.get(key);
    if (group) group.members.push(one);
    else groups.set(key, { labels: grouper.labelsOf(one.labels), members: [one] });
  }
  return [...groups.values()];
}

/** `sum by (job) (…)` and its like, over series that the source has not already put together. */
export function aggregate(
  evaluation: Evaluation,
  node: Aggregate,
  series: readonly VectorSeries[],
  parameter: Parameter,
  steps: number,
): readonly VectorSeries[] {
  const { operator } = node;
  switch (operator) {
    case 'topk':
    case 'bottomk':
    case 'limitk':
    case 'limit_ratio':
      return select(evaluation, node, groupsOf(node, series), parameter as Float64Array, steps);
    case 'count_values':
      return countValues(evaluation, node, series, parameter as string, steps);
    default:
      break;
  }
  return groupsOf(node, series).map(({ labels, members }) => {
    evaluation.limits.check();
    const dropName = members.some((member) => member.dropName);
    if (operator === 'stddev' || operator === 'stdvar') {
      return { labels, dropName, ...varianceOfGroup(evaluation, node, members, steps) };
    }
    if (operator === 'quantile') {
      return { labels, dropName, ...quantileOfGroup(evaluation, node, members, parameter as Float64Array, steps) };
    }
    if (members.some((member) => member.histograms)) {
      return { labels, dropName, ...combineWithHistograms(evaluation, node, operator, members, steps) };
    }
    return { labels, dropName, ...combineGroup(evaluation, operator, members, steps) };
  });
}

function combineGroup(
  { limits }: Evaluation,
  operator: Reduction['operator'],
  members: readonly VectorSeries[],
  steps: number,
) {
  const partial = newPartial(operator, steps);
  for (const member of members) {
    limits.check();
    accumulate(operator, partial, member);
  }
  return finishPartial(operator, partial);
}
