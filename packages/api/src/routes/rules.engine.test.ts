import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { openControl, type Control, type Role } from '@sightline/control';
import { organisationOf } from '@sightline/control/testing';
import { type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerApi } from '../register-api.ts';
import { depsOf, unaskedStore } from '../test-support/deps-of.ts';
import { signedIn, type SignedIn } from '../test-support/signed-in.ts';

let folder: string;
let store: TelemetryStore;
let control: Control;
let app: FastifyInstance;
let organisation: string;
const people = new Map<string, SignedIn>();
async function person(name: string, organisation: string, role: Role): Promise<void> {
  people.set(name, await signedIn(control, name, organisation, role));
}

async function call(who: string, method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, body?: object) {
  const reply = await app.inject({
    method,
    url: `/api/v1/rules${url}`,
    ...people.get(who)?.carries,
    ...(body ? { payload: body } : {}),
  });
  return { status: reply.statusCode, body: reply.json<Record<string, unknown>>() };
}

const settings = (query: string) => ({
  source: { kind: 'records', table: 'logs', query, measure: 'count' },
  windowMs: 300_000,
  operator: '>',
  threshold: 2,
  by: ['site'],
});
const rule = (name: string, query = 'severity:>=error') => ({
  name,
  type: 'threshold',
  severity: 'high',
  settings: settings(query),
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sl-api-rules-'));
  [store, control] = await Promise.all([
    openMigratedStore(folder),
    openControl({ dataFolder: folder, logger: silentLogger, clock: systemClock }),
  ]);
  organisation = await organisationOf(control, 'One');
  await person('admin', organisation, 'admin');
  await person('responder', organisation, 'responder');
  await person('viewer', organisation, 'viewer');
  await person('stranger', await organisationOf(control, 'Two'), 'owner');
  app = Fastify();
  await registerApi(app, depsOf({ store: { ...store, metrics: unaskedStore.metrics }, control }));
});
afterAll(async () => {
  await app.close();
  await control.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

describe('rules over HTTP', () => {
  it('are made, changed, switched and deleted, and all of it is audited', async () => {
    const made = await call('admin', 'POST', '', rule('Errors'));
    expect(made).toMatchObject({
      status: 200,
      body: {
        name: 'Errors',
        limit: '> 2',
        windowMs: 300_000,
        everyMs: 30_000,
        firing: 0,
        updatedBy: 'admin@example.com',
      },
    });
    const id = String(made.body['id']);
    expect((await call('viewer', 'GET', '')).body['rules']).toHaveLength(1);
    expect(await call('admin', 'PUT', `/${id}`, { ...rule('More errors'), severity: 'low' })).toMatchObject({
      status: 200,
      body: { name: 'More errors', severity: 'low' },
    });
    expect(await call('admin', 'PUT', `/${id}/enabled`, { enabled: false })).toMatchObject({
      status: 200,
      body: { enabled: false },
    });
    expect((await call('viewer', 'GET', `/${id}/groups`)).body).toEqual({ groups: [] });
    expect(await call('admin', 'DELETE', `/${id}`)).toMatchObject({ status: 200 });
    expect((await call('viewer', 'GET', `/${id}`)).status).toBe(404);
    const audit = await control.audit.list(organisation, { limit: 10, cursor: '' });
    if (!audit.ok) throw new Error('no audit');
    const acts = audit.value.entries.filter((entry) => entry.action.startsWith('rule.'));
    expect(acts.map((entry) => `${entry.action} ${entry.subject}`).reverse()).toEqual([
      'rule.create Errors',
      'rule.update More errors',
      'rule.disable More errors',
      'rule.delete More errors',
    ]);
    expect(acts.find((entry) => entry.action === 'rule.update')?.detail).toBe('name More errors; severity low');
  });

  it('are refused with the field and the place', async () => {
    const refused = await call('admin', 'POST', '', rule('Odd', 'ok severity:loud'));
    expect(refused).toMatchObject({
      status: 422,
      body: {
        position: { from: 12, to: 16 },
        fields: { 'settings.source.query': expect.stringContaining('At character 13') as string },
      },
    });
    expect((await call('admin', 'POST', '', { ...rule('Odd'), type: 'moon' })).body['fields']).toHaveProperty([
      'settings.type',
    ]);
    expect((await call('admin', 'POST', '', { ...rule('Odd'), everyMs: 1 })).body['fields']).toHaveProperty('everyMs');
    expect((await call('admin', 'POST', '', { ...rule('Odd'), labels: { 'a b': '1' } })).status).toBe(422);
    await call('admin', 'POST', '', rule('Twice'));
    expect((await call('admin', 'POST', '', rule('Twice'))).status).toBe(409);
  });

  it('are for those who may', async () => {
    const made = await call('admin', 'POST', '', rule('Mine'));
    const id = String(made.body['id']);
    for (const who of ['viewer', 'responder']) {
      expect((await call(who, 'POST', '', rule('Theirs'))).status).toBe(403);
      expect((await call(who, 'PUT', `/${id}/enabled`, { enabled: false })).status).toBe(403);
      expect((await call(who, 'DELETE', `/${id}`)).status).toBe(403);
      expect((await call(who, 'GET', `/${id}`)).status).toBe(200);
    }
    for (const [method, url, body] of [
      ['GET', `/${id}`, undefined],
      ['GET', `/${id}/groups`, undefined],
      ['PUT', `/${id}`, rule('Taken')],
      ['PUT', `/${id}/enabled`, { enabled: false }],
      ['DELETE', `/${id}`, undefined],
    ] as const)
      expect((await call('stranger', method, url, body)).status).toBe(404);
    expect((await call('stranger', 'GET', '')).body['rules']).toEqual([]);
  });

  it('say before they are kept what they would have found', async () => {
    const at = BigInt(Date.now() - 1_800_000) * 1_000_000n;
    await store.execute(
      `INSERT INTO logs (organisation, site, service, ts, received_at, severity, body)
       SELECT {o:String}, if(number < 6, 'STORE_001', 'STORE_002'), 'orders', fromUnixTimestamp64Nano({at:Int64}), fromUnixTimestamp64Nano({at:Int64}), 17, 'failed' FROM numbers(8)`,
      { o: organisation, at },
      { settings: { insert_deduplication_token: 'preview' } },
    );
    const body = { type: 'threshold', settings: settings('severity:>=error'), hours: 1 };
    const seen = await call('viewer', 'POST', '/preview', body);
    expect(seen).toMatchObject({
      status: 200,
      body: { threshold: 2, operator: '>', unit: '', episodesTotal: 1, now: [], notes: [] },
    });
    expect(seen.body['episodes']).toMatchObject([{ labels: { site: 'STORE_001' }, title: 'This rule at STORE_001' }]);
    expect((await call('stranger', 'POST', '/preview', body)).body['episodesTotal']).toBe(0);
    expect((await call('viewer', 'POST', '/preview', { ...body, settings: settings('(') })).status).toBe(422);
  });
});
