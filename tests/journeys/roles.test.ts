/**
 * A viewer goes through every page: nothing that is drawn asks for what the role may not have, and an address that leads to what
 * it may not see or do says who may.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage } from '../support/browser.ts';
import { signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];
const refusals: string[] = [];

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  const key = { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`, 'content-type': 'application/json' };
  await fetch(`${product.url}/api/v1/ingest/json`, {
    method: 'POST',
    headers: key,
    body: JSON.stringify({ message: 'open', site: 'STORE_012', service: 'till' }),
  });
  const owner = await signInOwner(product);
  const { link } = await owner<{ link: string }>('POST', '/api/v1/people/invitations', {
    email: 'viewer@stores.example',
    role: 'viewer',
  });
  ({ page, faults } = await openPage(browser, desk));
  page.on('response', (reply) => {
    if (reply.status() === 403) refusals.push(`${reply.request().method()} ${new URL(reply.url()).pathname}`);
  });
  await page.goto(link);
  await page.getByLabel('Name').fill('Vera');
  await page.getByLabel('Password').first().fill('a-long-password');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/');
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

/** Goes there as a link would, and waits until what the page asks for is there. */
async function visit(address: string): Promise<void> {
  await page.evaluate((to) => {
    (
      globalThis as unknown as { history: { pushState(state: null, unused: string, to: string): void } }
    ).history.pushState(null, '', to);
  }, address);
  await page.waitForTimeout(250);
  await page.locator('main h1, main h2').first().waitFor();
  await eventually(
    () => page.locator('[aria-busy=true], .skeleton').count(),
    (count) => count === 0,
    4000,
  );
}

const pages = [
  '/',
  '/sites/STORE_012',
  '/sites/STORE_012?tab=actions',
  '/sites/STORE_012?tab=history',
  '/incidents',
  '/errors',
  '/error-rules',
  '/feedback',
  '/logs',
  '/logs?view=patterns',
  '/traces',
  '/traces?view=ai',
  '/story',
  '/metrics',
  '/metrics?mode=cardinality',
  '/dashboards',
  '/dashboards/ready-security',
  '/dashboards/ready-executive?edit=1&drawer=settings',
  '/replays',
  '/releases',
  '/monitors',
  '/rules',
  '/rules?tab=files',
  '/alerting',
  '/alerting?tab=channels',
  '/alerting?tab=silences',
  '/alerting?tab=deliveries',
  '/data',
  '/data?tab=health',
  '/data?tab=scraping',
  '/retention',
  '/retention?tab=holds',
  '/retention?tab=archive',
  '/settings',
  '/settings?tab=teams',
  '/settings?tab=agents',
  '/settings?tab=pipelines',
  '/settings?tab=sampling',
  '/settings?tab=token-prices',
  '/settings?tab=personal-data',
  '/settings?tab=mine',
];

test('no page asks for what a viewer may not have', async () => {
  for (const address of pages) await visit(address);
  expect([refusals, faults]).toEqual([[], []]);
});

test.each([
  ['/settings?tab=keys', 'Administrators and owners see and make API keys.'],
  ['/settings?tab=audit', 'Administrators and owners read the audit trail.'],
  ['/data?tab=quarantine', 'Administrators and owners see what was put into quarantine.'],
  ['/retention?tab=evidence', 'Administrators and owners read the evidence.'],
  ['/monitors?edit=new', 'Administrators and owners change monitors.'],
  ['/sites/STORE_012?edit=1', 'Administrators and owners change names and places of stores.'],
  ['/rules/new', 'Administrators and owners change rules.'],
  ['/alerting?tab=channels&channel=new&kind=slack', 'Administrators and owners change channels.'],
  ['/alerting?tab=silences&silence=new', 'Responders, administrators and owners silence.'],
  ['/dashboards?drawer=import', 'Responders, administrators and owners import dashboards.'],
])('%s says who may', async (address, said) => {
  await visit(address);
  await page.getByText(said).waitFor();
  expect(await page.getByText('Your role is viewer: ask one of them.').count()).toBe(1);
  expect(refusals).toEqual([]);
});
