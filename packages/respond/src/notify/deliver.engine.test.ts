import { type Clock, ManualClock, silentLogger, systemClock } from '@sightline/base';

import { organisationOf, runStatement, type TestServer, testServers } from '@sightline/control/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HttpReceiver, startHttpReceiver } from '../testing/index.ts';
import { type Deliverer, pauseMs, startDeliverer } from './deliver.ts';

const [embedded] = testServers;
if (!embedded) throw new Error('no PostgreSQL to test on');
let server: TestServer;
beforeAll(async () => void (server = await embedded.start()));
afterAll(() => server.stop());

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** An organisation with a webhook, and incidents about which it is told. */
async function world(clock: Clock = systemClock) {
  const control = await server.freshControl(clock);
  open.push(control);
  const organisation = await organisationOf(control, 'liquor');
  const query = (text: string, values: readonly unknown[] = []) =>
    runStatement(control.database.connectionString, text, values);
  const receiver = async (name: string) => {
    const http = await startHttpReceiver();
    open.push(http);
    const channel = await control.alerting.channels.create(
      organisation,
      { name, type: 'webhook', settings: { url: http.url, secret: '', headers: {} }, enabled: true },
      'ann',
    );
    if (!channel.ok) throw new Error(channel.error.message);
    return { http, id: channel.value.id };
  };
  const incident = async (number: number) => {
    const at = new Date(clock.now());
    await query(
      `INSERT INTO incidents (id, organisation, number, group_key, title, summary, severity, status, site, labels, runbook, opened_at, policy, updated_at, next_step)
       VALUES ($1, $2, $3, $1, 'Payment failures', '31 %', 'critical', 'open', '', '{}', '', $4, '', $4, 1)`,
      [`inc_${number}`, organisation, number, at],
    );
    return `inc_${number}`;
  };
  const ask = async (about: string, channel: string, kind = 'opened') => {
    await query(
      `INSERT INTO notifications (id, organisation, incident, channel, channel_name, channel_type, kind, round, step, note, receivers, status, next_at, created_at)
       VALUES ('ntf_' || gen_random_uuid(), $1, $2, $3, $3, 'webhook', $4, 1, 0, '', '{}', 'waiting', $5, $5)`,
      [organisation, about, channel, kind, new Date(clock.now())],
    );
  };
  const deliver = (more: { random?: () => number; limitMs?: number } = {}): Deliverer => {
    const deliverer = startDeliverer({
      control,
      clock,
      logger: silentLogger,
      publicUrl: () => 'https://sightline.example',
      ...more,
    });
    open.push(deliverer);
    return deliverer;
  };
  const states = async () =>
    (await query('SELECT status, attempts FROM notifications ORDER BY number')).map(
      ({ status, attempts }) => `${String(status)} ${String(attempts)}`,
    );
  const until = async (expected: string[]) => expect.poll(states, { timeout: 15_000, interval: 50 }).toEqual(expected);
  return { control, organisation, query, receiver, incident, ask, deliver, states, until };
}

const events = (http: HttpReceiver): unknown[] => http.calls.map((call) => call.json()['event']);

