import { labelOf } from '../../reduce/grouping.ts';
import { compareLabels, type VectorSeries } from '../values.ts';
import type { FunctionInput, VectorFunction } from './input.ts';

function warnInRange({ evaluation, call, grid }: FunctionInput): void {
  if (grid.count < 2) return;
  const message = 'sort is ineffective for range queries since results are always ordered by labels';
  evaluation.annotations.warn(message, call.span.start);
}

function byValue(input: FunctionInput, sign: 1 | -1): readonly VectorSeries[] {
  warnInRange(input);
  const floats = input.vector(0).map(({ histograms, ...series }) => {
    if (!histograms) return series;
    return { ...series, present: series.present.map((one, step) => (histograms[step] ? 0 : one)) };
  });
  if (input.grid.count > 1) return floats;
  // NaNs come last either way.
  const rank = ({ values }: VectorSeries): number => (Number.isNaN(values[0]) ? 1 : 0);
  return floats.sort((left, right) => rank(left) - rank(right) || sign * (left.values[0]! - right.values[0]!) || 0);
}

export const sort: VectorFunction = (input) => byValue(input, 1);
export const sortDesc: VectorFunction = (input) => byValue(input, -1);

function byLabel(input: FunctionInput, sign: 1 | -1): readonly VectorSeries[] {
  warnInRange(input);
  const names = Array.from({ length: input.count - 1 }, (_, index) => input.text(index + 1));
  return [...input.vector(0)].sort((left, right) => {
    for (const name of names) {
      const l = labelOf(left.labels, name);
      const r = labelOf(right.labels, name);
      if (l !== r) return isNaturallyBefore(l, r) ? -sign : sign;
    }
    return sign * compareLabels(left.labels, right.labels);
  });
}

export const sortByLabel: VectorFunction = (input) => byLabel(input, 1);
export const sortByLabelDesc: VectorFunction = (input) => byLabel(input, -1);

/** Numbers within texts by their value: `node-2` before `node-10`. */
function isNaturallyBefore(left: string, right: string): boolean {
  const leftParts = left.match(/\d+|\D+/g) ?? [];
  const rightParts = right.match(/\d+|\D+/g) ?? [];
  for (const [index, l] of leftParts.entries()) {
    const r = rightParts[index];
    if (r === undefined) return false;
    if (l === r) continue;
    if (!/^\d/.test(l) || !/^\d/.test(r)) return l < r;
    const [a, b] = [BigInt(l), BigInt(r)];
    if (a !== b) return a < b;
  }
  return leftParts.length < rightParts.length;
}
