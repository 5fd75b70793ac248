import { expect, test } from 'vitest';
import { localTime, readLocalTime } from './local-time.ts';

test.each(['2026-10-05T08:30', '2026-01-31T23:59'])('%s is read and written the same', (text) => {
  const at = readLocalTime(text);
  expect(at).toBeGreaterThan(0);
  expect(localTime(at)).toBe(text);
});

test.each(['', 'yesterday', '2026-10-05', '2026-13-05T08:30'])('%j is no time', (text) => {
  expect(readLocalTime(text)).toBeUndefined();
});

test('no time is an empty field', () => expect(localTime(undefined)).toBe(''));
