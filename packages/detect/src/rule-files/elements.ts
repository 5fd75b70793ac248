import type { FloatHistogram, Labels, QueryValue } from '@sightline/query/promql';

export interface Element {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: FloatHistogram;
}

/** The elements of a vector, a scalar as one without labels; `undefined` for what a rule may not give. */
export function elementsOf(answer: QueryValue): readonly Element[] | undefined {
  if (answer.type === 'vector') return answer.samples;
  return answer.type === 'scalar' ? [{ labels: {}, value: answer.value }] : undefined;
}
