import { expect, test } from 'vitest';
import { compactNumber, counted, money, percent } from './number-text.ts';
import { dayAndTime, relative, timeOfDay, utcText } from './time-format.ts';

test.each([
  [0, '0'],
  [0.004, '0'],
  [0.42, '0.42'],
  [12.44, '12.4'],
  [10, '10'],
  [100, '100'],
  [1204, '1,204'],
  [48_210, '48.2k'],
  [3_100_000, '3.1M'],
  [-12.44, '-12.4'],
])('%s is written %s', (value, text) => {
  expect(compactNumber(value)).toBe(text);
});

test('shares, money, sizes, counts', () => {
  expect([percent(0.61), percent(0.9996), percent(1), percent(null)]).toEqual(['61 %', '99.96 %', '100 %', '–']);
  expect([money(12.5), money(48_210.4)]).toEqual(['$12.50', '$48,210']);
  expect([counted(1, 'store'), counted(1200, 'store')]).toEqual(['1 store', '1,200 stores']);
});

test('moments in a zone, in UTC, and from now', () => {
  const at = Date.UTC(2026, 10, 21, 2, 4, 7, 5);
  expect(dayAndTime(at, 'America/New_York')).toBe('20 Nov 21:04:07');
  expect(timeOfDay(at, true, 'UTC')).toBe('02:04:07.005');
  expect(utcText(at)).toBe('2026-11-21 02:04:07 UTC');
  expect([relative(at, at - 9_000), relative(at, at - 11_000)]).toEqual(['just now', 'in 11 s']);
  expect([relative(at, at + 1000), relative(at, at + 61_000), relative(at, at - 3_600_000)]).toEqual([
    'just now',
    '1 min ago',
    'in 1 h',
  ]);
});
