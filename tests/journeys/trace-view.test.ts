/**
 * The page of one trace as people read it: where time is not traced, what was said within, spans found by a word, a stretch of time looked at closely, and a
 * trace of ten thousand spans.
 */
import { randomBytes } from 'node:crypto';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

const startMs = Date.now() - 120_000;
const [sale, large] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
const ids = Object.fromEntries(
  ['root', 'pay', 'stock', 'late', 'lost'].map((name) => [name, randomBytes(8).toString('hex')]),
) as Record<'root' | 'pay' | 'stock' | 'late' | 'lost', string>;

let product: Product;
let browser: Browser;

const ns = (ms: number): string => `${Math.round((startMs + ms) * 1000)}000`;
const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const span = (
  traceId: string,
  id: string,
  parent: string,
  name: string,
  from: number,
  to: number,
  more = {},
): object => ({
  traceId,
  spanId: id,
  ...(parent === '' ? {} : { parentSpanId: parent }),
  name,
  kind: 2,
  startTimeUnixNano: ns(from),
  endTimeUnixNano: ns(to),
  ...more,
});

async function send(service: string, spans: readonly object[]): Promise<void> {
  const reply = await fetch(`${product.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
    body: JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: [text('service.name', service), text('site.id', 'STORE_047')] },
          scopeSpans: [{ spans }],
        },
      ],
    }),
  });
  expect(reply.status).toBe(200);
}

/** A request of the payment service, measured by its SDK, with the span as its exemplar. */
async function sendMeasurement(): Promise<void> {
  const point = {
    startTimeUnixNano: ns(0),
    timeUnixNano: ns(2000),
    count: '1',
    sum: 0.4,
    bucketCounts: ['0', '1'],
    explicitBounds: [0.1],
    exemplars: [{ timeUnixNano: ns(900), asDouble: 0.4, traceId: sale, spanId: ids.pay }],
  };
  const metric = {
    name: 'http.server.request.duration',
    unit: 's',
    histogram: { aggregationTemporality: 2, dataPoints: [point] },
  };
  const reply = await fetch(`${product.url}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
    body: JSON.stringify({
      resourceMetrics: [
        {
          resource: { attributes: [text('service.name', 'payment'), text('site.id', 'STORE_047')] },
          scopeMetrics: [{ metrics: [metric] }],
        },
      ],
    }),
  });
  expect(reply.status).toBe(200);
}

async function open(
  path: string,
  size = desk,
  scheme: 'dark' | 'light' = 'dark',
): Promise<{ page: Page; faults: string[] }> {
  const opened = await openPage(browser, size, scheme);
  await opened.page.goto(`${product.url}/sign-in`);
  await opened.page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await opened.page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await opened.page.getByRole('button', { name: 'Sign in' }).click();
  await opened.page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
  await opened.page.goto(`${product.url}${path}`);
  return opened;
}

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  await send('orders', [
    span(sale, ids.root, '', 'POST /orders', 0, 1000),
    span(sale, ids.stock, ids.root, 'SELECT stock', 50, 150, {
      kind: 3,
      attributes: [text('db.system', 'postgresql'), text('db.statement', 'SELECT qty FROM stock WHERE sku = 4711')],
    }),
  ]);
  await send('payment', [
    span(sale, ids.pay, ids.root, 'authorise card', 500, 900, {
      status: { code: 2, message: 'declined' },
      events: [
        { timeUnixNano: ns(560), name: 'retry', attributes: [text('attempt', '2')] },
        {
          timeUnixNano: ns(880),
          name: 'exception',
          attributes: [text('exception.type', 'CardDeclined'), text('exception.message', 'no funds')],
        },
      ],
    }),
  ]);
  await send('mailer', [span(sale, ids.late, ids.lost, 'send receipt', 1300, 1400)]);
  const many = Array.from({ length: 9999 }, (_, i) =>
    span(large, randomBytes(8).toString('hex'), ids.root, `step ${i}`, i / 10, i / 10 + 2, {
      attributes: [text('order.id', `o-${i}`)],
    }),
  );
  for (let at = 0; at < many.length; at += 2500) await send('batch', many.slice(at, at + 2500));
  await send('batch', [span(large, ids.root, '', 'nightly', 0, 1002)]);
  await sendMeasurement();
  const owner = await signInOwner(product);
  const counted = async (id: string): Promise<number> =>
    owner<{ spans: unknown[] }>('GET', `/api/v1/traces/${id}`).then(
      ({ spans }) => spans.length,
      () => 0,
    );
  for (const [id, count] of [
    [sale, 4],
    [large, 10_000],
  ] as const)
    expect(
      await eventually(
        () => counted(id),
        (found) => found === count,
        60_000,
      ),
    ).toBe(count);
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

