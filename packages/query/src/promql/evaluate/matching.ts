import type { VectorMatching } from '../ast.ts';
import { Grouper, labelOf } from '../reduce/grouping.ts';
import type { Labels } from '../source.ts';
import { withoutName } from './values.ts';

const noMatching: VectorMatching = { cardinality: 'one-to-one', on: false, labels: [], include: [] };

/** How two vectors find their partners: signatures of labels, and the labels of a result. */
export class Matching {
  readonly matching: VectorMatching;
  readonly #grouper: Grouper;

  constructor(matching: VectorMatching | undefined) {
    this.matching = matching ?? noMatching;
    this.#grouper = new Grouper({ grouping: this.matching.labels, without: !this.matching.on });
  }

  /** Series with equal signatures are partners. */
  signatureOf(labels: Labels): string {
    return this.#grouper.keyOf(labels);
  }

  /** The labels that decide, as messages print them and as a filled-in side has them. */
  matchedLabels(labels: Labels): Labels {
    return this.#grouper.labelsOf(labels);
  }

  /** Labels of a result; `many` is the side that may have several partners, the left one where neither may. */
  resultLabels(many: Labels, one: Labels, dropName: boolean): Labels {
    const { cardinality, on, labels, include } = this.matching;
    let result: Record<string, string> = { ...(dropName ? withoutName(many) : many) };
    if (cardinality === 'one-to-one') {
      if (on) {
        const kept: Record<string, string> = {};
        for (const name of labels) {
          const value = labelOf(result, name);
          if (value !== '') kept[name] = value;
        }
        result = kept;
      } else {
        for (const name of labels) delete result[name];
      }
    }
    for (const name of include) {
      const value = labelOf(one, name);
      if (value !== '') result[name] = value;
      else delete result[name];
    }
    return result;
  }
}

/** Numbers for signatures, shared by both sides of an operation. */
export class Signatures {
  readonly #numbers = new Map<string, number>();

  numberOf(signature: string): number {
    let number = this.#numbers.get(signature);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(signature, number);
    }
    return number;
  }

  get count(): number {
    return this.#numbers.size;
  }
}
