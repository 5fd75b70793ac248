import type { ArithmeticOperator } from './ast.ts';

/** Two numbers joined by an operator of TraceQL. */
export function calculate(op: ArithmeticOperator, left: number, right: number): number {
  if (op === '+') return left + right;
  if (op === '-') return left - right;
  if (op === '*') return left * right;
  if (op === '/') return left / right;
  return op === '%' ? left % right : left ** right;
}
