import type { DurationExpression, Expression, TimeShift } from '../ast.ts';
import { QueryFailure } from '../source.ts';
import { unwrap } from './values.ts';

/** The query's own times, which `start()`, `end()`, `range()`, `step()` and `@ start()` mean everywhere in it. */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

/** What a node above asks of native histograms: `statistics` are count and sum alone; `buckets` stays whatever comes below. */
type Needs = 'all' | 'statistics' | 'buckets';

const needsOfFunctions: Readonly<Record<string, Needs>> = {
  histogram_count: 'statistics',
  histogram_sum: 'statistics',
  histogram_avg: 'statistics',
  histogram_quantile: 'buckets',
  histogram_quantiles: 'buckets',
  histogram_fraction: 'buckets',
};

/** What the nodes below one need. Subqueries need buckets, to see resets; so do functions and operators that read them. */
function needsBelow(node: Expression, needs: Needs): Needs {
  if (needs === 'buckets' || node.kind === 'subquery') return 'buckets';
  if (node.kind === 'binary' && (node.operator === '</' || node.operator === '>/')) return 'buckets';
  return (node.kind === 'call' ? needsOfFunctions[node.name] : undefined) ?? needs;
}

/**
 * The expression with everything settled that depends on the query's times alone: duration expressions, `@ start()`, `start()`;
 * parentheses around arguments are gone. Throws `QueryFailure` for a duration that is none.
 */
export function prepare(expression: Expression, times: QueryTimes, needs: Needs = 'all'): Expression {
  const below = needsBelow(expression, needs);
  const inner = (expression: Expression): Expression => prepare(expression, times, below);
  const statistics = needs === 'statistics' ? ({ statistics: true } as const) : {};
  switch (expression.kind) {
    case 'number':
    case 'string':
      return expression;
    case 'parentheses':
    case 'unary':
      return { ...expression, inner: inner(expression.inner) };
    case 'binary':
      return { ...expression, left: inner(expression.left), right: inner(expression.right) };
    case 'aggregate': {
      const { parameter } = expression;
      return {
        ...expression,
        inner: inner(unwrap(expression.inner)),
        ...(parameter && { parameter: inner(unwrap(parameter)) }),
      };
    }
    case 'call': {
      const value = queryValue(expression.name, times);
      if (value !== undefined) return { kind: 'number', value, duration: false, span: expression.span };
      return { ...expression, arguments: expression.arguments.map((argument) => inner(unwrap(argument))) };
    }
    case 'vector-selector':
      return { ...expression, shift: settle(expression.shift, times), ...statistics };
    case 'matrix-selector': {
      const { selector, rangeExpression, rangeMs, ...rest } = expression;
      return {
        ...rest,
        selector: { ...selector, shift: settle(selector.shift, times), ...statistics },
        rangeMs: rangeExpression ? durationMs(rangeExpression, times, false) : rangeMs,
      };
    }
    case 'subquery': {
      const { rangeExpression, rangeMs, stepExpression, stepMs, ...rest } = expression;
      return {
        ...rest,
        inner: inner(expression.inner),
        shift: settle(expression.shift, times),
        rangeMs: rangeExpression ? durationMs(rangeExpression, times, false) : rangeMs,
        stepMs: stepExpression ? durationMs(stepExpression, times, false) : stepMs,
      };
    }
  }
}

function queryValue(name: string, { startMs, endMs, stepMs }: QueryTimes): number | undefined {
  switch (name) {
    case 'start':
      return startMs / 1000;
    case 'end':
      return endMs / 1000;
    case 'range':
      return (endMs - startMs) / 1000;
    case 'step':
      return startMs === endMs ? 0 : stepMs / 1000;
    default:
      return undefined;
  }
}

function settle(shift: TimeShift, times: QueryTimes): TimeShift {
  const offsetMs = shift.offsetExpression ? durationMs(shift.offsetExpression, times, true) : shift.offsetMs;
  if (shift.at === undefined) return { offsetMs };
  const at = shift.at === 'start' ? times.startMs : shift.at === 'end' ? times.endMs : shift.at;
  return { offsetMs, at };
}

function refuse(expression: DurationExpression, message: string): never {
  const { start, end } = expression.span;
  throw new QueryFailure({ kind: 'bad_data', message: `${start}:${end}: ${message}` });
}

/** Go's durations are 64-bit nanoseconds. */
const greatestSeconds = 2 ** 63 / 1e9;

function durationMs(expression: DurationExpression, times: QueryTimes, negative: boolean): number {
  const seconds = durationSeconds(expression, times);
  if (!Number.isFinite(seconds)) refuse(expression, 'duration is NaN or infinite');
  if (seconds <= 0 && !negative) refuse(expression, 'duration must be greater than 0');
  if (Math.abs(seconds) > greatestSeconds) refuse(expression, 'duration is out of range');
  return Math.trunc(seconds * 1000);
}

function durationSeconds(expression: DurationExpression, times: QueryTimes): number {
  switch (expression.kind) {
    case 'duration-number':
      return expression.seconds;
    case 'duration-step':
      return times.stepMs / 1000;
    case 'duration-range':
      return (times.endMs - times.startMs) / 1000;
    case 'duration-operation':
      break;
  }
  const right = durationSeconds(expression.right, times);
  if (!expression.left) return expression.operator === '-' ? -right : right;
  const left = durationSeconds(expression.left, times);
  switch (expression.operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? refuse(expression, 'division by zero') : left / right;
    case '%':
      return right === 0 ? refuse(expression, 'modulo by zero') : left % right;
    case '^':
      return left ** right;
    case 'min':
      return Math.min(left, right);
    case 'max':
      return Math.max(left, right);
  }
}
