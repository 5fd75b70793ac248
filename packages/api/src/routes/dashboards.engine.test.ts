import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { openControl, type Control, type Role } from '@sightline/control';
import { organisationOf } from '@sightline/control/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerApi } from '../register-api.ts';
import { depsOf } from '../test-support/deps-of.ts';
import { signedIn, type SignedIn } from '../test-support/signed-in.ts';

let folder: string;
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
    url: `/api/v1/dashboards${url}`,
    ...people.get(who)?.carries,
    ...(body ? { payload: body } : {}),
  });
  return { status: reply.statusCode, body: reply.json<Record<string, unknown>>(), headers: reply.headers };
}

const document = (title: string, more: object = {}) => ({ schema: 1, title, ...more });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sl-api-dashboards-'));
  control = await openControl({ dataFolder: folder, logger: silentLogger, clock: systemClock });
  organisation = await organisationOf(control, 'One');
  await person('responder', organisation, 'responder');
  await person('viewer', organisation, 'viewer');
  await person('stranger', await organisationOf(control, 'Two'), 'owner');
  app = Fastify();
  await registerApi(app, depsOf({ control }));
});
afterAll(async () => {
  await app.close();
  await control.close();
  await rm(folder, { recursive: true, force: true });
});

async function made(title: string, more: object = {}): Promise<string> {
  const reply = await call('responder', 'POST', '', { document: document(title, more), message: 'first' });
  expect(reply.status).toBe(200);
  return String(reply.body['id']);
}

describe('dashboards over HTTP', () => {
  it('are made, saved by version, restored and deleted, and all of it is audited', async () => {
    const id = await made('Orders');
    const saved = await call('responder', 'PUT', `/${id}`, {
      document: document('Orders 2'),
      version: 1,
      message: 'b',
    });
    expect(saved).toMatchObject({ status: 200, body: { version: 2, document: { title: 'Orders 2' } } });
    const late = await call('responder', 'PUT', `/${id}`, { document: document('Lost'), version: 1 });
    expect(late.status).toBe(409);
    expect(late.body['detail']).toContain('responder@example.com saved version 2');
    const versions = await call('viewer', 'GET', `/${id}/versions`);
    expect(versions.body['versions']).toMatchObject([
      { version: 2, message: 'b' },
      { version: 1, message: 'first', author: 'responder@example.com' },
    ]);
    expect((await call('viewer', 'GET', `/${id}/versions/1`)).body['document']).toMatchObject({ title: 'Orders' });
    const restored = await call('responder', 'POST', `/${id}/versions/1/restore`, { current: 2 });
    expect(restored).toMatchObject({ status: 200, body: { version: 3, document: { title: 'Orders' } } });
    expect((await call('responder', 'DELETE', `/${id}`)).status).toBe(200);
    expect((await call('viewer', 'GET', `/${id}`)).status).toBe(404);
    const audit = await control.audit.list(organisation, { limit: 10, cursor: '' });
    if (!audit.ok) throw new Error('no audit');
    expect(
      audit.value.entries
        .map((entry) => `${entry.action} ${entry.subject}`)
        .reverse()
        .slice(-4),
    ).toEqual([
      'dashboard.create Orders',
      'dashboard.update Orders 2',
      'dashboard.restore Orders',
      'dashboard.delete Orders',
    ]);
  });

  it('that ship with Sightline are changed for one organisation, and are as shipped again once deleted', async () => {
    const shipped = await call('viewer', 'GET', '/ready-operations');
    expect(shipped).toMatchObject({
      status: 200,
      body: { ready: true, version: 0, document: { title: 'Operations' } },
    });
    const save = { document: document('Our operations'), version: 0 };
    expect(await call('responder', 'PUT', '/ready-operations', save)).toMatchObject({
      status: 200,
      body: { version: 1 },
    });
    expect((await call('responder', 'PUT', '/ready-operations', save)).status).toBe(409);
    expect((await call('stranger', 'GET', '/ready-operations')).body).toMatchObject({
      document: { title: 'Operations' },
    });
    expect((await call('viewer', 'GET', '/ready-operations/versions')).body['versions']).toMatchObject([
      { version: 1 },
      { version: 0, message: 'As shipped' },
    ]);
    const list = (await call('viewer', 'GET', '')).body['dashboards'] as { id: string }[];
    expect(list.filter(({ id }) => id === 'ready-operations')).toMatchObject([
      { title: 'Our operations', ready: true },
    ]);
    expect((await call('responder', 'DELETE', '/ready-operations')).status).toBe(200);
    expect((await call('viewer', 'GET', '/ready-operations')).body).toMatchObject({ version: 0 });
    expect((await call('responder', 'DELETE', '/ready-operations')).status).toBe(404);
  });

  it('are for those who may', async () => {
    const id = await made('Ours');
    expect((await call('viewer', 'POST', '', { document: document('Theirs') })).status).toBe(403);
    expect((await call('viewer', 'PUT', `/${id}`, { document: document('Theirs'), version: 1 })).status).toBe(403);
    expect((await call('viewer', 'DELETE', `/${id}`)).status).toBe(403);
    expect((await call('viewer', 'POST', '/import', { source: document('x'), save: false })).status).toBe(403);
    for (const url of [`/${id}`, `/${id}/versions`, `/${id}/versions/1`, `/${id}/export`])
      expect((await call('stranger', 'GET', url)).status, url).toBe(404);
    expect((await call('stranger', 'PUT', `/${id}`, { document: document('Taken'), version: 1 })).status).toBe(404);
    expect((await call('stranger', 'DELETE', `/${id}`)).status).toBe(404);
    expect((await call('stranger', 'POST', `/${id}/versions/1/restore`, { current: 1 })).status).toBe(404);
  });

  it('go out as a file and come in again as they were', async () => {
    const id = await made('Orders & returns', {
      tags: ['a'],
      panels: [{ id: 'x', type: 'text', place: { x: 0, y: 0, w: 4, h: 4 } }],
    });
    const file = await call('viewer', 'GET', `/${id}/export`);
    expect(file.headers['content-disposition']).toBe('attachment; filename="orders-returns.json"');
    const back = await call('responder', 'POST', '/import', { source: file.body, folder: 'Shops', save: true });
    expect(back).toMatchObject({ status: 200, body: { from: 'sightline', notes: [], document: { folder: 'Shops' } } });
    const kept = await call('viewer', 'GET', `/${String(back.body['id'])}`);
    expect(kept.body['document']).toEqual({ ...file.body, folder: 'Shops' });
  });

  it('are refused with the place of the fault', async () => {
    const twice = { id: 'x', type: 'text', place: { x: 0, y: 0, w: 4, h: 4 } };
    for (const [body, field] of [
      [document(''), 'document.title'],
      [document('x', { panels: [twice, twice] }), 'document.panels'],
      [document('x', { panels: [{ ...twice, place: { x: 20, y: 0, w: 8, h: 4 } }] }), 'document.panels.0.place'],
      [document('x', { links: [{ title: 'x', url: 'javascript:alert(1)' }] }), 'document.links.0.url'],
      [{ ...document('x'), schema: 2 }, 'document.schema'],
    ] as const) {
      const refused = await call('responder', 'POST', '', { document: body });
      expect(refused.status).toBe(422);
      expect(refused.body['fields']).toHaveProperty([field]);
    }
    const nothing = await call('responder', 'POST', '/import', { source: { hello: 'x' }, save: false });
    expect(nothing).toMatchObject({
      status: 422,
      body: { fields: { source: expect.stringContaining('Expected') as string } },
    });
  });
});
