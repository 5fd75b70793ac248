import { ManualClock, silentLogger } from '@sightline/base';
import type { Control, Role } from '@sightline/control';
import { type TestServer, testServers } from '@sightline/control/testing';
import { openRespond, type Respond } from '@sightline/respond';
import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { registerApi } from '../register-api.ts';
import { depsOf } from '../test-support/deps-of.ts';
import { incidentRoutes } from './incidents.ts';
import { sessionRoutes } from './session.ts';

const password = 'correct horse battery';
const key = 'set-up-key-of-the-test';

describe('incidents over the API', () => {
  let server: TestServer;
  let control: Control;
  let respond: Respond;
  let app: FastifyInstance;
  let organisation: string;
  const clock = new ManualClock(1_700_000_000_000);
  const browsers = new Map<string, Record<string, string>>();

  beforeAll(async () => {
    const embedded = testServers[0];
    if (!embedded) throw new Error('no PostgreSQL');
    server = await embedded.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    browsers.clear();
    control = await server.freshControl(clock);
    await control.setup.start({ organisation: 'Stores', email: 'owner@stores.example', password, key });
    organisation = (await control.organisations.first())?.id ?? '';
    respond = openRespond({ control, clock, logger: silentLogger });
    app = fastify();
    await registerApi(app, depsOf({ control, respond, clock }), [...sessionRoutes, ...incidentRoutes]);
    for (const role of ['responder', 'viewer'] as const) await join(organisation, role);
    await fires('STORE_047');
  });
  afterEach(async () => {
    await app.close();
    await control.close();
  });

  async function join(of: string, role: Role, email = `${role}@stores.example`): Promise<void> {
    const invited = await control.invitations.create(of, email, role, { name: 'test', role: 'owner' });
    if (!invited.ok) throw new Error(invited.error.message);
    await control.invitations.accept(invited.value.token, { name: role, password });
  }

  async function fires(site: string, state: 'firing' | 'resolved' = 'firing', of = organisation): Promise<void> {
    await respond.accept([
      {
        organisation: of,
        source: 'rule',
        sourceId: 'rul_payments',
        state,
        severity: 'high',
        title: `Payment failures at ${site}`,
        summary: '31 % of 42 payments',
        labels: { site },
        annotations: {},
        value: 31,
        threshold: 10,
        unit: '%',
        link: '/logs?q=payment',
        sinceMs: clock.now(),
        atMs: clock.now(),
        expiresAtMs: null,
        policy: '',
        runbook: 'https://wiki.example/payments',
      },
    ]);
  }

  /** A call as somebody who is signed in, or `key` or `nobody`. */
  async function call(
    who: string,
    method: 'GET' | 'POST',
    url: string,
    body?: object,
  ): Promise<LightMyRequestResponse> {
    let headers: Record<string, string> = who === 'key' ? { authorization: `Bearer ${key}` } : {};
    if (who !== 'key' && who !== 'nobody') {
      const known = browsers.get(who);
      if (known) headers = known;
      else {
        const email = who.includes('@') ? who : `${who}@stores.example`;
        const reply = await app.inject({ method: 'POST', url: '/api/v1/session', payload: { email, password } });
        headers = {
          cookie: reply.cookies.map((one) => `${one.name}=${one.value}`).join('; '),
          'x-csrf-token': reply.json<{ csrfToken: string }>().csrfToken,
        };
        browsers.set(who, headers);
      }
    }
    return app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });
  }

  it('are listed, counted and shown to viewers, with the line that says what happened', async () => {
    const list = await call('viewer', 'GET', '/api/v1/incidents');
    expect(list.statusCode, list.body).toBe(200);
    expect(list.json()).toMatchObject({
      incidents: [
        {
          number: 1,
          title: 'Payment failures at STORE_047',
          status: 'open',
          site: 'STORE_047',
          firing: 1,
          line: 'Payment failures at STORE_047: 31 % of 42 payments → #1 opened',
        },
      ],
      open: { all: 1, unacknowledged: 1, unreachable: 0, canTell: false },
    });
    expect((await call('viewer', 'GET', '/api/v1/open-incidents')).json()).toMatchObject({ all: 1 });
    const one = await call('viewer', 'GET', '/api/v1/incidents/1');
    expect(one.statusCode, one.body).toBe(200);
    expect(one.json()).toMatchObject({
      incident: { number: 1, runbook: 'https://wiki.example/payments', labels: { site: 'STORE_047' } },
      evidence: null,
      findings: [{ state: 'firing', sourceId: 'rul_payments' }],
      events: [{ kind: 'opened', actor: '' }],
      members: [],
    });
    const spans = await call('key', 'GET', `/api/v1/incident-spans?from=${clock.now() - 1}&to=${clock.now() + 1}`);
    expect(spans.json()).toMatchObject({ spans: [{ number: 1, resolvedAt: null }] });
  });

  it('say who is told next', async () => {
    const made = await control.alerting.channels.create(
      organisation,
      { name: 'Slack', type: 'slack', settings: {}, enabled: true },
      'test',
    );
    if (!made.ok) throw new Error(made.error.message);
    await fires('STORE_048');
    const list = (await call('viewer', 'GET', '/api/v1/incidents?site=STORE_048')).json();
    expect(list.incidents).toMatchObject([{ number: 2, next: { at: clock.now(), step: 1, channels: ['Slack'] } }]);
    expect(list.open.canTell).toBe(true);
  });

  it('are acknowledged, handed over, resolved and opened again, and the audit trail says by whom', async () => {
    const act = async (path: string, body?: object): Promise<unknown> => {
      const reply = await call('responder', 'POST', `/api/v1/incidents/1/${path}`, body);
      expect(reply.statusCode, reply.body).toBe(200);
      return reply.json();
    };
    expect(await act('acknowledge')).toEqual({ status: 'acknowledged', assignee: 'responder@stores.example' });
    await act('hand-over', { to: 'owner@stores.example', note: 'Your shift' });
    await act('notes', { text: 'Called the store' });
    await act('resolve', { how: 'on-site', note: 'Replaced the card reader' });
    await act('reopen', { note: 'Not yet' });
    const shown = (await call('responder', 'GET', '/api/v1/incidents/1')).json();
    expect(shown.incident).toMatchObject({ status: 'open', round: 2 });
    expect(shown.members).toHaveLength(3);
    expect(shown.events.map(({ kind }: { kind: string }) => kind)).toEqual([
      'opened',
      'acknowledged',
      'handed-over',
      'note',
      'resolved',
      'reopened',
    ]);
    const trail = await control.audit.list(organisation, { limit: 10, cursor: '' });
    if (!trail.ok) throw new Error(trail.error.message);
    const entries = trail.value.entries.filter(({ action }) => action.startsWith('incident.'));
    expect(entries.map(({ action, actor, subject }) => `${action} ${subject} ${actor}`).toReversed()).toEqual(
      ['acknowledge', 'hand-over', 'note', 'resolve', 'reopen'].map(
        (what) => `incident.${what} #1 responder@stores.example`,
      ),
    );
  });

  test.each([
    ['nobody', 'GET', '/api/v1/incidents', undefined, 401],
    ['nobody', 'POST', '/api/v1/incidents/1/acknowledge', undefined, 401],
    ['viewer', 'POST', '/api/v1/incidents/1/acknowledge', undefined, 403],
    ['viewer', 'POST', '/api/v1/incidents/1/resolve', { how: 'remote' }, 403],
    ['viewer', 'POST', '/api/v1/incidents/1/notes', { text: 'x' }, 403],
    ['responder', 'POST', '/api/v1/incidents/2/acknowledge', undefined, 404],
    ['responder', 'POST', '/api/v1/incidents/nought/acknowledge', undefined, 422],
    ['responder', 'POST', '/api/v1/incidents/1/resolve', { how: 'magic' }, 422],
    ['responder', 'POST', '/api/v1/incidents/1/resolve', {}, 422],
    ['responder', 'POST', '/api/v1/incidents/1/notes', { text: ' ' }, 422],
    ['responder', 'POST', '/api/v1/incidents/1/hand-over', { to: 'eve@rival.example' }, 422],
    ['responder', 'POST', '/api/v1/incidents/1/reopen', {}, 409],
    ['viewer', 'GET', '/api/v1/incidents/99', undefined, 404],
    ['viewer', 'GET', '/api/v1/incidents?status=broken', undefined, 422],
    ['viewer', 'GET', "/api/v1/incidents?cursor=';--", undefined, 422],
    ['viewer', 'GET', '/api/v1/incident-spans?from=2&to=1', undefined, 400],
  ] as const)('%s, %s %s %j: %i', async (who, method, url, body, status) => {
    const reply = await call(who, method, url, body);
    expect(reply.statusCode, reply.body).toBe(status);
  });

  it('of other stores are left alone by a key that is bound to one', async () => {
    await fires('STORE_001');
    const made = await control.keys.create(
      organisation,
      { name: 'one store', permissions: ['operate'], site: 'STORE_001' },
      'test',
    );
    if (!made.ok) throw new Error(made.error.message);
    const acts: [string, object][] = [
      ['acknowledge', {}],
      ['notes', { text: 'seen' }],
      ['resolve', { how: 'remote', note: 'done' }],
    ];
    for (const [act, payload] of acts) {
      const as = async (number: number): Promise<number> => {
        const headers = { authorization: `Bearer ${made.value.secret}` };
        const url = `/api/v1/incidents/${number}/${act}`;
        return (await app.inject({ method: 'POST', url, headers, payload })).statusCode;
      };
      expect([act, await as(1), await as(2), await as(9)]).toEqual([act, 403, 200, 404]);
    }
  });

  it('of another organisation are not there', async () => {
    const rival = await control.organisations.ensure('Rival');
    if (!rival.ok) throw new Error('refused');
    await join(rival.value.id, 'owner', 'eve@rival.example');
    expect((await call('eve@rival.example', 'GET', '/api/v1/incidents')).json()).toMatchObject({ incidents: [] });
    expect((await call('eve@rival.example', 'GET', '/api/v1/incidents/1')).statusCode).toBe(404);
    expect((await call('eve@rival.example', 'POST', '/api/v1/incidents/1/acknowledge')).statusCode).toBe(404);
    expect((await call('viewer', 'GET', '/api/v1/incidents/1')).json().incident.status).toBe('open');
  });
});
