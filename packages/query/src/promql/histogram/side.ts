import { bucketBound, indexAtSchema } from './bounds.ts';
import { addCompensated, lost } from './compensation.ts';
import type { BucketSpan } from './float-histogram.ts';

/** The buckets of one side of zero, by ascending index. `losses` is there while sums are compensated. */
export interface Side {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
  readonly losses?: readonly number[];
}

export const noBuckets: Side = { indexes: [], counts: [] };

export function sideOf(spans: readonly BucketSpan[], counts: readonly number[]): Side {
  const indexes: number[] = [];
  let index = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length && indexes.length < counts.length; i++) indexes.push(index++);
  }
  return { indexes, counts };
}

export function spansOf(side: Side): BucketSpan[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of side.indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** Collects buckets in order; what falls into the last bucket again is added to it. */
class SideBuilder {
  readonly #indexes: number[] = [];
  readonly #counts: number[] = [];
  readonly #losses: number[] | undefined;

  constructor(compensated: boolean) {
    this.#losses = compensated ? [] : undefined;
  }

  add(index: number, count: number, loss = 0): void {
    const at = this.#indexes.length - 1;
    if (at < 0 || this.#indexes[at] !== index) {
      this.#indexes.push(index);
      this.#counts.push(count);
      this.#losses?.push(loss);
    } else if (this.#losses === undefined) {
      this.#counts[at] = (this.#counts[at] ?? 0) + count;
    } else {
      const sum = addCompensated(count, this.#counts[at] ?? 0, this.#losses[at] ?? 0);
      this.#counts[at] = addCompensated(loss, sum, lost);
      this.#losses[at] = lost;
    }
  }

  side(): Side {
    const side = { indexes: this.#indexes, counts: this.#counts };
    return this.#losses === undefined ? side : { ...side, losses: this.#losses };
  }
}

/** Merges neighbouring buckets up to a coarser schema. */
export function reduceSide(side: Side, schema: number, target: number): Side {
  if (schema === target) return side;
  const builder = new SideBuilder(side.losses !== undefined);
  for (const [at, index] of side.indexes.entries())
    builder.add(indexAtSchema(index, schema, target), side.counts[at] ?? 0, side.losses?.[at]);
  return builder.side();
}

/** `a + sign * b`, bucket by bucket; the losses of `a` are kept up where it has them. */
export function mergeSides(a: Side, b: Side, sign: 1 | -1): Side {
  const builder = new SideBuilder(a.losses !== undefined);
  let i = 0;
  let j = 0;
  while (i < a.indexes.length || j < b.indexes.length) {
    const ofA = a.indexes[i] ?? Infinity;
    const ofB = b.indexes[j] ?? Infinity;
    if (ofA <= ofB) {
      builder.add(ofA, a.counts[i] ?? 0, a.losses?.[i]);
      i++;
    }
    if (ofB <= ofA) {
      builder.add(ofB, sign * (b.counts[j] ?? 0), b.losses?.[j]);
      j++;
    }
  }
  return builder.side();
}

/** Custom buckets moved to fewer bounds, all of which are among `from`. */
export function moveToBounds(side: Side, from: readonly number[], to: readonly number[]): Side {
  const builder = new SideBuilder(side.losses !== undefined);
  let target = 0;
  for (const [at, index] of side.indexes.entries()) {
    const upper = from[index] ?? Infinity;
    while (target < to.length && (to[target] ?? Infinity) < upper) target++;
    builder.add(target, side.counts[at] ?? 0, side.losses?.[at]);
  }
  return builder.side();
}

/** Without its empty buckets. */
export function withoutEmpty(side: Side): Side {
  const kept = side.indexes.map((_, at) => at).filter((at) => side.counts[at] !== 0 || (side.losses?.[at] ?? 0) !== 0);
  if (kept.length === side.indexes.length) return side;
  const pick = (numbers: readonly number[]) => kept.map((at) => numbers[at] ?? 0);
  return {
    indexes: pick(side.indexes),
    counts: pick(side.counts),
    ...(side.losses === undefined ? {} : { losses: pick(side.losses) }),
  };
}

/** Distance from zero at which bucket `index` begins. */
export function innerBound(index: number, schema: number): number {
  return bucketBound(index - 1, schema, []);
}
