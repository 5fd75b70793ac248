import type { Binary } from '../ast.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import {
  addHistograms,
  compactHistogram,
  divideHistogram,
  equalHistograms,
  multiplyHistogram,
  subtractHistograms,
  trimHistogram,
  withHint,
} from '../histogram/histogram.ts';
import { boundsReconciled, hintsCollide } from '../kernels/histogram-notes.ts';
import type { Annotations } from './annotations.ts';
import { arithmetic, comparisons } from './operators.ts';

/** One operand at one step: a histogram where there is one, else the float. */
export interface Operand {
  readonly value: number;
  readonly histogram?: FloatHistogram | undefined;
}

/** What becomes of two operands: `keep` is a comparison's outcome, true for arithmetic. */
export interface Outcome extends Operand {
  readonly keep: boolean;
}

/** Two floats, a float and a histogram, or two histograms; what cannot be done is noted and gives nothing. */
export function operate(node: Binary, left: Operand, right: Operand, annotations: Annotations): Outcome | undefined {
  const outcome = outcomeOf(node, left, right, annotations);
  if (outcome !== 'incompatible') return outcome;
  const { operator } = node;
  const kind = ({ histogram }: Operand): string => (histogram ? 'histogram' : 'float');
  annotations.info(
    `incompatible sample types encountered for binary operator ${JSON.stringify(operator)}: ` +
      `${kind(left)} ${operator} ${kind(right)}`,
    node.span.start,
  );
  return undefined;
}

type Attempt = Outcome | 'incompatible' | undefined;

function outcomeOf(node: Binary, left: Operand, right: Operand, annotations: Annotations): Attempt {
  if (left.histogram) {
    if (right.histogram) return ofHistograms(node, left.histogram, right.histogram, annotations);
    return ofHistogramAndFloat(node, left.histogram, right.value);
  }
  if (right.histogram) {
    if (node.operator !== '*') return 'incompatible';
    return kept(compactHistogram(multiplyHistogram(right.histogram, left.value)));
  }
  const of = arithmetic[node.operator];
  if (of) return { value: of(left.value, right.value), keep: true };
  const compare = comparisons[node.operator];
  return compare ? { value: left.value, keep: compare(left.value, right.value) } : 'incompatible';
}

function kept(histogram: FloatHistogram): Outcome {
  return { value: 0, histogram, keep: true };
}

function ofHistogramAndFloat({ operator }: Binary, histogram: FloatHistogram, value: number): Attempt {
  switch (operator) {
    case '*':
      return kept(compactHistogram(multiplyHistogram(histogram, value)));
    case '/':
      return kept(compactHistogram(divideHistogram(histogram, value)));
    case '</':
      return kept(trimHistogram(histogram, value, 'below'));
    case '>/':
      return kept(trimHistogram(histogram, value, 'above'));
    default:
      return 'incompatible';
  }
}

function ofHistograms(node: Binary, left: FloatHistogram, right: FloatHistogram, annotations: Annotations): Attempt {
  const { operator } = node;
  if (operator === '==' || operator === '!=') {
    return { value: 0, histogram: left, keep: equalHistograms(left, right) === (operator === '==') };
  }
  if (operator !== '+' && operator !== '-') return 'incompatible';
  const position = node.span.start;
  const combined = operator === '+' ? addHistograms(left, right) : subtractHistograms(left, right);
  if (!combined) {
    annotations.warn(`incompatible bucket layout encountered for binary operator ${operator}`, position);
    return undefined;
  }
  const act = operator === '+' ? 'addition' : 'subtraction';
  if (combined.hintsCollide) annotations.warn(hintsCollide(act), position);
  if (combined.boundsReconciled) annotations.info(boundsReconciled(act), position);
  const { histogram } = combined;
  return kept(compactHistogram(operator === '-' ? withHint(histogram, 3) : histogram));
}
