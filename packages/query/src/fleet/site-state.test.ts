import { describe, expect, it } from 'vitest';
import { startOfLocalDay } from './local-day.ts';
import { siteFacts } from './site-facts.ts';
import { judgeMinute, judgeSite, type SiteVitals } from './site-state.ts';

const now = 1_800_000_000_000;
const minute = 60_000;
const well: SiteVitals = {
  lastSeenAt: now,
  requests: 100,
  failedRequests: 0,
  errorsPerMin: 0,
  medianMs: 90,
  p95Ms: 200,
  cpu: 0.3,
  memory: 0.5,
  disk: 0.4,
  queue: 3,
  paymentAttempts: 20,
  paymentFailures: 0,
};

describe('state of a site', () => {
  it.each<[string, Partial<SiteVitals>, string, string]>([
    ['all is well', {}, 'healthy', ''],
    ['never heard', { lastSeenAt: null }, 'offline', 'never heard'],
    ['two minutes silent', { lastSeenAt: now - 2 * minute }, 'healthy', ''],
    ['more than two minutes', { lastSeenAt: now - 2 * minute - 1 }, 'late', 'silent 2 min'],
    ['ten minutes', { lastSeenAt: now - 10 * minute }, 'late', 'silent 10 min'],
    ['twelve minutes', { lastSeenAt: now - 12 * minute }, 'offline', 'offline 12 min'],
    ['five hours', { lastSeenAt: now - 300 * minute }, 'offline', 'offline 5 h'],
    ['three days', { lastSeenAt: now - 72 * 60 * minute }, 'offline', 'offline 3 d'],
    ['silence before everything', { lastSeenAt: now - 12 * minute, failedRequests: 100 }, 'offline', 'offline 12 min'],
    ['a clock ahead of ours', { lastSeenAt: now + 5 * minute }, 'healthy', ''],
    ['payments failing', { paymentFailures: 8 }, 'unhealthy', 'payments failing 40 %'],
    ['few payments', { paymentAttempts: 4, paymentFailures: 4 }, 'healthy', ''],
    ['two declined cards', { paymentAttempts: 9, paymentFailures: 2 }, 'healthy', ''],
    ['three of nine', { paymentAttempts: 9, paymentFailures: 3 }, 'unhealthy', 'payments failing 33 %'],
    ['some payments failing', { paymentAttempts: 100, paymentFailures: 7 }, 'degraded', 'payments failing 7 %'],
    ['payments before errors', { paymentFailures: 8, failedRequests: 50 }, 'unhealthy', 'payments failing 40 %'],
    [
      'what is worse before what is dearer',
      { paymentAttempts: 100, paymentFailures: 7, failedRequests: 50 },
      'unhealthy',
      'error rate 50 %',
    ],
    [
      'payments that fail with their requests',
      { paymentAttempts: 3, paymentFailures: 1, failedRequests: 6 },
      'unhealthy',
      'payments failing 33 %',
    ],
    [
      'a declined card beside a slow database',
      { paymentAttempts: 2, paymentFailures: 1, p95Ms: 7100 },
      'degraded',
      'slow, p95 7.1 s',
    ],
    ['errors', { failedRequests: 6 }, 'unhealthy', 'error rate 6 %'],
    ['few errors', { failedRequests: 3 }, 'degraded', 'error rate 3 %'],
    ['one error in ten', { requests: 10, failedRequests: 1 }, 'healthy', ''],
    ['error logs alone', { requests: 0, errorsPerMin: 10.5 }, 'unhealthy', '11 errors/min'],
    ['slow', { p95Ms: 2400, disk: 0.95 }, 'degraded', 'slow, p95 2.4 s'],
    ['one slow request among a few', { requests: 39, p95Ms: 9000 }, 'healthy', ''],
    ['slow, with few requests', { requests: 5, medianMs: 2400, p95Ms: 9000 }, 'degraded', 'slow, median 2.4 s'],
    ['disk before queue', { disk: 0.95, queue: 500 }, 'degraded', 'disk 95 % full'],
    ['queue', { queue: 101 }, 'degraded', 'queue 101'],
    ['memory', { memory: 0.97 }, 'degraded', 'memory 97 %'],
    ['CPU', { cpu: 0.85 }, 'degraded', 'CPU 85 %'],
    ['nothing reported', { cpu: null, memory: null, disk: null, queue: null }, 'healthy', ''],
  ])('%s', (_, over, state, worst) => {
    expect(judgeSite({ ...well, ...over }, now)).toEqual({ state, worst });
  });
});

