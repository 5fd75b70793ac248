import { describe, expect, test } from 'vitest';
import type { Reduction } from '../source.ts';
import { GroupReduction } from './group-reduction.ts';

/** Reduces series of one step each, split between so many workers, and answers the one group's value. */
function reduced(operator: Reduction['operator'], values: readonly number[], workers: number): number | undefined {
  const reduction = { operator, grouping: [], without: false, dropName: true };
  const parts = Array.from({ length: workers }, () => new GroupReduction(reduction, 1));
  values.forEach((value, index) => {
    const part = parts[Math.floor((index * workers) / values.length)]!;
    part.add({ id: String(index) }, { values: Float64Array.of(value), present: Uint8Array.of(1) });
  });
  const whole = new GroupReduction(reduction, 1);
  for (const part of parts) whole.merge(structuredClone(part.parts()));
  return whole.finish()[0]?.values[0];
}

describe('reductions in parts', () => {
  test.each<[Reduction['operator'], readonly number[], number]>([
    ['sum', [1, 2, 3, 4, 5], 15],
    ['sum', [1e100, 1, -1e100, 1], 2],
    ['sum', [Infinity, 1, 2], Infinity],
    ['sum', [Infinity, -Infinity, 1], Number.NaN],
    ['avg', [1, 2, 3, 6], 3],
    ['avg', [1e308, 1e308, 1e308, 1e308], 1e308],
    ['avg', [Infinity, 1, 1], Infinity],
    ['count', [7, 7, 7], 3],
    ['group', [7, 8], 1],
    ['min', [Number.NaN, 3, 2, 4], 2],
    ['max', [Number.NaN, 3, 2, 4], 4],
    ['max', [Number.NaN, Number.NaN], Number.NaN],
  ])('%s of %j is %d however it is split', (operator, values, expected) => {
    for (const workers of [1, 2, 3]) expect(reduced(operator, values, workers), `${workers} workers`).toBe(expected);
  });

  test('groups by labels, whatever their names are', () => {
    const reduction = new GroupReduction(
      { operator: 'sum', grouping: ['constructor'], without: false, dropName: true },
      1,
    );
    const one = { values: Float64Array.of(1), present: Uint8Array.of(1) };
    reduction.add({ constructor: 'ferrari' }, one);
    reduction.add({ driver: 'x' }, one);
    reduction.add({ constructor: 'ferrari', driver: 'y' }, one);
    expect(reduction.finish().map(({ labels, values }) => [labels, values[0]])).toEqual([
      [{ constructor: 'ferrari' }, 2],
      [{}, 1],
    ]);
  });
});
