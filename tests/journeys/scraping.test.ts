/** What an organisation lets the server scrape, in the browser: written, at work, refused where it is wrong, deleted. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { headless, type Product, startProduct } from '../support/product.ts';

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];
let target: Server;
let port: number;

beforeAll(async () => {
  target = createServer((_, response) => response.setHeader('content-type', 'text/plain').end('tills_open 7\n'));
  await new Promise<void>((ready) => target.listen(0, '127.0.0.1', ready));
  ({ port } = target.address() as AddressInfo);
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  ({ page, faults } = await openPage(browser, desk));
  page.setDefaultTimeout(15_000);
  await page.goto(`${product.url}/sign-in`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/');
});
afterAll(async () => {
  await browser?.close();
  target?.close();
  target?.closeAllConnections();
  await product?.close();
});

const shots = process.env['SHOTS'];
async function shoot(name: string): Promise<void> {
  if (!shots) return;
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [width, viewport] of [
      ['1440', desk],
      ['390', phone],
    ] as const) {
      await page.setViewportSize(viewport);
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${shots}/${name}-${width}-${colorScheme}.png` });
    }
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize(desk);
}
const field = () => page.getByRole('textbox', { name: 'Scrape configuration' });

test('a configuration is written, and its targets are scraped', async () => {
  await page.goto(`${product.url}/data?tab=scraping`);
  await page.getByText('Nothing is scraped for this organisation').waitFor();
  await shoot('empty');
  await page.getByRole('button', { name: 'Write a configuration' }).click();
  await field().fill(`global: { scrape_interval: 1s }
scrape_configs:
  - job_name: tills
    bearer_token: geheim123
    static_configs:
      - targets: ['127.0.0.1:${port}', '127.0.0.1:1']
        labels: { site: STORE_001 }
`);
  await shoot('form');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('1 of 2 up').waitFor();
  await shoot('targets');
});

test('a target tells what discovery said of it, and why it does not answer', async () => {
  await page.getByRole('switch', { name: 'Only unhealthy' }).click({ force: true });
  await expect.poll(() => page.getByRole('region', { name: 'Targets' }).locator('tbody tr').count()).toBe(1);
  await page.getByRole('button', { name: 'http://127.0.0.1:1/metrics' }).click();
  const drawer = page.getByRole('dialog');
  await drawer
    .getByText(/refused|ECONNREFUSED/i)
    .first()
    .waitFor();
  const before = drawer.getByRole('region', { name: 'As discovered, before relabelling' });
  await before.getByRole('row', { name: '__address__ 127.0.0.1:1' }).waitFor();
  await drawer.getByRole('group', { name: 'Up of http://127.0.0.1:1/metrics' }).waitFor();
  await shoot('target');
  await page.keyboard.press('Escape');
  await page.getByRole('switch', { name: 'Only unhealthy' }).click({ force: true });
});

test('its secrets are not shown again, and a fault stands at the form', async () => {
  await page.getByRole('button', { name: 'Change the configuration' }).click();
  await expect.poll(() => field().inputValue()).toContain('bearer_token: <secret>');
  expect(await page.content()).not.toContain('geheim123');
  const text = await field().inputValue();
  await field().fill(text.replace('scrape_interval: 1s', 'scrape_interval: often'));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('global.scrape_interval must be a duration').waitFor();
  await shoot('fault');
  await page.evaluate(axe.source);
  const found = await page.evaluate<{ id: string }[]>('axe.run(document).then(({ violations }) => violations)');
  expect(found.map(({ id }) => id)).toEqual([]);
});

test('it is deleted, and nothing more is scraped', async () => {
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Nothing is scraped for this organisation').waitFor();
  expect(faults).toEqual([]);
});
