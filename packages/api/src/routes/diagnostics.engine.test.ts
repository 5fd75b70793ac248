import { ManualClock, ok, type Result } from '@sightline/base';
import type { Control } from '@sightline/control';
import type { KeyPermission } from '@sightline/record';
import { organisationOf, type TestServer, testServers } from '@sightline/control/testing';
import type { AskFault, Question } from '@sightline/fleet';
import { diagnostics } from '@sightline/fleet/messages';
import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { registerApi } from '../register-api.ts';
import { depsOf } from '../test-support/deps-of.ts';
import { agentRoutes } from './agents.ts';
import { diagnosticRoutes } from './diagnostics.ts';

const [embedded] = testServers;
if (!embedded) throw new Error('no PostgreSQL for tests');

const restarted = {
  service: 'backend',
  container: 'backend-1',
  stateBefore: 'exited',
  stateAfter: 'running',
  tookMs: 900,
};
const facts = { host: 'pc-47', os: 'Linux', arch: 'x64', cpus: 2, memoryBytes: 4e9, docker: '' };

test('what the catalogue of diagnostics says, the routes do', () => {
  for (const { name, method, permission } of diagnostics) {
    expect(diagnosticRoutes).toContainEqual(
      expect.objectContaining({ method, permission, path: `/diagnostics/:site/${name}` }),
    );
  }
  expect(diagnosticRoutes).toHaveLength(diagnostics.length);
});

