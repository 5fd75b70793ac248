import { ok, type Result } from '@sightline/base';
import type { MetricMath, TraceqlError } from './ast.ts';
import { type CollectedSeries, stepOf, throughStages } from './metric-series.ts';
import type { TraceqlRange } from './metrics-traceql.ts';

type Operand = number | readonly CollectedSeries[];
type Asked = Extract<MetricMath, { kind: 'query' }>;

/**
 * Arithmetic between metrics queries, as Tempo does it: series with the same labels are reckoned with each other, step by step; a side that
 * has one series without labels stands for all of the other. A step that is missing on one side, or whose result is no number (nothing divided by
 * nothing), has none. Exemplars are those of the first query, at the value of the result.
 */
export async function answerMath(
  math: MetricMath,
  range: TraceqlRange,
  ask: (query: Asked, exemplars: boolean) => Promise<Result<readonly CollectedSeries[], TraceqlError>>,
): Promise<Result<readonly CollectedSeries[], TraceqlError>> {
  let first = true;
  const operand = async (of: MetricMath): Promise<Result<Operand, TraceqlError>> => {
    if (of.kind === 'number') return ok(of.value);
    if (of.kind === 'query') {
      const exemplars = first;
      first = false;
      return ask(of, exemplars);
    }
    if (of.kind === 'staged') {
      const inner = await operand(of.of);
      return !inner.ok || typeof inner.value === 'number' ? inner : ok(throughStages(inner.value, of.stages));
    }
    const left = await operand(of.left);
    if (!left.ok) return left;
    const right = await operand(of.right);
    return right.ok ? ok(combine(calculations[of.op], left.value, right.value, range)) : right;
  };
  const answer = await operand(math);
  return !answer.ok ? answer : ok(typeof answer.value === 'number' ? [] : answer.value);
}

type Calculation = (left: number, right: number) => number;
const calculations: Readonly<Record<'+' | '-' | '*' | '/', Calculation>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
};

function combine(calculate: Calculation, left: Operand, right: Operand, range: TraceqlRange): Operand {
  if (typeof left === 'number') {
    return typeof right === 'number'
      ? calculate(left, right)
      : right.map((one) => reckoned(one, one, (_, value) => calculate(left, value), range));
  }
  if (typeof right === 'number')
    return left.map((one) => reckoned(one, one, (_, value) => calculate(value, right), range));
  const pair = (of: CollectedSeries, l: CollectedSeries, r: CollectedSeries): CollectedSeries => {
    const others = new Map(r.samples.map(({ atMs, value }) => [atMs, value]));
    return reckoned(of, l, (atMs, value) => calculate(value, others.get(atMs) ?? Number.NaN), range);
  };
  const [onlyLeft, onlyRight] = [bare(left), bare(right)];
  if (onlyRight) return left.map((one) => pair(one, one, onlyRight));
  if (onlyLeft) return right.map((one) => pair(one, onlyLeft, one));
  const byLabels = new Map(right.map((one) => [labelKey(one), one]));
  return left.flatMap((one) => {
    const other = byLabels.get(labelKey(one));
    return other ? [pair(one, one, other)] : [];
  });
}

const ownLabels = ({ labels }: CollectedSeries) => labels.filter(([name]) => name !== '__name__');

const labelKey = (one: CollectedSeries): string =>
  JSON.stringify(ownLabels(one).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

const bare = (series: readonly CollectedSeries[]): CollectedSeries | undefined =>
  series.length === 1 && series[0] && ownLabels(series[0]).length === 0 ? series[0] : undefined;

/** What became of the samples of a series: the name of the function says nothing of it any more. */
function reckoned(
  of: CollectedSeries,
  { samples, exemplars }: CollectedSeries,
  calculate: (atMs: number, value: number) => number,
  range: TraceqlRange,
): CollectedSeries {
  const results = samples
    .map(({ atMs, value }) => ({ atMs, value: calculate(atMs, value) }))
    .filter(({ value }) => Number.isFinite(value));
  const at = new Map(results.map(({ atMs, value }) => [atMs, value]));
  return {
    group: of.group,
    labels: ownLabels(of),
    samples: results,
    exemplars: exemplars.flatMap((one) => {
      const value = at.get(stepOf(one.atMs, range));
      return value === undefined ? [] : [{ ...one, value }];
    }),
  };
}
