import type { DurationExpression, Expression, TimeShift, VectorSelector } from '../ast.ts';

/** A tree as a short s-expression, for tests: `(+ (sel up) 1)`. */
export function showTree(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return `${Object.is(expression.value, -0) ? '-0' : expression.value}${expression.duration ? 's' : ''}`;
    case 'string':
      return JSON.stringify(expression.value);
    case 'parentheses':
      return `(paren ${showTree(expression.inner)})`;
    case 'unary':
      return `(${expression.operator} ${showTree(expression.inner)})`;
    case 'binary': {
      const { operator, left, right, bool, matching } = expression;
      const words = [bool ? 'bool' : ''];
      if (matching) {
        const { cardinality, on, labels, include, fillLeft, fillRight } = matching;
        if (cardinality !== 'one-to-one') words.push(cardinality);
        if (on || labels.length > 0) words.push(`${on ? 'on' : 'ignoring'}[${labels.join(' ')}]`);
        if (include.length > 0) words.push(`include[${include.join(' ')}]`);
        if (fillLeft !== undefined) words.push(`fill-left=${fillLeft}`);
        if (fillRight !== undefined) words.push(`fill-right=${fillRight}`);
      }
      return list(operator, ...words, showTree(left), showTree(right));
    }
    case 'aggregate': {
      const { operator, inner, parameter, grouping, without } = expression;
      const by = without || grouping.length > 0 ? `${without ? 'without' : 'by'}[${grouping.join(' ')}]` : '';
      return list(operator, by, parameter ? showTree(parameter) : '', showTree(inner));
    }
    case 'call':
      return list(`call ${expression.name}`, ...expression.arguments.map(showTree));
    case 'vector-selector':
      return showSelector('sel', expression);
    case 'matrix-selector':
      return showSelector('range', expression.selector, showRange(expression));
    case 'subquery': {
      const { inner, stepMs, stepExpression, shift } = expression;
      const step = stepExpression ? showDuration(stepExpression) : stepMs === 0 ? '' : `${stepMs}`;
      return list('sub', showTree(inner), `${showRange(expression)}:${step}`, ...showShift(shift));
    }
  }
}

const list = (...parts: readonly string[]): string => `(${parts.filter((part) => part !== '').join(' ')})`;

function showRange(ranged: { rangeMs: number; rangeExpression?: DurationExpression }): string {
  return ranged.rangeExpression ? showDuration(ranged.rangeExpression) : `${ranged.rangeMs}`;
}

function showSelector(kind: string, { name, matchers, shift, extended }: VectorSelector, range = ''): string {
  const others = name === '' ? matchers : matchers.slice(0, -1);
  const braces = others.map(({ label, operator, value }) => `${label}${operator}${JSON.stringify(value)}`);
  return list(kind, name, ...braces, range, extended ?? '', ...showShift(shift));
}

function showShift({ offsetMs, offsetExpression, at }: TimeShift): string[] {
  const offset = offsetExpression ? showDuration(offsetExpression) : offsetMs === 0 ? '' : `${offsetMs}`;
  return [at === undefined ? '' : `@${at}`, offset === '' ? '' : `offset ${offset}`];
}

function showDuration(duration: DurationExpression): string {
  switch (duration.kind) {
    case 'duration-number':
      return `${duration.seconds}s`;
    case 'duration-step':
      return 'step';
    case 'duration-range':
      return 'query-range';
    case 'duration-operation': {
      const { operator, left, right, wrapped } = duration;
      return list(`${wrapped ? 'w' : ''}${operator}`, left ? showDuration(left) : '', showDuration(right));
    }
  }
}
