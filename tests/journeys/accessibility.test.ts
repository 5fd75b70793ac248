/**
 * Every page, dark and light, wide and on a phone, against WCAG 2.2 A and AA as axe judges them; what is serious or
 * critical fails. The pages hold real records: logs, a failed trace, metrics and an error of one sale; a channel, a policy, a
 * silence, monitors, an agent, and incidents of an alert and of a monitor that is down.
 */
import { randomBytes } from 'node:crypto';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';
import { type SiteAgent, startSiteAgent } from '../support/site-agent.ts';

const key = headless.SIGHTLINE_SETUP_KEY;
const traceId = randomBytes(16).toString('hex');
const spanId = randomBytes(8).toString('hex');
const otherTraceId = randomBytes(16).toString('hex');
const correlation = 'corr_a11y';
const startMs = Date.now() - 20_000;

let product: Product;
let browser: Browser;
let agent: SiteAgent | undefined;
let watched: Watched;

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  await sendSale();
  watched = await watchAndTell();
});
afterAll(async () => {
  await browser?.close();
  await agent?.close();
  await product?.close();
});

/** What can be opened of rules, monitors and channels, by id. */
interface Watched {
  readonly rule: string;
  readonly channel: string;
  readonly policy: string;
  readonly down: string;
  readonly heartbeat: string;
}

/** A channel that nobody answers, a silence, a monitor that is down, a heartbeat, an agent, and an alert from outside. */
async function watchAndTell(): Promise<Watched> {
  const owner = await signInOwner(product);
  const made = async (where: string, body: unknown): Promise<string> =>
    (await owner<{ id: string }>('POST', `/api/v1/${where}`, body)).id;
  const channel = await made('channels', {
    name: 'Tickets',
    type: 'webhook',
    settings: { url: 'http://127.0.0.1:1/tickets' },
  });
  const often = { everyMs: 10_000, timeoutMs: 1000, retries: 0 };
  const down = await made('monitors', {
    ...often,
    name: 'Card gateway',
    type: 'tcp',
    settings: { host: '127.0.0.1', port: 1 },
  });
  const heartbeat = await made('monitors', { name: 'Nightly count', type: 'heartbeat', settings: {}, everyMs: 60_000 });
  await made('silences', {
    matchers: [{ name: 'site', value: 'STORE_088', isRegex: false, isEqual: true }],
    endsAt: Date.now() + 3_600_000,
    comment: 'Rebuilding',
  });
  agent = await startSiteAgent(owner, { site: 'STORE_012', serverUrl: product.url });
  await owner('POST', '/api/v1/agents/enrolments', { site: 'STORE_013' });
  const alert = { labels: { alertname: 'QueueTooLong', site: 'STORE_012', severity: 'page' } };
  await send(
    '/alertmanager/api/v2/alerts',
    JSON.stringify([{ ...alert, annotations: { summary: '120 sales wait' } }]),
    {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
    },
  );
  const { incidents } = await eventually(
    () => owner<{ incidents: unknown[] }>('GET', '/api/v1/incidents'),
    (reply) => reply.incidents.length === 2,
    30_000,
  );
  expect(incidents).toHaveLength(2);
  const { rules } = await owner<{ rules: { id: string }[] }>('GET', '/api/v1/rules');
  const { policies } = await owner<{ policies: { id: string }[] }>('GET', '/api/v1/policies');
  return { rule: rules[0]?.id ?? '', policy: policies[0]?.id ?? '', channel, down, heartbeat };
}

const ns = (ms: number): string => `${ms}000000`;
const text = (name: string, value: string): object => ({ key: name, value: { stringValue: value } });
const resource = {
  attributes: [
    text('service.name', 'payment'),
    text('service.version', '2.4.1'),
    text('site.id', 'STORE_012'),
    text('device.id', 'TERM_01'),
    text('deployment.environment.name', 'production'),
  ],
};

async function send(path: string, body: string, headers: Record<string, string>): Promise<void> {
  const reply = await fetch(`${product.url}${path}`, { method: 'POST', headers, body });
  if (!reply.ok) throw new Error(`${path} answered ${reply.status}: ${await reply.text()}`);
}

const replayId = randomBytes(16).toString('hex');
const feedbackId = randomBytes(16).toString('hex');

