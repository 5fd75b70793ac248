import { type Expression, printPromql } from '@sightline/query/promql';

/** A step of an expression: what it is, how deep it stands, and the instant query that tells how much it yields. */
export interface ExplainedStep {
  readonly text: string;
  readonly kind: string;
  readonly depth: number;
  /** '' for what needs no evaluation: numbers and texts. */
  readonly query: string;
}

const kinds: Readonly<Record<Expression['kind'], string>> = {
  number: 'number',
  string: 'text',
  parentheses: 'parentheses',
  unary: 'sign',
  binary: 'operator',
  aggregate: 'aggregation',
  call: 'function',
  'vector-selector': 'selector',
  'matrix-selector': 'selector over a window',
  subquery: 'subquery',
};

/**
 * The steps of an expression, each before what it is made of. Parentheses are no step. A window is asked for the number of its samples,
 * since they themselves may be many.
 */
export function explainSteps(expression: Expression, depth = 0): ExplainedStep[] {
  if (expression.kind === 'parentheses') return explainSteps(expression.inner, depth);
  const text = printPromql(expression);
  const { kind } = expression;
  const query =
    kind === 'number' || kind === 'string'
      ? ''
      : kind === 'matrix-selector' || kind === 'subquery'
        ? `count_over_time(${text})`
        : text;
  return [
    { text, kind: kinds[kind], depth, query },
    ...partsOf(expression).flatMap((part) => explainSteps(part, depth + 1)),
  ];
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'binary':
      return [expression.left, expression.right];
    case 'aggregate':
      return expression.parameter ? [expression.parameter, expression.inner] : [expression.inner];
    case 'call':
      return expression.arguments;
    case 'unary':
    case 'subquery':
      return [expression.inner];
    default:
      return [];
  }
}
