import type { Binary } from '../ast.ts';
import type { Annotations } from './annotations.ts';
import { arithmetic, comparisons } from './operators.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';

/** One operand at one step: a histogram where there is one, else the float. */
export interface Operand {
  readonly value: number;
  readonly histogram?: FloatHistogram | undefined;
}

/** What becomes of two operands: `keep` is a comparison's outcome, true for arithmetic; undefined where there is no result. */
export interface Outcome extends Operand {
  readonly keep: boolean;
}

/** Two floats, a float and a histogram, or two histograms; what cannot be done is noted and gives nothing. */
export function operate(
  node: Binary,
  left: Operand,
  right: Operand,
  annotations: Annotations,
): Outcome | undefined {
  const { operator } = node;
  if (!left.histogram && !right.histogram) {
    const of = arithmetic[operator];
    if (of) return { value: of(left.value, right.value), keep: true };
    const compare = comparisons[operator];
    if (compare) return { value: left.value, keep: compare(left.value, right.value) };
  }
  const kind = ({ histogram }: Operand): string => (histogram ? 'histogram' : 'float');
  annotations.info(
    `incompatible sample types encountered for binary operator ${JSON.stringify(operator)}: ` +
      `${kind(left)} ${operator} ${kind(right)}`,
    node.span.start,
  );
  return undefined;
}
