import { expect, it } from 'vitest';
import { histogramQuantile } from './histogram-quantile.ts';
import { timeGrid } from './time-grid.ts';

const latency: [number, number][] = [
  [0.1, 10],
  [0.5, 60],
  [1, 90],
  [Infinity, 100],
];
it.each<[string, number, [number, number][], number | undefined]>([
  ['median', 0.5, latency, 0.42],
  ['first bucket, from zero', 0.05, latency, 0.05],
  ['beyond the last bound', 0.99, latency, 1],
  ['any order', 0.5, latency.toReversed(), 0.42],
  [
    'no observations',
    0.5,
    [
      [1, 0],
      [Infinity, 0],
    ],
    undefined,
  ],
  ['no +Inf', 0.5, [[1, 5]], undefined],
  ['nothing', 0.5, [], undefined],
  ['only +Inf', 0.5, [[Infinity, 3]], undefined],
  [
    'negative first bound',
    0.1,
    [
      [-1, 5],
      [0, 8],
      [Infinity, 8],
    ],
    -1,
  ],
  [
    'counts that fall',
    0.5,
    [
      [1, 10],
      [2, 4],
      [Infinity, 10],
    ],
    0.5,
  ],
  ['a bound that is no number', 0.5, [[Number.NaN, 3], ...latency], 0.42],
])('%s', (_, quantile, buckets, expected) => {
  const value = histogramQuantile(
    quantile,
    buckets.map(([le, count]) => ({ le, count })),
  );
  if (expected === undefined) expect(value).toBeUndefined();
  else expect(value).toBeCloseTo(expected, 9);
});

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
