import { Readable } from 'node:stream';
import { ManualClock } from '@sightline/base';
import { type Control, type ExportedAuditEntry, type Role, verifyAuditExport } from '@sightline/control';
import { type TestServer, testServers } from '@sightline/control/testing';
import fastify, { type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { registerApi } from './register-api.ts';
import { type Health, stream } from './route.ts';
import { allRoutes } from './routes/all.ts';
import { keyRoutes } from './routes/keys.ts';
import { peopleRoutes } from './routes/people.ts';
import { teamRoutes } from './routes/teams.ts';
import { sessionRoutes } from './routes/session.ts';
import { triesPerSubject } from './sign-in-limiter.ts';
import { depsOf, unaskedStore } from './test-support/deps-of.ts';

const password = 'correct horse battery';
const setupKey = 'set-up-key-of-the-test';
const ownRoutes = [...sessionRoutes, ...peopleRoutes, ...teamRoutes, ...keyRoutes];

const failingRoute = stream(
  { method: 'GET', path: '/api/v1/test/failing', permission: 'viewer', summary: 'Fails as a bug would' },
  async (_, { deps }) => void (await deps.store.query('SELECT 1')),
);

/** A signed-in browser. */
interface Browser {
  readonly csrf: string;
  readonly cookie: string;
  readonly personId: string;
  readonly organisation: string;
}
type Call = readonly [method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, body?: unknown];

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing)(`on ${name}${missing ? ` (${missing})` : ''}`, () => {
    let server: TestServer;
    let control: Control;
    let app: FastifyInstance;
    let clock: ManualClock;
    let state: Health['status'];
    /** What the archive signs of the audit trail. */
    let signedAudit: { day: string; number: number; sha256: string } | undefined;

    beforeAll(async () => void (server = await start()));
    afterAll(() => server.stop());
    beforeEach(async () => {
      clock = new ManualClock(1_700_000_000_000);
      state = 'healthy';
      signedAudit = undefined;
      control = await server.freshControl(clock);
      const begun = await control.setup.start({
        organisation: 'Stores',
        email: 'ada@stores.example',
        password,
        key: setupKey,
      });
      if (!begun.ok) throw new Error(begun.error.message);
      app = await open();
    });
    afterEach(async () => {
      await app.close();
      await control.close();
    });

    async function open(publicUrl = 'http://sightline.test'): Promise<FastifyInstance> {
      const opened = fastify();
      const deps = depsOf({
        store: { ...unaskedStore, query: () => Promise.reject(new Error('a secret of the store')) },
        control,
        clock,
        settings: { publicUrl, version: '0.0.0', demo: false, checkReplies: true },
        health: () => Promise.resolve({ status: state, version: '0.0.0', uptimeS: 1, components: [] }),
        metrics: () => 'sightline_up 1\n',
        archiveRecords: {
          publicKeyPem: async () => 'known',
          list: async () => ({ records: [], next: undefined }),
          file: async () => undefined,
          signedAudit: async () => signedAudit,
        },
      });
      await registerApi(opened, deps, [...allRoutes.flat(), failingRoute]);
      return opened;
    }

    const send = ([method, url, body]: Call, more: InjectOptions = {}): Promise<LightMyRequestResponse> =>
      app.inject({ method, url, ...(body === undefined ? {} : { payload: body as object }), ...more });
    const as = (browser: Browser, call: Call, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> =>
      send(call, { headers: { cookie: browser.cookie, 'x-csrf-token': browser.csrf, ...headers } });
    const withKey = (key: string, call: Call, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> =>
      send(call, { headers: { authorization: `Bearer ${key}`, ...headers } });

    function browserOf(reply: LightMyRequestResponse): Browser {
      expect(reply.statusCode, reply.body).toBe(200);
      const me = reply.json<{ csrfToken: string; person: { id: string }; organisation: { id: string } }>();
      const cookie = reply.cookies.map((one) => `${one.name}=${one.value}`).join('; ');
      return { csrf: me.csrfToken, cookie, personId: me.person.id, organisation: me.organisation.id };
    }
    const signedIn = async (email: string): Promise<Browser> =>
      browserOf(await send(['POST', '/api/v1/session', { email, password }]));

    async function joined(owner: Browser, email: string, role: Role): Promise<Browser> {
      const invited = await as(owner, ['POST', '/api/v1/people/invitations', { email, role }]);
      const token = new URL(invited.json<{ link: string }>().link).searchParams.get('token');
      return browserOf(await send(['POST', '/api/v1/invitations/accept', { token, name: '', password }]));
    }

    async function otherOrganisation(): Promise<Browser> {
      const made = await control.organisations.ensure('Rival');
      if (!made.ok) throw new Error('refused');
      const invited = await control.invitations.create(made.value.id, 'eve@rival.example', 'owner', {
        name: '',
        role: 'owner',
      });
      if (!invited.ok) throw new Error('refused');
      return browserOf(await send(['POST', '/api/v1/invitations/accept', { token: invited.value.token, password }]));
    }

    test('the first owner comes by the set-up link, once', async () => {
      await control.close();
      control = await server.freshControl(clock);
      const begun = await control.setup.start({});
      const token = begun.ok ? begun.value.token : '';
      await app.close();
      app = await open();
      expect((await send(['GET', '/api/v1/setup'])).json()).toEqual({ needed: true });
      const owner = { organisation: 'New', name: 'Ada', email: 'ada@new.example', password };
      expect((await send(['POST', '/api/v1/setup', { ...owner, token: 'guess' }])).statusCode).toBe(410);
      const browser = browserOf(await send(['POST', '/api/v1/setup', { ...owner, token }]));
      expect((await as(browser, ['GET', '/api/v1/session'])).json()).toMatchObject({
        role: 'owner',
        organisation: { name: 'New' },
      });
      expect((await send(['POST', '/api/v1/setup', { ...owner, token }])).statusCode).toBe(410);
      expect((await send(['GET', '/api/v1/setup'])).json()).toEqual({ needed: false });
    });

    describe('sessions', () => {
      it('come in a cookie that scripts cannot read; secure where the address is', async () => {
        const body = { email: 'ada@stores.example', password };
        const plain = await send(['POST', '/api/v1/session', body]);
        expect(plain.headers['set-cookie']).toMatch(/HttpOnly; SameSite=Lax$/);
        await app.close();
        app = await open('https://sightline.test');
        const safe = await send(['POST', '/api/v1/session', body]);
        expect(safe.headers['set-cookie']).toMatch(/HttpOnly; Secure; SameSite=Lax$/);
        expect(safe.headers['content-security-policy']).toContain("default-src 'none'");
      });

      it('end by signing out and by age', async () => {
        const browser = await signedIn('ada@stores.example');
        const idle = await signedIn('ada@stores.example');
        expect((await as(browser, ['DELETE', '/api/v1/session'])).json()).toEqual({ done: true });
        expect((await as(browser, ['GET', '/api/v1/session'])).statusCode).toBe(401);
        clock.advance(31 * 86_400_000);
        expect((await as(idle, ['GET', '/api/v1/session'])).statusCode).toBe(401);
      });

      it('change nothing without their CSRF token, nor for a page of another site', async () => {
        const browser = await signedIn('ada@stores.example');
        for (const csrf of ['', 'wrong', `${browser.csrf}x`]) {
          const reply = await as({ ...browser, csrf }, [
            'POST',
            '/api/v1/keys',
            { name: 'k', permissions: ['ingest'] },
          ]);
          expect(reply.statusCode).toBe(403);
        }
        const cross = { headers: { 'sec-fetch-site': 'cross-site' } };
        expect(
          (await send(['POST', '/api/v1/session', { email: 'ada@stores.example', password }], cross)).statusCode,
        ).toBe(403);
        const form = await app.inject({
          method: 'POST',
          url: '/api/v1/session',
          headers: { 'content-type': 'text/plain' },
          payload: '{}',
        });
        expect(form.statusCode).toBe(415);
      });

      it('move to another of the person’s organisations only', async () => {
        const ada = await signedIn('ada@stores.example');
        const eve = await otherOrganisation();
        expect(
          (await as(ada, ['POST', '/api/v1/session/organisation', { organisation: eve.organisation }])).statusCode,
        ).toBe(404);
        const link = (
          await as(eve, ['POST', '/api/v1/people/invitations', { email: 'ada@stores.example', role: 'viewer' }])
        ).json<{ link: string }>().link;
        const both = browserOf(
          await send([
            'POST',
            '/api/v1/invitations/accept',
            { token: new URL(link).searchParams.get('token'), password },
          ]),
        );
        expect((await as(both, ['GET', '/api/v1/keys'])).statusCode).toBe(403);
        expect(
          (await as(both, ['POST', '/api/v1/session/organisation', { organisation: ada.organisation }])).json(),
        ).toMatchObject({ role: 'owner' });
        expect((await as(both, ['GET', '/api/v1/keys'])).statusCode).toBe(200);
      });
    });

    it('slows guessing by e-mail and by address, many at once included, and forgives in time', async () => {
      const guess = (email: string) => send(['POST', '/api/v1/session', { email, password: 'wrong' }]);
      const tries = await Promise.all(Array.from({ length: triesPerSubject + 5 }, () => guess('ada@stores.example')));
      expect(tries.filter((one) => one.statusCode === 401)).toHaveLength(triesPerSubject);
      const right = await send(['POST', '/api/v1/session', { email: 'ADA@stores.example', password }]);
      expect([right.statusCode, Number(right.headers['retry-after']) > 0]).toEqual([429, true]);
      for (let n = 0; n < 70; n++) await guess(`nobody${n}@stores.example`);
      expect((await guess('fresh@stores.example')).statusCode).toBe(429);
      clock.advance(600_000);
      await signedIn('ada@stores.example');
    });

    test('each role may do what it may and no more', async () => {
      const owner = await signedIn('ada@stores.example');
      const people: Record<Role, Browser> = {
        owner,
        admin: await joined(owner, 'admin@stores.example', 'admin'),
        responder: await joined(owner, 'responder@stores.example', 'responder'),
        viewer: await joined(owner, 'viewer@stores.example', 'viewer'),
      };
      await as(owner, ['POST', '/api/v1/teams', { slug: 'payments', name: 'Payments' }]);
      const calls: { call: Call; least: Role }[] = [
        { call: ['GET', '/api/v1/people'], least: 'viewer' },
        { call: ['GET', '/api/v1/session'], least: 'viewer' },
        { call: ['GET', '/api/v1/keys'], least: 'admin' },
        { call: ['GET', '/api/v1/audit'], least: 'admin' },
        { call: ['GET', '/api/v1/audit/export'], least: 'admin' },
        { call: ['POST', '/api/v1/keys', { name: 'k', permissions: ['ingest'] }], least: 'admin' },
        { call: ['PUT', '/api/v1/record-limits', { limits: { errors: 100 } }], least: 'admin' },
        { call: ['POST', '/api/v1/keys', { name: 'k', permissions: ['any-organisation'] }], least: 'owner' },
        { call: ['POST', '/api/v1/people/invitations', { email: 'x@x.example', role: 'admin' }], least: 'admin' },
        { call: ['POST', '/api/v1/people/invitations', { email: 'x@x.example', role: 'owner' }], least: 'owner' },
        { call: ['GET', '/api/v1/teams'], least: 'viewer' },
        { call: ['GET', '/api/v1/teams/payments'], least: 'viewer' },
        { call: ['PATCH', '/api/v1/teams/payments', { name: 'Pay' }], least: 'admin' },
        {
          call: ['PUT', `/api/v1/teams/payments/members/${people.viewer.personId}`, { role: 'lead' }],
          least: 'admin',
        },
        { call: ['PATCH', `/api/v1/people/${people.viewer.personId}`, { role: 'viewer' }], least: 'admin' },
        { call: ['PATCH', `/api/v1/people/${people.viewer.personId}`, { role: 'owner' }], least: 'owner' },
      ];
      const ranks: Role[] = ['viewer', 'responder', 'admin', 'owner'];
      for (const { call, least } of calls) {
        for (const role of ranks) {
          const { statusCode } = await as(people[role], call);
          const expected = ranks.indexOf(role) >= ranks.indexOf(least) ? 200 : 403;
          expect(`${role} ${call.join(' ')}: ${statusCode}`).toBe(`${role} ${call.join(' ')}: ${expected}`);
        }
      }
      await as(owner, ['PATCH', `/api/v1/people/${people.viewer.personId}`, { role: 'viewer' }]);
      expect((await as(owner, ['DELETE', `/api/v1/people/${owner.personId}`])).statusCode).toBe(409);
    });

    test('no call reaches into another organisation', async () => {
      const ada = await signedIn('ada@stores.example');
      await joined(ada, 'bob@stores.example', 'viewer');
      const key = (await as(ada, ['POST', '/api/v1/keys', { name: 'Secret key', permissions: ['ingest'] }])).json<{
        key: { id: string };
      }>().key.id;
      const invitation = (
        await as(ada, ['POST', '/api/v1/people/invitations', { email: 'guest@stores.example', role: 'viewer' }])
      ).json<{ id: string }>().id;
      await as(ada, ['POST', '/api/v1/teams', { slug: 'payments', name: 'Secret team' }]);
      await as(ada, ['PUT', `/api/v1/teams/payments/members/${ada.personId}`, { role: 'lead' }]);
      const before = await Promise.all(
        (['people', 'keys', 'teams', 'teams/payments'] as const).map(
          async (what) => (await as(ada, ['GET', `/api/v1/${what}`])).body,
        ),
      );
      const eve = await otherOrganisation();
      const reads = ['/api/v1/people', '/api/v1/teams', '/api/v1/keys', '/api/v1/audit?limit=500', '/api/v1/session'];
      for (const url of reads) {
        const reply = await as(eve, ['GET', url], { 'x-scope-orgid': 'Stores' });
        expect([reply.statusCode, /ada|bob|guest|Secret (?:key|team)|Stores/.exec(reply.body)]).toEqual([200, null]);
      }
      const changes: Call[] = [
        ['PATCH', `/api/v1/people/${ada.personId}`, { role: 'viewer' }],
        ['DELETE', `/api/v1/people/${ada.personId}`],
        ['DELETE', `/api/v1/people/invitations/${invitation}`],
        ['DELETE', `/api/v1/keys/${key}`],
        ['PUT', `/api/v1/keys/${key}/limits`, { limits: { logs: 1 } }],
        ['PATCH', '/api/v1/teams/payments', { name: 'Ours' }],
        ['DELETE', '/api/v1/teams/payments'],
        ['PUT', `/api/v1/teams/payments/members/${ada.personId}`, { role: 'member' }],
        ['DELETE', `/api/v1/teams/payments/members/${ada.personId}`],
        ['GET', '/api/v1/teams/payments'],
        ['POST', '/api/v1/session/organisation', { organisation: ada.organisation }],
      ];
      for (const call of changes) expect([call[1], (await as(eve, call)).statusCode]).toEqual([call[1], 404]);
      const reach = await as(eve, [
        'POST',
        '/api/v1/keys',
        { name: 'reach', permissions: ['query', 'any-organisation'] },
      ]);
      expect(reach.statusCode).toBe(403);
      const after = await Promise.all(
        (['people', 'keys', 'teams', 'teams/payments'] as const).map(
          async (what) => (await as(ada, ['GET', `/api/v1/${what}`])).body,
        ),
      );
      expect(after).toEqual(before);
      const named = [...changes, ...reads.map((url): Call => ['GET', url])].map(
        ([method, url]) => `${method} ${url.split('?')[0]?.split('/')[3]}`,
      );
      const guarded = ownRoutes.filter((route) => route.permission !== 'public');
      const untested = guarded.filter((route) => !named.includes(`${route.method} ${route.path.split('/')[3]}`));
      expect(untested.map((route) => `${route.method} ${route.path}`).sort()).toEqual([
        // These name nothing of an organisation but the caller's own.
        'DELETE /api/v1/session',
        'POST /api/v1/keys',
        'POST /api/v1/people/invitations',
        'POST /api/v1/teams',
        'PUT /api/v1/record-limits',
      ]);
      // A member of another organisation is nobody here.
      await as(eve, ['POST', '/api/v1/teams', { slug: 'payments', name: 'Ours' }]);
      expect((await as(eve, ['PUT', `/api/v1/teams/payments/members/${ada.personId}`, {}])).statusCode).toBe(404);
    });

    test('a team has members, says what it owns, and is taken off it when it is deleted', async () => {
      const ada = await signedIn('ada@stores.example');
      const bob = await joined(ada, 'bob@stores.example', 'viewer');
      const read = async (who: Browser) => (await as(who, ['GET', '/api/v1/teams/payments'])).json<object>();
      const make = (slug: string) => as(ada, ['POST', '/api/v1/teams', { slug, name: 'Payments' }]);
      expect((await make('payments')).statusCode).toBe(200);
      expect((await make('payments')).statusCode).toBe(409);
      expect((await make('Payments team')).json()).toMatchObject({ status: 422, fields: { slug: expect.anything() } });
      await as(ada, ['PUT', `/api/v1/teams/payments/members/${bob.personId}`, { role: 'lead' }]);
      await as(ada, ['PUT', `/api/v1/teams/payments/members/${ada.personId}`, {}]);
      const rules = 'path:src/pay/** #payments\npath:src/** #payments ada@stores.example';
      const put = (content: string) => as(ada, ['PUT', '/api/v1/error-rules/ownership', { content }]);
      expect((await put(`${rules}\npath:x #nobody`)).json()).toMatchObject({
        status: 422,
        detail: 'Line 3: there is no team #nobody: make it in the settings first.',
      });
      expect((await put(rules)).statusCode).toBe(200);
      await control.issueStates.change(ada.organisation, 'ab'.repeat(8), { assignee: '#payments' }, 'ada');
      expect(await read(bob)).toEqual({
        team: { slug: 'payments', name: 'Payments', members: 2, mine: true, createdAt: expect.any(Number) },
        members: [
          { person: bob.personId, email: 'bob@stores.example', name: '', role: 'lead' },
          { person: ada.personId, email: 'ada@stores.example', name: expect.anything(), role: 'member' },
        ],
        owns: { issues: 1, openIssues: 1, rules: [], policies: [], ownershipRules: 2 },
      });
      await as(ada, ['DELETE', `/api/v1/people/${bob.personId}`]);
      expect(await read(ada)).toMatchObject({ team: { members: 1 } });
      const removed = await as(ada, ['DELETE', '/api/v1/teams/payments']);
      expect(removed.json()).toEqual({
        owned: { issues: 1, openIssues: 1, rules: [], policies: [], ownershipRules: 2 },
      });
      expect((await control.issues.rules.read(ada.organisation)).ownership.content).toBe(
        '# the team payments was deleted: path:src/pay/** #payments\npath:src/** ada@stores.example',
      );
      const [entry] = (await as(ada, ['GET', '/api/v1/audit'])).json<{ entries: object[] }>().entries;
      expect(entry).toMatchObject({
        action: 'team.remove',
        subject: 'payments',
        detail: 'Payments: 1 issues, 0 rules, 0 policies, 2 ownership rules',
      });
    });

    describe('keys', () => {
      it('that may query read as viewers, as bearer or as password', async () => {
        const ada = await signedIn('ada@stores.example');
        const make = async (permissions: string[]): Promise<string> =>
          (await as(ada, ['POST', '/api/v1/keys', { name: 'k', permissions }])).json<{ secret: string }>().secret;
        const [query, ingest] = [await make(['query']), await make(['ingest'])];
        const basic = { authorization: `Basic ${Buffer.from(`any:${query}`).toString('base64')}` };
        expect((await withKey(query, ['GET', '/api/v1/people'])).statusCode).toBe(200);
        expect((await send(['GET', '/api/v1/people'], { headers: basic })).statusCode).toBe(200);
        expect((await withKey(query, ['GET', '/api/v1/keys'])).statusCode).toBe(403);
        expect((await withKey(query, ['GET', '/api/v1/session'])).statusCode).toBe(403);
        expect((await withKey(ingest, ['GET', '/api/v1/people'])).statusCode).toBe(403);
        expect((await withKey('unknown', ['GET', '/api/v1/people'], { cookie: ada.cookie })).statusCode).toBe(401);
      });

      it('name another organisation only where they may', async () => {
        const eve = await otherOrganisation();
        const ada = await signedIn('ada@stores.example');
        const plain = (await as(ada, ['POST', '/api/v1/keys', { name: 'k', permissions: ['query'] }])).json<{
          secret: string;
        }>().secret;
        const rival = { 'x-scope-orgid': 'Rival' };
        const people = async (key: string, headers: Record<string, string>): Promise<string> =>
          (await withKey(key, ['GET', '/api/v1/people'], headers)).body;
        expect(await people(setupKey, rival)).toContain(eve.personId);
        expect(await people(setupKey, {})).toContain(ada.personId);
        expect(await people(plain, rival)).toContain(ada.personId);
        expect((await withKey(setupKey, ['GET', '/api/v1/people'], { 'x-scope-orgid': 'Nowhere' })).statusCode).toBe(
          404,
        );
      });
    });

    test('every change leaves an audit entry without secrets, and the chain holds', async () => {
      const ada = await signedIn('ada@stores.example');
      const bob = await joined(ada, 'bob@stores.example', 'viewer');
      const made = (
        await as(ada, ['POST', '/api/v1/keys', { name: 'POS', permissions: ['ingest'], site: 'S1' }])
      ).json<{ secret: string; key: { id: string } }>();
      await as(ada, ['PUT', `/api/v1/keys/${made.key.id}/limits`, { limits: { errors: 600 } }]);
      expect((await as(ada, ['GET', '/api/v1/keys'])).json()).toMatchObject({
        keys: expect.arrayContaining([expect.objectContaining({ id: made.key.id, limits: { errors: 600 } })]),
        limits: {},
        defaultLimits: { attachments: 6000 },
      });
      for (const limits of [{ errors: 0 }, { errors: 1.5 }, { tea: 5 }])
        expect((await as(ada, ['PUT', `/api/v1/keys/${made.key.id}/limits`, { limits }])).statusCode).toBe(422);
      await as(ada, ['DELETE', `/api/v1/keys/${made.key.id}`]);
      const { id } = (
        await as(ada, ['POST', '/api/v1/people/invitations', { email: 'x@x.example', role: 'admin' }])
      ).json<{ id: string }>();
      await as(ada, ['DELETE', `/api/v1/people/invitations/${id}`]);
      await as(ada, ['PATCH', `/api/v1/people/${bob.personId}`, { role: 'admin' }]);
      await as(ada, ['DELETE', `/api/v1/people/${bob.personId}`]);
      await as(ada, ['POST', '/api/v1/session/password', { current: password, next: 'another password' }]);
      const reply = await as(ada, ['GET', '/api/v1/audit?limit=500']);
      const { entries } = reply.json<{ entries: { action: string; actor: string; address: string }[] }>();
      expect(entries.map((entry) => entry.action)).toEqual([
        'person.password',
        'person.remove',
        'person.role',
        'invitation.revoke',
        'invitation.create',
        'key.revoke',
        'key.limits',
        'key.create',
        'invitation.accept',
        'invitation.create',
        'session.open',
      ]);
      expect(entries[0]).toMatchObject({ actor: 'ada@stores.example', address: '127.0.0.1' });
      for (const secret of [made.secret, password, 'another password']) expect(reply.body).not.toContain(secret);
      expect(await control.audit.verify(ada.organisation)).toEqual({ entries: entries.length, brokenAt: null });
      const pages: string[] = [];
      for (let cursor = ''; ;) {
        const page = (await as(ada, ['GET', `/api/v1/audit?limit=3&cursor=${cursor}`])).json<{
          entries: { action: string }[];
          next: string;
        }>();
        pages.push(...page.entries.map((entry) => entry.action));
        if ((cursor = page.next) === '') break;
      }
      expect(pages).toEqual(entries.map((entry) => entry.action));
    });

    test('what the trail says of security is counted: failed sign-ins where the member is, keys, who may see it', async () => {
      const eve = await otherOrganisation();
      const ada = await signedIn('ada@stores.example');
      const viewer = await joined(ada, 'carl@stores.example', 'viewer');
      const from = clock.now();
      for (const email of ['Ada@stores.example', 'ada@stores.example', 'nobody@stores.example'])
        expect((await send(['POST', '/api/v1/session', { email, password: 'not this one' }])).statusCode).toBe(401);
      const key = { permissions: ['query'] };
      await as(ada, ['POST', '/api/v1/keys', { ...key, name: 'Grafana' }]);
      const bound = (await as(ada, ['POST', '/api/v1/keys', { ...key, name: 'One store', site: 'S1' }])).json<{
        secret: string;
      }>().secret;
      const where = `/api/v1/security/activity?from=${from}&to=${from + 60_000}`;
      const read = async (browser: Browser): Promise<Record<string, unknown>> =>
        (await as(browser, ['GET', where])).json<Record<string, unknown>>();
      // What failed is written after the answer, so that its time tells nothing.
      await expect.poll(async () => (await read(ada))['refused']).toBe(2);
      expect(await read(ada)).toMatchObject({
        refusedBySource: [{ address: '127.0.0.1', people: ['ada@stores.example'], tries: 2 }],
        newKeys: [{ subject: 'One store' }, { subject: 'Grafana', actor: 'ada@stores.example' }],
        cut: false,
      });
      expect(await read(eve)).toMatchObject({ refused: 0, refusedBySource: [], newKeys: [] });
      expect((await as(viewer, ['GET', where])).statusCode).toBe(403);
      expect((await withKey(bound, ['GET', where])).statusCode).toBe(403);
      expect((await as(ada, ['GET', `/api/v1/security/activity?from=5&to=5`])).statusCode).toBe(400);
    });

    test('the audit trail is read and exported by who, what, subject and time', async () => {
      const ada = await signedIn('ada@stores.example');
      const eve = await otherOrganisation();
      await as(eve, ['POST', '/api/v1/keys', { name: 'POS', permissions: ['ingest'] }]);
      clock.advance(60_000);
      for (const name of ['POS 50%', '=POS 500'])
        await as(ada, ['POST', '/api/v1/keys', { name, permissions: ['ingest'] }]);
      const at = clock.now();
      const found = async (query: string): Promise<string[]> => {
        const reply = await as(ada, ['GET', `/api/v1/audit?${query}`]);
        return reply
          .json<{ entries: { action: string; subject: string }[] }>()
          .entries.map(({ action, subject }) => `${action} ${subject}`);
      };
      const [first, second] = ['key.create POS 50%', 'key.create =POS 500'];
      expect(await found('subject=pos')).toEqual([second, first]);
      expect(await found('subject=50%25')).toEqual([first]);
      expect(await found(`from=${at}&action=create`)).toEqual([second, first]);
      expect(await found(`to=${at}&action=create`)).toEqual([]);
      expect(await found('actor=ADA&action=key')).toEqual([second, first]);
      expect(await found("actor=' OR 1=1")).toEqual([]);
      const csv = await as(ada, ['GET', '/api/v1/audit/export?format=csv&subject=pos']);
      expect(csv.headers['content-disposition']).toBe('attachment; filename="audit.csv"');
      expect(csv.body.split('\r\n').map((line) => line.split(',').slice(2, 5).join())).toEqual([
        'who,what,on',
        'ada@stores.example,key.create,POS 50%',
        `ada@stores.example,key.create,"'=POS 500"`,
        '',
      ]);
      const whole = await control.audit.list(ada.organisation, { limit: 1, cursor: '' });
      expect(whole.ok && whole.value.entries[0]).toMatchObject({ action: 'audit.export', detail: 'on pos' });
      const chain = async () => (await as(ada, ['GET', '/api/v1/audit/chain'])).json<unknown>();
      expect(await chain()).toMatchObject({
        brokenAt: null,
        lastHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        signed: null,
      });
      signedAudit = { day: '2026-10-05', ...(await control.audit.head(ada.organisation, 2))! };
      expect(await chain()).toMatchObject({ signed: { day: '2026-10-05', number: 2, holds: true } });
      signedAudit = { ...signedAudit, sha256: 'other' };
      expect(await chain()).toMatchObject({ signed: { holds: false } });
      const viewer = await joined(ada, 'vi@stores.example', 'viewer');
      for (const url of ['/api/v1/audit', '/api/v1/audit/chain', '/api/v1/audit/export'])
        expect((await as(viewer, ['GET', url])).statusCode).toBe(403);
    });

    test('the exported audit trail is proved without the database, and each change to it named', async () => {
      const ada = await signedIn('ada@stores.example');
      const eve = await otherOrganisation();
      await as(eve, ['POST', '/api/v1/keys', { name: 'Theirs', permissions: ['ingest'] }]);
      for (const name of ['Ä key', 'B'])
        await as(ada, ['POST', '/api/v1/keys', { name, permissions: ['ingest'], site: 'S1' }]);
      const reply = await as(ada, ['GET', '/api/v1/audit/export']);
      expect(reply.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
      const lines = reply.body.trimEnd().split('\n');
      const entries = lines.map((line) => JSON.parse(line) as ExportedAuditEntry);
      expect(new Set(entries.map(({ organisation }) => organisation))).toEqual(new Set([ada.organisation]));
      expect(entries.map(({ number, action }) => [number, action])).toEqual([
        [1, 'session.open'],
        [2, 'key.create'],
        [3, 'key.create'],
        [4, 'audit.export'],
      ]);
      const check = (texts: string[]) => verifyAuditExport(Readable.from(texts));
      expect(await check(lines)).toEqual({ entries: 4, lastHash: entries[3]!.hash, proved: 0, faults: [] });
      const with3 = (change: Partial<ExportedAuditEntry>) =>
        lines.map((line, n) => (n === 2 ? JSON.stringify({ ...entries[2], ...change }) : line));
      const changes: [string[], string[]][] = [
        [with3({ actor: 'eve' }), ['Entry 3 was changed: its hash is not that of its content.']],
        [lines.toSpliced(1, 1), ['Entry 2 is missing.']],
        [lines.toSpliced(0, 2), ['Entries 1 to 2 are missing.']],
        [lines.toSpliced(1, 0, lines[1]!), ['Entry 2 stands behind entry 2.']],
        [lines.with(2, '{"number":3}'), ['Line 3 is no entry of an audit trail.', 'Entry 3 is missing.']],
        [
          with3({ previousHash: entries[0]!.hash }),
          [
            'Entry 3 does not follow from the one before: one of the two was replaced.',
            'Entry 3 was changed: its hash is not that of its content.',
          ],
        ],
        [[], ['There is no entry.']],
      ];
      for (const [texts, faults] of changes) expect((await check(texts)).faults).toEqual(faults);
      // What manifests of an archive sign of it.
      const signedAs = (day: string, number: number, sha256 = entries[number - 1]?.hash ?? '') => ({
        day,
        number,
        sha256,
      });
      const proved = async (...signed: ReturnType<typeof signedAs>[]) => {
        const found = await verifyAuditExport(Readable.from(lines), signed);
        return [found.proved, ...found.faults];
      };
      expect(await control.audit.head(entries[0]!.organisation, 3)).toEqual({ number: 3, sha256: entries[2]!.hash });
      expect(await control.audit.head('org_none')).toBeUndefined();
      expect(await proved(signedAs('d1', 1), signedAs('d2', 3))).toEqual([3]);
      expect(await proved(signedAs('d1', 2, 'forged'))).toEqual([
        0,
        'Entry 2 is not the one that the manifest of d1 signs: the trail was written anew.',
      ]);
      expect(await proved(signedAs('d1', 3), signedAs('d2', 9, 'x'))).toEqual([
        3,
        'The trail ends with entry 4, and the manifest of d2 signs entry 9: the newest were taken away, or the export is older than that day.',
      ]);
    });

    test('health says what each asker may know', async () => {
      const bodies = await Promise.all(
        ['/health/live', '/health/ready', '/health'].map(async (url) => (await send(['GET', url])).json<unknown>()),
      );
      expect(bodies).toEqual([{ status: 'healthy' }, { status: 'healthy' }, { status: 'healthy' }]);
      for (const url of ['/health/detailed', '/metrics']) {
        expect((await send(['GET', url])).statusCode).toBe(401);
        expect((await withKey(setupKey, ['GET', url])).statusCode).toBe(200);
      }
      state = 'unhealthy';
      const codes = await Promise.all(
        ['/health/live', '/health/ready', '/health'].map(async (url) => (await send(['GET', url])).statusCode),
      );
      expect(codes).toEqual([200, 503, 200]);
    });

    test('the OpenAPI document lists every installed call', async () => {
      const document = (await send(['GET', '/api/v1/openapi.json'])).json<{
        openapi: string;
        paths: Record<string, Record<string, { responses: object }>>;
      }>();
      expect(document.openapi).toBe('3.1.0');
      for (const route of ownRoutes) {
        const operation = document.paths[route.path.replaceAll(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()];
        expect([route.path, Object.keys(operation?.responses ?? {})]).toEqual([
          route.path,
          expect.arrayContaining(['200', 'default']),
        ]);
      }
    });

    test('what is not there, and what fails inside, is a problem without internals', async () => {
      const unknown = await send(['GET', '/api/v1/nothing']);
      expect([unknown.statusCode, unknown.headers['content-type']]).toEqual([
        404,
        'application/problem+json; charset=utf-8',
      ]);
      const failing = await withKey(setupKey, ['GET', '/api/v1/test/failing']);
      expect(failing.statusCode).toBe(500);
      expect(failing.json<{ detail: string }>().detail).toMatch(/id [0-9a-f-]{36}/);
      expect(failing.body).not.toContain('secret of the store');
    });

    test('hostile input is refused or kept as text, and never a server error', async () => {
      const ada = await signedIn('ada@stores.example');
      const sql = `'; DROP TABLE people; --`;
      const hostile: unknown[] = [
        sql,
        '\0',
        'a\0b',
        '\uD800',
        'x'.repeat(900_000),
        '',
        ' ',
        null,
        7,
        [],
        {},
        [sql],
        { $ne: 1 },
        { __proto__: 1 },
        true,
        `${sql}@x.example`,
      ];
      const calls = ownRoutes.filter((route) => route.method !== 'DELETE' || route.path.includes(':'));
      for (const route of calls) {
        for (const value of hostile) {
          // So that no input hides behind the limit of tries.
          clock.advance(600_000);
          const text = encodeURIComponent(typeof value === 'string' ? value.toWellFormed().slice(0, 90) : 'x');
          const url = `${route.path.replaceAll(/:\w+/g, text || 'x')}${route.query ? `?limit=${text}&cursor=${text}` : ''}`;
          const fields = {
            token: value,
            organisation: value,
            name: value,
            email: value,
            password: value,
            role: value,
            permissions: value,
            site: value,
            current: value,
            next: value,
          };
          const bodies = route.body
            ? [fields, { ...fields, email: 'e@x.example', role: 'viewer', permissions: ['ingest'], password }, value]
            : [undefined];
          for (const body of bodies) {
            const payload =
              body === undefined
                ? {}
                : { payload: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
            const reply = await app.inject({
              method: route.method,
              url,
              ...payload,
              headers: { ...payload.headers, cookie: ada.cookie, 'x-csrf-token': ada.csrf },
            });
            expect(`${route.method} ${url.slice(0, 80)} ${reply.statusCode < 500 ? 'fine' : reply.body}`).toBe(
              `${route.method} ${url.slice(0, 80)} fine`,
            );
          }
        }
      }
      expect((await as(ada, ['GET', '/api/v1/people'])).body).toContain('ada@stores.example');
    });

    test.each([
      ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0xff, 0x22, 0x7d]), 400],
      ['not JSON', Buffer.from('{"a":'), 400],
      ['deeply nested JSON', Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)), 422],
      ['a poisoned prototype', Buffer.from('{"__proto__":{"role":"owner"}}'), 400],
      ['more than it takes', Buffer.alloc(1_100_000, 0x20), 413],
      ['nothing', Buffer.alloc(0), 422],
    ])('a body of %s is refused', async (_, payload, status) => {
      const headers = { 'content-type': 'application/json' };
      const reply = await app.inject({ method: 'POST', url: '/api/v1/session', payload, headers });
      expect([reply.statusCode, reply.headers['content-type']]).toEqual([
        status,
        'application/problem+json; charset=utf-8',
      ]);
    });
  });
}