/** A session recorded at the till, by Sentry's envelope: a page, two clicks, and the error of the sale. */
async function sendReplay(error: string): Promise<void> {
  const node = (id: number, tagName: string, childNodes: object[]): object => ({
    type: 2,
    id,
    tagName,
    attributes: {},
    childNodes,
  });
  const document = {
    type: 0,
    id: 1,
    childNodes: [
      node(2, 'html', [
        node(3, 'head', []),
        node(4, 'body', [node(5, 'h1', [{ type: 3, id: 6, textContent: '****' }])]),
      ]),
    ],
  };
  const crumb = (category: string, afterMs: number, data: object): object => ({
    type: 5,
    timestamp: startMs + afterMs,
    data: {
      tag: 'breadcrumb',
      payload: { timestamp: (startMs + afterMs) / 1000, category, message: 'button#pay', data },
    },
  });
  const events = [
    { type: 4, timestamp: startMs, data: { href: 'https://shop.example/pay', width: 800, height: 600 } },
    { type: 2, timestamp: startMs + 1, data: { node: document, initialOffset: { top: 0, left: 0 } } },
    crumb('ui.click', 300, {}),
    crumb('ui.slowClickDetected', 400, { endReason: 'timeout', timeAfterClickMs: 7000, clickCount: 1 }),
    { type: 3, timestamp: startMs + 9000, data: { source: 3, id: 1, x: 0, y: 0 } },
  ];
  const told = {
    replay_id: replayId,
    segment_id: 0,
    replay_type: 'session',
    timestamp: (startMs + 9000) / 1000,
    replay_start_timestamp: startMs / 1000,
    urls: ['https://shop.example/pay'],
    error_ids: [error],
    trace_ids: [traceId],
    tags: { 'site.id': 'STORE_012' },
    user: { id: 'cashier_1' },
  };
  const recording = `{"segment_id":0}\n${JSON.stringify(events)}`;
  await send(
    '/api/1/envelope/',
    [
      JSON.stringify({ event_id: replayId }),
      JSON.stringify({ type: 'replay_event' }),
      JSON.stringify(told),
      JSON.stringify({ type: 'replay_recording', length: Buffer.byteLength(recording) }),
      recording,
    ].join('\n'),
    {
      'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${key}`,
      'content-type': 'application/x-sentry-envelope',
    },
  );
}