it.each<[number, number, number, number, number, string]>([
  [0, 0, 0, 0, 0, 'none'],
  [100, 0, 0, 0, 0, 'good'],
  [100, 2, 0, 0, 0, 'good'],
  [100, 3, 0, 0, 0, 'warn'],
  [100, 6, 0, 0, 0, 'bad'],
  [4, 1, 0, 0, 0, 'warn'],
  [4, 2, 0, 0, 0, 'bad'],
  [100, 0, 500, 6, 0, 'bad'],
  [0, 0, 100, 1, 0, 'good'],
  [0, 0, 10, 2, 0, 'bad'],
  [0, 0, 0, 0, 1, 'warn'],
  [0, 0, 0, 0, 3, 'bad'],
])(
  'a minute of %i requests (%i failed), %i logs (%i errors), %i events is %s',
  (requests, failedRequests, logs, errorLogs, errorEvents, health) => {
    expect(judgeMinute({ requests, failedRequests, logs, errorLogs, errorEvents })).toBe(health);
  },
);

it.each<[string, string, number, string]>([
  ['2026-06-15T16:00:30Z', 'America/New_York', 0, '2026-06-15T04:00:00.000Z'],
  ['2026-06-15T03:59:59Z', 'America/New_York', 0, '2026-06-14T04:00:00.000Z'],
  ['2026-01-15T16:00:00Z', 'America/Chicago', 0, '2026-01-15T06:00:00.000Z'],
  // The day on which clocks go forward has 23 hours, the one on which they go back 25.
  ['2026-03-08T20:00:00Z', 'America/New_York', 0, '2026-03-08T05:00:00.000Z'],
  ['2026-03-09T03:59:59Z', 'America/New_York', 0, '2026-03-08T05:00:00.000Z'],
  ['2026-11-01T20:00:00Z', 'America/New_York', 0, '2026-11-01T04:00:00.000Z'],
  ['2026-11-02T04:59:59Z', 'America/New_York', 0, '2026-11-01T04:00:00.000Z'],
  ['2026-11-03T20:00:00Z', 'America/New_York', 7, '2026-10-27T04:00:00.000Z'],
  // Midnight itself does not exist: the day begins at one o'clock.
  ['2026-03-28T23:30:00Z', 'Asia/Beirut', 0, '2026-03-28T22:00:00.000Z'],
  ['2026-06-15T18:29:59Z', 'Asia/Kolkata', 0, '2026-06-14T18:30:00.000Z'],
  ['2026-06-15T12:00:00Z', 'Pacific/Kiritimati', 0, '2026-06-15T10:00:00.000Z'],
  ['2026-06-15T16:00:00Z', '', 0, '2026-06-15T00:00:00.000Z'],
  ['2026-06-15T16:00:00Z', "Mars/Olympus'; --", 0, '2026-06-15T00:00:00.000Z'],
])('the day of %s in %s, %i days back, began at %s', (at, zone, daysBack, start) => {
  expect(new Date(startOfLocalDay(Date.parse(at), zone, daysBack)).toISOString()).toBe(start);
});

it.each<[Record<string, string>, object]>([
  [{}, { name: '', latitude: null, longitude: null, timeZone: '' }],
  [
    { 'site.latitude': '27.5', 'site.longitude': '-82' },
    { latitude: 27.5, longitude: -82 },
  ],
  [
    { 'site.latitude': 'NaN', 'site.longitude': '' },
    { latitude: null, longitude: null },
  ],
  [
    { 'site.latitude': '91', 'site.longitude': '-181' },
    { latitude: null, longitude: null },
  ],
  [{ 'site.time_zone': 'America/Chicago' }, { timeZone: 'America/Chicago' }],
  [{ 'site.time_zone': 'nowhere' }, { timeZone: '' }],
  [{ 'site.name': 'x'.repeat(5000) }, { name: 'x'.repeat(200) }],
  [
    { 'site.name': 'a\u0000\nb', 'site.city': `${'x'.repeat(99)}\u{1F600}` },
    { name: 'a b', city: `${'x'.repeat(99)}\uFFFD` },
  ],
])('facts of %j', (attributes, facts) => {
  expect(siteFacts('S', attributes)).toMatchObject(facts);
});