describe('agents and diagnostics over HTTP', () => {
  let server: TestServer;
  let control: Control;
  let app: FastifyInstance;
  let organisation: string;
  let answer: Result<unknown, AskFault>;
  let asked: { readonly where: { organisation: string; site: string }; readonly question: Question }[];
  let revoked: string[];

  beforeAll(async () => void (server = await embedded.start()));
  afterAll(() => server.stop());
  beforeEach(async () => {
    const clock = new ManualClock(1_700_000_000_000);
    control = await server.freshControl(clock);
    organisation = await organisationOf(control, 'Stores');
    await control.sites.seen(organisation, ['STORE_047', 'STORE_048']);
    answer = ok(restarted);
    asked = [];
    revoked = [];
    app = fastify();
    const deps = depsOf({
      control,
      clock,
      settings: { publicUrl: 'http://sightline.test:4600', version: '0.0.0', demo: false, checkReplies: true },
      agents: {
        ask: async (where, question) => {
          asked.push({ where, question });
          return answer;
        },
        revoked: (agent) => void revoked.push(agent),
      },
    });
    await registerApi(app, deps, [...agentRoutes, ...diagnosticRoutes]);
  });
  afterEach(async () => {
    await app.close();
    await control.close();
  });

  async function keyFor(permissions: KeyPermission[], of = organisation, site = ''): Promise<string> {
    const made = await control.keys.create(of, { name: permissions.join('+'), permissions, site }, 'ada');
    if (!made.ok) throw new Error(made.error.message);
    return made.value.secret;
  }
  const call = (
    key: string,
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: object,
  ): Promise<LightMyRequestResponse> =>
    app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { payload: body }),
    });
  const restart = (key: string, site = 'STORE_047', body: object = { service: 'backend', reason: 'stuck' }) =>
    call(key, 'POST', `/diagnostics/${site}/restart-service`, body);
  const auditOf = async (): Promise<{ action: string; actor: string; detail: string }[]> => {
    const page = await control.audit.list(organisation, { limit: 20, cursor: '' });
    return page.ok ? page.value.entries.filter(({ action }) => action.startsWith('diagnostics')) : [];
  };

  it('a key that operates restarts a service; both that it was asked and how it ended are audited', async () => {
    const reply = await restart(await keyFor(['operate']));
    expect(reply.statusCode, reply.body).toBe(200);
    expect(reply.json()).toEqual(restarted);
    expect(asked).toMatchObject([
      {
        where: { organisation, site: 'STORE_047' },
        question: { by: 'operate', input: { service: 'backend', timeoutS: 10, reason: 'stuck' } },
      },
    ]);
    expect(await auditOf()).toMatchObject([
      { action: 'diagnostics.restart-service.ended', actor: 'operate', detail: expect.stringContaining('done') },
      { action: 'diagnostics.restart-service', detail: 'asked: service backend, timeoutS 10, reason stuck' },
    ]);
  });

  it('a key that only reads may read and not restart', async () => {
    const key = await keyFor(['query']);
    expect((await restart(key)).statusCode).toBe(403);
    expect(asked).toEqual([]);
    answer = ok({ service: 'backend', container: 'b', cut: false, lines: [] });
    expect((await call(key, 'GET', '/diagnostics/STORE_047/logs?service=backend')).statusCode).toBe(200);
    expect(await auditOf()).toMatchObject([{ action: 'diagnostics.logs' }]);
  });

  it('a key of one site says nothing of others, and one that only sends nothing at all', async () => {
    const bound = await keyFor(['operate'], organisation, 'STORE_048');
    expect((await restart(bound)).statusCode).toBe(403);
    expect((await restart(bound, 'STORE_048')).statusCode).toBe(200);
    expect((await restart(await keyFor(['ingest']))).statusCode).toBe(403);
    expect((await restart('sl_operate_wrong')).statusCode).toBe(401);
  });

  it("another organisation's site does not exist", async () => {
    const rival = await organisationOf(control, 'Rival');
    const reply = await restart(await keyFor(['operate'], rival));
    expect(reply.statusCode).toBe(404);
    expect(asked).toEqual([]);
    expect((await call(await keyFor(['query'], rival), 'GET', '/api/v1/agents')).json()).toMatchObject({ agents: [] });
  });

  it.each<[AskFault['reason'], number]>([
    ['forbidden', 403],
    ['not-found', 404],
    ['replayed', 409],
    ['invalid', 422],
    ['busy', 429],
    ['bug', 502],
    ['unavailable', 503],
    ['timeout', 504],
  ])('what ends as %s is %i, with the reason', async (reason, status) => {
    answer = { ok: false, error: { reason, message: 'because the store says so' } };
    const reply = await restart(await keyFor(['operate']));
    expect(reply.json()).toMatchObject({ status, detail: 'because the store says so' });
    expect((await auditOf())[0]?.detail).toContain(`${reason}: because the store says so`);
  });

  it.each([
    ['no service', {}],
    ['a service that is a path', { service: '../etc' }],
    ['a service that is a list', { service: ['a', 'b'] }],
    ['a time to stop beyond all patience', { service: 'backend', timeoutS: 1e9 }],
    ['a NUL', { service: 'backend', reason: '\0' }],
  ])('refuses %s before anybody is asked', async (_, body) => {
    expect((await restart(await keyFor(['operate']), 'STORE_047', body)).statusCode).toBe(422);
    expect(asked).toEqual([]);
  });

  it('an agent is listed with what it said, and a broken word of an old one does no harm', async () => {
    const made = await control.fleet.enrolments.create(organisation, 'STORE_047', 'ada');
    if (!made.ok) throw new Error('refused');
    const about = { name: 'pc-47', version: '1.0.0', facts, address: '10.0.0.1' };
    const enrolled = await control.fleet.agents.enrol(made.value.token, about);
    if (!enrolled.ok) throw new Error('refused');
    const { id } = enrolled.value.agent;
    await control.fleet.agents.linkUp(
      id,
      'one',
      { version: '1.0.1', facts, policy: { logs: 'all' }, spool: 17, address: '10.0.0.1' },
      () => '',
    );
    const key = await keyFor(['query']);
    const reply = await call(key, 'GET', '/api/v1/agents?site=STORE_047');
    expect(reply.json()).toMatchObject({
      agents: [
        { id, site: 'STORE_047', link: 'up', policy: null, spool: null, containers: [], host: { host: 'pc-47' } },
      ],
    });
    expect((await call(key, 'GET', '/api/v1/agents?site=STORE_048')).json()).toMatchObject({ agents: [] });
    expect((await call(await keyFor(['operate']), 'DELETE', `/api/v1/agents/${id}`)).statusCode).toBe(403);
    expect(revoked).toEqual([]);
  });
});
