import { expect, test } from 'vitest';
import { longestGapMs, nextDue, parseCron } from './cron.ts';

/** The next moments of a schedule, as UTC without seconds. */
function turns(text: string, after: string, count = 1, timeZone = 'UTC'): string[] {
  const cron = parseCron(text, timeZone);
  if (!cron.ok) throw new Error(cron.error);
  const found: string[] = [];
  let at: number | undefined = Date.parse(after);
  for (let n = 0; n < count && at !== undefined; n++) {
    at = nextDue(cron.value, at);
    if (at !== undefined) found.push(new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

test.each([
  ['*/15 * * * *', '2026-03-01T10:07:00Z', ['2026-03-01T10:15', '2026-03-01T10:30']],
  ['0 3 * * *', '2026-03-01T03:00:00Z', ['2026-03-02T03:00', '2026-03-03T03:00']],
  ['0 9 * * 1-5', '2026-03-06T09:00:00Z', ['2026-03-09T09:00', '2026-03-10T09:00']],
  ['0 9 * * mon,fri', '2026-03-06T09:00:00Z', ['2026-03-09T09:00', '2026-03-13T09:00']],
  ['30 0 1 jan *', '2026-03-01T00:00:00Z', ['2027-01-01T00:30', '2028-01-01T00:30']],
  ['0 0 13 * 5', '2026-03-01T00:00:00Z', ['2026-03-06T00:00', '2026-03-13T00:00']],
  ['0 0 29 2 *', '2026-03-01T00:00:00Z', ['2028-02-29T00:00']],
  ['0 0 * * 7', '2026-03-01T12:00:00Z', ['2026-03-08T00:00']],
  [
    '5/20 8-9 * * *',
    '2026-03-01T00:00:00Z',
    ['2026-03-01T08:05', '2026-03-01T08:25', '2026-03-01T08:45', '2026-03-01T09:05'],
  ],
  ['@hourly', '2026-03-01T10:59:59Z', ['2026-03-01T11:00']],
])('%s after %s', (text, after, expected) => {
  expect(turns(text, after, expected.length)).toEqual(expected);
});

test('a zone keeps its own clock through both changes', () => {
  const zone = 'America/New_York';
  // Clocks go forward on 8 March 2026 at 2:00 and back on 1 November 2026 at 2:00.
  expect(turns('0 9 * * *', '2026-03-07T12:00:00Z', 2, zone)).toEqual(['2026-03-07T14:00', '2026-03-08T13:00']);
  expect(turns('30 2 * * *', '2026-03-07T12:00:00Z', 1, zone)).toEqual(['2026-03-09T06:30']);
  expect(turns('0 9 * * *', '2026-10-31T12:00:00Z', 2, zone)).toEqual(['2026-10-31T13:00', '2026-11-01T14:00']);
  expect(turns('0 0 * * *', '2026-03-01T12:00:00Z', 1, 'Asia/Kolkata')).toEqual(['2026-03-01T18:30']);
});

test.each([
  '',
  '* * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '* * * * 8',
  '5-1 * * * *',
  '*/0 * * * *',
  'a * * * *',
  '* * * * * *',
])('"%s" is no schedule', (text) => {
  expect(parseCron(text, 'UTC').ok).toBe(false);
});

test('a zone that is none, and a day that never comes', () => {
  expect(parseCron('* * * * *', 'Mars/Olympus').ok).toBe(false);
  expect(turns('0 0 31 2 *', '2026-03-01T00:00:00Z')).toEqual([]);
});

test('the longest gap is what the job may stay away', () => {
  const gap = (text: string): number => {
    const cron = parseCron(text, 'UTC');
    return cron.ok ? longestGapMs(cron.value, Date.parse('2026-03-01T00:00:00Z')) / 3_600_000 : 0;
  };
  expect(gap('0 * * * *')).toBe(1);
  expect(gap('0 9 * * 1-5')).toBe(72);
  expect(gap('0 0 1 1 *')).toBe(31 * 24);
});
