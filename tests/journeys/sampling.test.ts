/**
 * Tail sampling as people meet it: a server with a policy, traces from stock OTLP, and what is left of them. The server runs in this process, on a clock
 * that can be moved on: a trace is decided minutes after it was quiet.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, silentLogger } from '@sightline/base';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compose, type Running } from '../../apps/server/src/compose.ts';
import { readConfig } from '../../apps/server/src/config.ts';
import { desk, openBrowser, openPage } from '../support/browser.ts';
import { eventually, headless } from '../support/product.ts';

const minuteMs = 60_000;

/** The real time, moved on: who sleeps wakes when this clock says so. */
class MovedClock implements Clock {
  #aheadMs = 0;
  now(): number {
    return Date.now() + this.#aheadMs;
  }
  moveOn(ms: number): void {
    this.#aheadMs += ms;
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const untilMs = this.now() + ms;
    return new Promise((resolve) => {
      const look = (): void => {
        if (signal?.aborted || this.now() >= untilMs) resolve();
        else setTimeout(look, Math.min(50, Math.max(1, untilMs - this.now())));
      };
      look();
    });
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'sightline-sampling-'));
const clock = new MovedClock();
let running: Running;
let browser: Browser;
let session: { readonly cookie: string; readonly csrf: string };

beforeAll(async () => {
  const args = ['--port', '0', '--host', '127.0.0.1', '--data', folder, '--otlp-ports', 'none'];
  const config = readConfig(args, headless, folder);
  if (!config.ok) throw new Error(config.error.sentence);
  [running, browser] = await Promise.all([compose(config.value, clock, silentLogger), openBrowser()]);
  const reply = await fetch(`${running.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: headless.SIGHTLINE_SETUP_EMAIL, password: headless.SIGHTLINE_SETUP_PASSWORD }),
  });
  const { csrfToken } = (await reply.json()) as { csrfToken: string };
  session = { cookie: reply.headers.get('set-cookie')?.split(';')[0] ?? '', csrf: csrfToken };
});
afterAll(async () => {
  await browser?.close();
  await running?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

async function asked<T>(method: 'GET' | 'PUT', at: string, body?: object): Promise<T> {
  const reply = await fetch(`${running.url}/api/v1${at}`, {
    method,
    headers: { cookie: session.cookie, 'x-csrf-token': session.csrf, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(reply.status, await reply.clone().text()).toBe(200);
  return (await reply.json()) as T;
}

interface Sent {
  readonly id: string;
  readonly services: readonly string[];
  readonly failed?: boolean;
  readonly tookMs?: number;
}
const traceOf = (services: readonly string[], more: Partial<Sent> = {}): Sent => ({
  id: randomBytes(16).toString('hex'),
  services,
  ...more,
});

/** One span for each service, each the caller of the next; the last one fails or is slow. */
async function send(traces: readonly Sent[]): Promise<void> {
  const startMs = clock.now() - 5000;
  const byService = new Map<string, object[]>();
  for (const { id, services, failed, tookMs = 20 } of traces) {
    const ids = services.map(() => randomBytes(8).toString('hex'));
    for (const [n, service] of services.entries()) {
      const last = n === services.length - 1;
      const spans = byService.get(service) ?? [];
      byService.set(service, spans);
      spans.push({
        traceId: id,
        spanId: ids[n],
        parentSpanId: n === 0 ? '' : ids[n - 1],
        name: `serve ${service}`,
        kind: 2,
        startTimeUnixNano: `${startMs}000000`,
        endTimeUnixNano: `${startMs + (last ? tookMs : 20)}000000`,
        status: last && failed ? { code: 2 } : {},
      });
    }
  }
  const resourceSpans = [...byService].map(([service, spans]) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [{ spans }],
  }));
  const reply = await fetch(`${running.url}/v1/traces`, {
    method: 'POST',
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans }),
  });
  expect(reply.status).toBe(200);
}

interface Found {
  readonly spans: readonly unknown[];
  readonly sampled: { readonly policy: string; readonly spans: number } | null;
}
interface Health {
  readonly rows: readonly object[];
  readonly sampled: readonly { readonly policy: string; readonly service: string; readonly spans: number }[];
}
const spansLeft = async ({ id }: Sent): Promise<number> => (await asked<Found>('GET', `/traces/${id}`)).spans.length;

interface Operation {
  readonly service: string;
  readonly calls: number;
  readonly errors: number;
}
/** Calls and errors by service, over everything that was sent. */
async function red(): Promise<Record<string, string>> {
  const scope = `from=${clock.now() - 60 * minuteMs}&to=${clock.now() + minuteMs}`;
  const { operations } = await asked<{ operations: Operation[] }>('GET', `/traces/operations?${scope}&limit=100`);
  return Object.fromEntries(
    operations.map(({ service, calls, errors }) => [service, `${calls} calls, ${errors} errors`]),
  );
}

const plain = Array.from({ length: 20 }, () => traceOf(['web', 'stock']));
const failed = traceOf(['web', 'stock'], { failed: true });
const slow = traceOf(['web', 'stock'], { tookMs: 2500 });
const paid = traceOf(['web', 'pay']);
const sent = [...plain, failed, slow, paid];
const exact = {
  web: '23 calls, 0 errors',
  stock: '22 calls, 1 errors',
  pay: '1 calls, 0 errors',
};

test('a policy is switched on, and every trace is there until it is decided', async () => {
  const policy = {
    name: 'Lean',
    slowMs: 1000,
    services: [{ service: 'pay', share: 1 }],
    share: 0,
    waitMs: 5 * minuteMs,
  };
  await asked('PUT', '/sampling', { ...policy, enabled: true });
  // What came before the next five minutes began is left alone.
  clock.moveOn(6 * minuteMs);
  await send(sent);
  expect(await eventually(red, (found) => JSON.stringify(found).includes('23 calls'), 30_000)).toMatchObject(exact);
  expect(await Promise.all(sent.map(spansLeft))).toEqual(sent.map(() => 2));
});

test('what failed, was slow or is of a service that is kept stays whole; the rest goes, and rates stay exact', async () => {
  // Until the minute of receipt is over, the edges are joined, the policy has waited, and its window is full.
  for (let minute = 0; minute < 14; minute++) {
    clock.moveOn(minuteMs);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const first = plain[0]!;
  expect(
    await eventually(
      () => spansLeft(first),
      (left) => left === 0,
      60_000,
    ),
  ).toBe(0);
  expect(await Promise.all(plain.map(spansLeft))).toEqual(plain.map(() => 0));
  expect(await Promise.all([failed, slow, paid].map(spansLeft))).toEqual([2, 2, 2]);
  expect(await red()).toMatchObject(exact);
  const { sampled } = await asked<Found>('GET', `/traces/${first.id}`);
  expect(sampled).toMatchObject({ policy: 'Lean', spans: 2 });
});

test('every span that was sent is in the ledger once, and those that went are counted beside it', async () => {
  const metrics = await (
    await fetch(`${running.url}/metrics`, { headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` } })
  ).text();
  expect(metrics).toContain('sightline_sampled_spans_total{rule="others",service="web"} 20');
  expect(metrics).toContain('sightline_sampled_spans_total{rule="others",service="stock"} 20');
  const { rows, sampled } = await eventually(
    () => asked<Health>('GET', `/data/health?from=${clock.now() - 60 * minuteMs}&to=${clock.now() + minuteMs}`),
    (found) => found.rows.length > 0 && found.sampled.length > 0,
    20_000,
  );
  const spans = 2 * sent.length;
  expect(rows).toMatchObject([{ signal: 'spans', received: spans, accepted: spans, dropped: 0, rejected: 0 }]);
  expect(sampled.map(({ policy, service, spans: went }) => `${policy} ${service} ${went}`)).toEqual([
    'Lean stock 20',
    'Lean web 20',
  ]);
});

test('the page of a trace that went says so', async () => {
  const { page, faults } = await openPage(browser, desk);
  page.setDefaultTimeout(20_000);
  const [name = '', ...value] = session.cookie.split('=');
  await page.context().addCookies([{ name, value: value.join('='), url: running.url }]);
  await page.goto(`${running.url}/traces/${plain[0]!.id}`);
  await page.getByText('This trace was sampled away').waitFor();
  await page.getByText(/2 spans were let go by the policy Lean/).waitFor();
  await page.goto(`${running.url}/traces/${failed.id}`);
  await page.getByText('serve stock').first().waitFor();
  expect(await page.getByText('sampled away').count()).toBe(0);
  await page.goto(`${running.url}/settings?tab=sampling`);
  await page.getByRole('link', { name: 'What was let go' }).click();
  await page.getByRole('region', { name: 'Sampled away' }).waitFor();
  // Who asks for it where there is nothing is told when there will be.
  await page.goto(`${running.url}/data?tab=health&sampled=1&from=1000000000000&to=1000000060000`);
  await page.getByText('Nothing was let go in this range').waitFor();
  expect(faults).toEqual([]);
});
