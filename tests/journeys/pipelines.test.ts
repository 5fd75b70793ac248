/** A pipeline from the empty page to the search: it reads a web server's line, is tried on a pasted one, saved, and a log is found by its new field. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';
import { signInOwner } from '../support/owner.ts';

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];

const line = '203.0.113.9 - - [10/Oct/2026:13:55:36 +0000] "GET /checkout HTTP/1.1" 503 512 "-" "curl/8.1"';

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  ({ page, faults } = await openPage(browser, desk));
  await page.goto(`${product.url}/settings?tab=pipelines`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

async function send(body: string): Promise<void> {
  const reply = await fetch(`${product.url}/v1/logs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'nginx' } }] },
          scopeLogs: [{ logRecords: [{ body: { stringValue: body } }] }],
        },
      ],
    }),
  });
  expect(reply.status).toBe(200);
}

test('tried on a pasted line, saved, and at work', { timeout: 120_000 }, async () => {
  await page.getByRole('button', { name: 'Add a pipeline' }).click();
  await page.getByLabel('Name').fill('Web server');
  await page.getByLabel('Which logs').fill('curl');
  const tried = page.getByRole('region', { name: 'Try it out' });
  await tried.getByText('Pasted lines').click();
  await tried.getByLabel('Lines, at most 50').fill(`${line}\nnothing of the kind`);
  const pattern = page.getByLabel('Pattern');
  await pattern.fill('(?=x)');
  await tried.getByText('has no look-ahead').waitFor();
  await pattern.fill('%{NGINXACCESS}');
  await tried.getByText('http.response.status_code').waitFor();
  await tried.getByText('2 lines: 2 kept, 0 let go').waitFor();
  await tried.getByText('not taken').waitFor();

  await page.getByRole('button', { name: 'Add a step' }).click();
  await page.getByRole('menuitem', { name: 'Drop', exact: true }).click();
  await page.getByRole('listitem', { name: 'Step 2' }).getByLabel('Only where').fill('url.path:/health');
  await page.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('region', { name: 'Pipelines' }).getByRole('listitem');
  await row.getByText('parse body as grok').waitFor();

  const owner = await signInOwner(product);
  const set = await owner<{ takesEffectAt: number }>('GET', '/api/v1/pipelines');
  await eventually(
    async () => Date.now(),
    (now) => now > set.takesEffectAt,
    10_000,
  );
  await send(line);
  await send(line.replace('/checkout', '/health'));
  const { rows } = await eventually(
    () => owner<{ rows: { did: string; records: number }[] }>('GET', '/api/v1/pipelines/counts'),
    (counts) => counts.rows.some(({ did }) => did === 'drop'),
    30_000,
  );
  expect(rows.map(({ did, records }) => [did, records])).toEqual([
    ['taken', 2],
    ['drop', 1],
  ]);

  await page.goto(`${product.url}/logs?q=status:503`);
  const hit = page.getByText('/checkout').first();
  await hit.waitFor();
  await hit.click();
  await page.getByText('http.response.status_code').first().waitFor();
  expect(await page.getByText('203.0.113.9').count()).toBe(0);
});

test('on a phone, in the light', { timeout: 60_000 }, async () => {
  const state = await page.context().storageState();
  const small = await openPage(browser, phone, 'light');
  await small.page.context().addCookies(state.cookies);
  await small.page.goto(`${product.url}/settings?tab=pipelines`);
  await small.page.getByRole('link', { name: 'Web server' }).click();
  await small.page.getByRole('region', { name: 'Try it out' }).getByText('Nothing is stored').waitFor();
  const overflow = await small.page.evaluate('document.documentElement.scrollWidth - innerWidth');
  expect(overflow).toBeLessThanOrEqual(0);
  expect(small.faults).toEqual([]);
  await small.page.context().close();
});

test('the pages themselves had no errors', () => {
  expect(faults).toEqual([]);
});