/** One failed sale, by OTLP (JSON) and by Sentry's envelope. */
async function sendSale(): Promise<void> {
  const otlp = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const attributes = [text('correlation.id', correlation), text('order.id', 'ord_1')];
  const span = (id: string, parent: string, name: string, fromMs: number, toMs: number): object => ({
    traceId,
    spanId: id,
    parentSpanId: parent,
    name,
    kind: 2,
    startTimeUnixNano: ns(startMs + fromMs),
    endTimeUnixNano: ns(startMs + toMs),
    attributes,
    status: { code: 2, message: 'declined' },
  });
  // What the sale asked of others, and the same in a second trace: a query, a host, a queue and a model.
  const asked = [
    {
      name: 'SELECT cards',
      kind: 3,
      'db.system.name': 'postgresql',
      'db.query.text': 'SELECT * FROM cards WHERE id = 7',
    },
    { name: 'POST', kind: 3, 'server.address': 'api.suncard.example', 'http.request.method': 'POST' },
    { name: 'send receipts', kind: 4, 'messaging.system': 'kafka', 'messaging.destination.name': 'receipts' },
    {
      name: 'chat',
      kind: 3,
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.operation.name': 'chat',
    },
  ];
  const calls = [traceId, otherTraceId].flatMap((trace) =>
    asked.map(({ name, kind, ...told }, i) => ({
      ...span(randomBytes(8).toString('hex'), trace === traceId ? spanId : '', name, 100 + 50 * i, 140 + 60 * i),
      traceId: trace,
      kind,
      attributes: Object.entries(told).map(([key, value]) => text(key, value ?? '')),
      status: {},
    })),
  );
  const log = (severity: string, number: number, body: string, atMs: number): object => ({
    timeUnixNano: ns(startMs + atMs),
    severityText: severity,
    severityNumber: number,
    body: { stringValue: body },
    attributes,
    traceId,
    spanId,
  });
  const lines = Array.from({ length: 40 }, (_, i) => log('INFO', 9, `Authorizing step ${i}`, i));
  await send(
    '/v1/traces',
    JSON.stringify({
      resourceSpans: [
        {
          resource,
          scopeSpans: [
            {
              spans: [
                span(spanId, '', 'checkout', 0, 900),
                span(randomBytes(8).toString('hex'), spanId, 'authorize payment', 40, 880),
                ...calls,
              ],
            },
          ],
        },
      ],
    }),
    otlp,
  );
  await send(
    '/v1/logs',
    JSON.stringify({
      resourceLogs: [
        {
          resource,
          scopeLogs: [
            { logRecords: [...lines, log('WARN', 13, 'slow {"ms":840}', 60), log('ERROR', 17, 'Card declined', 880)] },
          ],
        },
      ],
    }),
    otlp,
  );
  const points = Array.from({ length: 10 }, (_, i) => ({
    timeUnixNano: ns(startMs + i * 1000),
    asDouble: 0.2 + i / 50,
  }));
  await send(
    '/v1/metrics',
    JSON.stringify({
      resourceMetrics: [
        {
          resource,
          scopeMetrics: [{ metrics: [{ name: 'system.cpu.utilization', unit: '1', gauge: { dataPoints: points } }] }],
        },
      ],
    }),
    otlp,
  );
  const eventId = randomBytes(16).toString('hex');
  const frame = {
    filename: 'payment.ts',
    function: 'charge',
    lineno: 12,
    in_app: true,
    context_line: 'throw declined;',
  };
  const event = {
    event_id: eventId,
    timestamp: (startMs + 880) / 1000,
    platform: 'node',
    level: 'error',
    release: '2.4.1',
    environment: 'production',
    tags: { 'site.id': 'STORE_012', 'service.name': 'payment' },
    user: { id: 'cashier_1' },
    contexts: { trace: { trace_id: traceId, span_id: spanId } },
    breadcrumbs: [{ timestamp: startMs / 1000, category: 'ui', message: 'Pay pressed', level: 'info' }],
    exception: { values: [{ type: 'PaymentError', value: 'Card declined', stacktrace: { frames: [frame] } }] },
  };
  await send(
    '/api/1/envelope/',
    [{ event_id: eventId }, { type: 'event' }, event].map((part) => JSON.stringify(part)).join('\n'),
    {
      'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${key}`,
      'content-type': 'application/x-sentry-envelope',
    },
  );
  await sendReplay(eventId);
  const written = { message: 'The terminal froze', name: 'Ana', associated_event_id: eventId };
  await send(
    '/api/1/envelope/',
    [{ event_id: feedbackId }, { type: 'feedback' }, { event_id: feedbackId, contexts: { feedback: written } }]
      .map((part) => JSON.stringify(part))
      .join('\n'),
    { 'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${key}` },
  );
}

async function signIn(page: Page): Promise<void> {
  await page.goto(`${product.url}/sign-in`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/');
}

/** Where an open page leads: the issue and the log line that were just sent. */
async function newest(page: Page): Promise<{ issue: string; row: string }> {
  const range = `from=${startMs - 3_600_000}&to=${startMs + 3_600_000}`;
  const ask = async (path: string): Promise<string> =>
    page.evaluate(async (address) => (await fetch(address)).text(), `${product.url}${path}?${range}`);
  const issues = await eventually(
    () => ask('/api/v1/issues'),
    (reply) => reply.includes('PaymentError'),
    20_000,
  );
  await eventually(
    () => ask('/api/v1/replays'),
    (reply) => reply.includes(replayId),
    20_000,
  );
  const rows = await eventually(
    () => ask('/api/v1/logs'),
    (reply) => reply.includes('Card declined'),
    20_000,
  );
  return {
    issue: /"issue":"([0-9a-f]{16})"/.exec(issues)?.[1] ?? '',
    row: encodeURIComponent(/"id":"([^"]+)"/.exec(rows)?.[1] ?? ''),
  };
}

interface Visit {
  readonly path: string;
  /** What is pressed before axe looks. */
  readonly press?: string;
  /** The button whose menu is open when axe looks. */
  readonly menu?: string | RegExp;
}

function visits({ issue, row }: { issue: string; row: string }): Visit[] {
  return [
    { path: '/' },
    { path: '/?view=map' },
    { path: '/?view=table' },
    { path: '/sites/STORE_012' },
    { path: '/sites/STORE_012?edit=1' },
    { path: '/logs' },
    { path: `/logs?row=${row}` },
    { path: `/logs/around/${row}` },
    { path: '/logs?columns=device,order.id&compare=week' },
    { path: '/logs?tail=1' },
    { path: '/logs?view=patterns' },
    { path: '/logs?q=severity%3A' },
    { path: '/logs?mode=logql' },
    { path: `/logs?mode=logql&q=${encodeURIComponent('sum by (service) (count_over_time({site=~".+"}[5m]))')}` },
    { path: '/traces?view=traceql' },
    { path: `/traces?view=traceql&q=${encodeURIComponent('{ status = error }')}` },
    { path: '/traces?view=profiles' },
    { path: '/traces' },
    { path: '/traces?view=services' },
    { path: '/traces?view=operations' },
    { path: `/traces?view=operations&operation=${encodeURIComponent('payment checkout')}` },
    { path: '/traces?view=map' },
    { path: `/traces?view=map&node=${encodeURIComponent('service:payment')}` },
    { path: '/traces?view=database' },
    { path: `/traces?view=database&call=${encodeURIComponent('postgresql SELECT * FROM cards WHERE id = ?')}` },
    { path: '/traces?view=external' },
    { path: '/traces?view=queues' },
    { path: '/traces?view=ai' },
    { path: '/traces?view=latency' },
    { path: `/traces?view=latency&brush=${startMs - 600_000},${startMs + 600_000},1,10000` },
    { path: `/traces/${traceId}` },
    { path: `/traces/${traceId}?as=flame` },
    { path: `/traces/compare?left=${traceId}&right=${otherTraceId}` },
    { path: '/traces/compare' },
    { path: `/traces/${traceId}?span=${spanId}` },
    { path: '/story' },
    { path: `/story/${correlation}` },
    { path: '/errors' },
    { path: '/error-rules' },
    { path: `/errors/${issue}` },
    { path: '/replays' },
    { path: '/replays?user=nobody' },
    { path: `/replays/${replayId}` },
    { path: `/replays/${replayId}?t=${startMs + 500}&show=clicks` },
    { path: '/releases' },
    { path: '/feedback' },
    { path: `/feedback?feedback=${feedbackId}` },
    { path: '/feedback?status=spam' },
    { path: '/rules/new?source=feedback' },
    { path: '/releases/none%401' },
    { path: '/metrics' },
    { path: '/metrics?metric=system.cpu.utilization' },
    { path: '/incidents' },
    { path: '/incidents?status=resolved' },
    { path: '/incidents/1' },
    { path: '/incidents/2' },
    { path: '/incidents/2', press: 'r' },
    { path: '/incidents/999' },
    { path: '/sites/STORE_012?tab=actions' },
    { path: '/sites/STORE_012?tab=history' },
    { path: '/rules' },
    { path: '/rules?tab=files' },
    { path: '/rules/new' },
    { path: `/rules/${watched.rule}` },
    { path: `/rules/${watched.rule}/edit` },
    { path: '/rules/none' },
    { path: '/alerting' },
    { path: `/alerting?policy=${watched.policy}` },
    { path: '/alerting?tab=channels' },
    { path: `/alerting?tab=channels&channel=${watched.channel}` },
    { path: '/alerting?tab=silences' },
    { path: '/alerting?tab=silences&silence=new' },
    { path: '/alerting?tab=deliveries' },
    { path: '/monitors' },
    { path: `/monitors?monitor=${watched.down}` },
    { path: `/monitors?monitor=${watched.heartbeat}` },
    { path: '/monitors?edit=new' },
    { path: `/monitors?edit=${watched.down}` },
    { path: '/settings?tab=agents' },
    { path: '/settings?tab=sampling' },
    { path: '/settings?tab=token-prices&model=store-helper' },
    { path: '/retention' },
    { path: '/retention?tab=holds' },
    { path: '/retention?tab=evidence' },
    { path: '/settings?tab=personal-data' },
    { path: '/settings?tab=pipelines' },
    { path: '/settings?tab=pipelines&pipeline=new' },
    { path: '/dashboards' },
    { path: '/dashboards?drawer=import' },
    { path: '/dashboards/ready-operations?range=1h' },
    { path: '/dashboards/ready-operations?range=1h&panel=p5' },
    { path: '/dashboards/ready-executive?range=1h' },
    { path: '/dashboards/ready-security?range=1h' },
    { path: '/dashboards/ready-infrastructure?range=1h&drawer=versions' },
    { path: '/dashboards/ready-store?range=1h&edit=1' },
    { path: '/dashboards/ready-store?range=1h&edit=1&panel=p1' },
    { path: '/dashboards/ready-store?range=1h&edit=1&drawer=settings' },
    { path: '/metrics?mode=promql' },
    { path: '/metrics?mode=cardinality' },
    { path: '/metrics?mode=promql&expr=sum(system_cpu_utilization_ratio' },
    { path: '/data' },
    { path: '/data?tab=health' },
    { path: '/data?tab=scraping' },
    { path: '/data?tab=quarantine' },
    { path: '/settings' },
    { path: '/settings?tab=keys' },
    { path: '/settings?tab=audit' },
    { path: '/settings?tab=mine' },
    { path: '/logs', menu: 'Saved' },
    { path: '/errors', menu: /^Views/ },
    { path: `/errors/${issue}`, menu: 'Resolve with' },
    { path: `/errors/${issue}`, menu: 'Archive' },
    { path: '/dashboards/ready-operations?range=1h', menu: 'More of this dashboard' },
    { path: '/nowhere' },
    { path: '/', press: 'Control+k' },
    { path: '/', press: '?' },
  ];
}

/** What differs between dark and light is colour alone: light is judged by the rules of colour. */
type Rules = 'all' | 'colour';

/** Violations that fail, each with where it is. */
async function violations(page: Page, rules: Rules): Promise<string[]> {
  const found = await page.evaluate(async (only) => {
    const { axe: engine } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations: all } = await engine.run({
      runOnly:
        only === 'colour'
          ? { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }
          : { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
      resultTypes: ['violations'],
    });
    return all.map(({ id, impact, nodes }) => ({
      id,
      impact: impact ?? '',
      where: nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary ?? ''}`),
    }));
  }, rules);
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, where }) => `${id}: ${where.join(' | ')}`);
}

/** As much of a browser's tab as is used inside of it. */
interface Tab {
  readonly history: { pushState(state: null, unused: string, address: string): void };
}

/** Goes there as a link would; with a fresh start where something was pressed, as what it opened may stay open. */
async function visitPage(page: Page, { path, press, menu }: Visit): Promise<void> {
  if (press || menu || !page.url().startsWith(product.url) || new URL(page.url()).pathname === '/sign-in') {
    await page.goto(`${product.url}${path}`);
  } else {
    await page.evaluate((address) => (globalThis as unknown as Tab).history.pushState(null, '', address), path);
    await page.waitForTimeout(settleMs);
  }
  await page.locator('h1, h2, [role=tablist], .query-line, .log-list').first().waitFor({ timeout: 30_000 });
  if (press) await page.keyboard.press(press);
  if (menu) {
    await page.getByRole('button', { name: menu }).first().click();
    await page.getByRole('menuitem').first().waitFor();
  }
}

/** A page whose code is still on its way is drawn as loading after this long at the latest. */
const settleMs = 200;

async function look(page: Page, visit: Visit, rules: Rules = 'all'): Promise<string[]> {
  await visitPage(page, visit);
  await eventually(
    () => page.locator('[aria-busy=true], .skeleton').count(),
    (count) => count === 0,
    4000,
  );
  // Evaluated, not added as a script: the page's content policy refuses strangers.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  // The content scrolls, never the window: else the bars leave their places.
  const beyond = await page.evaluate<number>(
    'document.querySelector("main.content") ? document.documentElement.scrollHeight - innerHeight : 0',
  );
  const scrolls = beyond > 0 ? [`the window scrolls by ${beyond} px`] : [];
  return [...(await violations(page, rules)), ...scrolls].map((one) => `${visit.path} ${visit.press ?? ''} ${one}`);
}

test('sign-in and the pages before the shell', async () => {
  const found: string[] = [];
  for (const scheme of ['dark', 'light'] as const) {
    const { page } = await openPage(browser, phone, scheme);
    for (const path of ['/sign-in', '/setup', '/invitation?token=x']) found.push(...(await look(page, { path })));
    await page.context().close();
  }
  expect(found).toEqual([]);
});

test.each([
  ['wide, dark', desk, 'dark'],
  ['wide, light', desk, 'light'],
  ['phone, dark', phone, 'dark'],
  ['phone, light', phone, 'light'],
] as const)('every page, %s', async (_, viewport, scheme) => {
  const { page, faults } = await openPage(browser, viewport, scheme);
  await signIn(page);
  const found: string[] = [];
  for (const visit of visits(await newest(page)))
    found.push(...(await look(page, visit, scheme === 'dark' ? 'all' : 'colour')));
  await page.context().close();
  expect(found).toEqual([]);
  expect(faults).toEqual([]);
});
