import type { SiteState, SiteSummary } from '@sightline/contract';
import { expect, test } from 'vitest';
import { filterSites, revenueChange } from './fleet-filter.ts';
import { byTrouble, fleetSentence, troubleSince } from './fleet-sentence.ts';
import { freeLabels } from './map-labels.ts';
import { healthRuns, healthWords, type HealthMinute } from './health-runs.ts';

const now = Date.UTC(2026, 10, 20, 21, 30);
const minutesAgo = (n: number): number => now - n * 60_000;

function site(code: string, state: SiteState = 'healthy', more: Partial<SiteSummary> = {}): SiteSummary {
  return {
    code,
    name: `Store ${code}`,
    city: 'Tampa',
    region: 'FL',
    latitude: null,
    longitude: null,
    timeZone: 'America/New_York',
    state,
    worst: '',
    lastSeenAt: now,
    release: '2.14.0',
    services: 5,
    errorsPerMin: 0,
    requestsPerMin: 50,
    errorRate: 0,
    p95Ms: 100,
    cpu: null,
    memory: null,
    disk: null,
    queue: null,
    paymentSuccess: null,
    ordersToday: 0,
    revenueToday: 0,
    openIncidents: 0,
    health: health(30, 'good'),
    ...more,
  };
}

function health(count: number, minute: HealthMinute, then: HealthMinute = 'bad'): HealthMinute[] {
  return [...Array<HealthMinute>(count).fill(minute), ...Array<HealthMinute>(30 - count).fill(then)];
}

/** The sentence as it is read. */
function sentence(...sites: SiteSummary[]): string {
  const clock = (at: number): string => new Date(at).toISOString().slice(11, 16);
  return fleetSentence(sites, now, clock)
    .parts.map((part) => ('site' in part ? part.site : part.text))
    .join('');
}

const paying = site('STORE_012', 'unhealthy', { worst: 'payment errors', health: health(4, 'good') });
const gone = site('STORE_047', 'offline', { worst: 'offline 12 min', lastSeenAt: minutesAgo(12) });
const slow = site('STORE_022', 'degraded', { worst: 'slow inventory', health: health(25, 'good', 'warn') });

test.each([
  ['nothing reports', [], 'No store reports yet.'],
  ['one well store', [site('A')], 'The store is well.'],
  ['all well', [site('A'), site('B')], 'All 2 stores are well.'],
  ['one in trouble', [site('A'), paying], '1 store needs you: payment errors at STORE_012 since 21:04.'],
  [
    'two, and one to watch',
    [slow, gone, paying],
    '2 stores need you: payment errors at STORE_012 since 21:04; offline at STORE_047 since 21:18. 1 more to watch.',
  ],
  [
    'one gone, and most of the fleet silent',
    [
      gone,
      ...['A', 'B', 'C', 'D'].map((code) => site(code, 'late', { worst: 'silent 4 min', lastSeenAt: minutesAgo(4) })),
    ],
    '1 store needs you: offline at STORE_047 since 21:18. 4 more to watch: silent at A, B and 2 more since 21:26.',
  ],
  ['only to watch', [slow, site('A')], 'Nothing is down. 1 store to watch: slow inventory at STORE_022 since 21:25.'],
  [
    'gone for days',
    [site('A', 'offline', { lastSeenAt: minutesAgo(3 * 1440) })],
    '1 store needs you: offline at A since 3 d ago.',
  ],
  ['never heard', [site('A', 'offline', { lastSeenAt: null })], '1 store needs you: offline at A.'],
  [
    'more than can be named',
    ['A', 'B', 'C', 'D', 'E', 'F'].map((code) => site(code, 'unhealthy')),
    '6 stores need you: errors at A, B and 4 more.',
  ],
])('the first line of the fleet: %s', (_, sites, expected) => {
  expect(sentence(...sites)).toBe(expected);
});

