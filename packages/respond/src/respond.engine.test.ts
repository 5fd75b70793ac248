import { ManualClock, silentLogger } from '@sightline/base';
import type { Control, IncidentListed, IncidentRecord, NotificationKind } from '@sightline/control';
import { type TestServer, testServers } from '@sightline/control/testing';
import type { Finding, FindingSeverity } from '@sightline/record';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runEscalation } from './escalation/run-escalation.ts';
import { captureEvidence } from './evidence/capture-evidence.ts';
import type { Evidence, EvidenceSource } from './evidence/evidence.ts';
import { openRespond, type Respond, startRespondLoops } from './respond.ts';

const minute = 60_000;
const embedded = testServers[0];

/** A shop floor: one organisation with an owner, and everything that a test says about it in the shop's own words. */
interface Floor {
  readonly control: Control;
  readonly clock: ManualClock;
  readonly organisation: string;
  readonly respond: Respond;
  channel(name: string, type?: string): Promise<string>;
  policy(steps: readonly (readonly [waitMin: number, ...channels: string[]])[], repeats?: number): Promise<string>;
  fires(site: string, change?: Partial<Finding>): Promise<void>;
  ends(site: string, change?: Partial<Finding>): Promise<void>;
  passes(ms: number): Promise<void>;
  incidents(): Promise<IncidentListed[]>;
  only(): Promise<IncidentListed>;
  told(incident: IncidentRecord): Promise<string[]>;
  delivers(ending?: 'delivered' | 'failed'): Promise<NotificationKind[]>;
  line(incident: IncidentRecord): Promise<string[]>;
}

