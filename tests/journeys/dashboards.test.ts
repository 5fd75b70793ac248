/**
 * The walk of somebody who wants to see a number every day: a dashboard is built, saved, shared by link, changed and put back;
 * one of Grafana's comes in, and what it left behind is said. Then a panel is red, and leads to what is to blame.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  await Promise.all([sendQueues(), sendQueries()]);
  ({ page, faults } = await openPage(browser, desk));
  await signIn(page);
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

async function signIn(of: Page): Promise<void> {
  await of.goto(`${product.url}/sign-in`);
  await of.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await of.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await of.keyboard.press('Enter');
  await of.waitForURL((url) => url.pathname === '/');
}

/** The queue of three tills over the last half hour, by OTLP. */
async function sendQueues(): Promise<void> {
  const now = Date.now();
  const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
  const sites = ['STORE_001', 'STORE_002', 'STORE_003'].map((site, index) => ({
    resource: { attributes: [text('service.name', 'till'), text('site.id', site)] },
    scopeMetrics: [
      {
        metrics: [
          {
            name: 'till.queue.depth',
            unit: '{customer}',
            gauge: {
              dataPoints: Array.from({ length: 120 }, (_, i) => ({
                timeUnixNano: `${now - (120 - i) * 15_000}000000`,
                asDouble: 3 + index + Math.round(2 * Math.sin(i / 9 + index)),
              })),
            },
          },
        ],
      },
    ],
  }));
  const reply = await fetch(`${product.url}/v1/metrics`, {
    method: 'POST',
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ resourceMetrics: sites }),
  });
  expect(reply.status).toBe(200);
}

const slowStatement = 'SELECT quantity FROM inventory WHERE sku = $1 FOR UPDATE';

/**
 * What three stores asked their databases during the last ten minutes: in one of them an inventory query takes seconds. The
 * metric by OTLP with times of its own, the spans by OpenTelemetry's stock SDK.
 */
