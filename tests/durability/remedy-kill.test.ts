/**
 * Twenty times the server or a site's agent is killed while findings are born and end and a policy walks three channels. No
 * message may be lost. A message may come twice in one case only: the server dies after the receiver has it and before that is
 * marked. No sender can rule that out; it comes with the same id then (`Idempotency-Key`, `Message-ID`), so that a receiver can.
 */
import path from 'node:path';
import { systemClock } from '@sightline/base';
import type { Delivery } from '@sightline/contract';
import { connectStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allIncidents, changeDefaultPolicy, postAlert, switchReadyRulesOff } from '../support/alerting.ts';
import { type AsOwner, signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';
import { type HttpReceiver, type MailReceiver, startHttpReceiver, startMailReceiver } from '../support/receivers.ts';
import { type SiteAgent, startSiteAgent } from '../support/site-agent.ts';
import { sendFatal, Till, tillRecords } from '../support/till.ts';

const cycles = 20;
const site = 'STORE_047';
const stepWaitMs = 4000;
/** Receivers answer this late, so that kills fall into the sending too. */
const answerMs = 200;
/** From the receiver's having a message to our mark, at most, on a busy machine. */
const markMs = 10_000;

let product: Product;
let owner: AsOwner;
let agent: SiteAgent;
let pager: HttpReceiver;
let desk: HttpReceiver;
let mail: MailReceiver;
let till: Till;

beforeAll(async () => {
  [product, pager, desk, mail] = await Promise.all([
    startProduct({ env: headless }),
    startHttpReceiver(),
    startHttpReceiver(),
    startMailReceiver(),
  ]);
  for (const receiver of [pager, desk])
    receiver.answer((response) => setTimeout(() => response.writeHead(200).end('ok'), answerMs));
  owner = await signInOwner(product);
  agent = await startSiteAgent(owner, { site, serverUrl: product.url });
  await switchReadyRulesOff(owner);
  const channel = async (name: string, type: string, settings: object): Promise<string> =>
    (await owner<{ id: string }>('POST', '/api/v1/channels', { name, type, settings })).id;
  const channels = [
    await channel('Pager', 'webhook', { url: pager.url }),
    await channel('Desk', 'webhook', { url: desk.url }),
    await channel('Mail', 'email', {
      host: mail.host,
      port: mail.port,
      tls: 'none',
      from: 'sightline@example.com',
      to: ['on-call@example.com'],
    }),
  ];
  await changeDefaultPolicy(
    owner,
    channels.map((id, step) => ({ waitMs: step === 0 ? 0 : stepWaitMs, channels: [id] })),
  );
  await owner('POST', '/api/v1/rules', {
    name: 'Drawer stuck',
    type: 'threshold',
    settings: {
      source: { kind: 'records', table: 'logs', query: 'service:drawer severity:>=fatal', measure: 'count' },
      windowMs: 20_000,
      operator: '>',
      threshold: 0,
      by: ['site'],
    },
    severity: 'critical',
    everyMs: 10_000,
  });
  till = new Till(agent.receiveUrl, 50);
});
afterAll(async () => {
  await till?.stop();
  await agent?.close();
  await product?.close();
  await Promise.all([pager?.close(), desk?.close(), mail?.close()]);
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const alertName = (number: number): string => `Fault ${number}`;

/** Alerts, each told until it is accepted, and its end after that. */
class Alerts {
  readonly #told = new Map<number, Promise<void>>();

  fires(number: number): void {
    this.#told.set(number, this.#tell(number, false));
  }

  ends(number: number): void {
    const before = this.#told.get(number);
    if (before)
      this.#told.set(
        number,
        before.then(() => this.#tell(number, true)),
      );
  }

  async #tell(number: number, over: boolean): Promise<void> {
    // Half of them are about no site.
    const place: Record<string, string> = number % 2 === 0 ? { site: `STORE_${100 + number}` } : {};
    const labels = { alertname: alertName(number), severity: 'critical', ...place };
    for (let tries = 0; tries < 300; tries++) {
      const reply = await postAlert(product, labels, over).catch(() => undefined);
      if (reply?.status === 200) return;
      await pause(200);
    }
    throw new Error(`${alertName(number)} was never accepted`);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#told.values());
  }
}

/** A drawer at the site that complains to the agent each second while it is stuck. */
class Drawer {
  stuck = true;
  readonly #running = this.#run();

  async #run(): Promise<void> {
    while (this.stuck) {
      // While the agent is down nobody hears it.
      await sendFatal(agent.receiveUrl, { 'service.name': 'drawer' }, 'drawer stuck').catch(() => undefined);
      await pause(1000);
    }
  }

  async freed(): Promise<void> {
    this.stuck = false;
    await this.#running;
  }
}

async function allDeliveries(): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  let cursor = '';
  do {
    const page = await owner<{ deliveries: Delivery[]; next: string }>(
      'GET',
      `/api/v1/deliveries?limit=500&cursor=${encodeURIComponent(cursor)}`,
    );
    deliveries.push(...page.deliveries);
    cursor = page.next;
  } while (cursor !== '');
  return deliveries;
}

/** When each message came, by its id, at each channel. */
function arrivals(): ReadonlyMap<string, ReadonlyMap<string, readonly number[]>> {
  const byId = (came: readonly { id: string; at: number }[]) =>
    new Map([...Map.groupBy(came, ({ id }) => id)].map(([id, all]) => [id, all.map(({ at }) => at)]));
  const posted = ({ calls }: HttpReceiver) =>
    byId(calls.map(({ headers, at }) => ({ id: String(headers['idempotency-key']), at })));
  return new Map([
    ['Pager', posted(pager)],
    ['Desk', posted(desk)],
    [
      'Mail',
      byId(mail.mails.map(({ headers, at }) => ({ id: /<(.+)@/.exec(headers['message-id'] ?? '')?.[1] ?? '', at }))),
    ],
  ]);
}

