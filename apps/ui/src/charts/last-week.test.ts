import { expect, it } from 'vitest';
import { changeText, comparable, outlineOf, weekLater, weekMs } from './last-week.ts';

it.each([
  [0, 0, 'none last week either'],
  [5, 0, 'none last week'],
  [1000, 1001, 'as many as last week'],
  [112, 100, '12 % more than last week'],
  [50, 200, '75 % fewer than last week'],
  [0, 4, '100 % fewer than last week'],
  [2000, 100, '20 times last week'],
])('%i after %i: %s', (now, before, text) => expect(changeText(now, before)).toBe(text));

it.each([
  [100, true],
  [43_200_000, true],
  [weekMs, true],
  [2 * 86_400_000, false],
  [0, false],
])('steps of %i ms: %s', (stepMs, can) => expect(comparable(stepMs)).toBe(can));

it('lays the week before over this one', () => {
  const before = weekLater([{ at: 60_000, counts: { info: 2, error: 1 } }]);
  expect([...before]).toEqual([[60_000 + weekMs, 3]]);
  expect(outlineOf([3, 0], 6, 100)).toBe('M0 50H1L1 100H2');
  expect(outlineOf([0], 0, 100)).toBe('');
});
