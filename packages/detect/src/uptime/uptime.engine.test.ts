/** Monitors at work on a real PostgreSQL and a real engine, against real servers on loopback. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, silentLogger, systemClock } from '@sightline/base';
import type { Control, NewMonitor } from '@sightline/control';
import { organisationOf, type TestServer, testServers } from '@sightline/control/testing';
import type { Finding } from '@sightline/record';
import { exactlyOnceSettings, type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckIn } from './check-ins.ts';
import { openUptime, type Uptime, type UptimeOptions } from './uptime.ts';

const postgres = testServers[0]!;
let server: TestServer;
let store: TelemetryStore;
let folder: string;
let site: Site;

/** A site that answers as told, and counts. */
interface Site {
  status: number;
  delayMs: number;
  calls: number;
  readonly url: string;
  readonly server: Server;
}

async function openSite(): Promise<Site> {
  const http = createServer((_, reply) => {
    one.calls += 1;
    setTimeout(() => reply.writeHead(one.status).end('ok'), one.delayMs);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  const one: Site = { status: 200, delayMs: 0, calls: 0, url, server: http };
  return one;
}

beforeAll(async () => {
  server = await postgres.start();
  folder = await mkdtemp(join(tmpdir(), 'sl-uptime-'));
  store = await openMigratedStore(folder);
});
afterAll(async () => {
  await store.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

let control: Control;
let organisation: string;
const open: Uptime[] = [];
let told: Finding[];
/** Our time runs ahead of the machine's by as much as a test says. */
let aheadMs: number;
const clock: Clock = { now: () => Date.now() + aheadMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) };

beforeEach(async () => {
  aheadMs = 0;
  told = [];
  site = await openSite();
  control = await server.freshControl(clock);
  organisation = await organisationOf(control, `org ${Math.random()}`);
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await control.close();
  site.server.closeAllConnections();
  site.server.close();
});

function start(options: Partial<UptimeOptions> = {}): Uptime {
  const one = openUptime({
    control,
    store,
    settings: exactlyOnceSettings,
    sink: { accept: async (findings) => void told.push(...findings) },
    clock,
    logger: silentLogger,
    runs: true,
    ...options,
  });
  open.push(one);
  return one;
}

async function make(change: Partial<NewMonitor> = {}): Promise<string> {
  const made = await control.monitors.create(
    organisation,
    {
      name: `monitor ${Math.random()}`,
      type: 'http',
      settings: { url: site.url },
      site: '',
      runsOn: 'server',
      everyMs: 10_000,
      timeoutMs: 2000,
      retries: 0,
      severity: 'high',
      policy: '',
      runbook: '',
      enabled: true,
      lateAfterMs: null,
      ...change,
    },
    'ada@example.com',
  );
  if (!made.ok) throw new Error(made.error.message);
  return made.value.id;
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(50)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`${what} did not come within 15 s`);
}

const stateOf = async (id: string) => (await control.monitors.find(organisation, id))?.state;
const isIn = (id: string, state: string) => until(`state ${state}`, async () => (await stateOf(id)) === state);
const rowsOf = (id: string) =>
  store.query<{ status: string; check_id: string; covers_ms: number; message: string }>(
    'SELECT status, check_id, covers_ms, message FROM checks WHERE monitor = {id:String} ORDER BY ts',
    { id },
  );
const findings = (state: Finding['state']) => told.filter((finding) => finding.state === state);

describe('a monitor that the server runs', () => {
  test('is run when it is due, kept once, and told of when it goes down and comes back', async () => {
    const id = await make({ site: 'STORE_047', name: 'Shop' });
    start();
    await isIn(id, 'up');
    site.status = 503;
    aheadMs += 20_000;
    await isIn(id, 'down');
    const [firing] = await until('the finding', async () => findings('firing').length > 0 && findings('firing'));
    expect(firing).toMatchObject({
      organisation,
      source: 'monitor',
      sourceId: id,
      severity: 'high',
      title: 'Shop is down at STORE_047',
      labels: { monitor: 'Shop', type: 'http', site: 'STORE_047' },
    });
    expect(firing?.summary).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/ answered 503 \(\d+ ms\); up for .* before$/);
    aheadMs += 20_000;
    await until('the second failure', async () => (await control.monitors.find(organisation, id))?.failures === 2);
    site.status = 200;
    aheadMs += 20_000;
    await isIn(id, 'up');
    await until('its end', async () => findings('resolved').length === 1);
    expect(findings('firing')).toHaveLength(1);
    expect(findings('resolved')[0]?.labels).toEqual(firing?.labels);
    const rows = await until('results', async () => {
      const found = await rowsOf(id);
      return found.length >= 4 && found;
    });
    expect(rows.map(({ status }) => status)).toEqual(['up', 'down', 'down', 'up']);
    expect(new Set(rows.map(({ check_id }) => check_id)).size).toBe(4);
    // Twenty seconds passed, but a result of every ten seconds speaks for fifteen at most.
    expect(rows[1]?.covers_ms).toBe(15_000);
    // The roll-up follows its table by a moment.
    const hours = await until('the hours', async () => {
      const [row] = await store.query<{ ups: number; downs: number; down_ms: number }>(
        'SELECT toUInt32(sum(ups)) AS ups, toUInt32(sum(downs)) AS downs, sum(down_ms) AS down_ms FROM check_hours WHERE monitor = {id:String}',
        { id },
      );
      return row && row.ups + row.downs >= 4 && row;
    });
    expect(hours).toEqual({ ups: 2, downs: 2, down_ms: 30_000 });
  });

  test('is run once by two servers at a time', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => make({ everyMs: 3_600_000 })));
    start();
    start();
    await until('all of them', async () => {
      const states = await Promise.all(ids.map(stateOf));
      return states.every((state) => state === 'up');
    });
    await sleep(1500);
    expect(site.calls).toBe(40);
    const counted = await until('the results', async () => {
      const [row] = await store.query<{ n: number }>(
        'SELECT toUInt32(count()) AS n FROM checks WHERE organisation = {organisation:String}',
        { organisation },
      );
      return row?.n === 40 && row;
    });
    expect(counted.n).toBe(40);
  });

  test('whose runner died in the middle is run by the next one once its lease is over', async () => {
    const id = await make();
    const [claimed] = await control.monitors.claim(10);
    expect(claimed?.id).toBe(id);
    expect(await control.monitors.claim(10)).toEqual([]);
    start();
    await sleep(1500);
    expect(await stateOf(id)).toBe('unknown');
    aheadMs += (claimed?.leaseUntil ?? 0) - clock.now() + 1000;
    await isIn(id, 'up');
    // The dead one comes back late: nobody believes it.
    const verdict = { up: false, message: 'late', durationMs: 1, at: clock.now(), nextRunAt: clock.now() };
    expect(await control.monitors.settle(claimed!, verdict)).toBe(false);
    expect(await stateOf(id)).toBe('up');
  });

  test('gives back what it holds when it is closed', async () => {
    site.delayMs = 60_000;
    const id = await make({ timeoutMs: 90_000 });
    const one = start();
    await until('the call', async () => site.calls === 1);
    await one.close();
    expect(await stateOf(id)).toBe('unknown');
    expect((await control.monitors.claim(10)).map((claimed) => claimed.id)).toEqual([id]);
  });

  test('is told of again when the one who was told did not keep it', async () => {
    site.status = 500;
    await make();
    let refusals = 2;
    start({
      sink: {
        accept: async (found) => {
          if (refusals-- > 0) throw new Error('not now');
          told.push(...found);
        },
      },
    });
    await until('the finding', async () => findings('firing').length === 1);
    await sleep(1500);
    expect(told).toHaveLength(1);
  });

  test.each([
    ['paused', (id: string) => control.monitors.enable(organisation, id, false, null, 'ada')],
    ['removed', (id: string) => control.monitors.remove(organisation, id, 'ada')],
  ])('that is %s while it is down ends its finding', async (_, act) => {
    site.status = 500;
    const id = await make();
    start();
    await until('the finding', async () => findings('firing').length === 1);
    expect((await act(id)).ok).toBe(true);
    await until('its end', async () => findings('resolved').length === 1);
    expect(await stateOf(id)).not.toBe('down');
  });

  test('that is renamed while it is down ends the finding of its old name', async () => {
    site.status = 500;
    const id = await make({ name: 'Old' });
    start();
    await until('the finding', async () => findings('firing').length === 1);
    const monitor = (await control.monitors.find(organisation, id))!;
    await control.monitors.update(organisation, id, { ...monitor, name: 'New', lateAfterMs: null }, 'ada');
    await until('both', async () => findings('resolved').length === 1 && findings('firing').length >= 2);
    expect(findings('resolved')[0]?.labels['monitor']).toBe('Old');
    expect(findings('firing').at(-1)?.labels['monitor']).toBe('New');
  });
});

