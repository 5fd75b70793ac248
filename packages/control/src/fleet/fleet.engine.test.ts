import { ManualClock } from '@sightline/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Control } from '../control.ts';
import { organisationOf, testServers, type TestServer } from '../testing.ts';

const about = { name: 'pc-47', version: '1.0.0', facts: { host: 'pc-47' }, address: '10.0.0.7' };
const hello = { version: '1.0.1', facts: {}, policy: { logs: ['*'] }, spool: {}, address: '10.0.0.8' };

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing)(`agents on ${name}${missing ? ` (${missing})` : ''}`, () => {
    let server: TestServer;
    let clock: ManualClock;
    let control: Control;
    let organisation: string;
    beforeAll(async () => {
      server = await start();
      clock = new ManualClock(1_700_000_000_000);
      control = await server.freshControl(clock);
      organisation = await organisationOf(control, 'Stores');
    });
    afterAll(async () => {
      await control.close();
      await server.stop();
    });

    async function tokenFor(site: string, of = organisation): Promise<string> {
      const made = await control.fleet.enrolments.create(of, site, 'ada@stores.example');
      if (!made.ok) throw new Error(made.error.message);
      return made.value.token;
    }
    async function enrolled(site: string, of = organisation) {
      const done = await control.fleet.agents.enrol(await tokenFor(site, of), about);
      if (!done.ok) throw new Error(done.error.message);
      return done.value;
    }
    const never = () => '';
    const linked = async (site: string, session = 'one') => {
      const { agent, token } = await enrolled(site);
      await control.fleet.agents.linkUp(agent.id, session, hello, never);
      return { agent, token };
    };
    const now = async (id: string) => control.fleet.agents.find(organisation, id);

    it('enrol once with a token, and get an ingest key of their site', async () => {
      const token = await tokenFor('STORE_001');
      expect(await control.fleet.enrolments.list(organisation)).toMatchObject([{ site: 'STORE_001' }]);
      const both = await Promise.all([1, 2].map(async () => control.fleet.agents.enrol(token, about)));
      const made = both.find((one) => one.ok);
      expect(both.filter((one) => one.ok)).toHaveLength(1);
      expect(both.find((one) => !one.ok)).toMatchObject({
        error: { reason: 'conflict', message: expect.stringContaining('used already') },
      });
      if (!made?.ok) throw new Error('nobody enrolled');
      expect(await control.fleet.agents.findByToken(made.value.token)).toMatchObject({
        id: made.value.agent.id,
        organisation,
        site: 'STORE_001',
        clockSkewMs: null,
      });
      expect(await control.sites.find(organisation, 'STORE_001')).toBeDefined();
      const [key] = await control.keys.list(organisation);
      expect(key).toMatchObject({ site: 'STORE_001', permissions: ['ingest'] });
      expect(await control.fleet.enrolments.list(organisation)).toEqual([]);
    });

    it.each([
      ['an unknown token', async () => 'sl_enrol_' + 'x'.repeat(40), 'not-found'],
      ['an overlong token', async () => 'x'.repeat(10_000), 'not-found'],
      [
        'a withdrawn token',
        async () => {
          const made = await control.fleet.enrolments.create(organisation, 'STORE_002', 'ada');
          if (!made.ok) throw new Error('refused');
          expect((await control.fleet.enrolments.revoke(organisation, made.value.id)).ok).toBe(true);
          return made.value.token;
        },
        'not-found',
      ],
      [
        'an old token',
        async () => {
          const token = await tokenFor('STORE_002');
          clock.advance(25 * 3_600_000);
          return token;
        },
        'expired',
      ],
    ])('refuse %s', async (_, make, reason) => {
      expect(await control.fleet.agents.enrol(await make(), about)).toMatchObject({ ok: false, error: { reason } });
    });

    it.each(['', 'a'.repeat(201), 'a\u0007b'])('no token is made for the site %j', async (site) => {
      expect(await control.fleet.enrolments.create(organisation, site, 'ada')).toMatchObject({
        error: { reason: 'invalid' },
      });
    });

    it('belong to one organisation', async () => {
      const rival = await organisationOf(control, 'Rival');
      const { agent } = await enrolled('STORE_003', rival);
      expect(await control.fleet.agents.find(organisation, agent.id)).toBeUndefined();
      expect(await control.fleet.agents.revoke(organisation, agent.id)).toMatchObject({
        error: { reason: 'not-found' },
      });
      expect(await control.fleet.agents.list(rival, 'STORE_003')).toHaveLength(1);
      expect(await control.fleet.agents.list(organisation, 'STORE_003')).toEqual([]);
    });

    it('lose token and key when they are revoked', async () => {
      const { agent, token } = await linked('STORE_004', 'held');
      expect(await control.fleet.agents.findByToken(token)).toMatchObject({ id: agent.id });
      expect((await control.fleet.agents.revoke(organisation, agent.id)).ok).toBe(true);
      expect(await control.fleet.agents.findByToken(token)).toBe('revoked');
      expect(await control.keys.list(organisation)).not.toContainEqual(expect.objectContaining({ site: 'STORE_004' }));
      expect(await control.fleet.agents.saw([{ agent: agent.id, session: 'held', at: clock.now() }])).toEqual(
        new Set(),
      );
      expect(await control.fleet.agents.whyLost(agent.id)).toBe('revoked');
      expect(await control.fleet.agents.linkUp(agent.id, 'again', hello, never)).toBeUndefined();
    });

    it('give the link to the newest connection', async () => {
      const { agent } = await linked('STORE_005', 'old');
      await control.fleet.agents.linkUp(agent.id, 'new', hello, never);
      const still = await control.fleet.agents.saw([
        { agent: agent.id, session: 'old', at: clock.now() },
        { agent: agent.id, session: 'new', at: clock.now() + 5, spool: { waitingRecords: 3 }, clockSkewMs: -1500 },
      ]);
      expect(still).toEqual(new Set(['new']));
      expect(await control.fleet.agents.whyLost(agent.id)).toBe('replaced');
      await control.fleet.agents.linkDown(agent.id, 'old', clock.now());
      expect(await now(agent.id)).toMatchObject({
        link: 'up',
        lastSeenAt: clock.now() + 5,
        clockSkewMs: -1500,
        spool: { waitingRecords: 3 },
        policy: { logs: ['*'] },
        version: '1.0.1',
        lastAddress: '10.0.0.8',
      });
    });

    it('keep containers when a later heartbeat tells of none', async () => {
      const { agent } = await linked('STORE_006');
      const at = clock.now();
      await control.fleet.agents.saw([{ agent: agent.id, session: 'one', at, containers: [{ name: 'backend' }] }]);
      await control.fleet.agents.saw([{ agent: agent.id, session: 'one', at: at + 100 }]);
      expect(await now(agent.id)).toMatchObject({
        containers: [{ name: 'backend' }],
        containersAt: at,
        lastSeenAt: at + 100,
      });
    });

    it('are lost when nothing is heard, found once told, and ended when they are back', async () => {
      const { agent } = await linked('STORE_007');
      const { watch } = control.fleet.agents;
      const lostAt = clock.now();
      const isLost = async () => (await watch.lost(clock.now())).some(({ id }) => id === agent.id);
      clock.advance(60_000);
      expect(await isLost()).toBe(false);
      expect(await watch.expire(clock.now() - 45_000)).toBeGreaterThan(0);
      expect(await now(agent.id)).toMatchObject({ link: 'down', linkSince: lostAt });
      expect(await isLost()).toBe(true);
      expect(await watch.neighbours(organisation, lostAt, 30_000)).toMatchObject({ lostTogether: expect.any(Number) });
      await watch.found([agent.id], clock.now());
      expect(await isLost()).toBe(false);
      expect(await watch.ended()).toEqual([]);
      const before = await control.fleet.agents.linkUp(agent.id, 'two', hello, (was) => `was ${was.link}`);
      expect(before).toMatchObject({ link: 'down', linkSince: lostAt });
      expect(await watch.ended()).toMatchObject([{ id: agent.id, linkVerdict: 'was down' }]);
      await watch.found([agent.id], null);
      expect(await watch.ended()).toEqual([]);
    });

    it('are not lost while another agent reaches the site', async () => {
      const { agent: first } = await linked('STORE_008', 'a');
      await linked('STORE_008', 'b');
      await control.fleet.agents.linkDown(first.id, 'a', clock.now());
      const lost = await control.fleet.agents.watch.lost(clock.now() + 100_000);
      expect(lost.map(({ site }) => site)).not.toContain('STORE_008');
    });
  });
}
