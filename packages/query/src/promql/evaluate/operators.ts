import type { BinaryOperator } from '../ast.ts';

/** Go's `math.Pow` where JavaScript's differs: one to any power, and minus one to an infinite one, is one. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && Math.abs(exponent) === Infinity) return 1;
  return base ** exponent;
}

export type Arithmetic = (left: number, right: number) => number;

export const arithmetic: Readonly<Partial<Record<BinaryOperator, Arithmetic>>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': power,
  atan2: Math.atan2,
};

export type Comparison = (left: number, right: number) => boolean;

export const comparisons: Readonly<Partial<Record<BinaryOperator, Comparison>>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '>': (left, right) => left > right,
  '<': (left, right) => left < right,
  '>=': (left, right) => left >= right,
  '<=': (left, right) => left <= right,
};

/** Between two scalars: a comparison is 1 or 0. */
export function scalarOperation(operator: BinaryOperator, left: Float64Array, right: Float64Array): Float64Array {
  const of = arithmetic[operator];
  const compare = comparisons[operator];
  return left.map((value, step) => {
    if (of) return of(value, right[step]!);
    return compare?.(value, right[step]!) ? 1 : 0;
  });
}