describe('a heartbeat', () => {
  const heartbeat = { type: 'heartbeat', settings: { graceMs: 60_000 }, everyMs: 3_600_000, lateAfterMs: 3_660_000 };
  const wordOf = async (id: string) => (await control.monitors.find(organisation, id))?.word ?? '';

  test('is late after its period and grace, and well again with the next call', async () => {
    const id = await make({ ...heartbeat, name: 'Backup', settings: { graceMs: 60_000 } });
    const uptime = start();
    aheadMs += 86_400_000;
    await sleep(1200);
    expect(await stateOf(id)).toBe('unknown');
    expect(await uptime.heartbeat(await wordOf(id), 'began', '')).toBe('taken');
    aheadMs += 5000;
    expect(await uptime.heartbeat(await wordOf(id), 'done', 'kept 12 files')).toBe('taken');
    expect(await control.monitors.find(organisation, id)).toMatchObject({
      state: 'up',
      lastMessage: 'called: kept 12 files',
      startedAt: null,
    });
    expect((await control.monitors.find(organisation, id))?.lastDurationMs).toBeGreaterThanOrEqual(5000);
    aheadMs += 3_650_000;
    await sleep(1200);
    expect(await stateOf(id)).toBe('up');
    aheadMs += 20_000;
    await isIn(id, 'down');
    await until('the finding', async () => findings('firing').length === 1);
    expect(findings('firing')[0]).toMatchObject({ title: 'Backup is late' });
    expect(findings('firing')[0]?.summary).toMatch(/^no call for 1.0 h, expected every 1 h; up for /);
    await uptime.heartbeat(await wordOf(id), 'done', '');
    await until('its end', async () => findings('resolved').length === 1);
  });

  test('that fails or does not end is down at once', async () => {
    const failing = await make(heartbeat);
    const hanging = await make({ ...heartbeat, settings: { graceMs: 0, maxRunMs: 60_000 } });
    const uptime = start();
    await uptime.heartbeat(await wordOf(failing), 'failed', 'disk full, password=x Bearer abc.def');
    expect(await control.monitors.find(organisation, failing)).toMatchObject({
      state: 'down',
      lastMessage: expect.stringContaining('failed: disk full'),
    });
    expect((await control.monitors.find(organisation, failing))?.lastMessage).not.toContain('abc.def');
    await uptime.heartbeat(await wordOf(hanging), 'began', '');
    aheadMs += 61_000;
    await isIn(hanging, 'down');
    expect((await control.monitors.find(organisation, hanging))?.lastMessage).toMatch(
      /^began 1.0 min ago and did not end/,
    );
  });

  test('that became late while the control plane was away gets its grace once more', async () => {
    const id = await make({ ...heartbeat, name: 'Backup' });
    let away = false;
    let looks = 0;
    const claim: Control['monitors']['claim'] = async (limit) => {
      looks += 1;
      if (away) throw new Error('away');
      return control.monitors.claim(limit);
    };
    const uptime = start({ control: { monitors: { ...control.monitors, claim } } });
    const word = (await control.monitors.find(organisation, id))?.word ?? '';
    expect(await uptime.heartbeat(word, 'done', '')).toBe('taken');
    away = true;
    aheadMs = heartbeat.lateAfterMs - 30_000;
    const vainFrom = looks;
    await until('looks in vain', async () => looks > vainFrom + 1);
    aheadMs = heartbeat.lateAfterMs + 30_000;
    away = false;
    const seenFrom = looks + 3;
    await until('looks that see', async () => looks > seenFrom);
    expect(await stateOf(id)).toBe('up');
    aheadMs += 120_000;
    await isIn(id, 'down');
  });

  test('that became late while nobody watched gets its grace once more', async () => {
    const id = await make(heartbeat);
    const door = start({ runs: false });
    await door.heartbeat(await wordOf(id), 'done', '');
    aheadMs += 86_400_000;
    start();
    await sleep(1500);
    expect(await stateOf(id)).toBe('up');
    aheadMs += 61_000;
    await isIn(id, 'down');
  });

  test('answers for words that are nobody’s, paused or odd', async () => {
    const id = await make(heartbeat);
    const uptime = start();
    for (const word of ['', 'nobody', 'x'.repeat(5000), "'; DROP TABLE monitors; --"]) {
      expect(await uptime.heartbeat(word, 'done', '')).toBe('unknown');
    }
    const word = await wordOf(id);
    await control.monitors.enable(organisation, id, false, heartbeat.lateAfterMs, 'ada');
    expect(await uptime.heartbeat(word, 'done', '')).toBe('paused');
    await control.monitors.remove(organisation, id, 'ada');
    expect(await uptime.heartbeat(word, 'done', '')).toBe('unknown');
  });
});

