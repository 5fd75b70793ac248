import { expect, it } from 'vitest';
import { timeMs, timeNs } from './event-time.ts';

it.each<[unknown, number | undefined]>([
  [1_700_000_000, 1_700_000_000_000],
  [1_700_000_000.1239, 1_700_000_000_123],
  [1_700_000_000.999_999_8, 1_700_000_001_000],
  [0.5, 500],
  ['1700000000.5', 1_700_000_000_500],
  [1_700_000_000_123, 1_700_000_000_123],
  [1_700_000_000_123_456, 1_700_000_000_123],
  ['2023-11-14T22:13:20.9999Z', 1_700_000_000_999],
  [0, undefined],
  [-1, undefined],
  ['soon', undefined],
  [null, undefined],
])('%j in milliseconds is its time in nanoseconds, rounded down', (value, expected) => {
  expect(timeMs(value)).toBe(expected);
  const ns = timeNs(value);
  expect(ns === undefined ? undefined : Number(ns / 1_000_000n)).toBe(expected);
});
