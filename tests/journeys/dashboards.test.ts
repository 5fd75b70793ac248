/**
 * The walk of somebody who wants to see a number every day: a dashboard is built, saved, shared by link, changed and put back;
 * one of Grafana's comes in, and what it left behind is said.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
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
  await sendQueues();
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
    { id: 4, type: 'nodeGraph', title: 'Calls', gridPos: { x: 0, y: 9, w: 24, h: 4 }, targets: [] },
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

  test('the pages themselves had no errors', () => {
    expect(faults).toEqual([]);
  });
});
