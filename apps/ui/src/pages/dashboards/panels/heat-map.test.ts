import { expect, test } from 'vitest';
import { heatCells } from './heat-map.ts';

const column = (labels: Record<string, string>, ...values: (number | null)[]) => ({
  name: labels['name'] ?? '',
  labels,
  values,
});
const frames = (...columns: ReturnType<typeof column>[]) => ({
  frames: [{ ref: 'A', times: [1, 2], columns, instant: false }],
});

test('cumulative buckets become counts, from the lowest up', () => {
  expect(
    heatCells(frames(column({ le: '+Inf' }, 9, null), column({ le: '0.5' }, 2, 1), column({ le: '1' }, 5, 1))),
  ).toEqual({
    times: [1, 2],
    bounds: ['0.5', '1', '+Inf'],
    cells: [
      [2, 1],
      [3, 0],
      [4, null],
    ],
    most: 4,
  });
});

test('other series are rows as they are', () => {
  expect(heatCells(frames(column({ name: 'a' }, 1, 2), column({ name: 'b' }, 3, 4)))).toMatchObject({
    bounds: ['a', 'b'],
    most: 4,
  });
});