describe('delivery', () => {
  it('sends what waits, in order, once, with links', async () => {
    const { receiver, incident, ask, deliver, until, query } = await world();
    const { http, id } = await receiver('a');
    const about = await incident(1);
    await ask(about, id, 'opened');
    await ask(about, id, 'worse');
    await ask(about, id, 'resolved');
    const deliverer = deliver();
    await until(['delivered 1', 'delivered 1', 'delivered 1']);
    expect(events(http)).toEqual(['opened', 'worse', 'resolved']);
    expect(http.calls[0]?.json()).toMatchObject({ link: 'https://sightline.example/incidents/1' });
    expect(await query('SELECT kind FROM incident_events ORDER BY id')).toHaveLength(3);
    await expect
      .poll(() => deliverer.metrics())
      .toContain('sightline_notification_attempts_total{type="webhook",ending="delivered"} 3');
  });

  it('notes a delivery whose answer PostgreSQL could not store, and does not send it again', async () => {
    const { receiver, incident, ask, deliver, until, query } = await world();
    const { http, id } = await receiver('a');
    // Cut after 200 places, half of the bell remains.
    http.answer({ status: 200, body: `${'x'.repeat(199)}🔔` });
    await ask(await incident(1), id);
    deliver();
    await until(['delivered 1']);
    expect(http.calls).toHaveLength(1);
    const [row] = await query("SELECT log->0->>'detail' AS detail FROM notifications");
    expect(row?.['detail']).toMatch(/^answered 200: x+\uFFFD$/);
  });

  it('tries again after a growing pause, gives up after eight tries, and says so', async () => {
    const clock = new ManualClock(1_800_000_000_000);
    const { receiver, incident, ask, deliver, states, query, control, organisation } = await world(clock);
    const { http, id } = await receiver('a');
    http.answer({ status: 503, body: 'down' });
    await ask(await incident(1), id);
    const deliverer = deliver({ random: () => 0.5 });
    const looked = async (expected: string) =>
      expect
        .poll(
          async () => {
            // The clock may have moved while the deliverer looked; then it sleeps past what is due.
            deliverer.wake();
            return states();
          },
          { timeout: 15_000, interval: 50 },
        )
        .toEqual([expected]);
    for (const [tries, pause] of [2000, 5000, 15_000, 30_000, 60_000, 120_000, 300_000].entries()) {
      await looked(`waiting ${tries + 1}`);
      await expect
        .poll(async () => (await query('SELECT lease_until FROM notifications'))[0]?.['lease_until'])
        .toBeNull();
      clock.advance(pause - 1);
      await looked(`waiting ${tries + 1}`);
      clock.advance(1001);
    }
    await looked('failed 8');
    expect(http.calls).toHaveLength(8);
    expect(new Set(http.calls.map((call) => call.headers['idempotency-key'])).size).toBe(1);
    const [line] = await query('SELECT kind, text FROM incident_events');
    expect(line).toMatchObject({
      kind: 'not-notified',
      text: 'webhook could not be told: answered 503: down Given up after 8 tries.'.replace('webhook', id),
    });
    expect((await control.alerting.channels.find(organisation, id))?.lastError).toContain('503');
  }, 60_000);

  it('does not hold up one channel for another that hangs', async () => {
    const { receiver, incident, ask, deliver } = await world();
    const [slow, quick] = [await receiver('slow'), await receiver('quick')];
    slow.http.answer(() => undefined);
    const about = await incident(1);
    await ask(about, slow.id);
    await ask(about, quick.id);
    const started = Date.now();
    deliver({ limitMs: 3000 });
    await quick.http.waitFor(() => true, 5000);
    expect(Date.now() - started).toBeLessThan(2500);
  });

  it('loses nothing when it is ended in the middle, and hands on what it had begun', async () => {
    const { receiver, incident, ask, deliver, until } = await world();
    const { http, id } = await receiver('a');
    await ask(await incident(1), id);
    http.answer((response) => void setTimeout(() => response.writeHead(200).end(), 700));
    const first = deliver();
    await http.waitFor(() => true);
    await first.close();
    await until(['delivered 1']);
    expect(http.calls).toHaveLength(1);
  });

  it('sends each message once however many servers deliver', async () => {
    const { receiver, incident, ask, deliver, until } = await world();
    const channels = [await receiver('a'), await receiver('b')];
    for (let number = 1; number <= 5; number++) {
      const about = await incident(number);
      for (const { id } of channels) await ask(about, id);
    }
    for (let n = 0; n < 3; n++) deliver();
    await until(Array.from({ length: 10 }, () => 'delivered 1'));
    for (const { http } of channels) {
      expect(http.calls.map((call) => (call.json()['incident'] as { number: number }).number)).toEqual([1, 2, 3, 4, 5]);
    }
  });

  it('fails at once where the channel was deleted or switched off', async () => {
    const { receiver, incident, ask, deliver, until, control, organisation } = await world();
    const [gone, off] = [await receiver('gone'), await receiver('off')];
    const about = await incident(1);
    await ask(about, gone.id);
    await ask(about, off.id);
    await control.alerting.channels.remove(organisation, gone.id, 'ann');
    await control.alerting.channels.update(organisation, off.id, { enabled: false }, 'ann');
    deliver();
    await until(['failed 1', 'failed 1']);
    expect([...gone.http.calls, ...off.http.calls]).toEqual([]);
  });
});

describe('pauses', () => {
  it('grow, differ by a fifth, and obey the receiver within ten minutes', () => {
    expect(pauseMs(1, 0, 0)).toBe(1600);
    expect(pauseMs(1, 0, 1)).toBe(2400);
    expect(pauseMs(7, 0, 0.5)).toBe(300_000);
    expect(pauseMs(1, 30_000, 0.5)).toBe(30_000);
    expect(pauseMs(5, 1000, 0.5)).toBe(60_000);
    expect(pauseMs(1, 86_400_000, 0.5)).toBe(600_000);
  });
});
