import { dashboardPanel } from '@sightline/contract';
import { expect, test } from 'vitest';
import { joinFrames } from './join-frames.ts';
import { axesOf } from './query-look.ts';

const panel = dashboardPanel.parse({
  id: 'p1',
  type: 'timeseries',
  unit: '/s',
  place: { x: 0, y: 0, w: 12, h: 8 },
  options: { min: 0, max: 50, draw: 'lines' },
  queries: [
    { kind: 'promql', ref: 'A', expression: 'rate(orders[5m])' },
    {
      kind: 'promql',
      ref: 'B',
      expression: 'p95',
      look: { axis: 'right', unit: 's', draw: 'bars', max: 2 },
    },
    { kind: 'promql', ref: 'C', expression: 'hidden', hidden: true, look: { axis: 'right', unit: 'By', min: -1 } },
  ],
});
const frame = (ref: string, times: number[], values: (number | null)[]) => ({
  ref,
  times,
  instant: false,
  columns: [{ name: ref, labels: {}, values }],
});

test('each series has what its query says, the rest is as the panel', () => {
  const { times, columns } = joinFrames([frame('A', [1, 2], [3, null]), frame('B', [1, 2], [0.5, 0.7])], panel);
  expect(times).toEqual([1, 2]);
  expect(columns).toMatchObject([
    { name: 'A', values: [3, null] },
    { name: 'B', axis: 'right', draw: 'bars' },
  ]);
  expect(columns[0]).not.toHaveProperty('axis');
  expect(columns[1]?.format?.(0.5)).toBe('500 ms');
});

test('colour, width, fill and a broken line are those of the query, else of the panel', () => {
  const drawn = dashboardPanel.parse({
    ...panel,
    options: { lineWidth: 2, fill: 30 },
    queries: [
      { kind: 'promql', ref: 'A', expression: 'a', look: { colour: 'red', fill: 0, broken: true } },
      { kind: 'promql', ref: 'B', expression: 'b' },
    ],
  });
  const { columns } = joinFrames([frame('A', [1], [1]), frame('B', [1], [2])], drawn);
  expect(columns).toMatchObject([
    { colour: 'var(--bad)', line: { width: 2, fill: 0, broken: true } },
    { line: { width: 2, fill: 30 } },
  ]);
  expect(columns[1]).not.toHaveProperty('colour');
  const [first] = joinFrames([frame('A', [1], [1])], panel).columns;
  expect(first).not.toHaveProperty('line');
});

test('what was a week before stands on the axis of its query', () => {
  const before = [{ name: 'B', labels: {}, values: [1, 2] }];
  const { columns } = joinFrames([{ ...frame('B', [1, 2], [3, 4]), before }], panel);
  expect(columns[1]).toMatchObject({ name: 'B (a week before)', axis: 'right', dashed: true });
});

test('other times lie among each other: what was not asked is undefined, what was missing null', () => {
  const { times, columns } = joinFrames([frame('A', [0, 10, 20], [1, null, 3]), frame('B', [5, 20], [7, 8])], panel);
  expect(times).toEqual([0, 5, 10, 20]);
  expect(columns.map(({ values }) => values)).toEqual([
    [1, undefined, null, 3],
    [undefined, 7, undefined, 8],
  ]);
});

test('an axis is written as the first shown query on it with a unit, and ends where one says', () => {
  const { left, right } = axesOf(panel);
  expect([left.low, left.high, left.format(3)]).toEqual([0, 50, '3/s']);
  expect([right.low, right.high, right.format(1.5)]).toEqual([null, 2, '1.5 s']);
});
