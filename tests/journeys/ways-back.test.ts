/** Back and reload lead to where one was, a shared link to what it shows, an unknown one to what to do; and a server that is away is waited for. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage } from '../support/browser.ts';
import { signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  ({ page, faults } = await openPage(browser, { ...desk, height: 420 }));
  await page.goto(product.url);
  await signIn(page);
  await page.waitForURL((url) => url.pathname === '/');
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

async function signIn(who: Page): Promise<void> {
  await who.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await who.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await who.keyboard.press('Enter');
}

const scrolled = (): Promise<number> => page.evaluate<number>('document.getElementById("content").scrollTop');
const focused = (): Promise<string> =>
  page.evaluate<string>('document.activeElement.getAttribute("href") ?? document.activeElement.id');
const settlesAt = async (px: number): Promise<void> =>
  expect(await eventually(scrolled, (top) => top === px, 6000, 50)).toBe(px);

test('back leads to the filter, the place and the link one left; a new page begins at its top', async () => {
  await page.goto(`${product.url}/rules`);
  await page.getByPlaceholder('Find a rule').fill('e');
  const links = page.locator('main a[href^="/rules/rul"]');
  await links.nth(8).waitFor();
  await page.evaluate('document.getElementById("content").scrollTop = 150');
  const link = (await links.nth(8).getAttribute('href')) ?? '';
  await links.nth(8).click();
  await page.waitForURL((url) => url.pathname === link);
  await settlesAt(0);
  expect(await eventually(focused, (id) => id === 'content', 3000, 50)).toBe('content');
  await page.goBack();
  await page.waitForURL((url) => url.search === '?find=e');
  await settlesAt(150);
  expect(await eventually(focused, (href) => href === link, 3000, 50)).toBe(link);
});

test('a reload leads to the same place, and a shared link through the sign-in to the same view', async () => {
  await page.reload();
  await page.locator('main a[href^="/rules/rul"]').nth(8).waitFor();
  await settlesAt(150);
  expect(await page.getByPlaceholder('Find a rule').inputValue()).toBe('e');
  const other = await openPage(browser, desk);
  await other.page.goto(page.url());
  await signIn(other.page);
  await other.page.locator('main a[href^="/rules/rul"]').first().waitFor();
  expect([other.page.url(), await other.page.getByPlaceholder('Find a rule').inputValue()]).toEqual([page.url(), 'e']);
  await other.page.context().close();
});

test.each([
  ['/sites/NOPE', 'No store NOPE'],
  ['/incidents/999', 'There is no incident #999'],
  ['/errors/0000000000000000', 'This issue is not known'],
  ['/traces/00000000000000000000000000000001', 'No spans of this trace are here'],
  ['/rules/none', 'rule'],
  ['/dashboards/none', 'dashboard'],
  ['/releases/none', 'release'],
  ['/replays/00000000000000000000000000000001', 'replay'],
  ['/profiles/00000000000000000000000000000001', 'profile'],
  ['/story/none_such', 'Nothing carries this id'],
  ['/monitors?monitor=none', 'monitor'],
  ['/feedback?feedback=none', 'feedback'],
  ['/settings?tab=teams&team=none', 'team'],
  ['/nowhere', 'There is no page here'],
])('%s says what it is not and where to go', async (address, said) => {
  await page.goto(product.url + address);
  const state = page.locator('.state').first();
  await state.waitFor();
  expect(await state.textContent()).toMatch(new RegExp(said, 'i'));
  expect(await state.locator('a, button').count()).toBeGreaterThan(0);
});

test('a list of ten thousand shows its first rows, and further ones when asked', async () => {
  const owner = await signInOwner(product);
  const heartbeat = { name: 'Nightly count', type: 'heartbeat', settings: {}, everyMs: 60_000 };
  await owner('POST', '/api/v1/monitors', heartbeat);
  await page.route('**/api/v1/monitors', async (route) => {
    const reply = await route.fetch();
    const answer = (await reply.json()) as { monitors: object[] };
    const monitors = Array.from({ length: 10_000 }, (_, i) => ({
      ...answer.monitors[0],
      id: `mon_${i}`,
      name: `No ${i}`,
    }));
    await route.fulfill({ response: reply, json: { ...answer, monitors } });
  });
  await page.goto(`${product.url}/monitors`);
  const rows = page.locator('.monitor-row');
  await page.getByText('9,800 more monitors').waitFor();
  expect(await rows.count()).toBe(200);
  await page.getByRole('button', { name: 'Show 200 more' }).click();
  await page.getByText('9,600 more monitors').waitFor();
  expect(await rows.count()).toBe(400);
  await page.unroute('**/api/v1/monitors');
});

test('a server that is away is said so and waited for, also by a page that was not loaded yet', async () => {
  await page.goto(`${product.url}/incidents`);
  await page.getByText('Nothing is wrong').waitFor();
  await product.kill();
  await page.getByText('The server has not answered since').waitFor({ timeout: 30_000 });
  await page.keyboard.press('g');
  await page.keyboard.press('v');
  await page.getByText('This page is not loaded yet').waitFor({ timeout: 30_000 });
  await product.start();
  await page.getByRole('heading', { name: 'Releases' }).waitFor({ timeout: 30_000 });
  await page.getByText('The server has not answered since').waitFor({ state: 'detached' });
  expect(faults.filter((fault) => !/dynamically imported module|did not come/.test(fault))).toEqual([]);
});
