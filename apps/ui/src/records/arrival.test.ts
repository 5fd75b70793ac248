import { expect, it } from 'vitest';
import { arrivalNotes, lateText } from './arrival.ts';

const at = Date.UTC(2026, 10, 20, 21, 4, 7);
const row = (receivedAt: number, skewMs?: string) => ({
  at,
  receivedAt,
  resource: skewMs === undefined ? {} : { 'sightline.clock_skew_ms': skewMs },
});

it.each([
  [at + 1500, ''],
  [at + 300_000, ''],
  [at + 12 * 60_000, '12 min late'],
  [at + 3 * 3_600_000 + 5, '3 h late'],
  [at - 60_000, ''],
])('received at %i: "%s"', (receivedAt, text) => expect(lateText(row(receivedAt))).toBe(text));

it('says when a late record came and what the clock of its site said', () => {
  const [late = '', clock = ''] = arrivalNotes(row(at + 720_000, '125000'));
  expect(late).toMatch(/^Arrived 12 min late, on 20 Nov \d\d:16:07\.$/);
  expect(clock).toMatch(/^The site’s clock was 2 min ahead and said 20 Nov \d\d:06:12; the time is corrected\.$/);
  expect(arrivalNotes(row(at, '-5000'))[0]).toContain('5 s behind');
});

it.each([undefined, '0', 'x'])('says nothing of a clock that is right (%s)', (skew) =>
  expect(arrivalNotes(row(at, skew))).toEqual([]),
);