async function sendQueries(): Promise<void> {
  const now = Date.now();
  const sites = ['STORE_001', 'STORE_002', 'STORE_003'];
  const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
  const bounds = [0.01, 0.1, 1, 5];
  const attributes = [text('db.system.name', 'postgresql'), text('db.operation.name', 'SELECT')];
  const measured = sites.map((site) => ({
    resource: { attributes: [text('service.name', 'inventory'), text('site.id', site)] },
    scopeMetrics: [
      {
        metrics: [
          {
            name: 'db.client.operation.duration',
            unit: 's',
            histogram: {
              aggregationTemporality: 2,
              dataPoints: Array.from({ length: 40 }, (_, i) => {
                const [quick, slow] = site === 'STORE_003' ? [0, 10 * i] : [10 * i, 0];
                return {
                  attributes,
                  startTimeUnixNano: `${now - 700_000}000000`,
                  timeUnixNano: `${now - (40 - i) * 15_000}000000`,
                  count: quick + slow,
                  sum: quick * 0.005 + slow * 2.4,
                  explicitBounds: bounds,
                  bucketCounts: [quick, 0, 0, slow, 0],
                };
              }),
            },
          },
        ],
      },
    ],
  }));
  const headers = { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` };
  const reply = await fetch(`${product.url}/v1/metrics`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ resourceMetrics: measured }),
  });
  expect(reply.status).toBe(200);

  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ url: `${product.url}/v1/traces`, headers }),
  });
  for (const site of sites) {
    const tracer = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'inventory', 'site.id': site }),
      spanProcessors: [processor],
    }).getTracer('pg');
    for (let sale = 1; sale <= 20; sale++) {
      const startTime = now - sale * 20_000;
      const tookMs = site === 'STORE_003' ? 2400 + sale : 4;
      const root = tracer.startSpan('reserve stock', { kind: SpanKind.SERVER, startTime }, ROOT_CONTEXT);
      const within = trace.setSpan(ROOT_CONTEXT, root);
      const ask = (name: string, statement: string, atMs: number, lastsMs: number): void =>
        tracer
          .startSpan(
            name,
            {
              kind: SpanKind.CLIENT,
              startTime: startTime + atMs,
              attributes: {
                'db.system.name': 'postgresql',
                'db.namespace': 'store',
                'db.query.text': statement,
              },
            },
            within,
          )
          .end(startTime + atMs + lastsMs);
      ask('SELECT prices', 'SELECT price FROM prices WHERE sku = $1', 1, 3);
      ask('SELECT inventory', slowStatement, 5, tookMs);
      root.end(startTime + tookMs + 8);
    }
  }
  await processor.shutdown();
}

async function picture(name: string, of: Page = page): Promise<void> {
  const folder = process.env['SIGHTLINE_SCREENSHOTS'];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await of.screenshot({ path: path.join(folder, `${name}.png`) });
}

const legend = (of: Page, name: string) => of.locator('.legend-item', { hasText: name }).first();

/** As Grafana exports one: a row, a graph and a stat of ours, and a panel that has no counterpart. */
const grafanaDashboard = {
  title: 'Tills (Grafana)',
  schemaVersion: 39,
  templating: {
    list: [
      { type: 'query', name: 'site', query: 'label_values(till_queue_depth, site)', includeAll: true, multi: true },
    ],
  },
  panels: [
    { id: 1, type: 'row', title: 'Queues', collapsed: false, gridPos: { x: 0, y: 0, w: 24, h: 1 } },
    {
      id: 2,
      type: 'timeseries',
      title: 'Waiting customers',
      gridPos: { x: 0, y: 1, w: 16, h: 8 },
      targets: [{ refId: 'A', expr: 'till_queue_depth{site=~"$site"}', legendFormat: '{{site}}' }],
    },
    {
      id: 3,
      type: 'stat',
      title: 'Longest queue',
      gridPos: { x: 16, y: 1, w: 8, h: 8 },
      targets: [{ refId: 'A', expr: 'max(till_queue_depth)' }],
    },
    { id: 4, type: 'nodeGraph', title: 'Calls', gridPos: { x: 0, y: 17, w: 24, h: 4 }, targets: [] },
    {
      id: 5,
      type: 'table',
      title: 'Queues by store',
      gridPos: { x: 0, y: 9, w: 24, h: 8 },
      targets: [{ refId: 'A', expr: 'sum by (site, job) (till_queue_depth)', instant: true }],
      transformations: [
        {
          id: 'organize',
          options: {
            excludeByName: { Time: true, job: true },
            indexByName: { Value: 0, site: 1 },
            renameByName: { Value: 'Waiting', site: 'Store' },
          },
        },
      ],
    },
  ],
};

describe('dashboards', () => {
  let address = '';

  test('one is built, with PromQL completed from what was received', async () => {
    await page.goto(`${product.url}/dashboards`);
    await page.getByRole('link', { name: 'Operations' }).waitFor();
    await page.getByRole('button', { name: 'New dashboard' }).click();
    await page.getByLabel('Title', { exact: true }).first().fill('Tills');
    await page.getByRole('button', { name: 'Add a panel' }).click();
    await page.getByRole('menuitem', { name: 'Time series' }).click();
    const drawer = page.getByRole('dialog');
    const field = drawer.getByRole('textbox', { name: 'PromQL of query A' });
    await field.click();
    await page.keyboard.type('till_qu', { delay: 30 });
    await page.getByRole('option', { name: /till_queue_depth/ }).click({ timeout: 15_000 });
    await expect.poll(() => field.innerText()).toContain('till_queue_depth');
    await drawer.getByLabel('Title', { exact: true }).fill('Waiting customers');
    await legend(page, 'STORE_002').waitFor({ timeout: 20_000 });
    await picture('dashboard-editor');
    await drawer.getByRole('button', { name: 'Done' }).click();
    // By the keyboard: one column wider.
    await page.getByRole('button', { name: 'Resize Waiting customers: arrow keys' }).press('ArrowRight');
    await page.getByLabel('What was changed').fill('The queues');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/dashboards/dash_'));
    address = product.url + new URL(page.url()).pathname;
    await legend(page, 'STORE_003').waitFor({ timeout: 20_000 });
    expect(await page.locator('.dash-cell').first().getAttribute('style')).toContain('span 13');
  });

  test('a link shares what is seen: the open panel and the range', { timeout: 60_000 }, async () => {
    await page.getByRole('button', { name: 'Waiting customers', exact: true }).click();
    await page.getByRole('dialog', { name: 'Waiting customers' }).waitFor();
    const link = page.url();
    expect(link).toContain('panel=');
    const other = await openPage(browser, phone, 'light');
    await signIn(other.page);
    await other.page.goto(link);
    await other.page.getByRole('dialog', { name: 'Waiting customers' }).waitFor({ timeout: 20_000 });
    await legend(other.page, 'STORE_001').waitFor({ timeout: 20_000 });
    await other.page.goto(address);
    await legend(other.page, 'STORE_001').waitFor({ timeout: 20_000 });
    const overflow = await other.page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow, 'nothing is wider than the phone').toBeLessThanOrEqual(0);
    expect(await other.page.getByRole('button', { name: 'Edit' }).count(), 'a phone only looks').toBe(0);
    await picture('dashboard-phone', other.page);
    expect(other.faults).toEqual([]);
    await other.page.context().close();
    await page.keyboard.press('Escape');
  });

  test('a change is a version; the one before comes back', async () => {
    await page.goto(`${address}?edit=1`);
    await page.getByLabel('Title', { exact: true }).first().fill('Tills and queues');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: /Tills and queues/ }).waitFor();
    await page.goto(`${address}?drawer=versions`);
    const first = page.getByRole('row', { name: /The queues/ });
    await first.getByRole('button', { name: 'Compare' }).click();
    await expect.poll(() => page.locator('.diff').innerText()).toContain('+   "title": "Tills and queues"');
    await first.getByRole('button', { name: 'Restore' }).click();
    await expect.poll(() => page.getByRole('heading', { level: 1 }).innerText()).toMatch(/Tills$/);
  });

  test('two people edit: nothing is lost unasked, by the other or by leaving', { timeout: 60_000 }, async () => {
    await page.goto(`${address}?edit=1`);
    await page.getByLabel('Title', { exact: true }).first().fill('Mine');
    const other = await openPage(browser, desk);
    await signIn(other.page);
    await other.page.goto(`${address}?edit=1`);
    await other.page.getByLabel('Title', { exact: true }).first().fill('Theirs');
    await other.page.getByRole('button', { name: 'Save' }).click();
    await other.page.getByRole('heading', { level: 1, name: 'Theirs' }).waitFor();
    await other.page.context().close();

    await page.getByRole('link', { name: 'Dashboards' }).last().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stay' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText(/saved version \d+ after you had opened/).waitFor();
    await page.getByRole('button', { name: 'Save mine over it' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Save mine over it' }).click();
    await page.getByRole('heading', { level: 1, name: 'Mine' }).waitFor();

    await page.goto(`${address}?edit=1`);
    await page.getByLabel('Title', { exact: true }).first().fill('Lost');
    // Closing the tab asks too, in the browser's own words.
    const asked = page.waitForEvent('dialog');
    void page.reload().catch(() => undefined);
    const question = await asked;
    expect(question.type()).toBe('beforeunload');
    await question.dismiss();
    await page.getByRole('link', { name: 'Dashboards' }).last().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
    await page.waitForURL((url) => url.pathname === '/dashboards');
    await page.goto(`${address}?edit=1`);
    await page.getByLabel('Title', { exact: true }).first().fill('Tills');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: /Tills$/ }).waitFor();
  });

  test("one of Grafana's is imported, and says what it left behind", async () => {
    await page.goto(`${product.url}/dashboards?drawer=import`);
    const drawer = page.getByRole('dialog', { name: 'Import a dashboard' });
    await drawer.getByLabel('Dashboard as JSON').fill(JSON.stringify(grafanaDashboard));
    await drawer.getByRole('button', { name: 'Read it' }).click();
    await drawer.getByText('Panels of the type nodeGraph are not known here.').waitFor();
    await picture('dashboard-import');
    await drawer.getByRole('button', { name: 'Import Tills (Grafana)' }).click();
    await drawer.getByRole('link', { name: 'Open it' }).click();
    await page.getByRole('heading', { level: 1, name: /Tills \(Grafana\)/ }).waitFor();
    await legend(page, 'STORE_003').waitFor({ timeout: 20_000 });
    const longest = await eventually(
      () => page.getByRole('region', { name: 'Longest queue' }).locator('.stat-value').innerText({ timeout: 5000 }),
      (text) => /^\d+$/.test(text),
      20_000,
    );
    expect(Number(longest)).toBeGreaterThan(0);
    const table = page.getByRole('region', { name: 'Queues by store' });
    await table.getByRole('cell', { name: 'STORE_002' }).first().waitFor({ timeout: 20_000 });
    expect(await table.getByRole('columnheader').allInnerTexts()).toEqual(['Waiting', 'Store']);
    await table.first().scrollIntoViewIfNeeded();
    await picture('dashboard-grafana');
  });

  test('a query that is wrong is answered in the words of Prometheus, with the place', async () => {
    await page.goto(`${product.url}/metrics?mode=promql&expr=${encodeURIComponent('sum(till_queue_depth')}`);
    await page.getByRole('alert').getByText('parse error').waitFor({ timeout: 20_000 });
    await page.goto(`${product.url}/metrics?mode=promql&expr=${encodeURIComponent('sum(till_queue_depth)')}`);
    await page.getByText('1 series').waitFor({ timeout: 20_000 });
    await page.getByRole('button', { name: 'Add to a dashboard' }).click();
    await page.getByRole('link', { name: 'Tills', exact: true }).click();
    await expect.poll(() => page.locator('.dash-cell').count(), { timeout: 15_000 }).toBe(2);
  });

  test('from a red panel to the guilty database query of one store in five clicks', { timeout: 60_000 }, async () => {
    await page.goto(`${product.url}/dashboards/ready-postgresql?range=15m`);
    const panel = page.getByRole('region', { name: 'Slowest 5 % take longer than' });
    await panel.locator('.stat[data-tone="bad"]').waitFor({ timeout: 30_000 });
    await picture('red-panel');
    let clicks = 0;
    const click = async (what: ReturnType<Page['locator']>): Promise<void> => {
      await what.click();
      clicks++;
    };
    await click(panel.getByRole('button', { name: /: more$/ }));
    await click(page.getByRole('menuitem', { name: 'Queries by time' }));
    // What took the most time stands first.
    await click(page.locator('.figures-table tbody tr').first().getByRole('button'));
    const drawer = page.getByRole('dialog');
    // So does the store that waited most; the drawer then speaks of this store alone.
    await click(drawer.getByRole('table').getByRole('link').first());
    await page.waitForURL((url) => url.searchParams.get('site') === 'STORE_003');
    await expect.poll(() => drawer.getByRole('table').getByRole('link').allInnerTexts()).toEqual(['STORE_003']);
    await picture('red-panel-query');
    await click(drawer.locator('.example-list').getByRole('link').first());
    await page.waitForURL((url) => /^\/traces\/[0-9a-f]{32}$/.test(url.pathname));
    const span = page.getByRole('dialog');
    await span.getByText(slowStatement).first().waitFor({ timeout: 20_000 });
    expect(await span.innerText()).toContain('2.42');
    expect(await page.locator('.trace-head').innerText()).toContain('STORE_003');
    await picture('red-panel-trace');
    expect(clicks).toBeLessThanOrEqual(5);
  });

  test('the pages themselves had no errors', () => {
    expect(faults).toEqual([]);
  });
});

/** How long till scans took over the last half hour, as exponential histograms by OTLP: mostly 20 to 200 ms, and slow ones in the middle. */
async function sendScans(): Promise<void> {
  const now = Date.now();
  const everyMs = 15_000;
  const dataPoints = Array.from({ length: 120 }, (_, i) => {
    const endMs = now - (120 - i) * everyMs;
    const slow = i > 50 && i < 80;
    // Scale 3: eight buckets a doubling; bucket -40 begins at 2^-5 s.
    const bucketCounts = Array.from({ length: 50 }, (__, n) =>
      Math.round(40 * Math.exp(-(((n - 14 - 3 * Math.sin(i / 9)) / 6) ** 2)) + (slow && n > 34 && n < 44 ? 6 : 0)),
    );
    const count = bucketCounts.reduce((sum, one) => sum + one, 0);
    return {
      startTimeUnixNano: `${endMs - everyMs}000000`,
      timeUnixNano: `${endMs}000000`,
      count,
      sum: count * 0.1,
      scale: 3,
      zeroCount: 0,
      positive: { offset: -41, bucketCounts },
    };
  });
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'till' } }] };
  const metric = {
    name: 'till.scan.duration',
    unit: 's',
    exponentialHistogram: { aggregationTemporality: 1, dataPoints },
  };
  const reply = await fetch(`${product.url}/v1/metrics`, {
    method: 'POST',
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [metric] }] }] }),
  });
  expect(reply.status).toBe(200);
}

test('a native histogram is drawn as a heat map of its buckets', async () => {
  await sendScans();
  const session = await fetch(`${product.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: headless.SIGHTLINE_SETUP_EMAIL, password: headless.SIGHTLINE_SETUP_PASSWORD }),
  });
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { csrfToken } = (await session.json()) as { csrfToken: string };
  const expression = 'increase(till_scan_duration_seconds[1m])';
  const panel = {
    id: 'p1',
    type: 'heatmap',
    title: 'Scans',
    unit: 's',
    place: { x: 0, y: 0, w: 24, h: 12 },
    queries: [{ kind: 'promql', ref: 'A', expression }],
  };
  const made = await fetch(`${product.url}/api/v1/dashboards`, {
    method: 'POST',
    headers: { cookie, 'x-csrf-token': csrfToken, 'content-type': 'application/json' },
    body: JSON.stringify({ document: { title: 'Scans of tills', schema: 1, panels: [panel] } }),
  });
  expect(made.status, await made.clone().text()).toBe(200);
  const { id } = (await made.json()) as { id: string };
  // The page asks once: what it shows has to be there.
  const found = await eventually(
    async () => {
      const asked = `query=${encodeURIComponent(`count(${expression})`)}`;
      const authorization = `Bearer ${headless.SIGHTLINE_SETUP_KEY}`;
      return (await fetch(`${product.url}/prometheus/api/v1/query?${asked}`, { headers: { authorization } })).text();
    },
    (reply) => reply.includes('"value"'),
    30_000,
  );
  expect(found).toContain('"value"');
  await page.goto(`${product.url}/dashboards/${id}`);
  const drawn = page.getByRole('img', { name: /^Scans: \d+ buckets over time/ });
  await drawn.waitFor({ timeout: 15_000 });
  const rows = Number(/(\d+) buckets/.exec((await drawn.getAttribute('aria-label')) ?? '')?.[1]);
  expect(rows).toBeGreaterThan(20);
  expect(rows).toBeLessThanOrEqual(61);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const viewport of [phone, desk]) {
      await page.setViewportSize(viewport);
      await picture(`heat-map-${viewport.width}-${colorScheme}`);
    }
  }
  expect(faults).toEqual([]);
});

