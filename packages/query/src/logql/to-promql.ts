import type { Expression } from '../promql/ast.ts';
import type { ScanRequest } from '../promql/source.ts';
import type { MetricExpression, RangeAggregation } from './ast.ts';

const span = { start: 0, end: 0 };
const leafLabel = '__logql_leaf__';
const number = (value: number): Expression => ({ kind: 'number', value, duration: false, span });
const text = (value: string): Expression => ({ kind: 'string', value, span });
const comparisons = new Set(['==', '!=', '>', '>=', '<', '<=']);

/** A query as PromQL's evaluator has it: range aggregations become selectors whose `leafOf` is their place in `leaves`, which gets them. */
export function toPromql(query: MetricExpression, leaves: RangeAggregation[]): Expression {
  switch (query.kind) {
    case 'number':
      return number(query.value);
    case 'vector':
      return { kind: 'call', name: 'vector', arguments: [number(query.value)], span };
    case 'range': {
      const matcher = { label: leafLabel, operator: '=', value: String(leaves.length) } as const;
      leaves.push(query);
      return { kind: 'vector-selector', name: '', matchers: [matcher], shift: { offsetMs: 0 }, span };
    }
    case 'label_replace': {
      const { inner, to, replacement, from, pattern } = query;
      const args = [toPromql(inner, leaves), ...[to, replacement, from, pattern].map(text)];
      return { kind: 'call', name: 'label_replace', arguments: args, span };
    }
    case 'vector-aggregation': {
      const { name, parameter, grouping } = query;
      const inner = toPromql(query.inner, leaves);
      if (name === 'sort' || name === 'sort_desc') return { kind: 'call', name, arguments: [inner], span };
      return {
        kind: 'aggregate',
        // We hold all of the series: the exact answer is the best approximation.
        operator: name === 'approx_topk' ? 'topk' : name,
        inner,
        ...(parameter === undefined ? {} : { parameter: number(parameter) }),
        grouping: grouping?.labels ?? [],
        without: grouping?.without ?? false,
        span,
      };
    }
    case 'binary': {
      const [left, right] = [toPromql(query.left, leaves), toPromql(query.right, leaves)];
      const scalars = [query.left, query.right].map(isScalar);
      const vectors = scalars.every((scalar) => !scalar);
      const set = ['and', 'or', 'unless'].includes(query.op);
      const { matching } = query;
      return {
        kind: 'binary',
        operator: query.op,
        left,
        right,
        // Between two numbers PromQL knows no filter.
        bool: query.bool || (comparisons.has(query.op) && scalars.every(Boolean)),
        ...(vectors
          ? {
              matching: {
                cardinality: set
                  ? 'many-to-many'
                  : matching?.group === 'left'
                    ? 'many-to-one'
                    : matching?.group === 'right'
                      ? 'one-to-many'
                      : 'one-to-one',
                on: matching?.on ?? false,
                labels: matching?.labels ?? [],
                include: matching?.include ?? [],
              },
            }
          : {}),
        span,
      };
    }
  }
}

function isScalar(query: MetricExpression): boolean {
  return query.kind === 'number' || (query.kind === 'binary' && isScalar(query.left) && isScalar(query.right));
}

/** The place of the range aggregation that a selector of `toPromql` stands for. */
export const leafOf = (matchers: ScanRequest['matchers']): number =>
  Number(matchers.find(({ label }) => label === leafLabel)?.value);
