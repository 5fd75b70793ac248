import type { Expression, VectorSelector } from './ast.ts';

/** Every selector of an expression, in order. */
export function selectorsIn(expression: Expression): VectorSelector[] {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return [];
    case 'vector-selector':
      return [expression];
    case 'matrix-selector':
      return [expression.selector];
    case 'parentheses':
    case 'unary':
    case 'subquery':
      return selectorsIn(expression.inner);
    case 'binary':
      return [...selectorsIn(expression.left), ...selectorsIn(expression.right)];
    case 'aggregate':
      return [...(expression.parameter ? selectorsIn(expression.parameter) : []), ...selectorsIn(expression.inner)];
    case 'call':
      return expression.arguments.flatMap(selectorsIn);
  }
}
