import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import { getTableColumns, getTableName } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Control, Role } from './control.ts';
import { openDatabase } from './database/database.ts';
import { migrate } from './database/migrate.ts';
import { tables } from './database/schema.ts';
import { openControl } from './open-control.ts';
import { sessionIdleMs, sessionLifeMs } from './sessions.ts';
import { testServers, type TestServer } from './testing.ts';

const password = 'correct horse battery';

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing)(`${name}${missing ? ` (${missing})` : ''}`, () => {
    let server: TestServer;
    beforeAll(async () => void (server = await start()));
    afterAll(() => server.stop());

    async function withPool<T>(act: (pool: pg.Pool) => Promise<T>): Promise<T> {
      const pool = new pg.Pool({ connectionString: await server.freshDatabase() });
      // An ended pool does not wait for its sockets: the server may stop before they are closed, and tells them.
      pool.on('error', () => undefined);
      try {
        return await act(pool);
      } finally {
        await pool.end();
      }
    }

    async function founded(clock = new ManualClock(1_700_000_000_000)) {
      const control = await server.freshControl(clock);
      const started = await control.setup.start({});
      if (!started.ok || !started.value.token) throw new Error('no set-up token');
      const owner = { organisation: 'Stores', name: 'Ada', email: 'Ada@Stores.example', password };
      const done = await control.setup.complete(started.value.token, owner);
      if (!done.ok) throw new Error(done.error.message);
      return { control, clock, organisation: done.value.organisation.id, owner: done.value.person };
    }

    async function join_(control: Control, organisation: string, email: string, role: Role): Promise<string> {
      const invited = await control.invitations.create(organisation, email, role, { name: 'test', role: 'owner' });
      if (!invited.ok) throw new Error(invited.error.message);
      const accepted = await control.invitations.accept(invited.value.token, { name: '', password });
      if (!accepted.ok) throw new Error(accepted.error.message);
      return accepted.value.person.id;
    }

    it('a connection that breaks within a transaction fails it, and nothing else', async () => {
      const opened = await openDatabase(await server.freshDatabase(), silentLogger);
      if (!opened.ok) throw new Error(opened.error);
      const { pool } = opened.value;
      try {
        const client = await pool.connect();
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await client.query('BEGIN');
        const ended = new Promise((resolve) => client.once('end', resolve));
        await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
        await ended;
        await expect(client.query('SELECT 1')).rejects.toThrow();
        client.release(true);
        expect((await pool.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      } finally {
        await pool.end();
      }
    });

    describe('migrations', () => {
      it('apply once, also when asked twice', () =>
        withPool(async (pool) => {
          const first = await migrate(pool);
          expect(first.ok && first.value.applied.length).toBeGreaterThan(0);
          expect(await migrate(pool)).toEqual({ ok: true, value: { applied: [] } });
        }));

      it('apply once when several processes start together', () =>
        withPool(async (pool) => {
          const runs = await Promise.all([1, 2, 3, 4].map(() => migrate(pool)));
          const applied = runs.map((run) => (run.ok ? run.value.applied.length : -1)).sort((a, b) => a - b);
          expect(applied.slice(0, 3)).toEqual([0, 0, 0]);
          expect(applied[3]).toBeGreaterThan(0);
        }));

      it('refuse an edited past and a database from the future, and leave nothing of one that fails', () =>
        withPool(async (pool) => {
          const folder = await mkdtemp(join(tmpdir(), 'sl-migrations-'));
          await writeFile(join(folder, '0001-a.sql'), 'CREATE TABLE a (n int);');
          expect((await migrate(pool, folder)).ok).toBe(true);
          await writeFile(join(folder, '0001-a.sql'), 'CREATE TABLE a (n bigint);');
          expect(await migrate(pool, folder)).toMatchObject({ ok: false, error: expect.stringContaining('changed') });
          await writeFile(join(folder, '0001-a.sql'), 'CREATE TABLE a (n int);');
          await writeFile(join(folder, '0002-b.sql'), 'CREATE TABLE b (n int); SELECT nonsense;');
          await expect(migrate(pool, folder)).rejects.toThrow('nonsense');
          expect((await pool.query("SELECT to_regclass('b') AS b")).rows).toEqual([{ b: null }]);
          await rm(join(folder, '0002-b.sql'));
          await pool.query("INSERT INTO migrations (name, checksum) VALUES ('0999-later.sql', '')");
          expect(await migrate(pool, folder)).toMatchObject({ ok: false, error: expect.stringContaining('newer') });
          await rm(folder, { recursive: true });
        }));

      it('make the columns that the queries know', () =>
        withPool(async (pool) => {
          await migrate(pool);
          for (const table of Object.values(tables)) {
            const { rows } = await pool.query<{ name: string; optional: boolean }>(
              "SELECT column_name AS name, is_nullable = 'YES' AS optional FROM information_schema.columns WHERE table_name = $1 ORDER BY 1",
              [getTableName(table)],
            );
            const known = Object.values(getTableColumns(table))
              .map((column) => ({ name: column.name, optional: !column.notNull }))
              .sort((a, b) => (a.name < b.name ? -1 : 1));
            expect({ table: getTableName(table), rows }).toEqual({ table: getTableName(table), rows: known });
          }
        }));
    });

    describe('set-up', () => {
      it('happens once, with the newest token', async () => {
        const control = await server.freshControl();
        const old = await control.setup.start({});
        const now = await control.setup.start({});
        if (!old.ok || !now.ok) throw new Error('refused');
        const owner = { organisation: 'Stores', name: '', email: 'a@b.example', password };
        expect(await control.setup.complete(old.value.token ?? '', owner)).toMatchObject({ ok: false });
        const tries = await Promise.all([1, 2].map(() => control.setup.complete(now.value.token ?? '', owner)));
        expect(tries.filter((one) => one.ok)).toHaveLength(1);
        expect(await control.setup.needed()).toBe(false);
        expect(await control.setup.start({})).toEqual({ ok: true, value: { token: undefined } });
        await control.close();
      });

      it('takes what an installer hands in, and changes nothing at later starts', async () => {
        const control = await server.freshControl();
        const values = {
          organisation: 'HQ',
          email: 'Ops@HQ.example',
          password,
          key: 'any text of 16+'.replaceAll(' ', '-') + 'x',
        };
        for (const given of [values, values, { ...values, password: 'another password' }]) {
          expect(await control.setup.start(given)).toEqual({ ok: true, value: { token: undefined } });
        }
        expect(await control.people.signIn('ops@hq.example', password)).toBeDefined();
        expect(await control.people.signIn('ops@hq.example', 'another password')).toBeUndefined();
        const found = await control.keys.find(values.key);
        const organisation = await control.organisations.findByName('HQ');
        expect(found).toMatchObject({
          scope: { organisation: organisation?.id, site: '' },
          permissions: ['ingest', 'query', 'any-organisation'],
        });
        expect(await control.keys.list(organisation?.id ?? '')).toMatchObject([{ secret: null }]);
        expect((await control.projects.first(organisation?.id ?? '')).number).toBeGreaterThan(0);
        await control.close();
      });

      it.each([
        [{ key: 'short' }, 'SIGHTLINE_SETUP_KEY'],
        [{ email: 'a@b.example' }, 'SIGHTLINE_SETUP_PASSWORD'],
        [{ email: 'nobody', password }, 'SIGHTLINE_SETUP_EMAIL'],
        [{ organisation: '' }, 'SIGHTLINE_SETUP_ORG'],
        [{ email: 'a@b.example', password: 'short' }, 'SIGHTLINE_SETUP_PASSWORD'],
      ])('refuses %j and names the setting', async (values, setting) => {
        const control = await server.freshControl();
        const started = await control.setup.start(values);
        expect(started).toMatchObject({ ok: false, error: { message: expect.stringContaining(setting) } });
        await control.close();
      });
    });

    describe('people', () => {
      it('never lose their last owner, not even to two owners at once', async () => {
        const { control, organisation, owner } = await founded();
        expect(await control.people.changeRole(organisation, owner.id, 'viewer', 'owner')).toMatchObject({
          error: { reason: 'conflict' },
        });
        expect(await control.people.remove(organisation, owner.id, 'owner')).toMatchObject({
          error: { reason: 'conflict' },
        });
        const second = await join_(control, organisation, 'second@stores.example', 'owner');
        const both = await Promise.all([
          control.people.remove(organisation, owner.id, 'owner'),
          control.people.changeRole(organisation, second, 'admin', 'owner'),
        ]);
        expect(both.filter((one) => one.ok)).toHaveLength(1);
        await control.close();
      });

      it('below an owner cannot make, change or invite owners', async () => {
        const { control, organisation, owner } = await founded();
        const viewer = await join_(control, organisation, 'v@stores.example', 'viewer');
        const by = { name: 'x', role: 'admin' as const };
        expect(await control.people.changeRole(organisation, viewer, 'owner', 'admin')).toMatchObject({
          error: { reason: 'forbidden' },
        });
        expect(await control.people.remove(organisation, owner.id, 'admin')).toMatchObject({
          error: { reason: 'forbidden' },
        });
        expect(await control.invitations.create(organisation, 'n@x.example', 'owner', by)).toMatchObject({
          error: { reason: 'forbidden' },
        });
        await control.close();
      });

      it('join by invitation once, within seven days, and by their own password where they have one', async () => {
        const { control, clock, organisation } = await founded();
        const by = { name: 'x', role: 'owner' as const };
        const invite = async (place: string, email: string) => {
          const made = await control.invitations.create(place, email, 'responder', by);
          if (!made.ok) throw new Error(made.error.message);
          return made.value.token;
        };
        const token = await invite(organisation, 'new@x.example');
        expect(await control.invitations.accept(token, { name: 'N', password })).toMatchObject({ ok: true });
        expect(await control.invitations.accept(token, { name: 'N', password })).toMatchObject({
          error: { reason: 'expired' },
        });
        const late = await invite(organisation, 'late@x.example');
        clock.advance(7 * 86_400_000);
        expect(await control.invitations.accept(late, { name: '', password })).toMatchObject({
          error: { reason: 'expired' },
        });
        const other = await control.organisations.ensure('Other');
        if (!other.ok) throw new Error('refused');
        const again = await invite(other.value.id, 'new@x.example');
        expect(await control.invitations.accept(again, { name: '', password: 'not the password' })).toMatchObject({
          error: { reason: 'forbidden' },
        });
        expect(await control.invitations.accept(again, { name: '', password })).toMatchObject({ ok: true });
        await control.close();
      });

      it('let nobody in any more once who sent them may do less', async () => {
        const { control, organisation } = await founded();
        for (const end of ['demoted', 'removed'] as const) {
          const email = `${end}@stores.example`;
          const admin = await join_(control, organisation, email, 'admin');
          const by = { name: email, role: 'admin' as const };
          const made = await control.invitations.create(organisation, `friend-of-${end}@x.example`, 'admin', by);
          if (!made.ok) throw new Error(made.error.message);
          if (end === 'demoted') await control.people.changeRole(organisation, admin, 'viewer', 'owner');
          else await control.people.remove(organisation, admin, 'owner');
          expect(await control.invitations.accept(made.value.token, { name: 'F', password })).toMatchObject({
            ok: false,
            error: { reason: 'expired' },
          });
        }
        await control.close();
      });
    });

    describe('sessions', () => {
      it('end unused after the idle time, and used after their life', async () => {
        const { control, clock, owner } = await founded();
        const opened = await control.sessions.open(owner.id, { address: '::1', userAgent: 'test' });
        const token = opened?.token ?? '';
        for (let age = 0; age < sessionLifeMs - sessionIdleMs; age += sessionIdleMs - 1) {
          expect(await control.sessions.find(token)).toMatchObject({
            role: 'owner',
            person: { email: 'ada@stores.example' },
          });
          clock.advance(sessionIdleMs - 1);
        }
        clock.advance(sessionIdleMs);
        expect(await control.sessions.find(token)).toBeUndefined();
        const idle = await control.sessions.open(owner.id, { address: '::1', userAgent: '' });
        clock.advance(sessionIdleMs);
        expect(await control.sessions.find(idle?.token ?? '')).toBeUndefined();
        await control.close();
      });

      it('end with the membership, and with a new password but for the one that set it', async () => {
        const { control, organisation } = await founded();
        const person = await join_(control, organisation, 'v@stores.example', 'viewer');
        const about = { address: '::1', userAgent: '' };
        const kept = await control.sessions.open(person, about);
        const other = await control.sessions.open(person, about);
        expect(
          await control.people.changePassword(person, 'wrong password', 'a new password', kept?.token ?? ''),
        ).toMatchObject({ ok: false });
        expect(
          await control.people.changePassword(person, password, 'a new password', kept?.token ?? ''),
        ).toMatchObject({ ok: true });
        expect(await control.sessions.find(other?.token ?? '')).toBeUndefined();
        expect(await control.sessions.find(kept?.token ?? '')).toBeDefined();
        await control.people.remove(organisation, person, 'owner');
        expect(await control.sessions.find(kept?.token ?? '')).toBeUndefined();
        expect(await control.sessions.open(person, about)).toBeUndefined();
        await control.close();
      });
    });

    describe('keys', () => {
      it('have limits by kind of record, beside those of all', async () => {
        const { control, organisation } = await founded();
        const made = await control.keys.create(organisation, { name: 'POS', permissions: ['ingest'] }, 'ada');
        if (!made.ok) throw new Error(made.error.message);
        const { key, secret } = made.value;
        expect((await control.keys.find(secret))?.limits).toEqual({ organisation: {}, key: {} });
        expect(await control.keys.setLimits(organisation, null, { spans: 9000 })).toEqual({ ok: true, value: '' });
        // A key that was found lately tells its own limits at once.
        expect(await control.keys.setLimits(organisation, key.id, { errors: 5, logs: 0 })).toEqual({
          ok: true,
          value: 'POS',
        });
        const limits = { organisation: { spans: 9000 }, key: { errors: 5 } };
        expect((await control.keys.find(secret))?.limits).toEqual(limits);
        expect(await control.keys.limits(organisation)).toEqual({
          organisation: { spans: 9000 },
          keys: new Map([[key.id, { errors: 5 }]]),
        });
        await control.keys.setLimits(organisation, key.id, {});
        expect((await control.keys.find(secret))?.limits.key).toEqual({});
        expect(await control.keys.setLimits(organisation, 'key_none', {})).toMatchObject({ ok: false });
        expect(await control.keys.limits('org_other')).toEqual({ organisation: {}, keys: new Map() });
      });

      it('are found until revoked; another process sees it within ten seconds, however busy the key', async () => {
        const { control, clock, organisation } = await founded();
        const elsewhere = await openControl({
          databaseUrl: control.database.connectionString,
          dataFolder: server.folder,
          logger: silentLogger,
          clock,
        });
        expect(await elsewhere.keys.find('sl_ingest_unknown')).toBeUndefined();
        const made = await control.keys.create(
          organisation,
          { name: 'POS', permissions: ['ingest'], site: 'STORE_1' },
          'ada',
        );
        if (!made.ok) throw new Error('refused');
        expect(made.value.secret).toMatch(/^sl_ingest_[A-Za-z0-9]{40}$/);
        expect(await elsewhere.keys.find(made.value.secret)).toMatchObject({
          scope: { organisation, site: 'STORE_1' },
          permissions: ['ingest'],
        });
        await control.keys.revoke(organisation, made.value.key.id);
        expect(await control.keys.find(made.value.secret)).toBeUndefined();
        for (let second = 0; second < 10; second++) {
          await elsewhere.keys.find(made.value.secret);
          clock.advance(1000);
        }
        expect(await elsewhere.keys.find(made.value.secret)).toBeUndefined();
        expect((await control.keys.names(organisation)).get(made.value.key.id)).toBe('POS');
        await elsewhere.close();
        await control.close();
      });

      it('open although it cannot be noted that they were used', async () => {
        const { control, organisation, clock } = await founded();
        const made = await control.keys.create(organisation, { name: 'a', permissions: ['ingest'] }, 'ada');
        if (!made.ok) throw new Error('refused');
        const client = new pg.Client({ connectionString: control.database.connectionString });
        await client.connect();
        await client.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`);
        await client.query('CREATE TRIGGER refuse BEFORE UPDATE ON api_keys EXECUTE FUNCTION refuse()');
        await client.end();
        await control.keys.find(made.value.secret);
        clock.advance(31_000);
        expect(await control.keys.find(made.value.secret)).toMatchObject({ name: 'a' });
        await control.close();
      });

      it('show their secret again only when they can do nothing but ingest', async () => {
        const { control, organisation } = await founded();
        const [ingest, query] = [
          await control.keys.create(organisation, { name: 'a', permissions: ['ingest'] }, 'ada'),
          await control.keys.create(organisation, { name: 'b', permissions: ['ingest', 'query'] }, 'ada'),
        ];
        if (!ingest.ok || !query.ok) throw new Error('refused');
        const shown = new Map((await control.keys.list(organisation)).map((key) => [key.name, key.secret]));
        expect(shown).toEqual(
          new Map([
            ['a', ingest.value.secret],
            ['b', null],
          ]),
        );
        expect((await control.keys.ingestKey(organisation)).secret).toBe(ingest.value.secret);
        await control.keys.find(query.value.secret);
        await control.close();
        const dump = new pg.Client({ connectionString: control.database.connectionString });
        await dump.connect();
        const { rows } = await dump.query<{ name: string; row: string; used: boolean }>(
          'SELECT name, k::text AS row, last_used_at IS NOT NULL AS used FROM api_keys k',
        );
        await dump.end();
        for (const { row } of rows) {
          for (const { value } of [ingest, query]) {
            expect(row).not.toContain(value.secret);
            expect(row).not.toContain(Buffer.from(value.secret).toString('hex'));
          }
        }
        expect(rows.filter((row) => row.used).map((row) => row.name)).toEqual(['b']);
      });
    });

    it('sites appear by themselves once, and what cannot be a code does not', async () => {
      const { control, organisation } = await founded();
      const codes = ['STORE_2', 'STORE_1', 'STORE_1', '', 'bad\0code', 'x'.repeat(201), '\uD800'];
      expect((await control.sites.seen(organisation, codes)).sort()).toEqual(['STORE_1', 'STORE_2']);
      expect(await control.sites.seen(organisation, codes)).toEqual([]);
      const place = {
        name: 'One',
        address: '1 Main St',
        city: 'Austin',
        region: 'TX',
        latitude: 30.2,
        longitude: -97.7,
        timeZone: 'America/Chicago',
      };
      expect(await control.sites.update(organisation, 'STORE_1', place)).toMatchObject(place);
      expect(await control.sites.list(organisation)).toMatchObject([
        { code: 'STORE_1', name: 'One' },
        { code: 'STORE_2', name: 'STORE_2' },
      ]);
      await control.close();
    });

    it('feedback keeps what was decided and who did it, for its organisation alone', async () => {
      const { control, clock, organisation } = await founded();
      const { feedback } = control;
      const at = clock.now() - 60_000;
      const both = [
        { id: 'a', at },
        { id: 'b', at: at + 1000 },
      ];
      expect(await feedback.change(organisation, both, { status: 'spam', read: true }, 'ada')).toEqual(['a', 'b']);
      expect(await feedback.change(organisation, both, { status: 'spam', read: true }, 'ada'), 'was so').toEqual([]);
      const readAt = clock.now();
      clock.advance(1000);
      expect(
        await feedback.change(organisation, [both[1]!, both[1]!], { status: 'unresolved', assignee: '#web' }, 'bob'),
      ).toEqual(['b']);
      await feedback.comment(organisation, { id: 'c', at }, 'called back', 'bob');
      const states = new Map([
        ['b', { status: 'unresolved', assignee: '#web', readAt }],
        ['a', { status: 'spam', assignee: '', readAt }],
        ['c', { status: 'unresolved', assignee: '', readAt: null }],
      ]);
      expect(await feedback.written(organisation, at, at + 1001)).toEqual({ states, cut: false });
      expect([...(await feedback.written(organisation, at + 1, 8.64e15)).states.keys()]).toEqual(['b']);
      expect([...(await feedback.list(organisation, ['a', 'x'])).keys()]).toEqual(['a']);
      expect((await feedback.activity(organisation, 'b')).map(({ actor, text }) => `${actor} ${text}`)).toEqual([
        'bob assigned it to #web',
        'bob reopened it',
        'ada marked it as spam',
      ]);
      expect(await feedback.activity(organisation, 'c')).toMatchObject([{ kind: 'comment', text: 'called back' }]);
      expect((await feedback.written('org_other', 0, clock.now())).states.size).toBe(0);
      expect(await feedback.activity('org_other', 'b')).toEqual([]);

      // Feedback itself is kept 90 days: its states go when others change, with what was said.
      clock.advance(121 * 86_400_000);
      await feedback.change(organisation, [{ id: 'd', at: clock.now() }], { read: true }, 'ada');
      expect([...(await feedback.written(organisation, 0, 8.64e15)).states.keys()]).toEqual(['d']);
      expect(await feedback.activity(organisation, 'b')).toEqual([]);
      await control.close();
    });

    it('issue states keep what was decided and who did it', async () => {
      const { control, clock, organisation } = await founded();
      const issue = '00000000000000ab';
      await control.issueStates.change(organisation, issue, { status: 'resolved' }, 'ada');
      clock.advance(1000);
      expect(await control.issueStates.change(organisation, issue, { assignee: 'bob' }, 'ada')).toMatchObject({
        status: 'resolved',
        resolvedAt: clock.now() - 1000,
        assignee: 'bob',
      });
      await control.issueStates.change(organisation, issue, { status: 'unresolved' }, 'bob');
      expect(await control.issueStates.find(organisation, issue)).toMatchObject({
        status: 'unresolved',
        resolvedAt: null,
      });
      expect(
        (await control.issueStates.activity(organisation, issue)).map(({ actor, text }) => `${actor} ${text}`),
      ).toEqual(['bob reopened it', 'ada assigned it to bob', 'ada resolved it']);
      expect((await control.issueStates.list('org_other')).size).toBe(0);
      expect((await control.issueStates.list(organisation, [issue])).size).toBe(1);
      await control.close();
    });

    it('a change of an issue is undone exactly, unless it was changed again', async () => {
      const { control, clock, organisation } = await founded();
      const issue = '00000000000000ab';
      const { issueStates } = control;
      const until = {
        status: 'ignored',
        ignoredUntil: 'users',
        ignoredLimit: 10,
        priority: 'high',
        assignee: 'bob',
      } as const;
      const archived = await issueStates.change(organisation, issue, until, 'ada');
      expect(archived.before).toEqual({
        status: 'unresolved',
        resolvedAt: null,
        resolution: 'now',
        resolvedIn: '',
        ignoredUntil: 'forever',
        ignoredLimit: null,
        ignoredAt: null,
        priority: '',
        assignee: '',
      });
      clock.advance(5000);
      const reopened = await issueStates.change(organisation, issue, { status: 'unresolved', assignee: '' }, 'ada');
      clock.advance(5000);
      const undo = () => issueStates.restore(organisation, issue, reopened.before, reopened.updatedAt, 'ada');
      expect(await issueStates.restore('org_other', issue, reopened.before, reopened.updatedAt, 'eve')).toBe(false);
      expect(await undo()).toBe(true);
      expect(await issueStates.find(organisation, issue)).toMatchObject({
        ...until,
        ignoredAt: clock.now() - 10_000,
        updatedAt: clock.now(),
      });
      expect((await issueStates.activity(organisation, issue))[0]).toMatchObject({
        actor: 'ada',
        text: 'undid the last change',
      });
      expect(await undo(), 'changed since').toBe(false);
      await control.close();
    });

    it('issues are resolved and ignored with conditions, and talked about', async () => {
      const { control, clock, organisation } = await founded();
      const issue = '00000000000000ab';
      const { issueStates } = control;
      const until = { status: 'ignored', ignoredUntil: 'events', ignoredLimit: 50, priority: 'high' } as const;
      expect(await issueStates.change(organisation, issue, until, 'ada')).toMatchObject({
        ignoredUntil: 'events',
        ignoredLimit: 50,
        ignoredAt: clock.now(),
        priority: 'high',
      });
      await issueStates.change(
        organisation,
        issue,
        { status: 'resolved', resolution: 'release', resolvedIn: '2.0' },
        'ada',
      );
      expect(await issueStates.find(organisation, issue)).toMatchObject({
        resolution: 'release',
        resolvedIn: '2.0',
        ignoredUntil: 'forever',
        ignoredAt: null,
        priority: 'high',
      });
      await issueStates.comment(organisation, issue, 'Seen at the till.', 'bob');
      expect((await issueStates.activity(organisation, issue)).map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
        'comment: Seen at the till.',
        'change: resolved it in 2.0',
        'change: gave it high priority',
        'change: archived it until 50 more events',
      ]);
      await control.close();
    });

    it('issues are merged without chains and taken out again', async () => {
      const { control, organisation } = await founded();
      const { merges } = control.issues;
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(16)) as [string, string, string, string];
      const pairs = async () => (await merges.list(organisation)).map(({ issue, into }) => `${issue[0]}>${into[0]}`);
      expect(await merges.merge(organisation, b, [c, b], 'ada')).toEqual({ ok: true, value: { into: b } });
      expect(await merges.merge(organisation, a, [b], 'ada')).toMatchObject({ ok: true });
      expect(await pairs()).toEqual(['b>a', 'c>a']);
      expect(await merges.merge(organisation, c, [d], 'ada'), 'what is merged stands for its target').toEqual({
        ok: true,
        value: { into: a },
      });
      expect(await merges.merge(organisation, a, [a], 'ada')).toMatchObject({
        ok: false,
        error: { reason: 'invalid' },
      });
      expect(await merges.unmerge('org_other', c, 'eve')).toBe(false);
      expect(await merges.unmerge(organisation, c, 'ada')).toBe(true);
      expect(await merges.unmerge(organisation, c, 'ada')).toBe(false);
      expect(await pairs()).toEqual(['b>a', 'd>a']);
      expect((await control.issueStates.activity(organisation, a)).map(({ text }) => text)).toEqual([
        `took ${c} out of it`,
        `merged ${d} into it`,
        `merged ${b} into it`,
      ]);
      await control.close();
    });

    it('saved searches have one name each and belong to one organisation', async () => {
      const { control, organisation } = await founded();
      const { searches } = control;
      const scope = { environment: '', site: 'STORE_012', service: '', range: '24h' };
      const search = { name: 'Declined', query: 'declined \u0000', scope, columns: ['device', 'order.id'] };
      const added = await searches.add(organisation, search, 'ada');
      if (!added.ok) throw new Error('refused');
      expect(added.value).toMatchObject({ ...search, query: 'declined \ufffd', createdBy: 'ada' });
      expect(await searches.add(organisation, { ...search, name: 'DECLINED' }, 'bob')).toMatchObject({
        ok: false,
        error: { reason: 'conflict', message: 'There is a saved search named DECLINED already.' },
      });
      expect((await searches.add(organisation, { ...search, name: 'all' }, 'bob')).ok).toBe(true);
      expect((await searches.list(organisation)).map(({ name: one }) => one)).toEqual(['all', 'Declined']);
      expect(await searches.list('org_other')).toEqual([]);
      expect(await searches.remove('org_other', added.value.id)).toMatchObject({ ok: false });
      expect(await searches.remove(organisation, added.value.id)).toMatchObject({
        ok: true,
        value: { name: 'Declined' },
      });
      expect(await searches.remove(organisation, added.value.id)).toMatchObject({ ok: false });
      await control.close();
    });

    it('restores from the archive do not meet, and are of one organisation', async () => {
      const { control, organisation } = await founded();
      const { archiveRestores: restores } = control;
      const october = { fromDay: '2026-10-01', toDay: '2026-10-31', site: 'STORE_1', class: '', leavesAt: 4e12 };
      const added = await restores.add(organisation, october, 'ada');
      if (!added.ok) throw new Error('refused');
      expect(added.value).toMatchObject({ ...october, organisation, createdBy: 'ada', readyAt: null, goneAt: null });
      const meets = { ...october, fromDay: '2026-10-31', toDay: '2026-11-02' };
      for (const site of ['STORE_1', ''])
        expect(await restores.add(organisation, { ...meets, site }, 'bob')).toMatchObject({
          ok: false,
          error: { reason: 'conflict' },
        });
      for (const other of [{ site: 'STORE_2' }, { fromDay: '2026-11-01' }])
        expect((await restores.add(organisation, { ...meets, ...other }, 'bob')).ok).toBe(true);
      await restores.progress(added.value.id, { files: 3, filesDone: 1, rows: 70, lastFile: '2026-10-01/a' });
      await restores.ready(added.value.id);
      expect(await restores.list('org_other')).toEqual([]);
      expect(await restores.end('org_other', added.value.id)).toMatchObject({ ok: false });
      expect((await restores.end(organisation, added.value.id)).ok).toBe(true);
      await restores.gone(added.value.id);
      expect((await restores.list(organisation)).at(-1)).toMatchObject({ id: added.value.id, rows: 70, filesDone: 1 });
      expect((await restores.open()).map(({ id }) => id)).not.toContain(added.value.id);
      expect((await restores.add(organisation, october, 'ada')).ok).toBe(true);
      await control.close();
    });

    it('rules about errors and saved views belong to one organisation', async () => {
      const { control, organisation } = await founded();
      const { rules, views } = control.issues;
      expect((await rules.read(organisation)).stack).toMatchObject({ content: '', updatedAt: null });
      await rules.put(organisation, 'stack', 'family:native -app', 'ada');
      await rules.put(organisation, 'stack', 'family:native -group', 'bob');
      expect((await rules.read(organisation)).stack).toMatchObject({
        content: 'family:native -group',
        updatedBy: 'bob',
      });
      expect((await rules.read('org_other')).stack.content).toBe('');
      const view = { name: 'Mine', query: 'assigned:me', sort: 'events', person: 'ada' };
      const added = await views.add(organisation, view);
      if (!added.ok) throw new Error('refused');
      await views.add(organisation, { ...view, name: 'All', person: '' });
      expect((await views.list(organisation, 'ada')).map(({ name: one }) => one)).toEqual(['All', 'Mine']);
      expect((await views.list(organisation, 'bob')).map(({ name: one }) => one)).toEqual(['All']);
      expect(await views.remove(organisation, added.value.id, 'bob')).toBe(false);
      expect(await views.remove(organisation, added.value.id, 'ada')).toBe(true);
      await control.close();
    });

    describe('the audit trail', () => {
      const act = { action: 'key.create', subject: 'POS', detail: '' };
      const actor = { name: 'ada', address: '::1' };

      it('is one chain per organisation, also when written at once, and pages newest first', async () => {
        const { control, organisation } = await founded();
        await Promise.all(
          Array.from({ length: 12 }, (_, n) => control.audit.append(organisation, actor, { ...act, detail: `d${n}` })),
        );
        await control.audit.append('org_other', actor, act);
        expect(await control.audit.verify(organisation)).toEqual({ entries: 12, brokenAt: null });
        const first = await control.audit.list(organisation, { limit: 8, cursor: '' });
        const next = first.ok ? await control.audit.list(organisation, { limit: 8, cursor: first.value.next }) : first;
        if (!first.ok || !next.ok) throw new Error('refused');
        expect([...first.value.entries, ...next.value.entries].map((entry) => Number(entry.id))).toEqual([
          12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
        ]);
        expect(next.value.next).toBe('');
        await control.close();
      });

      it.each([
        ['a changed entry', "UPDATE audit_entries SET actor = 'eve' WHERE number = 2", '2'],
        ['a removed entry', 'DELETE FROM audit_entries WHERE number = 2', '3'],
        [
          'swapped entries',
          'UPDATE audit_entries SET number = 100 - number; UPDATE audit_entries SET number = number - 96',
          '1',
        ],
      ])('refuses %s, and tells of it when the refusal was switched off', async (_, sql, brokenAt) => {
        const { control, organisation } = await founded();
        for (const detail of ['one', 'two', 'three'])
          await control.audit.append(organisation, actor, { ...act, detail });
        const client = new pg.Client({ connectionString: control.database.connectionString });
        await client.connect();
        await expect(client.query(sql)).rejects.toThrow('never changed');
        await expect(client.query('TRUNCATE audit_entries')).rejects.toThrow('never changed');
        await client.query('ALTER TABLE audit_entries DISABLE TRIGGER ALL');
        await client.query(sql);
        await client.end();
        expect(await control.audit.verify(organisation)).toMatchObject({ brokenAt });
        await control.close();
      });
    });

    test('kill -9 of the server, five times under load: no acknowledged row is lost', async () => {
      const control = await openControl({
        databaseUrl: await server.freshDatabase(),
        dataFolder: server.folder,
        logger: silentLogger,
        clock: new ManualClock(0),
      });
      const place = await control.organisations.ensure('Crash');
      if (!place.ok) throw new Error('refused');
      const acknowledged: string[] = [];
      for (let cycle = 0; cycle < 5; cycle++) {
        const before = server.server.pid();
        const enough = new AbortController();
        const writer = (async () => {
          for (let n = 0; !enough.signal.aborted; n++) {
            const code = `S_${cycle}_${n}`;
            await control.sites.seen(place.value.id, [code]).then(
              () => acknowledged.push(code),
              () => new Promise((resolve) => setTimeout(resolve, 20)),
            );
          }
        })();
        await new Promise((resolve) => setTimeout(resolve, 150));
        process.kill(before ?? -1, 'SIGKILL');
        await expect.poll(() => server.server.pid(), { timeout: 30_000 }).not.toBe(before);
        await expect.poll(() => control.healthy(), { timeout: 30_000 }).toBe(true);
        enough.abort();
        await writer;
      }
      const stored = new Set((await control.sites.list(place.value.id)).map((site) => site.code));
      expect(acknowledged.length).toBeGreaterThan(20);
      expect(acknowledged.filter((code) => !stored.has(code))).toEqual([]);
      await control.close();
    });
  });
}
