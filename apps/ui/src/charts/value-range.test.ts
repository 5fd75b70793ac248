import { expect, test } from 'vitest';
import { bounded, logRange, valueRange } from './value-range.ts';

test.each<[said: string, range: readonly [number, number], expected: readonly [number, number]]>([
  ['no values', valueRange(null, null, false), [0, 1]],
  ['zeros', valueRange(0, 0, true), [0, 1]],
  ['zeros below a limit of 5 %', valueRange(0, 0, true, 0.0625), [0, 0.0625]],
  ['zeros below a limit that is none', valueRange(0, 0, true, -5), [0, 1]],
  ['a limit far above values that are there', valueRange(0, 2, true, 100), [0, 2.16]],
  ['values near zero', valueRange(10, 100, false), [0, 108]],
  ['values far from zero', valueRange(90, 100, false), [88.5, 101.5]],
  ['the same value always', valueRange(50, 50, false), [45, 55]],
  ['values below zero', valueRange(-10, 10, false), [-13, 13]],
  ['bounds', bounded([0, 10], { low: 2, high: 8 }), [2, 8]],
  ['bounds that turn it around', bounded([0, 10], { low: 20 }), [20, 21]],
  ['decades', logRange(3, 4000), [1, 10_000]],
  ['decades without values', logRange(null, null), [1, 10]],
])('%s', (_, range, expected) => {
  expect(range[0]).toBeCloseTo(expected[0]);
  expect(range[1]).toBeCloseTo(expected[1]);
});
