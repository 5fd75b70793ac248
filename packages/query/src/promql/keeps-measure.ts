import type { Expression } from './ast.ts';

const quantities = new Set(['histogram_quantile', 'histogram_quantiles', 'histogram_avg', 'histogram_stddev']);
/** Aggregations and functions that answer a value of what they were given: a maximum of durations is a duration. */
const keepingAggregates = new Set(['sum', 'avg', 'min', 'max', 'stddev', 'topk', 'bottomk', 'quantile', 'limitk']);
const keepingCalls = new Set([
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'last_over_time',
  'quantile_over_time',
  'abs',
  'sort',
  'sort_desc',
  'label_replace',
  'label_join',
]);
const filters = new Set(['and', 'or', 'unless', '>', '<', '>=', '<=', '==', '!=']);
const counted = /_(?:bucket|count|sum|total)$/;

/**
 * Whether an expression answers values of the very measure that its samples were taken in, so that a single measurement (an exemplar)
 * may stand beside them on one axis: quantiles and means of histograms, levels of gauges; not rates, counts or products. Where that
 * cannot be seen, false.
 */
export function keepsMeasure(expression: Expression): boolean {
  switch (expression.kind) {
    case 'vector-selector':
      return expression.name !== '' && !counted.test(expression.name);
    case 'matrix-selector':
      return keepsMeasure(expression.selector);
    case 'parentheses':
    case 'subquery':
      return keepsMeasure(expression.inner);
    case 'aggregate':
      return keepingAggregates.has(expression.operator) && keepsMeasure(expression.inner);
    case 'call':
      return (
        quantities.has(expression.name) ||
        (keepingCalls.has(expression.name) && expression.arguments.some(keepsMeasure))
      );
    case 'binary':
      if (expression.operator === '/') return isTotal(expression.left, '_sum') && isTotal(expression.right, '_count');
      return filters.has(expression.operator) && !expression.bool && keepsMeasure(expression.left);
    default:
      return false;
  }
}

/** Sum or count of a classic histogram, or the growth of it, filtered or added up: a part of a mean. */
function isTotal(expression: Expression, suffix: '_sum' | '_count'): boolean {
  switch (expression.kind) {
    case 'vector-selector':
      return expression.name.endsWith(suffix);
    case 'matrix-selector':
      return isTotal(expression.selector, suffix);
    case 'parentheses':
      return isTotal(expression.inner, suffix);
    case 'aggregate':
      return expression.operator === 'sum' && isTotal(expression.inner, suffix);
    case 'binary':
      return filters.has(expression.operator) && !expression.bool && isTotal(expression.left, suffix);
    case 'call':
      return (
        expression.name === `histogram${suffix}` ||
        (['rate', 'increase', 'irate', 'delta'].includes(expression.name) &&
          expression.arguments.some((one) => isTotal(one, suffix)))
      );
    default:
      return false;
  }
}
