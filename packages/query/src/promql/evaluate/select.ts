import type { Aggregate } from '../ast.ts';
import { formatGoNumber } from '../histogram/format.ts';
import { sortedNames } from '../reduce/grouping.ts';
import type { Labels } from '../source.ts';
import type { Group } from './aggregate.ts';
import type { Evaluation } from './evaluation.ts';
import { noteIgnored } from './ignored.ts';
import { eachRow } from './step-rows.ts';
import { execution, type VectorSeries } from './values.ts';
import { xxhash64 } from './xxhash64.ts';

/** `topk`, `bottomk`, `limitk`, `limit_ratio`: series of each group, as they are; an instant query gets them in order. */
export function select(
  evaluation: Evaluation,
  node: Aggregate,
  groups: readonly Group[],
  parameter: Float64Array,
  steps: number,
): VectorSeries[] {
  const { operator } = node;
  if (operator === 'limit_ratio') return limitRatio(evaluation, node, groups, parameter, steps);
  checkCount(parameter);
  const counts = parameter.map((k) => Math.max(0, Math.trunc(k)));
  if (counts.every((k) => k < 1)) return [];
  return groups.flatMap(({ members }) => {
    evaluation.limits.check();
    if (operator === 'limitk') return limit(members, counts, steps);
    return top(evaluation, node, members, counts, steps);
  });
}

function checkCount(parameter: Float64Array): void {
  if (Math.max(...bounds(parameter)) < 1) return;
  if (parameter.some(Number.isNaN)) throw execution('Parameter value is NaN');
  const [least, greatest] = bounds(parameter);
  if (least <= -(2 ** 63)) throw execution(`Scalar value ${formatGoNumber(least)} underflows int64`);
  if (greatest >= 2 ** 63) throw execution(`Scalar value ${formatGoNumber(greatest)} overflows int64`);
}

function bounds(values: Float64Array): readonly [number, number] {
  let least = Infinity;
  let greatest = -Infinity;
  for (const value of values) {
    if (value < least || Number.isNaN(value)) least = value;
    if (value > greatest || Number.isNaN(value)) greatest = value;
  }
  return [least, greatest];
}

/** The first `k` members that have a value. */
function limit(members: readonly VectorSeries[], counts: Float64Array, steps: number): VectorSeries[] {
  const taken = new Float64Array(steps);
  return members.map((member) => {
    const present = new Uint8Array(steps);
    for (let step = 0; step < steps; step++) {
      if (member.present[step] === 0 || taken[step]! >= counts[step]!) continue;
      present[step] = 1;
      taken[step]!++;
    }
    return { ...member, present };
  });
}

/** Members with the greatest (or least) values by a heap of `k`, its root the weakest; NaNs are weaker than anything. */
function top(
  evaluation: Evaluation,
  node: Aggregate,
  members: readonly VectorSeries[],
  counts: Float64Array,
  steps: number,
): VectorSeries[] {
  const sign = node.operator === 'topk' ? 1 : -1;
  const kept = members.map(() => new Uint8Array(steps));
  let column: Float64Array = new Float64Array(0);
  const heap: number[] = [];
  const weaker = (left: number, right: number): boolean => {
    const value = column[left]! * sign;
    return Number.isNaN(value) || value < column[right]! * sign;
  };
  let order: VectorSeries[] = [];
  eachRow(
    members,
    steps,
    (step, row) => {
      const k = Math.min(counts[step]!, members.length);
      if (k < 1) return;
      column = row.values;
      heap.length = 0;
      for (let index = 0; index < column.length; index++) {
        if (heap.length < k) {
          pushHeap(heap, index, weaker);
          continue;
        }
        const value = column[index]! * sign;
        const weakest = column[heap[0]!]! * sign;
        if (weakest < value || (Number.isNaN(weakest) && !Number.isNaN(value))) {
          heap[0] = index;
          siftDown(heap, weaker);
        }
      }
      for (const index of heap) kept[row.members[index]!]![step] = 1;
      if (steps > 1) return;
      heap.sort((left, right) => (weaker(right, left) ? -1 : weaker(left, right) ? 1 : 0));
      order = heap.map((index) => members[row.members[index]!]!);
    },
    () => noteIgnored(evaluation, node),
  );
  if (steps === 1) return order;
  return members
    .map((member, index) => ({ ...member, present: kept[index]! }))
    .filter(({ present }) => present.includes(1));
}

type Weaker = (left: number, right: number) => boolean;

function pushHeap(heap: number[], index: number, weaker: Weaker): void {
  heap.push(index);
  for (let at = heap.length - 1; at > 0;) {
    const parent = (at - 1) >> 1;
    if (!weaker(heap[at]!, heap[parent]!)) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function siftDown(heap: number[], weaker: Weaker): void {
  for (let at = 0; ;) {
    let child = 2 * at + 1;
    if (child >= heap.length) return;
    if (child + 1 < heap.length && weaker(heap[child + 1]!, heap[child]!)) child++;
    if (!weaker(heap[child]!, heap[at]!)) return;
    [heap[at], heap[child]] = [heap[child]!, heap[at]!];
    at = child;
  }
}

const utf8 = new TextEncoder();

/** Labels as Prometheus keeps them: each text behind its length, one byte or, from 255 on, 255 and three. */
function labelBytes(labels: Labels): Uint8Array {
  const parts: number[] = [];
  const add = (text: string): void => {
    const bytes = utf8.encode(text);
    const { length } = bytes;
    if (length < 255) parts.push(length);
    else parts.push(255, length & 255, (length >> 8) & 255, (length >> 16) & 255);
    for (const byte of bytes) parts.push(byte);
  };
  for (const name of sortedNames(labels)) {
    add(name);
    add(labels[name]!);
  }
  return Uint8Array.from(parts);
}

/** The share of series whose hash says so: the same ones at any time, and with `-1 + r` exactly the others. */
function limitRatio(
  { annotations }: Evaluation,
  node: Aggregate,
  groups: readonly Group[],
  parameter: Float64Array,
  steps: number,
): VectorSeries[] {
  if (parameter.every((ratio) => ratio === 0)) return [];
  if (parameter.some(Number.isNaN)) throw execution('Ratio value is NaN');
  const [least, greatest] = bounds(parameter);
  const position = node.parameter?.span.start ?? node.span.start;
  const outside = (ratio: number, cap: number): string =>
    `ratio value should be between -1 and 1, got ${formatGoNumber(ratio)}, capping to ${cap}`;
  if (greatest > 1) annotations.warn(outside(greatest, 1), position);
  if (least < -1) annotations.warn(outside(least, -1), position);
  return groups
    .flatMap(({ members }) => members)
    .map((member) => {
      const place = Number(xxhash64(labelBytes(member.labels))) / 2 ** 64;
      const present = new Uint8Array(steps);
      for (let step = 0; step < steps; step++) {
        const ratio = Math.min(1, Math.max(-1, parameter[step]!));
        if (ratio >= 0 ? place < ratio : place >= 1 + ratio) present[step] = member.present[step]!;
      }
      return { ...member, present };
    });
}