describe('a monitor that an agent runs', () => {
  const ofAgent = { runsOn: 'agent', site: 'STORE_001' } as const;
  const result = (monitor: string, at: number, up = true) => ({
    monitor,
    at,
    up,
    durationMs: 12,
    message: up ? 'answered 200' : 'connection refused',
    attempts: up ? 1 : 3,
  });

  test('is ordered from its own site’s agent, secrets included, and from no other', async () => {
    const id = await make({ ...ofAgent, settings: { url: site.url, headers: { authorization: 'Bearer s3cret' } } });
    const uptime = start();
    expect(await uptime.ordersFor(organisation, 'STORE_001')).toMatchObject([
      { id, type: 'http', settings: { headers: { authorization: 'Bearer s3cret' } }, everyMs: 10_000 },
    ]);
    expect(await uptime.ordersFor(organisation, 'STORE_002')).toEqual([]);
    expect(await uptime.ordersFor('org_other', 'STORE_001')).toEqual([]);
    await sleep(1200);
    expect(site.calls).toBe(0);
  });

  test('is judged by the newest result; each is kept once however often and in whatever order it comes', async () => {
    const id = await make(ofAgent);
    const uptime = start();
    const now = clock.now();
    const batch = [result(id, now - 30_000), result(id, now - 20_000, false), result(id, now - 10_000, false)];
    await uptime.acceptResults(organisation, 'STORE_001', batch);
    await uptime.acceptResults(organisation, 'STORE_001', batch.toReversed());
    await Promise.all([
      uptime.acceptResults(organisation, 'STORE_001', [result(id, now - 40_000), ...batch]),
      uptime.acceptResults(organisation, 'STORE_001', [...batch, result(id, now - 40_000)]),
    ]);
    // From the past: kept, but not believed.
    await uptime.acceptResults(organisation, 'STORE_001', [result(id, now - 3_600_000)]);
    expect((await rowsOf(id)).map(({ status }) => status)).toEqual(['up', 'up', 'up', 'down', 'down']);
    expect(await control.monitors.find(organisation, id)).toMatchObject({
      state: 'down',
      lastMessage: 'connection refused (12 ms, 3 tries)',
    });
    await until('the finding', async () => findings('firing').length === 1);
    expect(findings('firing')[0]?.labels).toMatchObject({ site: 'STORE_001' });
  });

  test('is kept once also when the skew of its site was measured only after the first sending', async () => {
    const id = await make(ofAgent);
    const uptime = start();
    const behind = [result(id, clock.now() - 3_600_000)];
    await uptime.acceptResults(organisation, 'STORE_001', behind);
    await uptime.acceptResults(organisation, 'STORE_001', behind, -3_600_000);
    await uptime.acceptResults(organisation, 'STORE_001', [result(id, clock.now() - 3_590_000)], -3_600_000);
    expect(await rowsOf(id)).toHaveLength(2);
  });

  test('takes no result of another site, of an unknown monitor, or from the future', async () => {
    const id = await make(ofAgent);
    const uptime = start();
    const now = clock.now();
    await uptime.acceptResults(organisation, 'STORE_002', [result(id, now)]);
    await uptime.acceptResults(organisation, 'STORE_001', [result('mon_unknown', now)]);
    expect(await stateOf(id)).toBe('unknown');
    await uptime.acceptResults(organisation, 'STORE_001', [result(id, now + 86_400_000)]);
    const monitor = await control.monitors.find(organisation, id);
    expect(monitor?.lastCheckedAt).toBeLessThanOrEqual(clock.now());
    expect(monitor?.state).toBe('up');
  });

  test('becomes unknown, without a word to anybody, when nothing comes any more', async () => {
    const id = await make(ofAgent);
    const uptime = start();
    await uptime.acceptResults(organisation, 'STORE_001', [result(id, clock.now())]);
    aheadMs += 600_000;
    await until('unknown', async () => (await stateOf(id)) === 'unknown');
    await sleep(1200);
    expect(told).toEqual([]);
  });
});

