import { expect, it } from 'vitest';
import { timeGrid } from './time-grid.ts';

it.each<[number, number, number, number, number, number]>([
  [0, 600_000, 10, 60_000, 0, 10],
  [30_000, 630_000, 10, 60_000, 0, 11],
  [0, 0, 10, 1000, 0, 0],
  [5000, 0, 10, 1000, 5000, 0],
  [0, 86_400_000, 240, 600_000, 0, 144],
  [0, 8_640_000_000_000_000, 10, 864_000_000_000_000, 0, 10],
])('the grid of %i to %i in %i points has steps of %i', (fromMs, toMs, points, stepMs, firstMs, count) => {
  expect(timeGrid({ fromMs, toMs }, points)).toEqual({ stepMs, firstMs, count });
});