test.each([
  [
    'stores with the same trouble are told together, payments first',
    [
      site('A', 'unhealthy', { worst: 'error rate 16 %', errorsPerMin: 9 }),
      site('B', 'unhealthy', { worst: 'payments failing 50 %', paymentSuccess: 0.5 }),
      site('C', 'unhealthy', { worst: 'payments failing 20 %', paymentSuccess: 0.8, health: health(20, 'good') }),
      site('D', 'unhealthy', { worst: 'error rate 9 %', paymentSuccess: 1 }),
    ],
    '4 stores need you: payments failing at B and C since 21:20; requests failing at A and D.',
  ],
  [
    'figures of degraded stores',
    [site('A', 'degraded', { worst: 'slow, p95 2.4 s' }), site('B', 'degraded', { worst: 'disk 95 % full' })],
    'Nothing is down. 2 stores to watch: slow at A; disk nearly full at B.',
  ],
  [
    'slow by two measures',
    [site('A', 'degraded', { worst: 'slow, p95 2.4 s' }), site('B', 'degraded', { worst: 'slow, median 3.1 s' })],
    'Nothing is down. 2 stores to watch: slow at A and B.',
  ],
])('kinds of trouble: %s', (_, sites, expected) => {
  expect(sentence(...sites)).toBe(expected);
});

test.each([
  ['bgggggggb', 1],
  ['bggbgggb', 8],
  ['bggbgggbggggg', 13],
  ['bggggggg', undefined],
  ['wggb', 4],
])('minutes %s: trouble since %s minutes', (text, minutes) => {
  const words = { g: 'good', w: 'warn', b: 'bad' } as const;
  const health = text.split('').map((letter) => words[letter as keyof typeof words]);
  expect(troubleSince(site('A', 'unhealthy', { health }), now)).toBe(minutes && minutesAgo(minutes));
});

test('trouble first, then errors, then the code', () => {
  const noisy = site('Z', 'healthy', { errorsPerMin: 3 });
  const order = [site('B'), slow, noisy, gone, site('A')].sort(byTrouble).map((s) => s.code);
  expect(order).toEqual(['STORE_047', 'STORE_022', 'Z', 'A', 'B']);
});

test('a well store has no since, though its last minute was bad', () => {
  expect(troubleSince(site('A', 'healthy', { health: health(29, 'good') }), now)).toBeUndefined();
});

test.each([
  ['', ['STORE_012', 'STORE_047', 'STORE_022', 'W']],
  ['offline', ['STORE_047']],
  ['store_04', ['STORE_047']],
  ['trouble', ['STORE_012', 'STORE_047', 'STORE_022']],
  ['tampa inventory', ['STORE_022']],
  ['healthy', ['W']],
  ['  ', ['STORE_012', 'STORE_047', 'STORE_022', 'W']],
  ['nowhere', []],
])('the filter "%s"', (text, expected) => {
  const found = filterSites([paying, gone, slow, site('W')], text);
  expect(found.map((s) => s.code)).toEqual(expected);
});

test.each([
  [110, 100, '+10.0 %'],
  [96.5, 100, '−3.5 %'],
  [5, null, undefined],
  [5, 0, undefined],
])('revenue %s against %s', (today, before, expected) => {
  expect(revenueChange(today, before)?.text).toBe(expected);
});

test('equal minutes are one bar, and are told in words', () => {
  const minutes: HealthMinute[] = ['good', 'good', 'bad', 'good'];
  expect(healthRuns(minutes)).toEqual([
    { start: 0, length: 2, minute: 'good' },
    { start: 2, length: 1, minute: 'bad' },
    { start: 3, length: 1, minute: 'good' },
  ]);
  expect(healthWords(minutes)).toBe('Last 4 minutes: 3 good, 1 bad');
});

test('codes on the map never cover one another', () => {
  const spot = (code: string, x: number, y: number) => ({ code, at: [x, y] as const, radius: 5 });
  const labels = freeLabels(
    [spot('STORE_001', 200, 50), spot('STORE_002', 204, 54), spot('STORE_003', 202, 52), spot('STORE_004', 380, 50)],
    400,
  );
  expect([...labels]).toEqual([
    ['STORE_001', 'right'],
    ['STORE_002', 'left'],
    ['STORE_004', 'left'],
  ]);
});

test.each([
  [[site('A', 'healthy')], 0, 'The store is well.'],
  [[site('A', 'healthy'), site('B', 'healthy')], 1, 'All 2 stores are well, but 1 incident is open.'],
  [[site('A', 'healthy'), site('B', 'healthy')], 3, 'All 2 stores are well, but 3 incidents are open.'],
])('stores that are well do not hide what else is wrong', (sites, openIncidents, expected) => {
  const { parts, tone } = fleetSentence(sites, now, String, openIncidents);
  expect(parts.map((part) => ('site' in part ? part.site : part.text)).join('')).toBe(expected);
  expect(tone).toBe(openIncidents === 0 ? 'good' : 'warn');
});
