import { expect, test } from 'vitest';
import { silentSites } from './silent-sites.ts';

const days = ['2026-11-01', '2026-11-02', '2026-11-03'];
const seen = (on: Readonly<Record<string, readonly string[]>>) =>
  new Map(Object.entries(on).map(([site, list]) => [site, new Set(list)]));

test('a site that nobody entered is silent after the first day on which it sent something', () => {
  expect(silentSites(days, [], seen({ STORE_001: ['2026-11-02'], '': ['2026-11-01'] }))).toEqual({
    looked: 1,
    silent: [{ site: 'STORE_001', days: 1, first: '2026-11-03', last: '2026-11-03' }],
  });
});

test('a site that was entered is silent from then on', () => {
  const entered = [
    { code: 'STORE_003', since: '2026-10-01' },
    { code: 'STORE_002', since: '2026-11-03' },
  ];
  expect(silentSites(days, entered, seen({ STORE_003: days }))).toEqual({
    looked: 2,
    silent: [{ site: 'STORE_002', days: 1, first: '2026-11-03', last: '2026-11-03' }],
  });
});
