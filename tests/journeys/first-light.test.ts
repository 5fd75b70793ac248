/**
 * The walk of a newcomer: first start, set-up, a hundred stores; then "payments fail somewhere" and nothing else known.
 * `SIGHTLINE_SCREENSHOTS=docs/images` keeps the pictures that the README shows.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { eventually, type Product, startProduct } from '../support/product.ts';

const owner = {
  organisation: 'Florida Stores',
  name: 'Olivia Owner',
  email: 'olivia@stores.example',
  password: 'correct horse battery',
};
const services = ['terminal', 'gateway', 'orders', 'payment', 'inventory'];

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ args: ['--demo'] }), openBrowser()]);
  ({ page, faults } = await openPage(browser, desk));
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

async function picture(name: string, of: Page = page): Promise<void> {
  const folder = process.env['SIGHTLINE_SCREENSHOTS'];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await of.screenshot({ path: path.join(folder, `${name}.png`) });
}

const tiles = (): ReturnType<Page['locator']> => page.getByRole('list', { name: 'Stores' }).getByRole('listitem');

describe('first light', () => {
  test('the printed link sets the installation up, once', async () => {
    await page.goto(product.setupLink());
    await page.getByRole('button', { name: 'Create the organisation' }).click();
    await page.getByText('This is needed.').waitFor();
    await page.getByText('Write the whole address').waitFor();
    await page.getByLabel('Organisation').fill(owner.organisation);
    await page.getByLabel('Your name').fill(owner.name);
    await page.getByLabel('E-mail').fill(owner.email);
    await page.getByLabel('Password').first().fill(owner.password);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === '/');
    const again = await fetch(`${product.url}/api/v1/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        token: new URL(product.setupLink()).searchParams.get('token'),
        ...owner,
        email: 'thief@stores.example',
      }),
    });
    expect(again.status).toBeGreaterThanOrEqual(400);
  });

  test('a hundred stores appear by themselves', { timeout: 180_000 }, async () => {
    // Stores appear with their first sale: at night the quiet ones take a while, their metrics come within half a minute.
    const shown = await eventually(
      () => tiles().count(),
      (count) => count === 100,
      150_000,
    );
    expect(shown).toBe(100);
    const sentence = page.locator('.fleet-sentence');
    await expect.poll(() => sentence.innerText(), { timeout: 60_000 }).toContain('100 stores are well');
    await picture('fleet-well');
  });

  test('payments fail somewhere: found from the first page to the five services', { timeout: 240_000 }, async () => {
    await page.goto(`${product.url}/settings?tab=demo`);
    const outage = page.locator('.fault', { hasText: 'Payment processor outage' });
    const on = outage.getByText(/^on at/);
    const switchOn = outage.getByRole('button', { name: 'Switch on' });
    await on.or(switchOn).first().waitFor();
    // At a second try it is on already.
    if (await switchOn.isVisible()) {
      await switchOn.click();
      await page.getByRole('dialog').getByRole('button', { name: 'Switch on' }).click();
    }
    await expect.poll(() => on.isVisible(), { timeout: 15_000 }).toBe(true);

    // Where: the fleet says so in its first line, and the tiles of those stores alone are red.
    await page.goto(product.url);
    const red = page.locator('.tile[data-state="unhealthy"]');
    await eventually(
      () => red.count(),
      (count) => count >= 5,
      120_000,
    );
    expect(await red.count()).toBeGreaterThanOrEqual(5);
    expect(await page.getByText(/stores need you/).isVisible()).toBe(true);
    for (const code of await red.locator('strong').allInnerTexts())
      expect((Number(code.slice(6)) - 1) % 3, `${code} uses the processor that is down`).toBe(0);
    await picture('fleet');

    // What: the errors page has one issue for all those stores.
    await page.goto(`${product.url}/errors?q=payment`);
    const issue = page.getByRole('listitem', { name: /PaymentError: Authorization of order/ });
    await expect.poll(() => issue.count(), { timeout: 30_000 }).toBe(1);
    await picture('errors');
    await issue.getByRole('link').first().click();

    // The six groups of context stand on it, filled.
    for (const card of ['Site', 'Terminal', 'User', 'Transaction', 'System', 'Request']) {
      const section = page.getByRole('region', { name: card, exact: true });
      await section.waitFor();
      expect(await section.getByText('not sent').count(), `${card} was sent`).toBe(0);
    }
    expect(await page.getByText('authorizeCharge').first().isVisible()).toBe(true);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('PaymentError');
    await picture('issue');

    // The story of one of them runs through five services.
    await page.getByRole('navigation', { name: 'Related' }).getByRole('link', { name: 'Story' }).click();
    await page.locator('.story-sentence').waitFor();
    const told = [...services, 'PaymentError'];
    // What came last of the sale may still be on its way.
    const isWhole = (text: string): boolean => told.every((word) => text.includes(word));
    const story = await eventually(
      async () => {
        const text = await page.locator('main').innerText();
        if (!isWhole(text)) {
          await page.reload();
          await page.locator('.story-sentence').waitFor();
        }
        return text;
      },
      isWhole,
      30_000,
    );
    for (const word of told) expect(story).toContain(word);
    await picture('story');

    await page.getByRole('link', { name: 'Trace', exact: true }).click();
    const call = page.getByText(/POST suncard/).first();
    // The sale is a moment old: where its spans come after its error and its logs, the page is asked again.
    await expect
      .poll(
        async () => {
          const isThere = await call.waitFor({ timeout: 5000 }).then(
            () => true,
            () => false,
          );
          if (!isThere) await page.reload();
          return isThere;
        },
        { timeout: 60_000 },
      )
      .toBe(true);
    await picture('trace');
  });

  test(
    'logs: a search finds the failures, a filter narrows, the address can be shared',
    { timeout: 60_000 },
    async () => {
      await page.goto(`${product.url}/logs?q=%22did+not+answer%22`);
      await expect
        .poll(
          () =>
            page
              .getByText(/did not answer within 5000 ms/)
              .first()
              .isVisible(),
          { timeout: 15_000 },
        )
        .toBe(true);
      await picture('logs');
      const line = page.getByRole('combobox', { name: /search/i }).first();
      await line.fill('service:payment severity:>=');
      await line.press('Enter');
      // The outage may have its incident by now, and its own alert above the page.
      const fault = page.getByRole('alert').filter({ hasText: /expected/i });
      await expect.poll(() => fault.isVisible(), { timeout: 10_000 }).toBe(true);
      await line.fill('service:payment severity:>=error');
      await line.press('Enter');
      await expect
        .poll(
          () =>
            page
              .getByText(/Payment failed: processor suncard/)
              .first()
              .isVisible(),
          { timeout: 15_000 },
        )
        .toBe(true);
      expect(page.url()).toContain('severity');
    },
  );

  test('the same on a phone, in the light', { timeout: 60_000 }, async () => {
    const small = await openPage(browser, phone, 'light');
    await small.page.goto(product.url);
    await small.page.getByLabel('E-mail').fill(owner.email);
    await small.page.getByLabel('Password').first().fill(owner.password);
    await small.page.keyboard.press('Enter');
    await small.page.getByText(/stores need you/).waitFor({ timeout: 20_000 });
    const overflow = await small.page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow, 'nothing is wider than the phone').toBeLessThanOrEqual(0);
    await picture('fleet-phone', small.page);
    expect(small.faults).toEqual([]);
    await small.page.context().close();
  });

  test('the pages themselves had no errors', () => {
    expect(faults).toEqual([]);
  });
});
