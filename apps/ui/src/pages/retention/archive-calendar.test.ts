import { expect, test } from 'vitest';
import { bySiteAndClass, calendarOf } from './archive-calendar.ts';

const held = (day: string) => ({ day, files: 1, rows: 2, bytes: 3, first: 0, last: 0 });

test.each([
  ['a gap is named', ['2026-10-01', '2026-10-03'], '2026-10-04T12:00:00Z', ['03 held', '02 missing', '01 held']],
  ['yesterday is not due yet', ['2026-10-01'], '2026-10-03T01:30:00Z', ['01 held']],
  ['yesterday is due', ['2026-10-01'], '2026-10-03T02:30:00Z', ['02 missing', '01 held']],
  ['an early one counts', ['2026-10-01', '2026-10-02'], '2026-10-03T00:30:00Z', ['02 held', '01 held']],
  ['nothing yet', [], '2026-10-03T02:30:00Z', []],
])('%s', (_, days, now, expected) => {
  const calendar = calendarOf(days.map(held), Date.parse(now));
  expect(calendar.map(({ day, held: there }) => `${day.slice(8)} ${there ? 'held' : 'missing'}`)).toEqual(expected);
});

test('files are added up by class and site, none and all sites apart', () => {
  const file = (kept: string, site: string | null, bytes: number) => ({ class: kept, site, rows: 1, bytes });
  expect(bySiteAndClass([file('a', '', 1), file('a', null, 2), file('a', '', 4), file('b', '', 9)])).toEqual([
    { class: 'b', site: '', files: 1, rows: 1, bytes: 9 },
    { class: 'a', site: '', files: 2, rows: 2, bytes: 5 },
    { class: 'a', site: null, files: 1, rows: 1, bytes: 2 },
  ]);
});
