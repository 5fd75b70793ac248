/**
 * A payment processor fails at night: told by Slack, then by e-mail although the server was killed in between, taken in the
 * browser, over by itself, and every step of it stands on the incident's time line.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';
import { type HttpReceiver, type MailReceiver, startHttpReceiver, startMailReceiver } from '../support/receivers.ts';

const emailWaitMs = 25_000;
const lastWaitMs = 90_000;

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];
let slack: HttpReceiver;
let mail: MailReceiver;
let fleet: ChildProcess | undefined;
const folder = mkdtempSync(path.join(tmpdir(), 'sightline-remedy-'));
const control = path.join(folder, 'fleet.sock');

/** The stores run apart from the server: they go on trading while it is dead. */
function startFleet(): ChildProcess {
  const main = path.join(import.meta.dirname, '../../examples/fleet-simulator/src/main.ts');
  const args = [main, '--url', product.url, '--stores', '40', '--processes', '1', '--pace', '4', '--control', control];
  return spawn(process.execPath, args, {
    stdio: 'ignore',
    env: { ...process.env, SIGHTLINE_KEY: headless.SIGHTLINE_SETUP_KEY },
  });
}

async function switchOutage(active: boolean): Promise<void> {
  const sent = request({
    socketPath: control,
    method: 'PUT',
    path: '/faults/payment-outage',
    headers: { 'content-type': 'application/json' },
  });
  sent.end(JSON.stringify({ active, sites: [] }));
  const [reply] = (await once(sent, 'response')) as [{ statusCode: number; resume: () => void }];
  reply.resume();
  expect(reply.statusCode).toBe(200);
}

async function picture(name: string, of: Page = page): Promise<void> {
  const kept = process.env['SIGHTLINE_SCREENSHOTS'];
  if (!kept) return;
  mkdirSync(kept, { recursive: true });
  await of.screenshot({ path: path.join(kept, `${name}.png`) });
}

async function signIn(on: Page): Promise<void> {
  await on.goto(product.url);
  await on.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await on.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await on.keyboard.press('Enter');
  await on.getByRole('navigation').first().waitFor();
}

/** A call of the interface, as the signed-in person. */
async function call<T>(method: string, address: string, body?: unknown): Promise<T> {
  const me = await page.request.get(`${product.url}/api/v1/session`);
  const { csrfToken } = (await me.json()) as { csrfToken: string };
  const reply = await page.request.fetch(`${product.url}${address}`, {
    method,
    headers: { 'x-csrf-token': csrfToken, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { data: JSON.stringify(body) }),
  });
  expect(reply.status(), `${method} ${address}: ${await reply.text()}`).toBe(200);
  return (await reply.json()) as T;
}

interface Row {
  number: number;
  title: string;
  status: string;
  resolvedHow: string;
  next: { at: number; channels: string[] } | null;
}
const incidents = async (): Promise<Row[]> =>
  (await call<{ incidents: Row[] }>('GET', '/api/v1/incidents?status=all')).incidents;
/** The processor's incident. Consequences of the fault (an API that fails, a store's own payments) may have others. */
const paymentIncident = async (): Promise<Row | undefined> =>
  (await incidents()).find((row) => /payment processor/i.test(row.title));

beforeAll(async () => {
  [product, browser, slack, mail] = await Promise.all([
    startProduct({ env: headless }),
    openBrowser(),
    startHttpReceiver(),
    startMailReceiver(),
  ]);
  ({ page, faults } = await openPage(browser, desk));
  await signIn(page);
  const slackChannel = await call<{ id: string }>('POST', '/api/v1/channels', {
    name: '#pos-alerts',
    type: 'slack',
    settings: { url: `${slack.url}/services/T/B/secret` },
  });
  const email = await call<{ id: string }>('POST', '/api/v1/channels', {
    name: 'Operations',
    type: 'email',
    settings: {
      host: mail.host,
      port: mail.port,
      tls: 'none',
      from: 'sightline@stores.example',
      to: ['ops@stores.example'],
    },
  });
  const { policies } = await call<{ policies: { id: string; isDefault: boolean }[] }>('GET', '/api/v1/policies');
  const standard = policies.find((policy) => policy.isDefault);
  await call('PUT', `/api/v1/policies/${standard?.id}`, {
    name: 'Standard',
    isDefault: true,
    repeats: 0,
    steps: [
      { waitMs: 0, channels: [slackChannel.id] },
      { waitMs: emailWaitMs, channels: [email.id] },
      { waitMs: lastWaitMs, channels: [slackChannel.id] },
    ],
  });
  fleet = startFleet();
  // The stores are well before they are not.
  await eventually(
    async () => (await call<{ totals: { sites: number } }>('GET', '/api/v1/fleet')).totals.sites,
    (sites) => sites === 40,
    150_000,
  );
}, 240_000);