/** A call in the owner's name. */
async function asOwner<T>(method: string, where: string, body?: unknown): Promise<T> {
  const session = await fetch(`${product.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email: headless.SIGHTLINE_SETUP_EMAIL,
      password: headless.SIGHTLINE_SETUP_PASSWORD,
    }),
  });
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { csrfToken } = (await session.json()) as { csrfToken: string };
  const reply = await fetch(`${product.url}/api/v1/${where}`, {
    method,
    headers: { cookie, 'x-csrf-token': csrfToken, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(reply.status, await reply.clone().text()).toBe(200);
  return (await reply.json()) as T;
}

test('two measures stand on two axes, each in its unit', { timeout: 60_000 }, async () => {
  const query = (ref: string, expression: string, rest: object): object => ({
    kind: 'promql',
    ref,
    expression,
    ...rest,
  });
  const panel = {
    id: 'p1',
    type: 'timeseries',
    title: 'Queue and share',
    unit: '{customers}',
    place: { x: 0, y: 0, w: 24, h: 12 },
    options: { draw: 'bars' },
    queries: [
      query('A', 'sum by (site)(till_queue_depth)', {}),
      query('B', 'avg(till_queue_depth) / 100', {
        legend: 'share',
        look: { axis: 'right', unit: 'share', draw: 'lines' },
      }),
    ],
  };
  const document = { schema: 1, title: 'Two axes', folder: 'Wall', panels: [panel] };
  const { id } = await asOwner<{ id: string }>('POST', 'dashboards', { document });
  await page.goto(`${product.url}/dashboards/${id}`);
  await legend(page, 'share').waitFor({ timeout: 20_000 });
  expect(await legend(page, 'share').innerText()).toContain('right axis');
  const chart = page.getByRole('group', { name: 'Queue and share' });
  await chart.focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  const card = page.locator('.chart-card');
  await expect.poll(() => card.innerText()).toMatch(/customers[\s\S]*share\s+\d[\d.]* %/);
  // In the editor the second query says what it has for itself.
  await page.goto(`${product.url}/dashboards/${id}?edit=1&panel=p1`);
  const look = page.getByRole('group', { name: 'How query B is drawn' });
  await expect.poll(() => look.getByLabel('Axis', { exact: true }).first().inputValue()).toBe('right');
});

test('columns of a table are named, put in order and hidden in the editor', { timeout: 60_000 }, async () => {
  const panel = {
    id: 'p1',
    type: 'table',
    title: 'Queues',
    place: { x: 0, y: 0, w: 24, h: 12 },
    queries: [{ kind: 'promql', ref: 'A', expression: 'sum by (site)(till_queue_depth)' }],
  };
  const document = { schema: 1, title: 'Columns', folder: 'Wall', panels: [panel] };
  const { id } = await asOwner<{ id: string }>('POST', 'dashboards', { document });
  await page.goto(`${product.url}/dashboards/${id}?edit=1&panel=p1`);
  const preview = page.getByRole('region', { name: 'Preview' });
  const heads = (): Promise<string[]> => preview.getByRole('columnheader').allInnerTexts();
  await expect.poll(heads, { timeout: 20_000 }).toEqual(['site', 'Value']);
  const columns = page.getByRole('region', { name: 'Columns', exact: true });
  for (const [index, name, title] of [
    [0, 'site', 'Store'],
    [1, 'Value #A', 'Customers'],
  ] as const) {
    await columns.getByRole('button', { name: 'Add a column' }).click();
    await columns.getByRole('combobox', { name: 'Label, or Value #A' }).nth(index).fill(name);
    await columns.getByRole('textbox', { name: 'Name it' }).nth(index).fill(title);
  }
  await expect.poll(heads).toEqual(['Store', 'Customers']);
  await columns.getByRole('button', { name: 'Move Customers forward' }).click();
  await expect.poll(heads).toEqual(['Customers', 'Store']);
  await columns.getByRole('switch', { name: 'Store is shown' }).press('Space');
  await expect.poll(heads).toEqual(['Customers']);
  await picture('columns');
});

test('PromQL takes a second query and a formula, and the link has them all', { timeout: 120_000 }, async () => {
  const ask = new URLSearchParams({ mode: 'promql', expr: 'sum by (site)(till_queue_depth)' });
  await page.goto(`${product.url}/metrics?${ask.toString()}`);
  await page.getByText('3 series').waitFor({ timeout: 20_000 });
  await page.getByRole('button', { name: 'Add a second query' }).click();
  const second = page.getByRole('textbox', { name: 'PromQL of B' });
  await second.click();
  await page.keyboard.type('avg(till_queue_depth)');
  await page.getByRole('textbox', { name: 'Formula of A and B' }).fill('A / on() group_left() B');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('7 series').waitFor({ timeout: 20_000 });
  await page.getByRole('switch', { name: 'B is shown' }).press('Space');
  await page.getByText('6 series').waitFor({ timeout: 20_000 });
  await page.getByRole('switch', { name: 'Explain' }).press('Space');
  const steps = page.getByRole('region', { name: 'Steps of A', exact: true });
  await steps.getByRole('row', { name: /^till_queue_depth selector 3 / }).waitFor({ timeout: 20_000 });
  await picture('promql');
  await page.getByRole('switch', { name: 'Explain' }).press('Space');
  const link = page.url();
  const { page: other } = await openPage(browser, phone, 'light');
  await signIn(other);
  await other.goto(link);
  await other.getByText('6 series').waitFor({ timeout: 20_000 });
  expect(await other.getByRole('textbox', { name: 'Formula of A and B' }).inputValue()).toBe('A / on() group_left() B');
  await other.context().close();
  await page.getByRole('textbox', { name: 'Formula of A and B' }).fill('A / B');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText(/The formula has no series: /).waitFor({ timeout: 20_000 });
  await page.getByRole('textbox', { name: 'Formula of A and B' }).fill('A / C');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByRole('alert').getByText('There is no query C.').waitFor();
  await page.getByRole('button', { name: 'Earlier queries' }).click();
  await page.getByRole('menuitem', { name: 'avg(till_queue_depth)' }).waitFor();
  await page.keyboard.press('Escape');
});

test('a wall turns by itself and by key, waits, and says what is gone', { timeout: 60_000 }, async () => {
  await page.goto(`${product.url}/dashboards?drawer=wall`);
  const drawer = page.getByRole('dialog', { name: 'Wall' });
  for (const name of ['Operations', 'Security']) {
    await drawer.getByRole('checkbox', { name }).focus();
    await page.keyboard.press('Space');
  }
  await drawer.getByRole('textbox', { name: 'Seconds for each' }).fill('5');
  await drawer.getByRole('button', { name: 'Start' }).press('Enter');
  const bar = page.getByRole('group', { name: 'Full screen' });
  const place = bar.getByRole('status');
  await expect.poll(() => place.innerText(), { timeout: 15_000 }).toBe('1 of 2');
  await page.getByRole('heading', { level: 1, name: 'Operations' }).waitFor();
  // By itself.
  await page.getByRole('heading', { level: 1, name: 'Security' }).waitFor({ timeout: 15_000 });
  await page.keyboard.press('Space');
  await bar.getByText('paused').waitFor();
  expect(await place.innerText()).toBe('2 of 2');
  await page.keyboard.press('ArrowLeft');
  await page.getByRole('heading', { level: 1, name: 'Operations' }).waitFor({ timeout: 15_000 });
  await bar.getByText('paused').waitFor();
  await picture('wall');
  const wall = new URL(page.url());
  wall.searchParams.set('among', 'ready-operations,dash_gone,ready-security');
  await page.goto(wall.href);
  await bar.getByText(/is gone: dash_gone/).waitFor({ timeout: 15_000 });
  // A dashboard that cannot be read holds nothing up.
  await page.goto(wall.href.replace('/dashboards/ready-operations', '/dashboards/dash_gone'));
  await page.getByText('There is no dashboard dash_gone').waitFor({ timeout: 15_000 });
  await page.keyboard.press('ArrowRight');
  await page.getByRole('heading', { level: 1, name: 'Operations' }).waitFor({ timeout: 15_000 });
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Dashboards', exact: true }).first().waitFor();
});

test('Security shows the trail to administrators, and to others why not', { timeout: 60_000 }, async () => {
  const email = 'viewer@stores.example';
  const password = 'another-long-password';
  const tried = await fetch(`${product.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: headless.SIGHTLINE_SETUP_EMAIL, password: 'a wrong password' }),
  });
  expect(tried.status).toBe(401);
  const { link } = await asOwner<{ link: string }>('POST', 'people/invitations', { email, role: 'viewer' });
  await page.goto(`${product.url}/dashboards/ready-security`);
  const failed = page.getByRole('region', { name: 'Failed sign-ins by source' }).first();
  await failed.getByRole('cell', { name: headless.SIGHTLINE_SETUP_EMAIL }).waitFor({ timeout: 20_000 });
  const acts = page.getByRole('region', { name: 'Privileged actions' }).first();
  await acts.getByRole('link', { name: 'invitation.create' }).first().waitFor();
  await picture('security');
  const { page: other, faults: otherFaults } = await openPage(browser, phone, 'light');
  const token = new URL(link).searchParams.get('token');
  await other
    .context()
    .request.post(`${product.url}/api/v1/invitations/accept`, { data: { token, name: '', password } });
  await other.goto(`${product.url}/dashboards/ready-security`);
  await other
    .getByRole('region', { name: 'Failed sign-ins by source' })
    .getByText('For administrators')
    .waitFor({ timeout: 20_000 });
  expect(await other.getByText(headless.SIGHTLINE_SETUP_EMAIL).count()).toBe(0);
  expect(otherFaults).toEqual([]);
  await other.context().close();
  expect(faults).toEqual([]);
});