const row = (page: Page, name: string) => page.getByRole('treeitem').filter({ hasText: name });

test('untraced time, events and a missing parent are drawn and told', async () => {
  const { page, faults } = await open(`/traces/${sale}`);
  const root = row(page, 'POST /orders');
  await root.waitFor();
  // 0–50, 150–500 and 900–1000 ms.
  expect(await root.locator('.span-untraced').count()).toBe(3);
  expect(await root.locator('.span-untraced').nth(1).getAttribute('title')).toContain('350 ms');
  const events = row(page, 'authorise card').locator('.span-event');
  expect(await events.count()).toBe(2);
  expect(await events.nth(0).getAttribute('title')).toBe('retry');
  expect(await events.nth(1).getAttribute('title')).toBe('exception CardDeclined: no funds');
  await page.getByText('300 ms untraced between spans').waitFor();
  await row(page, 'send receipt').getByText('no parent').waitFor();
  await page.getByRole('button', { name: '1 span names a parent that is not here' }).click();
  expect(await row(page, 'send receipt').getAttribute('data-found')).toBe('marked');
  await root.click();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('heading', { name: 'Untraced' }).waitFor();
  await drawer.getByText('350 ms, 35 % of the span, from +150 ms').waitFor();
  expect(faults).toEqual([]);
  await page.context().close();
});

test('spans are found by a word, folded ones too', async () => {
  const { page, faults } = await open(`/traces/${sale}`);
  await row(page, 'POST /orders').waitFor();
  await page.getByRole('button', { name: 'Collapse', exact: true }).first().click();
  await page.keyboard.press('/');
  await page.getByRole('textbox', { name: 'Find in the trace' }).fill('sku = 4711');
  await page.getByText('1 of 1').waitFor();
  expect(await row(page, 'SELECT stock').getAttribute('data-found')).toBe('marked');
  await page.getByRole('textbox', { name: 'Find in the trace' }).fill('STORE_047');
  await page.getByText('1 of 4').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('2 of 4').waitFor();
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.press('Shift+Enter');
  await page.getByText('4 of 4').waitFor();
  expect(new URL(page.url()).searchParams.get('find')).toBe('STORE_047');
  await page.getByRole('textbox', { name: 'Find in the trace' }).fill('nowhere');
  await page.getByText('in none of 4 spans').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('textbox', { name: 'Find in the trace' }).waitFor({ state: 'detached' });
  expect(faults).toEqual([]);
  await page.context().close();
});

