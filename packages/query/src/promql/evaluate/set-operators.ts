import type { Binary } from '../ast.ts';
import type { Evaluation } from './evaluation.ts';
import { Matching, Signatures } from './matching.ts';
import { keyOf, mergeSame, type VectorSeries } from './values.ts';

/** `and`, `or`, `unless`: which elements of either side stay, by whether the other side has the signature at that step. */
export function setOperation(
  { limits }: Evaluation,
  node: Binary,
  left: readonly VectorSeries[],
  right: readonly VectorSeries[],
  steps: number,
): readonly VectorSeries[] {
  const matching = new Matching(node.matching);
  const signatures = new Signatures();
  const numbers = (side: readonly VectorSeries[]): number[] =>
    side.map(({ labels }) => signatures.numberOf(matching.signatureOf(labels)));
  const leftNumbers = numbers(left);
  const rightNumbers = numbers(right);
  /** Per signature: whether a side has it at a step. */
  const presence = (side: readonly VectorSeries[], numbers: readonly number[]): (Uint8Array | undefined)[] => {
    const all: (Uint8Array | undefined)[] = Array.from({ length: signatures.count });
    side.forEach(({ present }, index) => {
      const into = (all[numbers[index]!] ??= new Uint8Array(steps));
      for (let step = 0; step < steps; step++) into[step]! |= present[step]!;
    });
    return all;
  };
  const filtered = (series: VectorSeries, by: Uint8Array | undefined, wanted: 0 | 1): VectorSeries => {
    limits.check();
    if (!by) return wanted === 0 ? series : { ...series, present: new Uint8Array(steps) };
    return { ...series, present: series.present.map((one, step) => (by[step] === wanted ? one : 0)) };
  };
  if (node.operator !== 'or') {
    const there = presence(right, rightNumbers);
    const wanted = node.operator === 'and' ? 1 : 0;
    return left.map((series, index) => filtered(series, there[leftNumbers[index]!], wanted));
  }
  const there = presence(left, leftNumbers);
  const added = right.map((series, index) => filtered(series, there[rightNumbers[index]!], 0));
  // The same series may come from the left at some steps and from the right at others.
  const known = new Set(left.map(({ labels }) => keyOf(labels)));
  const again = added.some(({ labels }) => known.has(keyOf(labels)));
  return again ? mergeSame([...left, ...added]) : [...left, ...added];
}
