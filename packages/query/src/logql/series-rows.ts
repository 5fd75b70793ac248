import { StoreError } from '@sightline/store/port';
import { logqlBounds, tooManySeries } from './bounds.ts';
import type { BucketRow, Buckets } from './bucket-sql.ts';
import type { Labels } from './labels.ts';

/** What tells the group of a row, and its labels. */
export interface GroupLabels {
  readonly key: (row: BucketRow) => string;
  readonly labels: (row: BucketRow) => Labels;
}

/** Series by the group of their rows, within the bounds of an answer. */
export class SeriesRows {
  readonly #series = new Map<string, Buckets>();
  readonly #ofGroup: GroupLabels;
  readonly #buckets: number;

  constructor(ofGroup: GroupLabels, buckets: number) {
    this.#ofGroup = ofGroup;
    this.#buckets = buckets;
  }

  /** The series of a row. */
  of(row: BucketRow): Buckets {
    const key = this.#ofGroup.key(row);
    const known = this.#series.get(key);
    if (known) return known;
    const more = this.#series.size + 1;
    if (more > logqlBounds.series || more * this.#buckets > logqlBounds.values) throw tooManySeries();
    const [counts, values] = [new Float64Array(this.#buckets), new Float64Array(this.#buckets)];
    const one = { labels: this.#ofGroup.labels(row), counts, values };
    this.#series.set(key, one);
    return one;
  }

  all(): Buckets[] {
    return [...this.#series.values()];
  }
}

/** Reads a statement; more rows or groups than are answered are the client's fault. */
export async function readRows(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'too-many-rows') throw tooManySeries();
    throw error;
  }
}
