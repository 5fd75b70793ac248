import { ManualClock } from '@sightline/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InMemoryEngine } from '../promql/test-support/in-memory-engine.ts';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import {
  BusinessDays,
  readBusinessDay,
  readDevices,
  readFleetTelemetry,
  readLanes,
  readScopes,
  readServices,
  readSiteFacts,
  readTopIssues,
  summariseFleet,
  unknownSite,
} from './fleet.ts';

// The tables forget what is older than a month: the day before today, in a zone without daylight saving time (UTC-7).
const day = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000;
const now = day + 16 * 3_600_000 + 30_000;
const minute = 60_000;
let test: TestStore;

const where = (site: string, service = 'orders', organisation = 'acme') => ({
  organisation,
  site,
  service,
  environment: 'production',
});

function span(site: string, atMs: number, durationMs: number, failed = false, organisation = 'acme') {
  return {
    ...where(site, 'orders', organisation),
    release: '1.4.0',
    device: 'NUC',
    ts: engineTime(atMs),
    received_at: engineTime(atMs),
    duration_ns: durationMs * 1e6,
    kind: 2,
    status_code: failed ? 2 : 0,
    name: 'POST /orders',
    res: {
      'site.name': `Name of ${site}`,
      'site.latitude': '27.9',
      'site.longitude': '999',
      'site.time_zone': 'America/Phoenix',
    },
  };
}

const metrics = new InMemoryEngine();
function points(
  metric: string,
  site: string,
  values: [number, number][],
  labels: Record<string, string> = {},
  { organisation = 'acme', service = 'orders' } = {},
): void {
  metrics.add(organisation, metric, { site, service, ...labels }, values);
}

beforeAll(async () => {
  test = await openTestStore();
  const spans = [];
  for (let i = 0; i < 50; i++) spans.push(span('STORE_001', now - minute - i * 1000, 100 + i));
  for (let i = 0; i < 20; i++) spans.push(span('STORE_002', now - minute - i * 1000, 50, i < 10));
  spans.push(span('STORE_003', now - 12 * minute, 50));
  spans.push(span('SECRET', now - minute, 50, true, 'rival'));
  await test.insert('spans', spans);
  await test.insert(
    'logs',
    Array.from({ length: 12 }, (_, i) => ({
      ...where('STORE_004', 'pos'),
      ts: engineTime(now - 2 * minute - i),
      received_at: engineTime(now - minute - i),
      severity: i < 3 ? 17 : 9,
      body: `line ${i}`,
      device: 'TERM_01',
    })),
  );
  await test.insert(
    'errors',
    Array.from({ length: 4 }, (_, i) => ({
      ...where('STORE_002'),
      project: 1,
      ts: engineTime(now - 2 * minute - i),
      received_at: engineTime(now - 2 * minute - i),
      event_id: `e${i}`,
      issue: '18446744073709551614',
      severity: 17,
      type: 'PaymentError',
      message: 'declined',
      release: '1.4.0',
    })),
  );
  const midnight = day + 7 * 3_600_000;
  // Known before midnight: 100 → 130, restart to 5 → 12: 30 + 12 orders today.
  points('order_count_total', 'STORE_001', [
    [midnight - 30 * minute, 100],
    [midnight + minute, 110],
    [midnight + 2 * minute, 130],
    [midnight + 3 * minute, 5],
    [midnight + 4 * minute, 12],
  ]);
  // A series whose client told that it began at zero: 3 more.
  points(
    'order_count_total',
    'STORE_001',
    [
      [now - 6 * minute, 0],
      [now - 5 * minute, 3],
    ],
    { method: 'cash' },
  );
  points('order_revenue_total', 'STORE_001', [
    [midnight - minute, 100],
    [midnight + minute, 110],
    [midnight + 2 * minute, 125.5],
  ]);
  points(
    'order_revenue_total',
    'STORE_001',
    [
      [midnight - 7 * 1440 * minute - minute, 1],
      [midnight - 7 * 1440 * minute + minute, 8],
    ],
    { week: 'last' },
  );
  for (const [outcome, before, after] of [
    ['success', 10, 16],
    ['failure', 1, 5],
  ] as const)
    points(
      'payment_attempts_total',
      'STORE_002',
      [
        [now - 9 * minute, before],
        [now - minute, after],
      ],
      { outcome },
    );
  points('system_cpu_utilization_ratio', 'STORE_001', [[now - minute, 0.25]], { cpu: '0', state: 'idle' });
  points('system_cpu_utilization_ratio', 'STORE_001', [[now - minute, 0.75]], { cpu: '1', state: 'idle' });
  points('system_cpu_utilization_ratio', 'STORE_001', [[now - minute, 0.1]], { cpu: '1', state: 'user' });
  points('system_memory_utilization_percent', 'STORE_001', [
    [now - 3 * minute, 90],
    [now - minute, 50],
  ]);
  const mountpoint = 'system_filesystem_mountpoint';
  points('system_filesystem_utilization_ratio', 'STORE_001', [[now - minute, 0.95]], { [mountpoint]: '/' });
  points('system_filesystem_utilization_ratio', 'STORE_001', [[now - minute, 0.15]], { [mountpoint]: '/data' });
  points('sync_queue_depth', 'STORE_002', [[now - minute, 7]], {}, { service: 'sync' });
  points('system_cpu_utilization_ratio', 'STORE_001', [[now - minute, 0.99]], {}, { organisation: 'rival' });
  await test.insert('seen', [
    {
      organisation: 'rival',
      site: 'STORE_001',
      service: 'orders',
      first_seen: engineTime(now - minute),
      last_seen: engineTime(now - minute),
    },
    {
      organisation: 'acme',
      site: 'STORE_002',
      service: 'sync',
      first_seen: engineTime(now - minute),
      last_seen: engineTime(now - minute),
    },
  ]);
});
afterAll(() => test.close());

