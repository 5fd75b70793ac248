import { expect, it } from 'vitest';
import { exemplarSpot } from './exemplar-spot.ts';

it.each([
  ['at its value', 2, true, 50, false],
  ['above the axis at the top edge', 9, true, 100, true],
  ['below the axis at the foot', -1, true, 0, false],
  ['of another measure at the foot', 2, false, 0, false],
  ['without a place on the axis at the foot', NaN, true, 0, false],
])('an exemplar stands %s', (_, value, onAxis, bottom, beyond) => {
  expect(exemplarSpot({ value, onAxis }, (one) => one / 4)).toEqual({ bottom, beyond });
});
