import { expect, test } from 'vitest';
import { hiddenSides } from './hidden-sides.ts';

test.each([
  ['all in sight', { scrollLeft: 0, scrollWidth: 390, clientWidth: 390 }, ''],
  ['a pixel too wide, by rounding', { scrollLeft: 0, scrollWidth: 391, clientWidth: 390 }, ''],
  ['at its beginning', { scrollLeft: 0, scrollWidth: 700, clientWidth: 390 }, 'right'],
  ['in its middle', { scrollLeft: 120, scrollWidth: 700, clientWidth: 390 }, 'left right'],
  ['at its end', { scrollLeft: 309.6, scrollWidth: 700, clientWidth: 390 }, 'left'],
])('where a table goes on: %s', (_, measured, sides) => {
  expect(hiddenSides(measured)).toBe(sides);
});