const reads = () => ({ ...test.store, metrics });
async function fleet(organisation = 'acme', environment = '') {
  const scope = { organisation, environment, nowMs: now };
  const zones = new Map(['STORE_001', 'STORE_002'].map((site) => [site, 'America/Phoenix']));
  const [telemetry, day] = [
    await readFleetTelemetry(reads(), scope),
    await readBusinessDay(reads(), { organisation, nowMs: now, zones }, {}),
  ];
  return summariseFleet(telemetry, [unknownSite('STORE_000')], day, scope);
}

describe('fleet', () => {
  it('sums up every site', async () => {
    const { sites, totals } = await fleet();
    expect(sites.map((site) => [site.code, site.state, site.worst])).toEqual([
      ['STORE_000', 'offline', 'never heard'],
      ['STORE_001', 'degraded', 'disk 95 % full'],
      ['STORE_002', 'unhealthy', 'payments failing 40 %'],
      ['STORE_003', 'offline', 'offline 12 min'],
      ['STORE_004', 'healthy', ''],
    ]);
    const [, one, two, , four] = sites;
    expect(one).toMatchObject({
      release: '1.4.0',
      services: 1,
      cpu: 0.5,
      memory: 0.5,
      disk: 0.95,
      queue: null,
      ordersToday: 45,
      revenueToday: 25.5,
    });
    expect(one?.requestsPerMin).toBeCloseTo(50 / 5.5, 6);
    expect(one?.p95Ms).toBeGreaterThan(140);
    expect(one?.p95Ms).toBeLessThan(150);
    expect(two).toMatchObject({ errorRate: 0.5, queue: 7, cpu: null });
    expect(two?.paymentSuccess).toBeCloseTo(0.6, 9);
    expect(two?.errorsPerMin).toBeCloseTo(10 / 5.5, 6);
    expect(four?.errorsPerMin).toBeCloseTo(3 / 5.5, 6);
    expect(four?.health.slice(-4)).toEqual(['none', 'bad', 'none', 'none']);
    expect(totals).toMatchObject({ sites: 5, online: 3, ordersToday: 45, revenueToday: 25.5, revenueSameWeekday: 7 });
  });

  it('keeps organisations and environments apart', async () => {
    expect((await fleet('rival')).sites.map((site) => site.code)).toEqual(['SECRET', 'STORE_000', 'STORE_001']);
    expect((await fleet('nobody')).sites.map((site) => site.code)).toEqual(['STORE_000']);
    expect((await fleet('acme', 'staging')).sites).toEqual([]);
    expect(await readScopes(test.store, 'rival')).toEqual({
      environments: ['production'],
      sites: ['SECRET', 'STORE_001'],
      services: ['orders'],
    });
  });

  it('takes names and places from what the sites say, but nothing impossible', async () => {
    const facts = await readSiteFacts(test.store, { organisation: 'acme', sites: ['STORE_001', 'SECRET'], nowMs: now });
    expect(facts).toEqual([
      {
        site: 'STORE_001',
        name: 'Name of STORE_001',
        address: '',
        city: '',
        region: '',
        latitude: 27.9,
        longitude: null,
        timeZone: 'America/Phoenix',
      },
    ]);
  });

  it('shows one site', async () => {
    const range = { organisation: 'acme', site: 'STORE_002', fromMs: now - 60 * minute, toMs: now };
    const services = await readServices(test.store, { ...range, nowMs: now });
    expect(services.map((s) => [s.service, s.environment, s.errorRate])).toEqual([
      ['orders', 'production', 0.5],
      ['sync', '', 0],
    ]);
    expect((await readDevices(test.store, range)).devices).toEqual([
      { device: 'NUC', services: ['orders'], lastSeenAt: now - minute },
    ]);
    expect(await readTopIssues(test.store, range)).toEqual([
      { issue: 'fffffffffffffffe', title: 'PaymentError: declined', events: 4, lastSeenAt: now - 2 * minute },
    ]);
    const lanes = new Map((await readLanes(reads(), range, now)).map((lane) => [lane.name, lane.points]));
    const total = (name: string): number => (lanes.get(name) ?? []).reduce((sum, p) => sum + p.value, 0);
    expect(total('errors')).toBe(14);
    expect(total('requests')).toBe(20);
    expect(total('payments')).toBe(6);
    expect(total('failed payments')).toBe(4);
    expect(lanes.get('queue')).toEqual([{ at: Math.floor((now - minute) / minute) * minute, value: 7 }]);
    expect(lanes.get('CPU')).toEqual([]);
    expect(lanes.get('online')).toHaveLength(61);
    for (const organisation of ['rival', "a' OR 1=1 --"]) {
      expect(await readTopIssues(test.store, { ...range, organisation })).toEqual([]);
      expect((await readDevices(test.store, { ...range, organisation })).devices).toEqual([]);
      expect(await readServices(test.store, { ...range, organisation, nowMs: now })).toEqual([]);
    }
  });
});