describe('check-ins of cron jobs', () => {
  const nightly = {
    schedule: { type: 'crontab', value: '0 3 * * *' },
    checkin_margin: 10,
    max_runtime: 60,
    timezone: 'Europe/Berlin',
  };
  const word = (status: 'ok' | 'error' | 'in_progress', more: Partial<CheckIn> = {}): CheckIn => ({
    organisation,
    monitor: 'nightly-sync',
    status,
    environment: 'production',
    atMs: clock.now(),
    durationMs: null,
    config: undefined,
    ...more,
  });
  const found = () => control.monitors.findByName(organisation, 'nightly-sync');

  test('one without a schedule makes no monitor; one with it does, and follows it', async () => {
    const uptime = start({ runs: false });
    expect(await uptime.checkIn(word('ok'))).toBe('unknown');
    expect(await uptime.checkIn(word('ok', { config: { schedule: { type: 'crontab', value: 'nonsense' } } }))).toBe(
      'unknown',
    );
    expect(await uptime.checkIn(word('ok', { config: nightly, site: 'STORE_1' }))).toBe('unknown');
    expect(await uptime.checkIn(word('ok', { config: nightly }))).toBe('taken');
    expect(await uptime.checkIn(word('ok', { site: 'STORE_1' }))).toBe('unknown');
    const made = await found();
    expect(made).toMatchObject({
      type: 'heartbeat',
      everyMs: 86_400_000,
      settings: { graceMs: 600_000, maxRunMs: 3_600_000, cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
      state: 'up',
    });
    // Late ten minutes after three at night in Berlin.
    const late = new Date(made?.nextRunAt ?? 0).toLocaleTimeString('en-GB', { timeZone: 'Europe/Berlin' });
    expect(late).toBe('03:10:00');
    await uptime.checkIn(word('ok', { config: { ...nightly, checkin_margin: 20 } }));
    expect(await found()).toMatchObject({ settings: { graceMs: 1_200_000 } });
    expect(await uptime.checkIn(word('ok', { environment: 'staging', config: nightly }))).toBe('taken');
    expect(await control.monitors.findByName(organisation, 'nightly-sync (staging)')).toBeDefined();
  });

  test('what a person changed stays as it is', async () => {
    const uptime = start({ runs: false });
    await uptime.checkIn(word('ok', { config: nightly }));
    const made = await found();
    if (!made) throw new Error('no monitor');
    await control.monitors.update(
      organisation,
      made.id,
      { ...made, severity: 'low', lateAfterMs: 1000 },
      'ana@shop.example',
    );
    await uptime.checkIn(word('ok', { config: { ...nightly, checkin_margin: 30 } }));
    expect(await found()).toMatchObject({ severity: 'low', settings: { graceMs: 600_000 } });
  });

  test('a beginning that comes after its end begins nothing', async () => {
    const uptime = start({ runs: false });
    const hourly = { schedule: { type: 'interval', value: 1, unit: 'hour' }, checkin_margin: 5, max_runtime: 10 };
    const beganAtMs = clock.now();
    await uptime.checkIn(word('ok', { config: hourly, atMs: beganAtMs + 40 }));
    const ended = await found();
    await uptime.checkIn(word('in_progress', { config: hourly, atMs: beganAtMs }));
    expect(await found()).toMatchObject({ state: 'up', startedAt: null, nextRunAt: ended?.nextRunAt });
    await uptime.checkIn(word('in_progress', { config: hourly, atMs: beganAtMs + 3_600_000 }));
    expect(await found()).toMatchObject({ startedAt: beganAtMs + 3_600_000 });
  });

  test.each([
    ['ok', 'up'],
    ['error', 'down'],
  ] as const)('an end (%s) that overtakes the beginning which makes its monitor is not lost', async (status, state) => {
    const uptime = start({ runs: false });
    const run = { checkInId: 'a'.repeat(32) };
    expect(await uptime.checkIn(word(status, { ...run, durationMs: 12 }))).toBe('unknown');
    expect(await found()).toBeUndefined();
    aheadMs += 5000;
    expect(await uptime.checkIn(word('in_progress', { ...run, config: nightly }))).toBe('taken');
    const made = await found();
    expect(made).toMatchObject({ state, startedAt: null });
    await uptime.checkIn(word('in_progress', { checkInId: 'b'.repeat(32), config: nightly }));
    expect(await found(), 'it counts once, and the next run begins').toMatchObject({
      state,
      lastCheckedAt: made?.lastCheckedAt,
      startedAt: expect.any(Number) as number,
    });
  });

  test('what came more than a minute before its monitor, or from another organisation, does not count', async () => {
    const uptime = start({ runs: false });
    await uptime.checkIn(word('error'));
    aheadMs += 61_000;
    await uptime.checkIn(word('error', { organisation: 'org_other' }));
    await uptime.checkIn(word('error', { environment: 'staging' }));
    await uptime.checkIn(word('in_progress', { config: nightly }));
    expect(await found()).toMatchObject({ state: 'unknown', startedAt: expect.any(Number) as number });
  });

  test('the end and the beginning of a run at once make a monitor that has ended', async () => {
    const uptime = start({ runs: false });
    for (let run = 0; run < 10; run++) {
      const own = { monitor: `job-${run}`, checkInId: `${run}`.repeat(32) };
      await Promise.all([
        uptime.checkIn(word('ok', own)),
        uptime.checkIn(word('in_progress', { ...own, config: nightly })),
      ]);
      const made = await control.monitors.findByName(organisation, `job-${run}`);
      expect(made, own.monitor).toMatchObject({ state: 'up', startedAt: null });
    }
  });

  test('a beginning that its end overtook on the way begins nothing', async () => {
    const uptime = start({ runs: false });
    await uptime.checkIn(word('ok', { config: nightly }));
    const run = { checkInId: 'c'.repeat(32) };
    aheadMs += 60_000;
    await uptime.checkIn(word('ok', run));
    aheadMs += 5;
    expect(await uptime.checkIn(word('in_progress', { ...run, config: nightly }))).toBe('taken');
    expect(await found()).toMatchObject({ state: 'up', startedAt: null });
  });

  test('so many failures in a row as it says make a finding, and so many good runs end it', async () => {
    const uptime = start();
    const config = {
      schedule: { type: 'interval', value: 1, unit: 'hour' },
      checkin_margin: 5,
      failure_issue_threshold: 3,
      recovery_threshold: 2,
    };
    const says = async (status: 'ok' | 'error') => {
      await uptime.checkIn(word(status, { config, atMs: clock.now() }));
      const monitor = await found();
      return [monitor?.state, monitor?.failures];
    };
    expect(await says('ok')).toEqual(['up', 0]);
    expect((await found())?.settings).toMatchObject({ downAfter: 3, upAfter: 2 });
    expect(await says('error')).toEqual(['up', 1]);
    expect(await says('error')).toEqual(['up', 2]);
    expect(await says('ok'), 'a good one begins the count again').toEqual(['up', 0]);
    expect(await says('error')).toEqual(['up', 1]);
    expect(await says('error')).toEqual(['up', 2]);
    expect(told).toEqual([]);
    expect(await says('error')).toEqual(['down', 3]);
    await expect.poll(() => told.map(({ state }) => state)).toEqual(['firing']);
    expect(await says('ok')).toEqual(['down', 0]);
    expect(await says('error'), 'one good one is not enough').toEqual(['down', 1]);
    expect(await says('ok')).toEqual(['down', 0]);
    expect(told.at(-1)?.state).toBe('firing');
    expect(await says('ok')).toEqual(['up', 0]);
    await expect.poll(() => told.at(-1)?.state).toBe('resolved');
    // Missed runs count one by one, an hour apart.
    aheadMs += 66 * 60_000;
    await expect.poll(async () => (await found())?.failures, { timeout: 20_000 }).toBe(1);
    expect((await found())?.state).toBe('up');
    aheadMs += 61 * 60_000;
    await expect.poll(async () => (await found())?.failures, { timeout: 20_000 }).toBe(2);
    aheadMs += 61 * 60_000;
    await expect.poll(async () => (await found())?.state, { timeout: 20_000 }).toBe('down');
  });

  test('failed, missed and too long become findings, a good one ends them', async () => {
    const uptime = start();
    const everyHour = { schedule: { type: 'interval', value: 1, unit: 'hour' }, checkin_margin: 5, max_runtime: 10 };
    await uptime.checkIn(word('error', { config: everyHour, durationMs: 5000 }));
    await expect
      .poll(() => told.map(({ state, title }) => [state, title]))
      .toEqual([['firing', 'nightly-sync failed']]);
    await uptime.checkIn(word('ok'));
    await expect.poll(() => told.at(-1)?.state).toBe('resolved');
    const before = told.length;
    aheadMs += 66 * 60_000;
    await expect
      .poll(() => told.slice(before).map(({ state, title }) => [state, title]), { timeout: 20_000 })
      .toEqual([['firing', 'nightly-sync is late']]);
    await uptime.checkIn(word('ok'));
    await expect.poll(() => told.at(-1)?.state).toBe('resolved');
    await uptime.checkIn(word('in_progress'));
    aheadMs += 11 * 60_000;
    await expect.poll(() => told.at(-1)?.summary, { timeout: 20_000 }).toMatch(/began .* ago and did not end/);
    expect(told.at(-1)?.title).toBe('nightly-sync runs too long');
  });
});