/** Waits until the pager has a message that it has not answered yet; not for long, as its channel may wait for a lease to end. */
async function messageOnItsWay(): Promise<void> {
  const before = pager.calls.length;
  await eventually(
    async () => pager.calls.length,
    (calls) => calls > before,
    3000,
    20,
  );
}

/** Kills server and agent in turn while everything runs; answers when the server was killed. */
async function killInTurn(alerts: Alerts, drawer: Drawer): Promise<number[]> {
  const killedMs: number[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    alerts.fires(cycle);
    if (cycle >= 4) alerts.ends(cycle - 4);
    if (cycle % 8 === 0) await messageOnItsWay();
    // Rules go over to the next server when the lease of the killed one has run out: twice that is waited for.
    else await pause(cycle === 4 || cycle === 12 ? 12_000 : 500 + Math.random() * 2000);
    if (cycle === 12) await drawer.freed();
    if (cycle % 2 === 0) {
      killedMs.push(Date.now());
      await product.kill();
      await product.start();
    } else {
      await agent.kill();
      await agent.start();
    }
  }
  for (let last = cycles - 4; last < cycles; last++) alerts.ends(last);
  await alerts.settled();
  return killedMs;
}

let killedMs: readonly number[];
let deliveries: readonly Delivery[];

test(
  'twenty kills of server and agent: all incidents end, and nothing waits or fails',
  { timeout: 400_000 },
  async () => {
    killedMs = await killInTurn(new Alerts(), new Drawer());
    const incidents = await eventually(
      () => allIncidents(owner),
      (all) => all.length > cycles && all.every(({ status }) => status === 'resolved'),
      60_000,
    );
    expect(incidents.filter(({ status, resolvedHow }) => status !== 'resolved' || resolvedHow !== 'by-itself')).toEqual(
      [],
    );
    expect(incidents.map(({ title }) => title)).toContain(`Drawer stuck at ${site} (service drawer)`);
    deliveries = await eventually(allDeliveries, (all) => all.every(({ status }) => status !== 'waiting'), 90_000);
    expect(deliveries.filter(({ status }) => status === 'waiting' || status === 'failed')).toEqual([]);
  },
);

test('every alert that was accepted has its incident, which was told when it opened and when it ended', async () => {
  for (let number = 0; number < cycles; number++) {
    const name = alertName(number);
    const incidents = await allIncidents(owner, `&rule=${encodeURIComponent(name)}`);
    expect(incidents.length, name).toBe(1);
    const news = pager.calls.filter((call) => {
      const incident = call.json()['incident'] as { number: number };
      return incident.number === incidents[0]?.number;
    });
    for (const event of ['opened', 'resolved']) {
      const ids = news
        .filter((call) => call.json()['event'] === event)
        .map(({ headers }) => headers['idempotency-key']);
      expect(new Set(ids).size, `${name} ${event}`).toBe(1);
    }
  }
});

test('each step is told to a channel once; the same message comes twice only where a kill fell before our mark', () => {
  const steps = Map.groupBy(deliveries, ({ incident, round, step, kind, channel }) =>
    [incident?.number, round, step, kind, channel].join(),
  );
  expect([...steps.values()].filter((all) => all.length > 1)).toEqual([]);

  const came = arrivals();
  const known = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
  let doubles = 0;
  for (const [channel, messages] of came) {
    expect(messages.size, `${channel} was told`).toBeGreaterThan(5);
    for (const [id, times] of messages) {
      expect(known.get(id)?.channelName, `${id} is in the log`).toBe(channel);
      times.slice(1).forEach((again, nth) => {
        const had = times[nth] ?? 0;
        const unmarked = killedMs.some((killed) => killed >= had && killed <= Math.min(again, had + markMs));
        expect(unmarked, `${id} came again without a kill between its arrival and our mark`).toBe(true);
        doubles++;
      });
    }
  }
  const lost = deliveries.filter(
    ({ id, channelName, status }) => status === 'delivered' && !came.get(channelName)?.has(id),
  );
  expect(lost, 'what is marked as delivered was received').toEqual([]);
  const needless = deliveries.filter(
    ({ id, channelName, status }) =>
      status === 'cancelled' &&
      !(came.get(channelName)?.get(id) ?? []).every((had) =>
        killedMs.some((killed) => killed >= had && killed <= had + markMs),
      ),
  );
  expect(needless, 'what was cancelled was received only where a kill fell before our mark').toEqual([]);
  expect(doubles, 'the first kill fell before a mark').toBeGreaterThan(0);
  console.info(`${deliveries.length} messages, ${doubles} of them came again with the same id after a kill`);
});

test('records that the agent took arrive once', async () => {
  await till.stop();
  const store = await connectStore({
    url: 'http://engine',
    socketPath: path.join(product.dataFolder, 'run', 'engine.sock'),
    clock: systemClock,
  });
  try {
    const stored = await eventually(
      () => tillRecords(store, site),
      (rows) => rows.length >= till.acknowledged.length,
      60_000,
    );
    const numbers = new Set(stored.map(({ number }) => number));
    expect(till.acknowledged.length).toBeGreaterThan(2000);
    expect(till.acknowledged.filter((number) => !numbers.has(number))).toEqual([]);
    expect(stored.length, 'nothing is stored twice').toBe(numbers.size);
  } finally {
    await store.close();
  }
});
