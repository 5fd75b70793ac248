import { expect, test } from 'vitest';
import { archiveUntil } from './archive-until.ts';

test('a limit of time is a moment, a limit of events or users a count', () => {
  expect(archiveUntil(36, 'hours', 1000)).toEqual({
    status: 'ignored',
    ignoredUntil: 'time',
    ignoredLimit: 1000 + 36 * 3_600_000,
  });
  expect(archiveUntil(2, 'days', 0)).toMatchObject({ ignoredUntil: 'time', ignoredLimit: 172_800_000 });
  expect(archiveUntil(500, 'events', 9)).toMatchObject({ ignoredUntil: 'events', ignoredLimit: 500 });
  expect(archiveUntil(3, 'users', 9)).toMatchObject({ ignoredUntil: 'users', ignoredLimit: 3 });
});

test.each([0, -1, 1.5, Number.NaN, 366])('%s days are no limit', (count) =>
  expect(archiveUntil(count, 'days', 0)).toBeUndefined(),
);
