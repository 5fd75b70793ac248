import { expect, test } from 'vitest';
import { paintColumns, reduceValues, topColumns } from './column-data.ts';

const column = (name: string, ...values: (number | null)[]) => ({ name, values });

test('the greatest stay in their order, the rest is added up where it may be', () => {
  const all = [column('a', 1, null), column('b', 5, 5), column('c', 2, null), column('d', 9, 9)];
  expect(topColumns(all, 2, true).kept).toMatchObject([
    { name: 'b' },
    { name: 'd' },
    { name: 'others (2)', values: [3, null] },
  ]);
  expect(topColumns(all, 2, false)).toMatchObject({ kept: [{ name: 'b' }, { name: 'd' }], omitted: 2 });
  expect(topColumns(all, 4, true).kept).toBe(all);
});

test.each([
  ['last', 3],
  ['first', 5],
  ['mean', 3],
  ['min', 1],
  ['max', 5],
  ['sum', 9],
  ['count', 3],
  ['range', 4],
] as const)('the %s of 5, a gap, 1, 3 is %d', (how, expected) => {
  expect(reduceValues([5, null, 1, 3, null], how)).toBe(expected);
});

test('nothing has no last value, and is counted as none', () => {
  expect(reduceValues([null], 'last')).toBeNull();
  expect(reduceValues([], 'count')).toBe(0);
});

test('bars of an axis stand on each other and are painted first; lines keep their values, what was before lies over all', () => {
  const painted = paintColumns(
    [
      { ...column('line', 7, 8), draw: 'lines' },
      column('a', 1, 2),
      column('b', 10, null),
      { ...column('right', 100, 200), axis: 'right' },
      { ...column('a before', 5, 5), dashed: true },
    ],
    'bars',
  );
  expect(painted.map(({ column: { name }, values }) => [name, values])).toEqual([
    ['b', [11, 2]],
    ['a', [1, 2]],
    ['right', [100, 200]],
    ['line', [7, 8]],
    ['a before', [5, 5]],
  ]);
});

test('a time at which only others were asked has no part in a reduction', () => {
  expect(reduceValues([undefined, 4, undefined, 2, undefined], 'last')).toBe(2);
  expect(reduceValues([undefined, 4, null], 'count')).toBe(1);
});