describe('respond', () => {
  let server: TestServer;
  let floor: Floor;
  beforeAll(async () => {
    if (!embedded) throw new Error('no PostgreSQL');
    server = await embedded.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => void (floor = await openFloor(server)));
  afterEach(() => floor.control.close());

  describe('findings', () => {
    it('open one incident, however often they are told', async () => {
      await floor.fires('STORE_047');
      await floor.fires('STORE_047');
      await floor.fires('STORE_047');
      const incident = await floor.only();
      expect(incident).toMatchObject({
        number: 1,
        status: 'open',
        title: 'Payment failures at STORE_047',
        summary: '31 % of 42 payments',
        site: 'STORE_047',
        firing: 1,
      });
      expect(await floor.line(incident)).toEqual([
        'Payment failures at STORE_047: 31 % of 42 payments. Opened as #1, severity high.',
      ]);
    });

    it('of one site share an incident, those of another site have their own', async () => {
      await floor.fires('STORE_047');
      await floor.passes(1);
      await floor.fires('STORE_047', { sourceId: 'rul_slow', title: 'Slow answers at STORE_047' });
      await floor.fires('STORE_048');
      expect((await floor.incidents()).map(({ title, findings }) => [title, findings])).toEqual([
        ['Payment failures at STORE_048', 1],
        ['Payment failures at STORE_047 and 1 more', 2],
      ]);
    });

    it('of many sites at once are one incident, whose words follow the number', async () => {
      await floor.respond.accept(sites(34).map((site) => finding(floor.organisation, site)));
      const storm = await floor.only();
      expect(storm).toMatchObject({ title: 'Payment failures at 34 stores', site: '', firing: 34, sites: 34 });
      await floor.fires('STORE_500');
      expect(await floor.only()).toMatchObject({ title: 'Payment failures at 35 stores', firing: 35 });
      for (const site of sites(30)) await floor.ends(site);
      expect(await floor.only()).toMatchObject({
        title: 'Payment failures at 35 stores',
        summary: '5 of 35 stores still affected: STORE_031, STORE_032, STORE_033, STORE_034 and STORE_500',
        status: 'open',
      });
    });

    it('that come one by one become one incident with the fifth site; what somebody has in hand stays his', async () => {
      for (const site of ['A', 'B', 'C', 'D']) await floor.fires(site);
      await floor.respond.act(floor.organisation, 1, { kind: 'acknowledge' }, 'ada@stores.example');
      await floor.passes(2 * minute);
      await floor.fires('E');
      const all = await floor.incidents();
      expect(all.map(({ number, status, title }) => [number, status, title])).toEqual([
        [5, 'open', 'Payment failures at 4 stores'],
        [1, 'acknowledged', 'Payment failures at A'],
      ]);
    });

    it('of ten minutes ago do not make a storm', async () => {
      for (const site of ['A', 'B', 'C', 'D']) await floor.fires(site);
      await floor.passes(11 * minute);
      await floor.fires('E');
      expect(await floor.incidents()).toHaveLength(5);
    });

    it('resolve their incident by themselves when the last has ended', async () => {
      await floor.fires('STORE_047');
      await floor.fires('STORE_047', { sourceId: 'rul_slow', title: 'Slow' });
      await floor.passes(12 * minute);
      await floor.ends('STORE_047');
      expect((await floor.only()).status).toBe('open');
      await floor.ends('STORE_047', { sourceId: 'rul_slow' });
      expect(await floor.incidents()).toEqual([]);
      const [resolved] = await listed(floor, 'resolved');
      expect(resolved).toMatchObject({ resolvedHow: 'by-itself', resolvedBy: '' });
      expect((await floor.line(resolved!)).at(-1)).toBe('Resolved by itself after 12 min: nothing fires any more.');
    });

    it('that come back within ten minutes open the same incident, later a new one, and the old one keeps its own', async () => {
      await floor.fires('STORE_047');
      await floor.ends('STORE_047');
      await floor.passes(5 * minute);
      await floor.fires('STORE_047');
      expect(await floor.only()).toMatchObject({ number: 1, round: 2, flaps: 1, status: 'open' });
      await floor.ends('STORE_047');
      await floor.passes(11 * minute);
      await floor.fires('STORE_047', { summary: '50 % of 10 payments' });
      expect(await floor.only()).toMatchObject({ number: 2, round: 1 });
      const [first] = await listed(floor, 'resolved');
      expect(first).toMatchObject({ number: 1, findings: 1 });
      expect(await floor.control.respond.incidents.findings(floor.organisation, first!.id)).toMatchObject([
        { title: 'Payment failures at STORE_047', summary: '31 % of 42 payments', state: 'resolved' },
      ]);
    });

    it('that keep coming back are told again only when they stay', async () => {
      const slack = await floor.channel('Slack');
      await floor.policy([[0, slack]]);
      for (let i = 0; i < 5; i++) {
        await floor.fires('STORE_047');
        await floor.passes(1000);
        await floor.delivers();
        await floor.ends('STORE_047');
        await floor.passes(1000);
        await floor.delivers();
      }
      const [incident] = await listed(floor, 'resolved');
      expect(incident).toMatchObject({ number: 1, flaps: 4 });
      const pair = ['opened Slack', 'resolved Slack'];
      const again = ['reopened Slack', 'resolved Slack'];
      expect(await floor.told(incident!)).toEqual([...pair, ...again, ...again]);
      await floor.fires('STORE_047');
      await floor.passes(31 * minute);
      expect((await floor.told(incident!)).slice(6)).toEqual(['reopened Slack']);
    });

    it('that began long ago and are found together are a storm', async () => {
      for (const [i, site] of sites(5).entries())
        await floor.fires(site, { sinceMs: floor.clock.now() - (20 + i) * minute, title: `${site} is silent` });
      expect((await floor.only()).title).toBe('Silent at 5 stores');
    });

    it('and incidents that are long over are forgotten', async () => {
      await floor.fires('STORE_047');
      await floor.ends('STORE_047');
      const { respond } = floor.control;
      expect(await respond.forget(floor.clock.now() - 1, floor.clock.now() - 1)).toBe(0);
      expect(await respond.forget(floor.clock.now() + 1, floor.clock.now() + 1)).toBe(1);
      expect(await listed(floor, 'resolved')).toEqual([]);
      expect(await respond.forget(floor.clock.now() + 1, floor.clock.now() + 1)).toBe(1);
    });

    it('that end without having been told, and nonsense values, change nothing', async () => {
      await floor.ends('STORE_047');
      expect(await floor.incidents()).toEqual([]);
      await floor.fires('STORE_\u000047', {
        title: 'x'.repeat(5000),
        value: Number.NaN,
        sinceMs: floor.clock.now() + 1e9,
      });
      expect((await floor.only()).title).toHaveLength(300);
    });

    it('that must be repeated end when their sender falls silent', async () => {
      await floor.fires('STORE_047', { source: 'alertmanager', expiresAtMs: floor.clock.now() + 5 * minute });
      await floor.passes(4 * minute);
      expect((await floor.only()).status).toBe('open');
      await floor.passes(2 * minute);
      expect(await floor.incidents()).toEqual([]);
    });

    it('of organisations never meet', async () => {
      const other = await floor.control.organisations.ensure('Others');
      if (!other.ok) throw new Error('refused');
      await floor.fires('STORE_047');
      await floor.respond.accept([finding(other.value.id, 'STORE_047')]);
      expect(await floor.only()).toMatchObject({ number: 1 });
      const theirs = await floor.control.respond.incidents.list(other.value.id, everything);
      expect(theirs).toMatchObject({ ok: true, value: { incidents: [{ number: 1, firing: 1 }] } });
      expect(await floor.respond.act(other.value.id, 2, { kind: 'acknowledge' }, 'x')).toMatchObject({ ok: false });
      await floor.respond.act(other.value.id, 1, { kind: 'acknowledge' }, 'x');
      expect((await floor.only()).status).toBe('open');
    });

    it('told by two servers at once open one incident', async () => {
      const second = openRespond({ control: floor.control, clock: floor.clock, logger: silentLogger });
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 === 0 ? floor.respond : second).accept([
            finding(floor.organisation, 'STORE_047', { sourceId: `rul_${i % 3}` }),
          ]),
        ),
      );
      expect(await floor.only()).toMatchObject({ number: 1, findings: 3 });
    });
  });

  describe('escalation', () => {
    it('walks the policy until somebody acknowledges', async () => {
      const slack = await floor.channel('Slack #pos-alerts', 'slack');
      const email = await floor.channel('E-mail ops', 'email');
      await floor.policy([
        [0, slack],
        [5, email],
        [10, slack, email],
      ]);
      await floor.fires('STORE_047');
      await floor.passes(0);
      const incident = await floor.only();
      expect(await floor.told(incident)).toEqual(['opened Slack #pos-alerts']);
      expect(incident.escalateAt).toBe(floor.clock.now() + 5 * minute);
      await floor.delivers();
      await floor.passes(5 * minute - 1);
      expect(await floor.told(incident)).toHaveLength(1);
      await floor.passes(1);
      expect(await floor.told(incident)).toEqual(['opened Slack #pos-alerts', 'escalated E-mail ops']);
      await floor.delivers();
      await floor.respond.act(floor.organisation, 1, { kind: 'acknowledge' }, 'ada@stores.example');
      await floor.passes(60 * minute);
      expect((await floor.told(incident)).slice(2)).toEqual([
        'acknowledged Slack #pos-alerts',
        'acknowledged E-mail ops',
      ]);
      expect(await floor.line(incident)).toEqual([
        'Payment failures at STORE_047: 31 % of 42 payments. Opened as #1, severity high.',
        'Step 1 of “On call” tells Slack #pos-alerts. The next follows in 5 min unless somebody acknowledges.',
        expect.stringMatching(/^Slack #pos-alerts told in /),
        'Nobody acknowledged for 5 min. Step 2 of “On call” tells E-mail ops. The next follows in 10 min unless somebody acknowledges.',
        expect.stringMatching(/^E-mail ops told in /),
        'Acknowledged by ada@stores.example after 5 min. Escalation stops.',
      ]);
    });

    it('repeats the walk as often as the policy says, and ends', async () => {
      const slack = await floor.channel('Slack');
      await floor.policy([[1, slack]], 2);
      await floor.fires('STORE_047');
      for (let i = 0; i < 10; i++) {
        await floor.passes(minute);
        await floor.delivers();
      }
      const incident = await floor.only();
      expect(await floor.told(incident)).toEqual(['opened Slack', 'escalated Slack', 'escalated Slack']);
      expect(incident).toMatchObject({ escalateAt: null, status: 'open', nextStep: 3 });
    });

    it('goes on where it was when the server died between two steps', async () => {
      const slack = await floor.channel('Slack');
      const email = await floor.channel('E-mail', 'email');
      await floor.policy([
        [0, slack],
        [5, email],
      ]);
      await floor.fires('STORE_047');
      await floor.passes(0);
      await floor.delivers();
      floor.clock.advance(5 * minute);
      // Everything that the step did is undone, or all of it is there: here it dies before the commit.
      await expect(
        floor.control.respond.change(floor.organisation, async (tx) => {
          await runEscalation(tx, floor.organisation, floor.clock.now());
          throw new Error('killed');
        }),
      ).rejects.toThrow('killed');
      const incident = await floor.only();
      expect(await floor.told(incident)).toEqual(['opened Slack']);
      const after = startRespondLoops({ control: floor.control, clock: floor.clock, logger: silentLogger });
      await until(async () => (await floor.told(incident)).length === 2);
      expect(await floor.told(incident)).toEqual(['opened Slack', 'escalated E-mail']);
      await after.close();
    });

    it('takes each step once, however many servers look', async () => {
      const slack = await floor.channel('Slack');
      const email = await floor.channel('E-mail', 'email');
      await floor.policy([
        [0, slack],
        [5, email],
        [5, slack],
      ]);
      for (const site of ['A', 'B', 'C', 'D']) await floor.fires(site);
      const look = () =>
        floor.control.respond.change(floor.organisation, (tx) =>
          runEscalation(tx, floor.organisation, floor.clock.now()),
        );
      await Promise.all([look(), look(), look(), look()]);
      floor.clock.advance(5 * minute);
      await Promise.all([look(), look(), look(), look()]);
      for (const incident of await floor.incidents())
        expect(await floor.told(incident)).toEqual(['opened Slack', 'escalated E-mail']);
    });

    it('begins anew when it gets worse, although somebody had acknowledged', async () => {
      const slack = await floor.channel('Slack');
      await floor.policy([[0, slack]]);
      await floor.fires('STORE_047');
      await floor.passes(0);
      await floor.delivers();
      await floor.respond.act(floor.organisation, 1, { kind: 'acknowledge' }, 'ada@stores.example');
      await floor.fires('STORE_047', { severity: 'low' });
      expect((await floor.only()).status).toBe('acknowledged');
      await floor.fires('STORE_047', { severity: 'critical' });
      await floor.passes(0);
      const incident = await floor.only();
      expect(incident).toMatchObject({
        severity: 'critical',
        round: 2,
        status: 'open',
        assignee: 'ada@stores.example',
      });
      expect(await floor.told(incident)).toEqual(['opened Slack', 'acknowledged Slack', 'worse Slack']);
      expect((await floor.line(incident)).find((text) => text.startsWith('Got worse'))).toContain(
        'from high to critical (Payment failures at STORE_047: 31 % of 42 payments): told again, although ada@stores.example had acknowledged it.',
      );
    });

    it('tells those who were told that it is over, once', async () => {
      const slack = await floor.channel('Slack');
      const email = await floor.channel('E-mail', 'email');
      await floor.policy([
        [0, slack],
        [5, email],
      ]);
      await floor.fires('STORE_047');
      await floor.passes(0);
      await floor.delivers();
      await floor.ends('STORE_047');
      await floor.ends('STORE_047');
      const [incident] = await listed(floor, 'resolved');
      expect(await floor.told(incident!)).toEqual(['opened Slack', 'resolved Slack']);
    });

    it.each([
      [
        'no policy and no channel',
        async (): Promise<void> => undefined,
        [],
        /^There is no escalation policy, and there is no channel/,
      ],
      [
        'a channel that is switched off, with another one there',
        async () => {
          const off = await floor.channel('Off');
          await floor.policy([[0, off]]);
          await floor.channel('Webhook', 'webhook');
          await floor.control.alerting.channels.update(floor.organisation, off, { enabled: false }, 'test');
        },
        ['fallback Webhook'],
        /^$/,
      ],
      [
        'an e-mail channel for the owners',
        async () => {
          const off = await floor.channel('Off');
          await floor.policy([[0, off]]);
          await floor.channel('Webhook', 'webhook');
          await floor.channel('Mail', 'email');
          await floor.control.alerting.channels.update(floor.organisation, off, { enabled: false }, 'test');
        },
        ['fallback Mail to ada@stores.example'],
        /^$/,
      ],
      [
        'a first step that reaches nobody: the next is taken at once',
        async () => {
          const off = await floor.channel('Off');
          const on = await floor.channel('On');
          await floor.policy([
            [0, off],
            [5, on],
          ]);
          await floor.control.alerting.channels.update(floor.organisation, off, { enabled: false }, 'test');
        },
        ['opened On'],
        /^$/,
      ],
    ] as const)('loses nobody with %s', async (_name, prepare, told, unreachable) => {
      await prepare();
      await floor.fires('STORE_047');
      await floor.passes(0);
      const incident = await floor.only();
      expect(await floor.told(incident)).toEqual(told);
      expect(incident.unreachable).toMatch(unreachable);
    });

    it('tells as soon as there is a channel, when there was none', async () => {
      await floor.fires('STORE_047');
      await floor.passes(0);
      await floor.passes(minute);
      const lines = await floor.line(await floor.only());
      expect(lines.filter((text) => text.startsWith('Nobody could be told'))).toHaveLength(1);
      await floor.channel('Slack');
      await floor.passes(minute);
      const incident = await floor.only();
      expect(await floor.told(incident)).toEqual(['opened Slack']);
      expect(incident.unreachable).toBe('');
    });

    it('falls back when every channel of the policy failed for good, and tries all again later', async () => {
      const slack = await floor.channel('Slack');
      const mail = await floor.channel('Mail', 'email');
      await floor.policy([[0, slack]]);
      await floor.fires('STORE_047');
      await floor.passes(0);
      await floor.delivers('failed');
      await floor.passes(0);
      const incident = await floor.only();
      expect(await floor.told(incident)).toEqual(['opened Slack', 'fallback Mail to ada@stores.example']);
      await floor.delivers('failed');
      await floor.passes(13 * minute);
      expect((await floor.only()).unreachable).toContain('no other channel is left');
      await floor.passes(11 * minute);
      expect((await floor.told(incident)).at(-1)).toBe('opened Slack');
      expect((await floor.only()).round).toBe(2);
      expect(mail).not.toBe(slack);
    });
  });

  describe('teams', () => {
    const people = ['bob', 'cyd'] as const;
    /** A team of the owner and two more, Cyd its lead. */
    async function team(slug: string, name: string): Promise<void> {
      const { control, organisation } = floor;
      await control.teams.create(organisation, { slug, name }, 'test');
      for (const { id, email } of await control.people.members(organisation))
        await control.teams.putMember(organisation, slug, id, email.startsWith('cyd') ? 'lead' : 'member');
    }
    beforeEach(async () => {
      const { control, organisation } = floor;
      for (const who of people) {
        const by = { name: '', role: 'owner' as const };
        const invited = await control.invitations.create(organisation, `${who}@stores.example`, 'viewer', by);
        if (!invited.ok) throw new Error(invited.error.message);
        await control.invitations.accept(invited.value.token, { name: who, password: 'correct horse battery' });
      }
    });
    const everyone = 'cyd@stores.example,ada@stores.example,bob@stores.example';

    it('are told by the step that names them, beside the channel itself, and that it is over', async () => {
      await team('payments', 'Payments');
      const mail = await floor.channel('Mail', 'email');
      const steps = [{ waitMs: 0, channels: [mail], teams: ['payments'] }];
      const policy = { name: 'Night', steps, repeats: 0, isDefault: true };
      expect(await floor.control.alerting.policies.create(floor.organisation, policy, 'test')).toMatchObject({
        ok: true,
      });
      await floor.fires('STORE_047');
      await floor.passes(0);
      const incident = await floor.only();
      expect(await floor.told(incident)).toEqual(['opened Mail', `opened Mail to ${everyone}`]);
      expect(await floor.line(incident)).toContain(
        'Step 1 of “Night” tells Mail, the team Payments by Mail (3 people). This was the last step.',
      );
      await floor.delivers();
      await floor.ends('STORE_047');
      expect((await floor.told(incident)).slice(2)).toEqual(['resolved Mail', `resolved Mail to ${everyone}`]);
    });

    it('that own what fires are told by the first step, without a policy too', async () => {
      await team('payments', 'Payments');
      const slack = await floor.channel('Slack');
      const mail = await floor.channel('Mail', 'email');
      await floor.policy([
        [0, slack],
        [5, slack, mail],
      ]);
      await floor.fires('STORE_047', { labels: { site: 'STORE_047', team: 'Payments' } });
      await floor.fires('STORE_048', { labels: { site: 'STORE_048', team: 'nobody-here' } });
      await floor.passes(0);
      await floor.passes(5 * minute);
      const told = await Promise.all(
        ['STORE_047', 'STORE_048'].map(async (site) =>
          floor.told((await floor.incidents()).find((one) => one.site === site)!),
        ),
      );
      expect(told).toEqual([
        ['opened Slack', `opened Mail to ${everyone}`, 'escalated Slack', 'escalated Mail'],
        ['opened Slack', 'escalated Slack', 'escalated Mail'],
      ]);
    });

    it('that reach nobody are passed over, and the time line says why', async () => {
      await floor.control.teams.create(floor.organisation, { slug: 'empty', name: 'Empty' }, 'test');
      const slack = await floor.channel('Slack');
      const steps = [
        { waitMs: 0, channels: [], teams: ['empty'] },
        { waitMs: minute, channels: [slack] },
      ];
      const policy = { name: 'Night', steps, repeats: 0, isDefault: true };
      expect(await floor.control.alerting.policies.create(floor.organisation, policy, 'test')).toMatchObject({
        ok: true,
      });
      await floor.fires('STORE_047');
      await floor.passes(0);
      const incident = await floor.only();
      expect(await floor.told(incident)).toEqual(['opened Slack']);
      expect(await floor.line(incident)).toContain(
        'Step 1 of “Night” reaches nobody: its teams have no members, or there is no mail channel to reach them by. The next step is taken at once.',
      );
    });

    it('that are not there are refused in a policy, and one that goes leaves it', async () => {
      const { alerting, teams } = floor.control;
      const slack = await floor.channel('Slack');
      const put = (names: string[]) =>
        alerting.policies.create(
          floor.organisation,
          { name: 'Night', steps: [{ waitMs: 0, channels: [slack], teams: names }], repeats: 0, isDefault: true },
          'test',
        );
      expect(await put(['payments'])).toMatchObject({
        ok: false,
        error: { message: expect.stringMatching('team that does not exist') },
      });
      await team('payments', 'Payments');
      expect(await put(['payments', 'payments'])).toMatchObject({
        ok: false,
        error: { message: expect.stringMatching('twice') },
      });
      expect(await put(['payments'])).toMatchObject({ ok: true });
      expect(await teams.remove(floor.organisation, 'payments', 'ada', (text) => text)).toMatchObject({
        ok: true,
        value: { policies: [{ name: 'Night' }] },
      });
      expect((await alerting.policies.default(floor.organisation))?.steps).toEqual([
        { waitMs: 0, channels: [slack], teams: [] },
      ]);
    });
  });

  describe('what is held back', () => {
    const silence = (forMs: number) =>
      floor.control.alerting.silences.create(
        floor.organisation,
        {
          matchers: [{ name: 'site', value: 'STORE_04.', isRegex: true, isEqual: true }],
          startsAt: floor.clock.now(),
          endsAt: floor.clock.now() + forMs,
          comment: 'New terminals',
        },
        'ada@stores.example',
      );

    it('opens nothing while a silence lasts, and opens then when it still fires', async () => {
      expect((await silence(10 * minute)).ok).toBe(true);
      await floor.fires('STORE_047');
      await floor.fires('STORE_048');
      await floor.fires('STORE_050');
      expect((await floor.incidents()).map(({ site }) => site)).toEqual(['STORE_050']);
      await floor.ends('STORE_048');
      await floor.passes(11 * minute);
      expect((await floor.incidents()).map(({ site }) => site)).toEqual(['STORE_047', 'STORE_050']);
    });

    it('stops the escalation of an incident that is silenced, and goes on afterwards', async () => {
      const slack = await floor.channel('Slack');
      await floor.policy([
        [0, slack],
        [5, slack],
      ]);
      await floor.fires('STORE_047');
      await floor.passes(0);
      await floor.delivers();
      await silence(30 * minute);
      await floor.passes(5 * minute);
      const held = await floor.only();
      expect(held).toMatchObject({ escalateAt: null, heldBy: expect.stringMatching(/^silence:/) });
      expect((await floor.line(held)).at(-1)).toMatch(
        /^Nobody is told further: a silence holds it back until .* \(New terminals\)\.$/,
      );
      await floor.passes(26 * minute);
      expect(await floor.told(held)).toEqual(['opened Slack', 'escalated Slack']);
    });

    it('goes on with a silenced incident when something joins that nobody silenced', async () => {
      const slack = await floor.channel('Slack');
      await floor.policy([
        [0, slack],
        [5, slack],
      ]);
      await floor.fires('STORE_047', { labels: { site: 'STORE_047', service: 'payment' } });
      await floor.passes(0);
      await floor.control.alerting.silences.create(
        floor.organisation,
        {
          matchers: [{ name: 'service', value: 'payment', isRegex: false, isEqual: true }],
          startsAt: floor.clock.now(),
          endsAt: floor.clock.now() + 600 * minute,
          comment: '',
        },
        'ada@stores.example',
      );
      await floor.passes(5 * minute);
      expect((await floor.only()).heldBy).toMatch(/^silence:/);
      await floor.fires('STORE_047', { sourceId: 'rul_disk', title: 'Disk full at STORE_047' });
      await floor.passes(0);
      const incident = await floor.only();
      expect(incident).toMatchObject({ heldBy: '', findings: 2 });
      expect(await floor.told(incident)).toEqual(['opened Slack', 'escalated Slack']);
    });

    it('pages for a lost link alone, and for the store when the link is back and it still fails', async () => {
      const link = {
        source: 'link',
        sourceId: 'agt_1',
        title: 'Link to STORE_047 lost',
        summary: 'silent for 1 min',
      } as const;
      await floor.respond.accept([
        finding(floor.organisation, 'STORE_047'),
        finding(floor.organisation, 'STORE_048'),
        finding(floor.organisation, 'STORE_047', link),
      ]);
      expect((await floor.incidents()).map(({ title }) => title)).toEqual([
        'Payment failures at STORE_048',
        'Link to STORE_047 lost',
      ]);
      await floor.passes(1);
      await floor.fires('STORE_047', { sourceId: 'rul_silent', title: 'STORE_047 is silent' });
      expect(await floor.incidents()).toHaveLength(2);
      await floor.ends('STORE_047', link);
      // What the agent kept is on its way; a silence that it ends pages nobody.
      await floor.passes(30_000);
      expect((await floor.incidents()).map(({ title }) => title)).toEqual(['Payment failures at STORE_048']);
      await floor.ends('STORE_047', { sourceId: 'rul_silent', title: 'STORE_047 is silent' });
      await floor.fires('STORE_047', { sourceId: 'rul_tills', title: 'Tills of STORE_047 are silent' });
      await floor.passes(35_000);
      expect((await floor.incidents()).map(({ title, findings }) => [title, findings])).toEqual([
        ['Payment failures at STORE_047 and 1 more', 2],
        ['Payment failures at STORE_048', 1],
      ]);
    });

    it('makes one incident of many lost links', async () => {
      await floor.respond.accept(
        sites(6).map((site) =>
          finding(floor.organisation, site, { source: 'link', sourceId: `agt_${site}`, title: `Link to ${site} lost` }),
        ),
      );
      expect((await floor.only()).title).toBe('Link lost at 6 stores');
    });
  });

  describe('people', () => {
    const ada = 'ada@stores.example';
    const acts = (wanted: Parameters<Respond['act']>[2], actor = ada) =>
      floor.respond.act(floor.organisation, 1, wanted, actor);

    it('resolve what still fires: it stays closed, and opens again after half an hour', async () => {
      await floor.fires('STORE_047');
      await acts({ kind: 'resolve', how: 'remote', note: 'Restarted the gateway' });
      expect(await floor.incidents()).toEqual([]);
      await floor.fires('STORE_047', { summary: '40 % of 10 payments' });
      await floor.passes(29 * minute);
      expect(await floor.incidents()).toEqual([]);
      await floor.passes(2 * minute);
      const incident = await floor.only();
      expect(incident).toMatchObject({ number: 1, round: 2, status: 'open', resolvedHow: '' });
      expect((await floor.line(incident)).filter((text) => /resolved|Resolved/.test(text))).toEqual([
        `Resolved remotely by ${ada} after 0 s: Restarted the gateway. 1 finding still fires: it stays resolved until 22:43 UTC, and opens again if that goes on.`,
        `Still fires 30 min after ${ada} resolved it: Payment failures at STORE_047: 40 % of 10 payments. Opened again.`,
      ]);
    });

    it('resolve what still fires, and it stays resolved when that ends in time', async () => {
      await floor.fires('STORE_047');
      await acts({ kind: 'resolve', how: 'on-site', note: '' });
      await floor.passes(10 * minute);
      await floor.ends('STORE_047');
      await floor.passes(60 * minute);
      expect(await floor.incidents()).toEqual([]);
      const [incident] = await listed(floor, 'resolved');
      expect(incident).toMatchObject({ resolvedHow: 'on-site', resolvedBy: ada, reopenAt: null, round: 1 });
    });

    it.each([
      ['acknowledge twice by the same person', [{ kind: 'acknowledge' }], { kind: 'acknowledge' }, true],
      [
        'resolve what is resolved',
        [{ kind: 'resolve', how: 'remote', note: '' }],
        { kind: 'resolve', how: 'remote', note: '' },
        false,
      ],
      ['acknowledge what is resolved', [{ kind: 'resolve', how: 'remote', note: '' }], { kind: 'acknowledge' }, false],
      ['open again what is open', [], { kind: 'reopen', note: '' }, false],
      [
        'open again what is resolved',
        [{ kind: 'resolve', how: 'remote', note: '' }],
        { kind: 'reopen', note: 'No' },
        true,
      ],
      ['hand over to a member', [], { kind: 'hand-over', to: ada, note: '' }, true],
      ['hand over to a stranger', [], { kind: 'hand-over', to: 'eve@other.example', note: '' }, false],
      ['note', [], { kind: 'note', text: 'Called the store' }, true],
    ] as const)('%s', async (_name, before, then, allowed) => {
      await floor.fires('STORE_047');
      for (const wanted of before) expect((await acts(wanted)).ok).toBe(true);
      expect((await acts(then)).ok).toBe(allowed);
    });

    it('who come second are told who was first', async () => {
      await floor.fires('STORE_047');
      await acts({ kind: 'acknowledge' });
      expect(await acts({ kind: 'acknowledge' }, 'bob@stores.example')).toMatchObject({
        ok: false,
        error: { reason: 'conflict', message: expect.stringContaining(ada) },
      });
    });
  });

  describe('evidence', () => {
    const evidence: Evidence = {
      capturedAt: start,
      charts: [],
      errors: [{ issue: '0123456789abcdef', title: 'Declined', events: 12, lastSeenAt: start }],
      logs: [],
      containers: [],
      changes: [],
      missing: [],
    };
    const capture = (take: EvidenceSource['capture']) =>
      captureEvidence(
        { control: floor.control, source: { capture: take }, clock: floor.clock, logger: silentLogger },
        new AbortController().signal,
      );
    const kept = async () => (await floor.control.respond.incidents.find(floor.organisation, 1))?.evidence;

    it('is captured once, whichever server takes it up, and the time line says so', async () => {
      await floor.fires('STORE_047');
      let asked = 0;
      const take = async () => (asked++, evidence);
      expect(await Promise.all([capture(take), capture(take)])).toEqual(expect.arrayContaining([1, 0]));
      expect(await capture(take)).toBe(0);
      expect(asked).toBe(1);
      expect(await kept()).toEqual(evidence);
      expect((await floor.line(await floor.only())).at(-1)).toBe('Captured how things were: 1 error.');
    });

    it('is kept although a log line holds what PostgreSQL does not store', async () => {
      await floor.fires('STORE_047');
      const line = { at: start, site: 'STORE_047', service: 'orders', severity: 17 };
      const logs = [
        { ...line, body: 'a\0b' },
        { ...line, body: '🔔'.slice(0, 1) },
      ] as unknown as Evidence['logs'];
      expect(await capture(async () => ({ ...evidence, logs }))).toBe(1);
      expect(await kept()).toMatchObject({ logs: [{ body: 'a\uFFFDb' }, { body: '\uFFFD' }] });
    });

    it('is taken up again after a server died with it', async () => {
      await floor.fires('STORE_047');
      expect(await floor.control.respond.claimEvidence(floor.clock.now(), minute, 10, 5)).toHaveLength(1);
      expect(await capture(async () => evidence)).toBe(0);
      floor.clock.advance(minute);
      expect(await capture(async () => evidence)).toBe(1);
      expect(await kept()).toEqual(evidence);
    });

    it('is tried five times, and then says why there is none', async () => {
      await floor.fires('STORE_047');
      for (let i = 0; i < 5; i++) {
        expect(await capture(() => Promise.reject(new Error('the store is away')))).toBe(1);
        floor.clock.advance(minute);
      }
      expect(await capture(async () => evidence)).toBe(0);
      expect(await kept()).toMatchObject({ charts: [], missing: [expect.stringContaining('the store is away')] });
    });
  });

  describe('reading', () => {
    it('lists by status, severity, site, rule and words, page by page', async () => {
      const severities: FindingSeverity[] = ['low', 'critical', 'medium', 'high'];
      for (const [i, severity] of severities.entries())
        await floor.fires(`S${i}`, { severity, sourceId: `rul_${i}`, title: `Trouble ${i} at S${i}` });
      await floor.respond.act(floor.organisation, 2, { kind: 'acknowledge' }, 'ada@stores.example');
      await floor.respond.act(
        floor.organisation,
        4,
        { kind: 'resolve', how: 'remote', note: '' },
        'ada@stores.example',
      );
      const numbers = async (filter: object): Promise<number[]> => {
        const found = await floor.control.respond.incidents.list(floor.organisation, { ...everything, ...filter });
        if (!found.ok) throw new Error(found.error.message);
        return found.value.incidents.map(({ number }) => number);
      };
      expect(await numbers({})).toEqual([3, 1, 2, 4]);
      expect(await numbers({ status: 'active' })).toEqual([3, 1, 2]);
      expect(await numbers({ severity: 'critical' })).toEqual([2]);
      expect(await numbers({ site: 'S0' })).toEqual([1]);
      expect(await numbers({ rule: 'rul_3' })).toEqual([4]);
      expect(await numbers({ text: '#3' })).toEqual([3]);
      expect(await numbers({ text: 'trouble 1' })).toEqual([2]);
      expect(await numbers({ text: '31 %' })).toEqual([3, 1, 2, 4]);
      const seen: number[] = [];
      for (let cursor = ''; ;) {
        const found = await floor.control.respond.incidents.list(floor.organisation, {
          ...everything,
          limit: 1,
          cursor,
        });
        if (!found.ok) throw new Error(found.error.message);
        seen.push(...found.value.incidents.map(({ number }) => number));
        cursor = found.value.next;
        if (cursor === '') break;
      }
      expect(seen).toEqual([3, 1, 2, 4]);
      expect(
        await floor.control.respond.incidents.list(floor.organisation, { ...everything, cursor: "'; DROP" }),
      ).toMatchObject({ ok: false });
    });

    it('counts what is open, by site', async () => {
      await floor.fires('STORE_047');
      await floor.respond.accept(
        sites(6).map((site) => finding(floor.organisation, site, { sourceId: 'rul_x', severity: 'critical' })),
      );
      const open = await floor.control.respond.incidents.open(floor.organisation);
      expect(open).toMatchObject({ all: 2, unacknowledged: 2 });
      expect(open.bySite.get('STORE_047')).toMatchObject({ count: 1 });
      expect(open.bySite.get('STORE_001')).toMatchObject({ count: 1, severity: 'critical' });
    });
  });
});

