import { expect, test } from 'vitest';
import { skewOf } from './clock-skew.ts';

test.each<[string, number | null, number, number | null]>([
  ['the measured one stands', 125_000, 124_000, 125_000],
  ['nothing known is nothing', null, Number.NaN, null],
  ['a small one needs measuring', null, -3000, null],
  ['a large one needs none', null, 86_400_000, 86_400_000],
  ['a clock that was set since', 125_000, 300, 300],
  ['what no clock can be off by', 125_000, 1e300, 125_000],
  ['a request that does not say', 125_000, Number.NaN, 125_000],
])('%s', (_, measured, said, skew) => expect(skewOf(measured, said)).toBe(skew));
