import { ManualClock } from '@sightline/base';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Control } from '../control.ts';
import type { Db } from '../database/database.ts';
import { tables } from '../database/schema.ts';
import { organisationOf, runStatement, type TestServer, testServers } from '../testing.ts';
import type { AttemptEnding, ClaimedNotification, NewNotification, NewPolicy, NewSilence } from './port.ts';

const start = 1_800_000_000_000;
const minute = 60_000;

describe.each(testServers)('alerting on $name', ({ missing, start: startServer }) => {
  if (missing !== undefined) return it.skip(missing, () => undefined);
  let server: TestServer;
  let clock: ManualClock;
  let control: Control;
  let pool: pg.Pool;
  let db: Db;
  let organisation: string;
  let other: string;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await control?.close();
    await pool?.end();
    clock = new ManualClock(start);
    control = await server.freshControl(clock);
    pool = new pg.Pool({ connectionString: control.database.connectionString, max: 4 });
    // An ended pool does not wait for its sockets: the server may stop before they are closed, and tells them.
    pool.on('error', () => undefined);
    db = drizzle(pool, { schema: tables });
    organisation = await organisationOf(control, 'liquor');
    other = await organisationOf(control, 'somebody else');
  });
  afterAll(async () => {
    await control.close();
    await pool.end();
  });

  async function channel(
    name: string,
    settings: unknown = { url: 'https://hooks.example/secret-word' },
  ): Promise<string> {
    const made = await control.alerting.channels.create(
      organisation,
      { name, type: 'slack', settings, enabled: true },
      'ann',
    );
    if (!made.ok) throw new Error(made.error.message);
    return made.value.id;
  }
  async function incident(
    id: string,
    number: number,
    more: { status?: string; policy?: string } = {},
  ): Promise<string> {
    const at = new Date(clock.now());
    await runStatement(
      control.database.connectionString,
      `INSERT INTO incidents (id, organisation, number, group_key, title, summary, severity, status, site, labels, runbook, opened_at, policy, updated_at, next_step, escalate_at)
       VALUES ($1, $2, $3, $1, 'Payment failures at STORE_047', '31 % of 42 payments', 'critical', $4, 'STORE_047', '{}', '', $5, $6, $5, 1, $7)`,
      [id, organisation, number, more.status ?? 'open', at, more.policy ?? '', new Date(clock.now() + 5 * minute)],
    );
    return id;
  }
  const enqueue = (...wanted: (Partial<NewNotification> & { channel: string; incident: string })[]) =>
    db.transaction((tx) =>
      control.alerting.notifications.enqueue(
        tx,
        wanted.map((one) => ({ organisation, kind: 'opened' as const, round: 1, step: 0, ...one })),
      ),
    );
  const claim = () => control.alerting.notifications.claim(10, minute);
  const finish = (claimed: ClaimedNotification, ending: AttemptEnding['ending'], retryAt = 0) =>
    control.alerting.notifications.finish(claimed, {
      at: clock.now(),
      ending,
      detail: ending === 'delivered' ? '200 OK' : '503 Service Unavailable',
      tookMs: 12,
      ...(ending === 'retry' ? { retryAt } : {}),
    });
  async function only(): Promise<ClaimedNotification> {
    const [first, ...more] = await claim();
    if (!first || more.length > 0) throw new Error(`expected one message, got ${more.length + (first ? 1 : 0)}`);
    return first;
  }
  const escalateAt = async (id: string): Promise<number | null> => {
    const [row] = await runStatement(
      control.database.connectionString,
      'SELECT escalate_at FROM incidents WHERE id = $1',
      [id],
    );
    return row?.['escalate_at'] instanceof Date ? row['escalate_at'].getTime() : null;
  };

  describe('channels', () => {
    it('seals settings, and the first brings the default policy', async () => {
      const id = await channel('#pos-alerts');
      expect((await control.alerting.channels.find(organisation, id))?.settings).toEqual({
        url: 'https://hooks.example/secret-word',
      });
      const rows = await runStatement(
        control.database.connectionString,
        `SELECT encode(settings_sealed, 'escape') AS text FROM channels`,
      );
      expect(String(rows[0]?.['text'])).not.toContain('secret-word');
      expect(await control.alerting.policies.default(organisation)).toMatchObject({
        name: 'Default',
        isDefault: true,
        steps: [{ waitMs: 0, channels: [id] }],
      });
      await channel('#second');
      expect(await control.alerting.policies.list(organisation)).toHaveLength(1);
    });

    it('is the organisation’s own, and its name is taken once', async () => {
      const id = await channel('#pos-alerts');
      expect(await control.alerting.channels.find(other, id)).toBeUndefined();
      expect(await control.alerting.channels.update(other, id, { name: 'x' }, 'eve')).toMatchObject({ ok: false });
      expect(await control.alerting.channels.remove(other, id, 'eve')).toMatchObject({ ok: false });
      const double = { name: '#pos-alerts', type: 'slack', settings: {}, enabled: true };
      expect(await control.alerting.channels.create(organisation, double, 'ann')).toMatchObject({
        error: { reason: 'conflict' },
      });
      await channel('#second');
      expect(await control.alerting.channels.update(organisation, id, { name: '#second' }, 'ann')).toMatchObject({
        error: { reason: 'conflict' },
      });
    });

    it('leaves the policies when it goes, and the step stays to be seen', async () => {
      const [first, second] = [await channel('a'), await channel('b')];
      const policy = await control.alerting.policies.default(organisation);
      const steps = [
        { waitMs: 0, channels: [first] },
        { waitMs: minute, channels: [first, second] },
      ];
      await control.alerting.policies.update(organisation, policy?.id ?? '', { steps }, 'ann');
      expect(await control.alerting.channels.remove(organisation, first, 'ann')).toMatchObject({ ok: true });
      expect((await control.alerting.policies.default(organisation))?.steps).toEqual([
        { waitMs: 0, channels: [] },
        { waitMs: minute, channels: [second] },
      ]);
    });
  });

  describe('policies', () => {
    const policy = (more: Partial<NewPolicy> = {}): NewPolicy => ({
      name: 'Night',
      steps: [],
      repeats: 0,
      isDefault: false,
      ...more,
    });

    it('refuses what reaches nobody or has no bound', async () => {
      const id = await channel('a');
      const step = { waitMs: 0, channels: [id] };
      const bad: [NewPolicy, RegExp][] = [
        [policy(), /at least one step/],
        [policy({ steps: [{ waitMs: 0, channels: [] }] }), /tells nobody/],
        [policy({ steps: [{ waitMs: 0, channels: ['chn_gone'] }] }), /does not exist/],
        [policy({ steps: [{ waitMs: -1, channels: [id] }] }), /wait/],
        [policy({ steps: [{ waitMs: Number.NaN, channels: [id] }] }), /wait/],
        [policy({ steps: [{ waitMs: 8 * 86_400_000, channels: [id] }] }), /wait/],
        [policy({ steps: [{ waitMs: 0, channels: [id, id] }] }), /twice/],
        [policy({ steps: Array.from({ length: 21 }, () => step) }), /at most 20/],
        [policy({ steps: [step], repeats: 101 }), /Repeats/],
        [policy({ steps: [step], name: ' ' }), /name/],
        [policy({ steps: [step], name: 'Default' }), /already/],
      ];
      for (const [one, message] of bad) {
        const made = await control.alerting.policies.create(organisation, one, 'ann');
        expect(made.ok ? 'made' : made.error.message).toMatch(message);
      }
      expect((await control.alerting.policies.create(other, policy({ steps: [step] }), 'eve')).ok).toBe(false);
    });

    it('has exactly one default', async () => {
      const id = await channel('a');
      const first = await control.alerting.policies.default(organisation);
      const made = await control.alerting.policies.create(
        organisation,
        policy({ steps: [{ waitMs: 0, channels: [id] }], isDefault: true }),
        'ann',
      );
      expect(made).toMatchObject({ ok: true, value: { isDefault: true } });
      const all = await control.alerting.policies.list(organisation);
      expect(all.map(({ name, isDefault }) => [name, isDefault])).toEqual([
        ['Night', true],
        ['Default', false],
      ]);
      const night = all[0]?.id ?? '';
      expect(await control.alerting.policies.update(organisation, night, { isDefault: false }, 'ann')).toMatchObject({
        ok: false,
      });
      expect(await control.alerting.policies.remove(organisation, night)).toMatchObject({
        error: { reason: 'conflict' },
      });
      expect(await control.alerting.policies.remove(organisation, first?.id ?? '')).toMatchObject({ ok: true });
    });
  });

  describe('silences', () => {
    const silence = (more: Partial<NewSilence> = {}): NewSilence => ({
      matchers: [{ name: 'site', value: 'STORE_047', isRegex: false, isEqual: true }],
      startsAt: clock.now(),
      endsAt: clock.now() + 60 * minute,
      comment: 'cabling',
      ...more,
    });
    const matcher = (value: string, more = {}) => ({ name: 'site', value, isRegex: false, isEqual: true, ...more });

    it('refuses those that match everything, never end or cannot be read', async () => {
      const bad: [NewSilence, RegExp][] = [
        [silence({ matchers: [] }), /at least one matcher/],
        [silence({ matchers: [matcher('')] }), /everything/],
        [silence({ matchers: [matcher('.*', { isRegex: true })] }), /everything/],
        [silence({ matchers: [matcher('x', { isEqual: false })] }), /everything/],
        [silence({ matchers: [matcher('(', { isRegex: true })] }), /regular expression/],
        [silence({ matchers: [{ ...matcher('x'), name: '' }] }), /label/],
        [silence({ endsAt: clock.now() - 1 }), /past/],
        [silence({ endsAt: Number.NaN }), /times/],
        [silence({ startsAt: clock.now() + 90 * minute }), /after the start/],
        [silence({ endsAt: clock.now() + 400 * 86_400_000 }), /366/],
      ];
      for (const [one, message] of bad) {
        const made = await control.alerting.silences.create(organisation, one, 'ann');
        expect(made.ok ? 'made' : made.error.message).toMatch(message);
      }
    });

    it('lasts as long as it says, is ended once, and is nobody else’s', async () => {
      const made = await control.alerting.silences.create(organisation, silence(), 'ann');
      const id = made.ok ? made.value.id : '';
      expect(await control.alerting.silences.active(organisation, clock.now())).toHaveLength(1);
      expect(await control.alerting.silences.active(other, clock.now())).toEqual([]);
      expect(await control.alerting.silences.active(organisation, clock.now() + 60 * minute)).toEqual([]);
      expect(await control.alerting.silences.expire(other, id)).toMatchObject({ error: { reason: 'not-found' } });
      expect(await control.alerting.silences.expire(organisation, id)).toMatchObject({ ok: true });
      expect(await control.alerting.silences.expire(organisation, id)).toMatchObject({ error: { reason: 'conflict' } });
      expect(await control.alerting.silences.active(organisation, clock.now())).toEqual([]);
    });

    it('changes its end in place; other matchers begin another', async () => {
      const made = await control.alerting.silences.create(organisation, silence(), 'ann');
      const id = made.ok ? made.value.id : '';
      const longer = await control.alerting.silences.update(
        organisation,
        id,
        silence({ endsAt: clock.now() + 90 * minute }),
        'ann',
      );
      expect(longer).toMatchObject({ value: { id, endsAt: start + 90 * minute } });
      const changed = await control.alerting.silences.update(
        organisation,
        id,
        silence({ matchers: [matcher('STORE_048')] }),
        'ann',
      );
      expect(changed.ok && changed.value.id).not.toBe(id);
      expect(
        (await control.alerting.silences.active(organisation, clock.now() + 1)).map((one) => one.matchers[0]?.value),
      ).toEqual(['STORE_048']);
    });
  });

  describe('notifications', () => {
    it('are told once, to channels that are there', async () => {
      const [id, off] = [await channel('a'), await channel('off')];
      await control.alerting.channels.update(organisation, off, { enabled: false }, 'ann');
      await incident('inc_1', 1);
      const first = await enqueue(
        { incident: 'inc_1', channel: id },
        { incident: 'inc_1', channel: off },
        { incident: 'inc_1', channel: 'chn_gone' },
      );
      expect(first).toEqual({ channels: [{ id, name: 'a', type: 'slack' }], unreachable: [off, 'chn_gone'] });
      await enqueue({ incident: 'inc_1', channel: id });
      const claimed = await only();
      expect(claimed).toMatchObject({
        kind: 'opened',
        attempts: 1,
        via: { id },
        about: { number: 1, site: 'STORE_047', summary: '31 % of 42 payments' },
      });
      expect(await claim()).toEqual([]);
      expect(await finish(claimed, 'delivered')).toBe(true);
      expect(await finish(claimed, 'delivered')).toBe(false);
      expect(await claim()).toEqual([]);
      const events = await runStatement(control.database.connectionString, 'SELECT kind, text FROM incident_events');
      expect(events).toEqual([{ kind: 'notified', text: 'a told in 0.0 s' }]);
    });

    it('do not exist when the change that asked for them was rolled back', async () => {
      const id = await channel('a');
      await incident('inc_1', 1);
      await db
        .transaction(async (tx) => {
          await control.alerting.notifications.enqueue(tx, [
            { organisation, incident: 'inc_1', channel: id, kind: 'opened', round: 1, step: 0 },
          ]);
          throw new Error('the power went');
        })
        .catch(() => undefined);
      expect(await claim()).toEqual([]);
    });

    it('come again after the lease of a process that died, and its late word changes nothing', async () => {
      const id = await channel('a');
      await incident('inc_1', 1);
      await enqueue({ incident: 'inc_1', channel: id });
      const died = await only();
      expect(await control.alerting.notifications.nextDueAt()).toBe(clock.now() + minute);
      clock.advance(minute);
      const again = await only();
      expect(again).toMatchObject({ id: died.id, attempts: 2 });
      expect(await finish(died, 'failed')).toBe(false);
      expect(await finish(again, 'delivered')).toBe(true);
    });

    it('go to a channel one by one, an incident’s in their order, and others pass one that waits to be retried', async () => {
      const id = await channel('a');
      await incident('inc_1', 1);
      await incident('inc_2', 2);
      await enqueue({ incident: 'inc_1', channel: id });
      await enqueue({ incident: 'inc_1', channel: id, kind: 'acknowledged' });
      await enqueue({ incident: 'inc_2', channel: id });
      const first = await only();
      expect(first).toMatchObject({ incident: 'inc_1', kind: 'opened' });
      await finish(first, 'retry', clock.now() + minute);
      const second = await only();
      expect(second).toMatchObject({ incident: 'inc_2' });
      await finish(second, 'delivered');
      expect(await claim()).toEqual([]);
      clock.advance(minute);
      const third = await only();
      expect(third).toMatchObject({ incident: 'inc_1', kind: 'opened', attempts: 2 });
      await finish(third, 'delivered');
      expect(await only()).toMatchObject({ incident: 'inc_1', kind: 'acknowledged' });
    });

    it('are claimed once by many that ask at the same time', async () => {
      const ids = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => channel(name)));
      await incident('inc_1', 1);
      await enqueue(...ids.map((id) => ({ incident: 'inc_1', channel: id })));
      const claimed = (await Promise.all(Array.from({ length: 6 }, claim))).flat();
      expect(claimed.map(({ channelName }) => channelName).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('of an escalation are cancelled once somebody has the incident', async () => {
      const id = await channel('a');
      await incident('inc_1', 1, { status: 'acknowledged' });
      await enqueue({ incident: 'inc_1', channel: id, kind: 'escalated', step: 1 });
      expect(await claim()).toEqual([]);
      const listed = await control.alerting.notifications.list(organisation, { limit: 10, cursor: '' });
      expect(listed).toMatchObject({ value: { notifications: [{ status: 'cancelled', incidentNumber: 1 }] } });
    });

    it('make the next step due once all of a step have failed, and not before', async () => {
      const [a, b] = [await channel('a'), await channel('b')];
      await incident('inc_1', 1);
      await enqueue({ incident: 'inc_1', channel: a }, { incident: 'inc_1', channel: b });
      const [first, second] = await claim();
      if (!first || !second) throw new Error('expected two');
      await finish(first, 'failed');
      expect(await escalateAt('inc_1')).toBe(start + 5 * minute);
      await finish(second, 'failed');
      expect(await escalateAt('inc_1')).toBe(start);
      expect((await control.alerting.channels.find(organisation, a))?.lastError).toBe('503 Service Unavailable');
    });

    it('leave the waits alone where one channel of the step was told', async () => {
      const [a, b] = [await channel('a'), await channel('b')];
      await incident('inc_1', 1);
      await enqueue({ incident: 'inc_1', channel: a }, { incident: 'inc_1', channel: b });
      const [first, second] = await claim();
      if (!first || !second) throw new Error('expected two');
      await finish(first, 'delivered');
      await finish(second, 'failed');
      expect(await escalateAt('inc_1')).toBe(start + 5 * minute);
    });

    it('say who is next', async () => {
      const [a, b] = [await channel('a'), await channel('b')];
      const policy = await control.alerting.policies.default(organisation);
      const steps = [
        { waitMs: 0, channels: [a] },
        { waitMs: 5 * minute, channels: [b] },
      ];
      await control.alerting.policies.update(organisation, policy?.id ?? '', { steps }, 'ann');
      await incident('inc_1', 1);
      await enqueue({ incident: 'inc_1', channel: a });
      expect((await only()).about?.next).toEqual({ at: start + 5 * minute, channels: ['b'] });
    });

    it('are listed in pages, for their organisation alone', async () => {
      const id = await channel('a');
      for (let number = 1; number <= 5; number++)
        await enqueue({ incident: await incident(`inc_${number}`, number), channel: id });
      const page = (cursor: string) => control.alerting.notifications.list(organisation, { limit: 3, cursor });
      const first = await page('');
      if (!first.ok) throw new Error(first.error.message);
      expect(first.value.notifications.map((one) => one.incidentNumber)).toEqual([5, 4, 3]);
      expect(await page(first.value.next)).toMatchObject({
        value: { next: '', notifications: [{ incidentNumber: 2 }, { incidentNumber: 1 }] },
      });
      expect(await page('x')).toMatchObject({ ok: false });
      expect(await control.alerting.notifications.list(other, { limit: 3, cursor: '' })).toMatchObject({
        value: { notifications: [] },
      });
    });

    it('given back are due at once and count no attempt', async () => {
      const id = await channel('a');
      await enqueue({ incident: await incident('inc_1', 1), channel: id });
      await control.alerting.notifications.release(await only());
      expect(await only()).toMatchObject({ attempts: 1 });
    });
  });
});
