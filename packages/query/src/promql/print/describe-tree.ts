import type { DurationExpression, Expression, Matcher, VectorSelector } from '../ast.ts';
import { functions } from '../parse/functions.ts';
import { plainDigits } from '../histogram/histogram.ts';

/** The tree as Prometheus' `parse_query` answers it (web/api/v1/translate_ast.go): what JSON can hold. */
export function describeTree(expression: Expression): unknown {
  switch (expression.kind) {
    case 'number':
      return { type: 'numberLiteral', val: plainDigits(expression.value) };
    case 'string':
      return { type: 'stringLiteral', val: expression.value };
    case 'parentheses':
      return { type: 'parenExpr', expr: describeTree(expression.inner) };
    case 'unary':
      return { type: 'unaryExpr', op: expression.operator, expr: describeTree(expression.inner) };
    case 'binary': {
      const { operator, left, right, matching, bool } = expression;
      return {
        type: 'binaryExpr',
        op: operator,
        lhs: describeTree(left),
        rhs: describeTree(right),
        matching: matching
          ? {
              card: matching.cardinality,
              labels: matching.labels,
              on: matching.on,
              include: matching.include,
              fillValues: { lhs: matching.fillLeft ?? null, rhs: matching.fillRight ?? null },
            }
          : null,
        bool,
      };
    }
    case 'aggregate': {
      const { operator, inner, parameter, grouping, without } = expression;
      const param = parameter ? describeTree(parameter) : null;
      return { type: 'aggregation', op: operator, expr: describeTree(inner), param, grouping, without };
    }
    case 'call': {
      const { name, arguments: given } = expression;
      const { takes = [], variadic = 0, returns = 'vector' } = functions.get(name) ?? {};
      return {
        type: 'call',
        func: { name, argTypes: takes, variadic, returnType: returns },
        args: given.map(describeTree),
      };
    }
    case 'vector-selector':
      return { type: 'vectorSelector', name: expression.name, ...describeSelector(expression) };
    case 'matrix-selector': {
      const { selector, rangeMs, rangeExpression } = expression;
      return {
        type: 'matrixSelector',
        name: selector.name,
        range: rangeMs,
        rangeExpr: describeDuration(rangeExpression),
        ...describeSelector(selector),
      };
    }
    case 'subquery': {
      const { inner, rangeMs, rangeExpression, stepMs, stepExpression, shift } = expression;
      return {
        type: 'subquery',
        expr: describeTree(inner),
        range: rangeMs,
        rangeExpr: describeDuration(rangeExpression),
        offset: shift.offsetMs,
        offsetExpr: describeDuration(shift.offsetExpression),
        step: stepMs,
        stepExpr: describeDuration(stepExpression),
        ...describeAt(shift.at),
      };
    }
  }
}

function describeSelector({ matchers, shift, extended }: VectorSelector): object {
  return {
    offset: shift.offsetMs,
    offsetExpr: describeDuration(shift.offsetExpression),
    matchers: matchers.map(({ label, operator, value }: Matcher) => ({ name: label, value, type: operator })),
    ...describeAt(shift.at),
    anchored: extended === 'anchored',
    smoothed: extended === 'smoothed',
  };
}

function describeAt(at: number | 'start' | 'end' | undefined): object {
  return {
    timestamp: typeof at === 'number' ? at : null,
    startOrEnd: typeof at === 'string' ? at : null,
  };
}

function describeDuration(duration: DurationExpression | undefined): unknown {
  switch (duration?.kind) {
    case undefined:
      return null;
    case 'duration-number':
      return { type: 'numberLiteral', val: plainDigits(duration.seconds), duration: duration.duration };
    case 'duration-step':
    case 'duration-range': {
      const op = duration.kind === 'duration-step' ? 'step' : 'range';
      return { type: 'durationExpr', op, lhs: null, rhs: null, wrapped: false };
    }
    case 'duration-operation': {
      const { operator, left, right, wrapped = false } = duration;
      const op = operator === 'min' || operator === 'max' ? `${operator}_of` : operator;
      return { type: 'durationExpr', op, lhs: describeDuration(left), rhs: describeDuration(right), wrapped };
    }
  }
}