it('reads the business day behind the page once it ages, and waits only when it is stale', async () => {
  const clock = new ManualClock(now);
  const days = new BusinessDays(reads(), clock);
  const asked = { organisation: 'acme', nowMs: now, zones: new Map([['STORE_001', 'America/Phoenix']]) };
  const orders = async (): Promise<number | undefined> => (await days.read(asked)).bySite.get('STORE_001')?.orders;
  expect(await Promise.all([orders(), orders()])).toEqual([45, 45]);
  const once = metrics.asked.length;
  clock.advance(19_000);
  expect([await orders(), metrics.asked.length]).toEqual([45, once]);
  clock.advance(2000);
  expect(await orders()).toBe(45);
  expect(metrics.asked.length).toBeGreaterThan(once);
  clock.advance(11 * minute);
  expect(await orders()).toBe(45);
  expect((await days.read({ ...asked, organisation: 'rival' })).bySite.size).toBe(0);
});

it('who comes back to the business day after a while sees what was sold meanwhile', async () => {
  const clock = new ManualClock(now);
  const days = new BusinessDays(reads(), clock);
  const zones = new Map([['STORE_009', 'America/Phoenix']]);
  const orders = async (): Promise<number> =>
    (await days.read({ organisation: 'acme', nowMs: now, zones })).bySite.get('STORE_009')?.orders ?? 0;
  expect(await orders()).toBe(0);
  points('order_count_total', 'STORE_009', [
    [now - 2 * minute, 10],
    [now - minute, 22],
  ]);
  clock.advance(2 * minute);
  expect(await orders()).toBe(12);
});