test.each([
  ['dark', desk],
  ['light', phone],
] as const)('a stretch of time is looked at closely and left again, %s', async (scheme, size) => {
  const { page, faults } = await open(`/traces/${sale}`, size, scheme);
  await row(page, 'POST /orders').waitFor();
  const overview = page.getByRole('slider', { name: 'Part of the trace that is shown' });
  const box = await overview.boundingBox();
  if (!box) throw new Error('no overview');
  // 40 % to 70 % of 1.4 s: the card, not the query.
  await page.mouse.move(box.x + box.width * 0.4, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await row(page, 'SELECT stock').waitFor({ state: 'detached' });
  await row(page, 'authorise card').waitFor();
  expect(new URL(page.url()).searchParams.get('part')).toMatch(/^5\d{8}-9\d{8}$/);
  await page.getByRole('button', { name: 'Whole trace' }).click();
  await row(page, 'SELECT stock').waitFor();
  await overview.focus();
  await page.keyboard.press('+');
  expect(await overview.getAttribute('aria-valuetext')).toBe('350 ms to 1.05 s');
  await page.keyboard.press('0');
  expect(await overview.getAttribute('aria-valuetext')).toContain('all of');
  expect(faults).toEqual([]);
  await page.context().close();
});

test('ten thousand spans stay quick', async () => {
  const { page, faults } = await open(`/traces/${large}`);
  await row(page, 'nightly').waitFor();
  expect(await page.getByRole('treeitem').count()).toBeLessThan(100);
  await page.keyboard.press('/');
  await page.getByRole('textbox', { name: 'Find in the trace' }).fill('order.id=o-9876');
  await page.getByText('1 of 1', { exact: true }).waitFor();
  await row(page, 'step 9876').waitFor();
  const overview = page.getByRole('slider', { name: 'Part of the trace that is shown' });
  await overview.focus();
  const began = performance.now();
  for (const key of ['+', 'ArrowLeft', '+', 'ArrowRight', '0']) await page.keyboard.press(key);
  await row(page, 'step 9876').waitFor();
  const tookMs = performance.now() - began;
  // Five times all rows laid out and drawn again, on a machine that does other things.
  expect(tookMs).toBeLessThan(4000);
  expect(faults).toEqual([]);
  await page.context().close();
});

test.each([
  ['dark', desk],
  ['light', phone],
] as const)('the map and a slow query lead to calls, callers and their traces, %s', async (scheme, size) => {
  const { page, faults } = await open('/traces?view=map&site=STORE_047', size, scheme);
  await page.getByRole('button', { name: 'Examples of orders to payment' }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('link', { name: /authorise card/ }).waitFor();
  expect(new URL(page.url()).searchParams.get('edge')).toBe('service:orders service:payment request');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Examples of orders to postgresql' }).click();
  await drawer.getByRole('link', { name: /SELECT stock/ }).waitFor();
  await page.goto(`${product.url}/traces?view=database`);
  await page.getByRole('button', { name: 'SELECT qty FROM stock WHERE sku = ?' }).click();
  await drawer.getByRole('link', { name: 'orders POST /orders' }).waitFor();
  const traces = await drawer.getByRole('link', { name: 'Traces with this statement' }).getAttribute('href');
  await drawer.getByRole('link', { name: 'orders POST /orders' }).click();
  await page.getByRole('dialog', { name: 'Operation POST /orders of orders' }).waitFor();
  await page.goto(`${product.url}${traces}`);
  await page.getByRole('link', { name: /POST \/orders/ }).waitFor();
  expect(faults).toEqual([]);
  await page.context().close();
});

test.each([
  ['dark', desk],
  ['light', phone],
] as const)('a span leads to what measured it; everybody can read it, %s', async (scheme, size) => {
  const { page, faults } = await open(`/traces/${sale}?part=400000000-1400000000&find=card`, size, scheme);
  await row(page, 'authorise card').click();
  const measured = page.getByRole('dialog').getByRole('link', { name: 'http_server_request_duration_seconds' });
  await measured.waitFor();
  await page.evaluate(axe.source);
  const serious = await page.evaluate(async () => {
    const { axe: engine } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations } = await engine.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id} ${nodes[0]?.target.join(' ') ?? ''}`);
  });
  expect(serious).toEqual([]);
  await measured.click();
  await page.getByRole('heading', { name: 'http_server_request_duration_seconds' }).waitFor();
  expect(faults).toEqual([]);
  await page.context().close();
});

test('TraceQL is completed from what was received, and finds the trace', async () => {
  const { page, faults } = await open('/traces?view=traceql&range=1h');
  const editor = page.getByRole('textbox', { name: 'TraceQL' });
  const offer = (name: string) => page.getByRole('option', { name, exact: true });
  /** As a person does: what opened under the hand a moment ago is not taken by the next key. */
  const take = async () => {
    await page.waitForTimeout(200);
    await page.keyboard.press('Enter');
  };
  await editor.click();
  await page.keyboard.type('{ resource.service.n');
  await offer('resource.service.name').waitFor({ timeout: 20_000 });
  await take();
  await page.keyboard.type(' = "pay');
  await offer('payment').waitFor({ timeout: 20_000 });
  await take();
  await expect.poll(async () => editor.innerText()).toBe('{ resource.service.name = "payment"}');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: /POST \/orders/ }).waitFor({ timeout: 20_000 });
  expect(new URL(page.url()).searchParams.get('q')).toBe('{ resource.service.name = "payment"}');
  // What is wrong is said, and leads back to the field, which `/` reaches.
  await page.goto(`${product.url}/traces?view=traceql&q=${encodeURIComponent('{ status = }')}`);
  await page.getByRole('alert').filter({ hasText: 'expected a value' }).waitFor({ timeout: 20_000 });
  await page.keyboard.press('/');
  await expect.poll(async () => page.locator('.cm-focused').getByRole('textbox', { name: 'TraceQL' }).count()).toBe(1);
  expect(faults).toEqual([]);
  await page.context().close();
});

/** A checkout of 800 ms, sampled a hundred times a second, as Sentry's SDK for Node sends it. */
async function sendProfile(): Promise<void> {
  const [trace, transaction, profile] = [randomBytes(16), randomBytes(16), randomBytes(16)].map((id) =>
    id.toString('hex'),
  );
  const own = ['main', 'handleCheckout', 'priceCart', 'applyDiscounts', 'saveOrder'];
  const frames = [...own, 'query'].map((name, n) => ({
    function: name,
    filename: name === 'query' ? 'node_modules/pg/lib/client.js' : `app/src/${name}.ts`,
    lineno: 10 + n,
    in_app: name !== 'query',
  }));
  // The innermost call first: 100 ms in priceCart itself, 300 ms in applyDiscounts, 400 ms in the query.
  const stacks = [
    [2, 1, 0],
    [3, 2, 1, 0],
    [5, 4, 1, 0],
  ];
  const order = [0, 1, 2].flatMap((stack) => Array.from({ length: [10, 30, 40][stack] ?? 0 }, () => stack));
  const samples = order.map((stack, n) => ({
    stack_id: stack,
    thread_id: '1',
    elapsed_since_start_ns: `${n * 10_000_000}`,
  }));
  const common = { platform: 'node', release: 'till@1.1.0', environment: 'production' };
  const items = [
    [
      { type: 'transaction' },
      {
        ...common,
        type: 'transaction',
        event_id: transaction,
        transaction: 'POST /checkout',
        start_timestamp: startMs / 1000,
        timestamp: startMs / 1000 + 0.8,
        tags: { 'site.id': 'STORE_047', 'service.name': 'till' },
        contexts: {
          trace: { trace_id: trace, span_id: randomBytes(8).toString('hex'), op: 'http.server', status: 'ok' },
          profile: { profile_id: profile },
        },
        spans: [],
      },
    ],
    [
      { type: 'profile' },
      {
        ...common,
        version: '1',
        event_id: profile,
        timestamp: new Date(startMs).toISOString(),
        transaction: { id: transaction, name: 'POST /checkout', trace_id: trace, active_thread_id: '1' },
        profile: { frames, stacks, samples, thread_metadata: { 1: { name: 'main' } } },
      },
    ],
  ];
  const body = [JSON.stringify({ event_id: transaction }), ...items.flat().map((part) => JSON.stringify(part))].join(
    '\n',
  );
  const reply = await fetch(`${product.url}/api/1/envelope/?sentry_key=${headless.SIGHTLINE_SETUP_KEY}`, {
    method: 'POST',
    body,
  });
  expect(reply.status, await reply.text()).toBe(200);
}

test('a profile says in which functions the time went, and the link to a part of it shows the same', async () => {
  await sendProfile();
  const { page, faults } = await open('/traces?view=profiles&range=1h');
  const listed = page.getByRole('link', { name: /POST \/checkout/ });
  await eventually(
    async () => {
      // Before the first profile the page tells how to send one, and has nothing to press.
      await page.reload();
      await listed
        .first()
        .waitFor({ timeout: 3000 })
        .catch(() => undefined);
      return listed.count();
    },
    (count) => count > 0,
    30_000,
    1000,
  );
  await listed.first().click();
  const call = (name: string) => page.getByRole('treeitem', { name: new RegExp(`^${name}\\b`) });
  await call('applyDiscounts').waitFor({ timeout: 20_000 });

  // The table has the functions by their own time.
  const table = page.getByRole('region', { name: 'Functions by own time' });
  expect(await table.getByRole('button').allInnerTexts()).toEqual([
    'query',
    'applyDiscounts',
    'priceCart',
    'main',
    'handleCheckout',
    'saveOrder',
  ]);
  await table.getByRole('button', { name: 'applyDiscounts' }).click();
  await page.getByText(/^1 function, 3[78] % of the time$/).waitFor();

  // What a library did belongs to whoever called it.
  await page.getByLabel('In-app only').check();
  await expect.poll(async () => call('query').count()).toBe(0);
  await call('saveOrder').click();
  await page.getByText(/400 ms \(50 %\), itself 400 ms/).waitFor();
  await page.keyboard.press('z');
  await expect.poll(async () => call('handleCheckout').count()).toBe(0);

  // Somebody else opens the link on a phone.
  const small = await open(`/${page.url().split('/').slice(3).join('/')}`, phone, 'light');
  await small.page.getByRole('treeitem', { name: /^saveOrder\b/ }).waitFor({ timeout: 20_000 });
  expect(await small.page.getByRole('treeitem', { name: /^handleCheckout\b/ }).count()).toBe(0);
  expect(await small.page.getByLabel('In-app only').isChecked()).toBe(true);
  expect(await small.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(phone.width);
  expect([...faults, ...small.faults]).toEqual([]);
  await small.page.context().close();
  await page.context().close();
});
