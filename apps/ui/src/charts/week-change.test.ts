import { expect, it } from 'vitest';
import { weekChange } from './week-change.ts';

const format = (value: number | null): string => (value === null ? '–' : `${value} ms`);

it.each<[number | null, number | null, string, string, string]>([
  [112, 100, 'ms', '100 ms last week, +12 %', 'up'],
  [98.5, 100, 'ms', '100 ms last week, −1.5 %', 'down'],
  [100.01, 100, 'ms', '100 ms last week, ±0 %', 'up'],
  [1200, 100, 'ms', '100 ms last week, 12 times', 'up'],
  [-50, -100, 'ms', '-100 ms last week, +50 %', 'up'],
  [100, 100, 'ms', '100 ms last week, the same', 'same'],
  [5, 0, 'ms', '0 ms last week', 'up'],
  [0.98, 0.92, 'share', '0.92 ms last week, +6 points', 'up'],
  [40, 42.5, '%', '42.5 ms last week, −2.5 points', 'down'],
  [null, 100, 'ms', '100 ms last week', 'unknown'],
  [100, null, 'ms', 'no value last week', 'unknown'],
])('%s beside %s (%s): %s', (now, before, unit, text, direction) => {
  expect(weekChange(now, before, unit, format)).toEqual({ text, direction });
});
