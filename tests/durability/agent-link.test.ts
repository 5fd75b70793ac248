/**
 * A site's line is cut under load, and the agent killed twice meanwhile: one incident says that the link is lost, nothing else
 * of the site pages, and every record arrives once and in order. The line is cut for a minute and a half, so that a run stays
 * short; `CUT_SECONDS=600` cuts it for ten minutes.
 */
import path from 'node:path';
import { systemClock } from '@sightline/base';
import { connectStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allIncidents, changeDefaultPolicy, heldBack, postAlert, switchReadyRulesOff } from '../support/alerting.ts';
import { type AsOwner, signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/receivers.ts';
import { type SiteAgent, startSiteAgent } from '../support/site-agent.ts';
import { openSiteLink, type SiteLink } from '../support/site-link.ts';
import { agoMs, sendFatal, Till, tillRecords, tillSeverities } from '../support/till.ts';

const site = 'STORE_047';
const cutMs = Number(process.env['CUT_SECONDS'] ?? 90) * 1000;
/** What is found without a link counts when the link has been back for a minute; a look at it comes within seconds. */
const quietMs = 70_000;

let product: Product;
let owner: AsOwner;
let link: SiteLink;
let agent: SiteAgent;
let receiver: HttpReceiver;
let till: Till;
let startedMs: number;

beforeAll(async () => {
  startedMs = Date.now();
  product = await startProduct({ env: headless });
  owner = await signInOwner(product);
  receiver = await startHttpReceiver();
  link = await openSiteLink(Number(new URL(product.url).port));
  agent = await startSiteAgent(owner, { site, serverUrl: link.url });
  await switchReadyRulesOff(owner);
  const channel = await owner<{ id: string }>('POST', '/api/v1/channels', {
    name: 'Operations',
    type: 'webhook',
    settings: { url: receiver.url },
  });
  await changeDefaultPolicy(owner, [{ waitMs: 0, channels: [channel.id] }]);
  till = new Till(agent.receiveUrl, 20);
});
afterAll(async () => {
  await till?.stop();
  await agent?.close();
  await link?.close();
  await receiver?.close();
  await product?.close();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
const told = () => receiver.calls.map((call) => call.json()['event']);
const rule = (name: string, type: string, settings: object) =>
  owner('POST', '/api/v1/rules', { name, type, settings, severity: 'critical', everyMs: 10_000 });

/** Two rules of the site: one finds silence of its tills, one finds what a terminal with a line of its own tells the server. */
async function watchTheSite(): Promise<void> {
  await rule('Tills are silent', 'absence', {
    table: 'logs',
    query: 'service:till',
    by: ['site'],
    silentMs: 65_000,
    lookbackMs: 1_800_000,
  });
  await rule('Terminal broken', 'threshold', {
    source: { kind: 'records', table: 'logs', query: 'service:terminal severity:>=fatal', measure: 'count' },
    windowMs: 10_000,
    operator: '>',
    threshold: 0,
    by: ['site'],
  });
}

/** Kills the agent twice while the line is cut. */
async function killTwice(): Promise<void> {
  for (let kill = 0; kill < 2; kill++) {
    await pause(cutMs / 4);
    await agent.kill();
    await agent.start();
  }
}

/** What would page at any other time; answers what was held back, and why, while all of it fired. */
async function troubleAtSite(): Promise<Record<string, string>> {
  const printer = { alertname: 'Printer jammed', severity: 'critical', site };
  expect((await postAlert(product, printer)).status).toBe(200);
  const held = await eventually(
    async () => {
      const resource = { 'service.name': 'terminal', 'site.id': site };
      await sendFatal(product.url, resource, 'chip reader gone', headless.SIGHTLINE_SETUP_KEY);
      return heldBack(product, site);
    },
    (names) => Object.keys(names).length === 3,
    60_000,
  );
  expect((await postAlert(product, printer, true)).status).toBe(200);
  return held;
}

test(
  'while the line is cut, one incident says that the link is lost, and nothing else of the site pages',
  { timeout: 200_000 + cutMs },
  async () => {
    // Links are judged from 75 s after a start on; the cut is to be noticed at once then.
    await eventually(
      async () => (await owner<{ rows: unknown[] }>('GET', `/api/v1/logs?site=${site}&${lastHour()}`)).rows.length,
      (rows) => rows > 0,
      30_000,
    );
    await watchTheSite();
    await pause(startedMs + 30_000 - Date.now());
    link.cut();
    till.datedBack = true;
    const cutAtMs = Date.now();
    const kills = killTwice();

    const [lost] = await eventually(
      () => allIncidents(owner),
      (all) => all.length > 0,
      120_000,
    );
    expect(lost).toMatchObject({ title: `Link to ${site} lost`, status: 'open', site });
    expect(lost?.summary).toMatch(/^Its agent was last heard at \d\d:\d\d:\d\d UTC\. .*(store|agent)/);
    const lostBy = `link:${site}`;
    expect(await troubleAtSite()).toEqual({
      'Tills are silent (service till)': lostBy,
      'Terminal broken (service terminal)': lostBy,
      'Printer jammed': lostBy,
    });
    const still = await eventually(
      () => heldBack(product, site),
      (names) => Object.keys(names).length === 1,
      60_000,
    );
    expect(still, 'the others are over').toEqual({ 'Tills are silent (service till)': lostBy });
    await kills;
    await pause(cutAtMs + cutMs - Date.now());
    expect(await allIncidents(owner)).toHaveLength(1);
    expect(told()).toEqual(['opened']);
    expect(agent.waitingBytes()).toBeGreaterThan(100_000);
  },
);

test('when the line is back, the incident resolves by itself, says what it was, and nothing follows', async () => {
  till.datedBack = false;
  till.pauseMs = 500;
  link.restore();
  const [back] = await eventually(
    () => allIncidents(owner),
    ([one]) => one?.status === 'resolved',
    120_000,
  );
  expect(back).toMatchObject({ status: 'resolved', resolvedHow: 'by-itself' });
  const { events } = await owner<{ events: { kind: string; text: string }[] }>('GET', '/api/v1/incidents/1');
  const line = events.map(({ text }) => text).join('\n');
  expect(line).toMatch(/The link was down for .*; the agent saw it go and was started again at /);
  expect(line).toContain('Resolved by itself after');

  const over = await eventually(
    () => heldBack(product, site),
    (names) => Object.keys(names).length === 0,
    60_000,
  );
  expect(over, 'the tills are heard again').toEqual({});
  await pause((back?.resolvedAt ?? 0) + quietMs - Date.now());
  expect(await allIncidents(owner)).toHaveLength(1);
  expect(told()).toEqual(['opened', 'resolved']);
  expect(receiver.calls[0]?.body).toContain(`Link to ${site} lost`);
});

const lastHour = (): string => `from=${Date.now() - 3_600_000}&to=${Date.now()}`;
const agents = async () =>
  (await owner<{ agents: { link: string; spool: { waitingRecords: number } | null }[] }>('GET', '/api/v1/agents'))
    .agents;

test('every record of the cut arrives once, in order, and late ones are marked', async () => {
  await till.stop();
  const waiting = await eventually(
    async () => agent.waitingBytes(),
    (bytes) => bytes < 100_000,
    120_000,
  );
  // Its own metrics go on.
  expect(waiting).toBeLessThan(100_000);
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
    expect(till.acknowledged.filter((number) => !numbers.has(number))).toEqual([]);
    expect(stored.length, 'nothing is stored twice').toBe(numbers.size);
    expect(till.during.to - till.during.from).toBeGreaterThan(1000);

    for (const severity of tillSeverities) {
      const lane = stored
        .filter((row) => row.severity === severity && row.number >= till.during.from && row.number <= till.during.to)
        .sort((a, b) => a.number - b.number);
      const early = lane.filter((row, at) => row.receivedMs < (lane[at - 1]?.receivedMs ?? 0));
      expect(early, `records of severity ${severity} overtook others`).toEqual([]);
    }

    const { rows } = await owner<{ rows: { at: number; receivedAt: number; attributes: Record<string, string> }[] }>(
      'GET',
      `/api/v1/logs?site=${site}&${lastHour()}&order=oldest&limit=100`,
    );
    expect(rows.length).toBe(100);
    expect(rows.every(({ at, receivedAt }) => receivedAt - at > agoMs)).toBe(true);
    const shown = await eventually(agents, ([one]) => one?.link === 'up' && one.spool?.waitingRecords === 0, 60_000);
    expect(shown[0]).toMatchObject({ link: 'up' });
    expect(shown[0]?.spool?.waitingRecords).toBeLessThan(200);
  } finally {
    await store.close();
  }
});