const everything = { status: 'all', severity: '', site: '', rule: '', text: '', limit: 100, cursor: '' } as const;

async function listed(floor: Floor, status: 'active' | 'resolved'): Promise<IncidentListed[]> {
  const found = await floor.control.respond.incidents.list(floor.organisation, { ...everything, status });
  if (!found.ok) throw new Error(found.error.message);
  return found.value.incidents;
}

function sites(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `STORE_${String(i + 1).padStart(3, '0')}`);
}

function finding(organisation: string, site: string, change: Partial<Finding> = {}): Finding {
  return {
    organisation,
    source: 'rule',
    sourceId: 'rul_payments',
    state: 'firing',
    severity: 'high',
    title: `Payment failures at ${site}`,
    summary: '31 % of 42 payments',
    labels: { site },
    annotations: {},
    value: 31,
    threshold: 10,
    unit: '%',
    link: '/logs?q=payment',
    sinceMs: start,
    atMs: start,
    expiresAtMs: null,
    policy: '',
    runbook: '',
    ...change,
  };
}

const start = Date.UTC(2023, 10, 14, 22, 13, 20);

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come true in 20 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function openFloor(server: TestServer): Promise<Floor> {
  const clock = new ManualClock(start);
  const control = await server.freshControl(clock);
  const setup = await control.setup.start({});
  if (!setup.ok || setup.value.token === undefined) throw new Error('no set-up token');
  const owner = { organisation: 'Stores', name: 'Ada', email: 'ada@stores.example', password: 'correct horse battery' };
  const founded = await control.setup.complete(setup.value.token, owner);
  if (!founded.ok) throw new Error(founded.error.message);
  const organisation = founded.value.organisation.id;
  const respond = openRespond({ control, clock, logger: silentLogger });
  const look = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      const taken = await control.respond.change(organisation, (tx) => runEscalation(tx, organisation, clock.now()));
      if (taken === 0) return;
    }
  };
  const active = (): Promise<IncidentListed[]> => listed(floor, 'active');
  const floor: Floor = {
    control,
    clock,
    organisation,
    respond,
    channel: async (name, type = 'slack') => {
      const made = await control.alerting.channels.create(
        organisation,
        { name, type, settings: {}, enabled: true },
        'test',
      );
      if (!made.ok) throw new Error(made.error.message);
      return made.value.id;
    },
    policy: async (steps, repeats = 0) => {
      const made = await control.alerting.policies.create(
        organisation,
        {
          name: 'On call',
          steps: steps.map(([waitMin, ...channels]) => ({ waitMs: waitMin * minute, channels })),
          repeats,
          isDefault: true,
        },
        'test',
      );
      if (!made.ok) throw new Error(made.error.message);
      return made.value.id;
    },
    fires: (site, change) =>
      respond.accept([finding(organisation, site, { sinceMs: clock.now(), atMs: clock.now(), ...change })]),
    ends: (site, change) =>
      respond.accept([finding(organisation, site, { atMs: clock.now(), ...change, state: 'resolved' })]),
    passes: async (ms) => {
      clock.advance(ms);
      await look();
    },
    incidents: active,
    only: async () => {
      const all = await active();
      expect(all.map(({ title }) => title)).toHaveLength(1);
      return all[0]!;
    },
    told: async ({ id }) => {
      const told = (await control.respond.incidents.told(organisation, [id])).get(id) ?? [];
      return told.map(
        ({ kind, channelName, receivers }) =>
          `${kind} ${channelName}${receivers.length > 0 ? ` to ${receivers.join()}` : ''}`,
      );
    },
    delivers: async (ending = 'delivered') => {
      const kinds: NotificationKind[] = [];
      for (;;) {
        const claimed = await control.alerting.notifications.claim(10, minute);
        if (claimed.length === 0) return kinds;
        for (const one of claimed) {
          kinds.push(one.kind);
          await control.alerting.notifications.finish(one, { at: clock.now(), ending, detail: 'test', tookMs: 1 });
        }
      }
    },
    line: async ({ id }) => (await control.respond.incidents.events(organisation, id)).map(({ text }) => text),
  };
  return floor;
}