afterAll(async () => {
  fleet?.kill('SIGTERM');
  await browser?.close();
  await product?.close();
  await slack?.close();
  await mail?.close();
  rmSync(folder, { recursive: true, force: true });
});

const slackTexts = (): string[] => slack.calls.map((one) => one.body).filter((body) => /payment processor/i.test(body));
const mailsAbout = (number: number): number => mail.mails.filter((one) => one.raw.includes(`#${number}`)).length;

describe('first remedy', () => {
  let number = 0;

  test('a fault is told by Slack', { timeout: 200_000 }, async () => {
    const startedMs = Date.now();
    await switchOutage(true);
    const told = await slack.waitFor((one) => /payment processor/i.test(one.body), 150_000);
    const tookS = (told.at - startedMs) / 1000;
    console.log(`from the fault to the message: ${tookS.toFixed(1)} s`);
    expect(told.path).toBe('/services/T/B/secret');
    const found = await paymentIncident();
    expect(found).toMatchObject({ status: 'open' });
    number = found?.number ?? 0;
    // A minute is promised and printed above; the limit leaves room for machines that other work shares.
    expect(tookS, 'seconds from the fault to the message').toBeLessThan(150);
    expect(told.body).toContain(`${product.url}/incidents/${number}`);
  });

  test('nobody takes it: an e-mail comes, although the server was killed meanwhile', { timeout: 120_000 }, async () => {
    expect(mailsAbout(number)).toBe(0);
    await product.kill();
    await product.start();
    const told = await mail.waitFor((one) => one.raw.includes(`#${number}`), 90_000);
    expect(told.to).toEqual(['ops@stores.example']);
    expect(told.text).toContain(`/incidents/${number}`);
    expect(
      slackTexts().filter((body) => body.includes(`/incidents/${number}`)),
      'told once by Slack',
    ).toHaveLength(1);
  });

  test('it is taken in the browser, and escalation stops', { timeout: 60_000 }, async () => {
    await page.goto(`${product.url}/incidents`);
    const row = page.getByRole('link', { name: new RegExp(`#${number}\\b`) }).first();
    await row.waitFor();
    await picture('incidents');
    await row.click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    // The next escalation counts down. The list has a heading too: it says nothing of where we are.
    await page.getByRole('timer').first().waitFor();
    await page.getByRole('heading', { name: 'When it opened' }).waitFor();
    await picture('incident');
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await expect.poll(async () => (await paymentIncident())?.status, { timeout: 15_000 }).toBe('acknowledged');
    expect((await paymentIncident())?.next).toBeNull();
    const said = await slack.waitFor(
      (one) => one.body.includes(`/incidents/${number}`) && /acknowledged/i.test(one.body),
      30_000,
    );
    expect(said.body).toContain(headless.SIGHTLINE_SETUP_EMAIL);
  });

  test('the fault ends: it resolves by itself, and nobody was called further', { timeout: 600_000 }, async () => {
    const mails = mailsAbout(number);
    await switchOutage(false);
    const resolved = await eventually(paymentIncident, (row) => row?.status === 'resolved', 480_000);
    expect(resolved).toMatchObject({ number, status: 'resolved', resolvedHow: 'by-itself' });
    await slack.waitFor((one) => one.body.includes(`/incidents/${number}`) && /resolved/i.test(one.body), 30_000);
    await eventually(
      async () => mailsAbout(number),
      (count) => count > mails,
      30_000,
    );
    const escalated = slackTexts().filter((body) => body.includes(`/incidents/${number}`));
    expect(escalated, 'opened, acknowledged, resolved').toHaveLength(3);
  });

  test('the time line tells the whole of it, on a desk and on a phone', { timeout: 60_000 }, async () => {
    const { events } = await call<{ events: { kind: string; text: string }[] }>('GET', `/api/v1/incidents/${number}`);
    const kinds = events.map((event) => event.kind);
    for (const kind of ['opened', 'notified', 'escalated', 'acknowledged', 'evidence', 'finding-resolved', 'resolved'])
      expect(kinds, kind).toContain(kind);
    await page.goto(`${product.url}/incidents/${number}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await picture('incident-resolved');
    const small = await openPage(browser, phone);
    await signIn(small.page);
    await small.page.goto(`${product.url}/incidents/${number}`);
    await small.page.getByRole('heading', { level: 1 }).waitFor();
    const overflow = await small.page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow, 'nothing is wider than the phone').toBeLessThanOrEqual(0);
    await picture('incident-phone', small.page);
    expect(small.faults).toEqual([]);
    await small.page.context().close();
    expect(faults).toEqual([]);
  });
});
