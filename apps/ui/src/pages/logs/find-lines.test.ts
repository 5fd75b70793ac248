import { expect, it } from 'vitest';
import { findLines, stepMatch } from './find-lines.ts';

const lines = ['Card declined', 'card taken', 'Order 12', ''].map((body) => ({ body, eventName: 'checkout' }));

it.each([
  ['card', [0, 1]],
  ['DECLINED', [0]],
  [' 12 ', [2]],
  ['checkout', [3]],
  ['.*', []],
  ['  ', []],
])('%j is found in the lines %j', (text, found) => expect(findLines(lines, text, [])).toEqual(found));

it.each([
  [3, 0, 1, 1],
  [3, 2, 1, 0],
  [3, 0, -1, 2],
  // Lines went while the last of them was marked.
  [2, 5, 1, 0],
  [0, 0, 1, -1],
] as const)('of %i matches, from %i by %i: %i', (matches, at, by, next) =>
  expect(stepMatch(matches, at, by)).toBe(next),
);
