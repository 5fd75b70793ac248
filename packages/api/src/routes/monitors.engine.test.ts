/** Monitors over the API, on a real PostgreSQL and a real engine: who may what, what leaves, and what bad input gets. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, silentLogger, systemClock } from '@sightline/base';
import { getMonitor, listMonitorHistory, listMonitors, siteHistory } from '@sightline/contract';
import { type Control, openControl, type Role } from '@sightline/control';
import { organisationOf } from '@sightline/control/testing';
import { openUptime, type Uptime } from '@sightline/detect';
import { exactlyOnceSettings, type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerApi } from '../register-api.ts';
import { depsOf, unaskedStore } from '../test-support/deps-of.ts';
import { signedIn, type SignedIn } from '../test-support/signed-in.ts';

let folder: string;
let store: TelemetryStore;
let control: Control;
let uptime: Uptime;
let app: FastifyInstance;
let target: string;
let aheadMs = 0;
const clock: Clock = { now: () => Date.now() + aheadMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
const people = new Map<string, SignedIn>();
async function person(name: string, organisation: string, role: Role): Promise<void> {
  people.set(name, await signedIn(control, name, organisation, role));
}
const server = createServer((request, reply) =>
  reply.writeHead(request.headers.authorization === 'Bearer s3cret' ? 200 : 401).end('{"status":"ok"}'),
);

async function call(who: string, method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object) {
  const reply = await app.inject({
    method,
    url,
    ...people.get(who)?.carries,
    ...(payload ? { payload } : {}),
  });
  return { status: reply.statusCode, text: reply.body, json: () => reply.json() };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sl-monitors-api-'));
  [store, control] = await Promise.all([
    openMigratedStore(folder),
    openControl({ dataFolder: folder, logger: silentLogger, clock }),
  ]);
  for (const [name, roles] of [
    ['Acme', ['admin', 'responder', 'viewer']],
    ['Rival', ['admin']],
  ] as const) {
    const organisation = await organisationOf(control, name);
    for (const role of roles) await person(name === 'Acme' ? role : 'stranger', organisation, role);
  }
  uptime = openUptime({
    control,
    store,
    settings: exactlyOnceSettings,
    sink: { accept: async () => undefined },
    clock,
    logger: silentLogger,
    runs: false,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  app = Fastify();
  await registerApi(
    app,
    depsOf({
      store: { ...store, metrics: unaskedStore.metrics },
      control,
      clock,
      settings: { publicUrl: 'https://sight.example', version: '0', demo: false },
      monitors: uptime,
    }),
  );
});
afterAll(async () => {
  await app.close();
  await uptime.close();
  await Promise.all([store.close(), control.close()]);
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const base = '/api/v1/monitors';
const http = (name: string, more: object = {}) => ({
  type: 'http',
  name,
  settings: { url: target, headers: { Authorization: 'Bearer s3cret' } },
  ...more,
});
const range = () => `from=${clock.now() - 86_400_000}&to=${clock.now() + 1000}`;

async function made(body: object): Promise<{ id: string; address: string | null }> {
  const reply = await call('admin', 'POST', base, body);
  expect(reply.text).toContain('"id"');
  return reply.json();
}

describe('who may what', () => {
  test('only admins change monitors; everybody reads their own organisation’s', async () => {
    const { id } = await made(http('Rights'));
    for (const who of ['viewer', 'responder']) {
      expect((await call(who, 'POST', base, http('x'))).status).toBe(403);
      expect((await call(who, 'POST', `${base}/check`, http('x'))).status).toBe(403);
      expect((await call(who, 'PUT', `${base}/${id}`, http('x'))).status).toBe(403);
      expect((await call(who, 'PUT', `${base}/${id}/paused`, { paused: true })).status).toBe(403);
      expect((await call(who, 'DELETE', `${base}/${id}`)).status).toBe(403);
      expect((await call(who, 'GET', `${base}/${id}?${range()}`)).status).toBe(200);
    }
    expect((await call('nobody', 'GET', base)).status).toBe(401);
    for (const [method, url, body] of [
      ['GET', `${base}/${id}?${range()}`, undefined],
      ['PUT', `${base}/${id}`, http('x')],
      ['PUT', `${base}/${id}/paused`, { paused: true }],
      ['DELETE', `${base}/${id}`, undefined],
    ] as const) {
      expect((await call('stranger', method, url, body)).status).toBe(404);
    }
    expect((await call('stranger', 'GET', base)).json().monitors).toEqual([]);
  });

  test('no secret leaves: not to viewers, not to admins, not to the audit', async () => {
    const { id } = await made(http('Secrets', { site: 'STORE_009' }));
    const beat = await made({ type: 'heartbeat', name: 'Secret beat', settings: {} });
    const word = beat.address?.split('/').at(-1) ?? '';
    expect(word).toHaveLength(32);
    for (const who of ['viewer', 'responder', 'admin']) {
      const list = await call(who, 'GET', base);
      const one = await call(who, 'GET', `${base}/${id}?${range()}`);
      const two = await call(who, 'GET', `${base}/${beat.id}?${range()}`);
      expect(list.text + one.text).not.toContain('s3cret');
      expect((list.text + two.text).includes(word)).toBe(who === 'admin');
      expect(listMonitors.reply.parse(list.json()).monitors).toHaveLength(list.json().monitors.length);
      const detail = getMonitor.reply.parse(one.json());
      expect(detail.edit === null).toBe(who !== 'admin');
    }
    const audit = await call('admin', 'GET', '/api/v1/audit');
    expect(audit.text).toContain('monitor.create');
    expect(audit.text).not.toContain('s3cret');
  });

  test('a hidden secret stays when the form is saved, and is used by a check, but for no other host', async () => {
    const { id } = await made(http('Kept'));
    const { edit } = (await call('admin', 'GET', `${base}/${id}?${range()}`)).json();
    expect(edit.settings.headers.Authorization).toBe('••••••••');
    expect((await call('admin', 'PUT', `${base}/${id}`, { ...edit, everyMs: 30_000 })).status).toBe(200);
    const kept = await control.monitors.find(people.get('admin')!.organisation, id);
    expect(kept?.settings).toMatchObject({ headers: { Authorization: 'Bearer s3cret' } });
    const tried = await call('admin', 'POST', `${base}/check`, { type: 'http', settings: edit.settings, id });
    expect(tried.json()).toMatchObject({ up: true, message: 'answered 200', details: { status: 200 } });
    const elsewhere = { ...edit.settings, url: target.replace('127.0.0.1', 'localhost') };
    const stolen = await call('admin', 'POST', `${base}/check`, { type: 'http', settings: elsewhere, id });
    expect(stolen.json()).toMatchObject({ up: false, message: 'answered 401' });
  });
});

describe('bad input', () => {
  test.each<[string, object, string]>([
    ['no address', { type: 'http', name: 'x', settings: {} }, 'settings.url'],
    ['a wrong status', { type: 'http', name: 'x', settings: { url: 'http://x', status: 'fine' } }, 'settings.status'],
    [
      'a header that breaks out',
      { type: 'http', name: 'x', settings: { url: 'http://x', headers: { a: 'b\r\nc' } } },
      'settings.headers.a',
    ],
    ['a port beyond', { type: 'tcp', name: 'x', settings: { host: 'x', port: 70_000 } }, 'settings.port'],
    ['no name', http('  '), 'name'],
    ['too often', http('x', { everyMs: 1000 }), 'everyMs'],
    ['an agent without a site', { type: 'tcp', name: 'x', settings: { host: 'x', port: 1 }, runsOn: 'agent' }, 'site'],
    ['a heartbeat on an agent', { type: 'heartbeat', name: 'x', settings: {}, runsOn: 'agent', site: 'S' }, 'runsOn'],
  ])('%s is refused by field', async (_, body, field) => {
    const reply = await call('admin', 'POST', base, body);
    expect(reply.status).toBe(422);
    expect(Object.keys(reply.json().fields)).toEqual([field]);
  });

  test('a type that is not there, a policy that is not there, a name that is taken', async () => {
    expect((await call('admin', 'POST', base, { ...http('x'), type: 'gopher' })).status).toBe(422);
    expect((await call('admin', 'POST', base, http('x', { policy: 'pol_none' }))).status).toBe(422);
    await made(http('Twice'));
    expect((await call('admin', 'POST', base, http('Twice'))).status).toBe(409);
    const other = await made(http('Other'));
    expect((await call('admin', 'PUT', `${base}/${other.id}`, http('Twice'))).status).toBe(409);
    await call('admin', 'DELETE', `${base}/${other.id}`);
    await made(http('Other'));
  });

  test('a check of what nobody runs, and of a metadata service', async () => {
    expect((await call('admin', 'POST', `${base}/check`, { type: 'heartbeat', settings: {} })).status).toBe(422);
    const reply = await call('admin', 'POST', `${base}/check`, {
      type: 'http',
      settings: { url: 'http://169.254.169.254/latest/meta-data/' },
    });
    expect(reply.json()).toMatchObject({ up: false, message: 'refused: the address of a metadata service' });
  });
});

describe('heartbeats', () => {
  test('are taken by any method and with any body, and say what they were told', async () => {
    const beat = await made({ type: 'heartbeat', name: 'Backup', settings: { graceMs: 0 }, everyMs: 60_000 });
    const path = new URL(beat.address ?? '').pathname;
    expect(path).toMatch(/^\/api\/v1\/heartbeats\/[A-Za-z0-9]{32}$/);
    const state = async () => (await call('admin', 'GET', `${base}/${beat.id}?${range()}`)).json();
    expect((await state()).monitor).toMatchObject({ state: 'unknown', lastCheckedAt: null });
    expect((await state()).nextAt).toBeNull();
    const send = async (ending: string, how: object = {}) => {
      aheadMs += 10;
      return app.inject({ method: 'GET', url: `${path}${ending}`, ...how });
    };
    expect((await send('/start')).body).toBe('OK\n');
    expect((await state()).startedAt).toBeGreaterThan(0);
    expect((await send('?message=twelve%20files')).body).toBe('OK\n');
    expect((await state()).monitor).toMatchObject({ state: 'up', lastMessage: 'called: twelve files' });
    for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded', 'x/y']) {
      const reply = await send('/fail', { method: 'POST', headers: { 'content-type': type }, payload: `{bad ${type}` });
      expect(reply.statusCode).toBe(200);
      expect((await state()).monitor).toMatchObject({ state: 'down', lastMessage: `failed: {bad ${type}` });
    }
    await send('', { method: 'POST', payload: Buffer.from('a\0b\u00ff') });
    expect((await state()).monitor.state).toBe('up');
    await call('admin', 'PUT', `${base}/${beat.id}/paused`, { paused: true });
    expect((await send('')).body).toBe('OK (paused)\n');
    expect((await state()).monitor.state).toBe('paused');
  });

  test('that are nobody’s are refused', async () => {
    for (const word of ['x', 'A'.repeat(32), '%00', "';--"]) {
      const reply = await app.inject({ method: 'GET', url: `/api/v1/heartbeats/${word}` });
      expect(reply.statusCode).toBe(404);
    }
    const large = { method: 'POST', url: '/api/v1/heartbeats/x', payload: 'x'.repeat(300_000) } as const;
    expect((await app.inject(large)).statusCode).toBe(413);
  });
});

describe('what is read', () => {
  test('ninety days, uptimes and results of what an agent found; a gap is a gap', async () => {
    const day = 86_400_000;
    const { id } = await made(http('Of the store', { runsOn: 'agent', site: 'STORE_001', everyMs: 3_600_000 }));
    const { organisation } = people.get('admin')!;
    const now = clock.now();
    const noon = Math.floor(now / day) * day - 5 * day + day / 2;
    const result = (at: number, up: boolean) => ({
      monitor: id,
      at,
      up,
      durationMs: 40,
      message: up ? 'answered 200' : 'answered 500',
      attempts: 1,
    });
    const hours = [0, 1, 2, 3].map((hour) => result(noon + hour * 3_600_000, hour !== 2));
    await uptime.acceptResults(organisation, 'STORE_001', [...hours, result(now - 3_600_000, true), result(now, true)]);
    const history = listMonitorHistory.reply.parse((await call('viewer', 'GET', `${base}/history`)).json()).history[
      id
    ]!;
    expect(history.days).toHaveLength(90);
    expect(history.days.filter((share) => share !== null).length).toBeLessThanOrEqual(3);
    expect(history.days[84]).toBe(0.75);
    expect(history.downMin[84]).toBe(60);
    expect(history.uptime.day).toBe(1);
    expect(history.uptime.week).toBeLessThan(1);
    expect(history.response.at(-1)).toBe(40);
    const detail = getMonitor.reply.parse(
      (await call('viewer', 'GET', `${base}/${id}?from=${noon - 1}&to=${noon + day}`)).json(),
    );
    expect(detail.results.map(({ up }) => up)).toEqual([true, false, true, true]);
    expect(detail.results[0]?.details).toMatchObject({ from: 'agent' });
    expect(detail.response.mean).toHaveLength(3);
    expect(detail.response.down).toHaveLength(1);
    expect((await call('viewer', 'GET', `${base}/${id}?from=5&to=5`)).status).toBe(400);
    expect((await call('viewer', 'GET', `${base}/${id}?from=0&to=8640000000000000`)).status).toBe(200);
  });

  test('the history of a site: what people did to it and to what is its own, and to no other', async () => {
    const { id } = await made(http('Till', { site: 'STORE_100' }));
    await made(http('Other till', { site: 'STORE_1000' }));
    await call('admin', 'PUT', `${base}/${id}/paused`, { paused: true });
    await call('admin', 'PUT', '/api/v1/sites/STORE_100', { name: 'Tampa' });
    const url = '/api/v1/sites/STORE_100/history';
    const read = siteHistory.reply.parse((await call('viewer', 'GET', url)).json());
    expect(read.entries.map(({ action, subject }) => [action, subject])).toEqual([
      ['site.update', 'STORE_100'],
      ['monitor.pause', 'STORE_100/Till'],
      ['monitor.create', 'STORE_100/Till'],
    ]);
    expect((await call('viewer', 'GET', url)).text).not.toContain('"address"');
    const page = siteHistory.reply.parse((await call('viewer', 'GET', `${url}?limit=2`)).json());
    const rest = siteHistory.reply.parse((await call('viewer', 'GET', `${url}?limit=2&cursor=${page.next}`)).json());
    expect(page.entries.length + rest.entries.length).toBe(3);
    expect(rest.next).toBe('');
    expect((await call('viewer', 'GET', `${url}?cursor=x`)).status).toBe(422);
    expect((await call('stranger', 'GET', url)).json()).toEqual({ entries: [], incidents: [], next: '' });
    expect((await call('viewer', 'GET', '/api/v1/sites/STORE_10_/history')).json().entries).toEqual([]);
    expect((await call('viewer', 'GET', '/api/v1/sites/%25/history')).json().entries).toEqual([]);
  });
});

test('liveness asks nothing of anybody', async () => {
  const silent = Fastify();
  const never = () => new Promise<never>(() => undefined);
  await registerApi(silent, depsOf({ control, clock, health: never }));
  const begun = Date.now();
  const reply = await silent.inject('/health/live');
  expect([reply.statusCode, reply.json()]).toEqual([200, { status: 'healthy' }]);
  expect(Date.now() - begun).toBeLessThan(100);
  await silent.close();
});
