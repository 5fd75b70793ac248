import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Control, Role } from '@sightline/control';
import { organisationOf, type TestServer, testServers } from '@sightline/control/testing';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, expect, describe, it } from 'vitest';
import { registerApi } from '../register-api.ts';
import { depsOf } from '../test-support/deps-of.ts';
import { channelRoutes } from './channels.ts';
import { auditRoutes } from './audit-trail.ts';
import { peopleRoutes } from './people.ts';
import { policyRoutes } from './policies.ts';
import { sessionRoutes } from './session.ts';
import { silenceRoutes } from './silences.ts';

const password = 'correct horse battery';
type Call = readonly [method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, body?: unknown];
type Ask = (...call: Call) => Promise<{ status: number; text: string; json: Record<string, unknown> }>;

const [embedded] = testServers;
if (!embedded) throw new Error('no PostgreSQL to test on');
let server: TestServer;
let control: Control;
let app: FastifyInstance;
let people: Readonly<Record<Role | 'rival', Ask>>;
let organisation: string;
const receiver = {
  url: '',
  calls: [] as string[],
  says: (_path: string): string => 'thank you',
  close: async () => {},
};

beforeAll(async () => {
  server = await embedded.start();
  const http = createServer((request, response) => {
    receiver.calls.push(request.url ?? '');
    response.end(receiver.says(request.url ?? ''));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  receiver.close = () => new Promise((resolve) => void http.close(() => resolve()));
});
afterAll(async () => {
  await receiver.close();
  await server.stop();
});
beforeEach(async () => {
  receiver.calls.length = 0;
  receiver.says = () => 'thank you';
  control = await server.freshControl();
  app = fastify();
  await registerApi(app, depsOf({ control }), [
    ...channelRoutes,
    ...policyRoutes,
    ...silenceRoutes,
    ...auditRoutes,
    ...peopleRoutes,
    ...sessionRoutes,
  ]);
  organisation = await organisationOf(control, 'Stores');
  const rivals = await organisationOf(control, 'Rivals');
  people = {
    viewer: await join(organisation, 'viewer'),
    responder: await join(organisation, 'responder'),
    admin: await join(organisation, 'admin'),
    owner: await join(organisation, 'owner'),
    rival: await join(rivals, 'owner'),
  };
});
afterEach(async () => {
  await app.close();
  await control.close();
});

async function join(to: string, role: Role): Promise<Ask> {
  const by = { name: 'test', role: 'owner' as const };
  const invited = await control.invitations.create(to, `${role}@${to.slice(-8)}.example`.toLowerCase(), role, by);
  if (!invited.ok) throw new Error(invited.error.message);
  const payload = { token: invited.value.token, name: '', password };
  const reply = await app.inject({ method: 'POST', url: '/api/v1/invitations/accept', payload });
  const cookie = reply.cookies.map((one) => `${one.name}=${one.value}`).join('; ');
  const { csrfToken } = reply.json<{ csrfToken: string }>();
  return asker({ cookie, 'x-csrf-token': csrfToken });
}
function asker(headers: Record<string, string>): Ask {
  return async (method, url, body) => {
    const payload = body === undefined ? {} : { payload: body as object };
    const reply = await app.inject({ method, url, headers, ...payload });
    return { status: reply.statusCode, text: reply.body, json: reply.json() };
  };
}
async function keyed(permission: 'query' | 'operate' | 'ingest'): Promise<Ask> {
  const made = await control.keys.create(organisation, { name: permission, permissions: [permission] }, 'test');
  if (!made.ok) throw new Error(made.error.message);
  return asker({ authorization: `Bearer ${made.value.secret}` });
}

const secret = 'word-that-nobody-sees';
const slackChannel = (more: object = {}) => ({
  name: '#pos',
  type: 'slack',
  settings: { url: `${receiver.url}/${secret}` },
  ...more,
});
async function slack(): Promise<string> {
  const made = await people.admin('POST', '/api/v1/channels', slackChannel());
  expect(made.status, made.text).toBe(200);
  return String(made.json['id']);
}
const silence = (more: object = {}) => ({
  matchers: [{ name: 'site', value: 'STORE_047', isRegex: false, isEqual: true }],
  endsAt: Date.now() + 3_600_000,
  comment: 'cabling',
  ...more,
});

describe('channels', () => {
  it('never show a secret again: not in replies, lists, deliveries or the audit', async () => {
    const id = await slack();
    const { admin } = people;
    const replies = [
      await admin('GET', '/api/v1/channels'),
      await admin('POST', `/api/v1/channels/${id}/test`),
      await admin('PATCH', `/api/v1/channels/${id}`, { name: '#stores' }),
      await admin('GET', '/api/v1/deliveries'),
      await admin('GET', '/api/v1/audit'),
      await admin('PATCH', `/api/v1/channels/${id}`, { settings: { url: `not an address ${secret}` } }),
    ];
    for (const { text } of replies) expect(text).not.toContain(secret);
  });

  it('keep a secret that is sent back as it was shown', async () => {
    const id = await slack();
    const [shown] = (await people.admin('GET', '/api/v1/channels')).json['channels'] as { settings: object }[];
    const changed = await people.admin('PATCH', `/api/v1/channels/${id}`, {
      settings: { ...shown?.settings, mention: '<!here>' },
    });
    expect(changed.status, changed.text).toBe(200);
    await people.admin('POST', `/api/v1/channels/${id}/test`);
    expect(receiver.calls).toEqual([`/${secret}`]);
  });

  it('answer a test with what the receiver said, and log it', async () => {
    const id = await slack();
    const tested = await people.admin('POST', `/api/v1/channels/${id}/test`);
    expect(tested.json).toMatchObject({
      status: 'delivered',
      kind: 'test',
      log: [{ ending: 'delivered', detail: 'answered 200: thank you' }],
    });
    expect((await people.viewer('GET', '/api/v1/deliveries')).json['deliveries']).toHaveLength(1);
  });

  it('do not repeat a secret that the receiver repeats', async () => {
    receiver.says = (path) => `Cannot POST ${path}`;
    const id = await slack();
    const tested = await people.admin('POST', `/api/v1/channels/${id}/test`);
    expect(tested.text).toContain('Cannot POST');
    expect(tested.text).not.toContain(secret);
    expect((await people.viewer('GET', '/api/v1/deliveries')).text).not.toContain(secret);
  });

  it('name the field whose setting is wrong', async () => {
    const bad = await people.admin('POST', '/api/v1/channels', slackChannel({ settings: { url: 'ftp://x' } }));
    expect(bad).toMatchObject({ status: 422, json: { fields: { 'settings.url': expect.any(String) as string } } });
    const unknown = await people.admin('POST', '/api/v1/channels', slackChannel({ type: 'pigeon' }));
    expect(unknown.status).toBe(422);
  });

  it('say which policies tell them', async () => {
    await slack();
    const listed = await people.viewer('GET', '/api/v1/channels');
    expect(listed.json['channels']).toMatchObject([{ name: '#pos', policies: ['Default'] }]);
  });
});

describe('policies', () => {
  it('say what is wrong with them, and what they lead to', async () => {
    const id = await slack();
    const { admin } = people;
    const bad = await admin('POST', '/api/v1/policies', { name: 'Night', steps: [], repeats: 0 });
    expect(bad).toMatchObject({ status: 422, json: { detail: 'A policy needs at least one step.' } });
    await admin('PATCH', `/api/v1/channels/${id}`, { enabled: false });
    const listed = await people.viewer('GET', '/api/v1/policies');
    expect(listed.json['policies']).toMatchObject([{ trouble: expect.stringContaining('tells nobody') as string }]);
  });
});

describe('silences', () => {
  it('are begun, changed, listed and ended, and the audit knows', async () => {
    const made = await people.responder('POST', '/api/v1/silences', silence());
    expect(made).toMatchObject({ status: 200, json: { state: 'active', holdsBackAll: 0 } });
    const id = String(made.json['id']);
    const longer = await people.responder('PUT', `/api/v1/silences/${id}`, silence({ endsAt: Date.now() + 7_200_000 }));
    expect(longer.json['id']).toBe(id);
    expect((await people.responder('DELETE', `/api/v1/silences/${id}`)).status).toBe(200);
    expect((await people.responder('DELETE', `/api/v1/silences/${id}`)).status).toBe(409);
    const audit = (await people.admin('GET', '/api/v1/audit')).json['entries'] as { action: string; detail: string }[];
    expect(audit.slice(0, 3).map(({ action }) => action)).toEqual([
      'silence.expire',
      'silence.update',
      'silence.create',
    ]);
    expect(audit[0]?.detail).toContain('site="STORE_047"');
  });

  it.each([
    ['no reason', { comment: ' ' }],
    ['no matchers', { matchers: [] }],
    ['an end in the past', { endsAt: 1000 }],
    ['an expression that is none', { matchers: [{ name: 'site', value: '(', isRegex: true, isEqual: true }] }],
    [
      'an expression that does not end',
      { matchers: [{ name: 'site', value: '(a?|b?){40}(?=x)', isRegex: true, isEqual: true }] },
    ],
    ['everything', { matchers: [{ name: 'site', value: '.*', isRegex: true, isEqual: true }] }],
  ])('are refused with %s', async (_, more) => {
    expect((await people.responder('POST', '/api/v1/silences', silence(more))).status).toBe(422);
  });

  it('may be begun by a key that operates, not by one that reads', async () => {
    expect((await (await keyed('operate'))('POST', '/api/v1/silences', silence())).status).toBe(200);
    expect((await (await keyed('query'))('POST', '/api/v1/silences', silence())).status).toBe(403);
    expect((await (await keyed('ingest'))('GET', '/api/v1/silences')).status).toBe(403);
  });

  it('of a key that is bound to a site hold back nothing of others, over either API', async () => {
    const made = await control.keys.create(
      organisation,
      { name: 'one store', permissions: ['operate'], site: 'STORE_047' },
      'test',
    );
    if (!made.ok) throw new Error(made.error.message);
    const bound = asker({ authorization: `Bearer ${made.value.secret}` });
    const everywhere = silence({ matchers: [{ name: 'severity', value: 'high', isRegex: false, isEqual: true }] });
    const other = await people.responder('POST', '/api/v1/silences', everywhere);
    const id = String(other.json['id']);
    expect((await bound('POST', '/api/v1/silences', everywhere)).status).toBe(403);
    expect((await bound('PUT', `/api/v1/silences/${id}`, silence())).status).toBe(403);
    expect((await bound('DELETE', `/api/v1/silences/${id}`)).status).toBe(403);
    const own = await bound('POST', '/api/v1/silences', silence());
    expect(own.status).toBe(200);
    const times = { startsAt: new Date().toISOString(), endsAt: new Date(Date.now() + 3_600_000).toISOString() };
    const posted = (more: object) => ({ ...silence(), ...times, createdBy: '', ...more });
    const path = '/alertmanager/api/v2/silences';
    expect((await bound('POST', path, posted({ matchers: everywhere.matchers }))).status).toBe(403);
    expect((await bound('POST', path, posted({ id }))).status).toBe(403);
    expect((await bound('DELETE', `/alertmanager/api/v2/silence/${id}`)).status).toBe(403);
    expect((await bound('POST', path, posted({}))).status).toBe(200);
    expect((await bound('DELETE', `/api/v1/silences/${String(own.json['id'])}`)).status).toBe(200);
  });

  it('for an incident that is not there are not suggested', async () => {
    expect((await people.viewer('GET', '/api/v1/silences/suggestion?incident=7')).status).toBe(404);
  });
});

describe('who may', () => {
  it('each call needs its role, and sees nothing of another organisation', async () => {
    const id = await slack();
    const [policy] = (await people.viewer('GET', '/api/v1/policies')).json['policies'] as { id: string }[];
    const quiet = String((await people.responder('POST', '/api/v1/silences', silence())).json['id']);
    const steps = { name: 'Default', steps: [{ waitMs: 0, channels: [id] }], repeats: 0, isDefault: true };
    const calls: [Role, Call][] = [
      ['viewer', ['GET', '/api/v1/channels']],
      ['viewer', ['GET', '/api/v1/policies']],
      ['viewer', ['GET', '/api/v1/silences']],
      ['viewer', ['GET', '/api/v1/deliveries']],
      ['responder', ['POST', '/api/v1/silences', silence()]],
      ['responder', ['PUT', `/api/v1/silences/${quiet}`, silence()]],
      ['responder', ['DELETE', `/api/v1/silences/${quiet}`]],
      ['admin', ['POST', '/api/v1/channels', slackChannel({ name: 'other' })]],
      ['admin', ['PATCH', `/api/v1/channels/${id}`, { enabled: true }]],
      ['admin', ['POST', `/api/v1/channels/${id}/test`]],
      ['admin', ['PUT', `/api/v1/policies/${policy?.id ?? ''}`, steps]],
      ['admin', ['POST', '/api/v1/policies', { ...steps, name: 'Night', isDefault: false }]],
      ['admin', ['DELETE', `/api/v1/channels/${id}`]],
    ];
    const lower = { viewer: undefined, responder: 'viewer', admin: 'responder', owner: 'admin' } as const;
    for (const [least, call] of calls) {
      const below = lower[least];
      if (below) expect((await people[below](...call)).status, `${below} ${call[1]}`).toBe(403);
      const foreign = await people.rival(...call);
      if (/(chn|pol|sil)_/.test(call[1])) expect(foreign.status, `rival ${call[1]}`).toBe(404);
      else expect(foreign.text).not.toContain(id);
      expect((await people[least](...call)).status, `${least} ${call[0]} ${call[1]}`).toBe(200);
    }
  });
});
