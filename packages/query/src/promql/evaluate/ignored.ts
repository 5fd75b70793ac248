import type { Aggregate } from '../ast.ts';
import type { Evaluation } from './evaluation.ts';

/** Says that an aggregation over floats passed over a histogram. */
export function noteIgnored({ annotations }: Evaluation, { operator, inner, span }: Aggregate): void {
  const whole = operator === 'topk' || operator === 'bottomk';
  annotations.info(`ignored histogram in ${operator} aggregation`, (whole ? span : inner.span).start);
}
