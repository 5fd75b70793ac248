import { expect, test } from 'vitest';
import { firstAt, pointAt, runsOf, sumOf } from './lane-shape.ts';

const points = [0, 10, 20, 60, 70].map((at) => ({ at, value: at }));

test('a gap is a gap', () => {
  expect(runsOf(points).map((run) => run.map((p) => p.at))).toEqual([
    [0, 10, 20],
    [60, 70],
  ]);
  expect(runsOf([])).toEqual([]);
});

test('a moment has the nearest point, none inside a gap', () => {
  expect(pointAt(points, 12)?.at).toBe(10);
  expect(pointAt(points, 40)).toBeUndefined();
  expect(pointAt([], 5)).toBeUndefined();
});

test('the first point of all lanes, and the sum of one', () => {
  expect(firstAt([[], points.slice(2), points.slice(1)])).toBe(10);
  expect(firstAt([[], [{ at: 5, value: 0 }]])).toBeUndefined();
  expect(sumOf(points)).toBe(160);
});
