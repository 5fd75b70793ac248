import { expect, test } from 'vitest';
import { heatCells } from './heat-cells.ts';

const column = (labels: Record<string, string>, ...values: (number | null)[]) => ({
  name: labels['name'] ?? '',
  labels,
  values,
});
const cellsOf = (...columns: ReturnType<typeof column>[]) => heatCells([1, 2], columns);

test('cumulative buckets become counts, from the lowest up', () => {
  expect(cellsOf(column({ le: '+Inf' }, 9, null), column({ le: '0.5' }, 2, 1), column({ le: '1' }, 5, 1))).toEqual({
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

test('a series of no bucket beside buckets is left out', () => {
  expect(
    cellsOf(column({ le: '10' }, 9, 9), column({ overflow: 'true' }, 70, 70), column({ le: '2.5' }, 2, 1)),
  ).toEqual({
    times: [1, 2],
    bounds: ['2.5', '10'],
    cells: [
      [2, 1],
      [7, 8],
    ],
    most: 8,
  });
});

test('other series are rows as they are', () => {
  expect(cellsOf(column({ name: 'a' }, 1, 2), column({ name: 'b' }, 3, 4))).toMatchObject({
    bounds: ['a', 'b'],
    most: 4,
  });
});

test('buckets of their own are put in order and stay as they are', () => {
  expect(cellsOf(column({ __bucket: '2' }, 1, 2), column({ __bucket: '0.125' }, 3, null))).toEqual({
    times: [1, 2],
    bounds: ['0.125', '2'],
    cells: [
      [3, null],
      [1, 2],
    ],
    most: 3,
  });
});
