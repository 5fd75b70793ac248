/**
 * From a live tail to a rule: a search that cannot be read is told in the tail, lines are followed, held and searched, a value of a facet is chosen,
 * the search saved, a line read among its neighbours; a pattern opens to its values and becomes an alert. Then the pages of proof.
 * `SIGHTLINE_SCREENSHOTS=<folder>` keeps pictures.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { headless, type Product, startProduct } from '../support/product.ts';

const archive = mkdtempSync(path.join(tmpdir(), 'sightline-archive-'));
let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];

async function signIn(of: Page): Promise<void> {
  await of.goto(`${product.url}/sign-in`);
  await of.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await of.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await of.keyboard.press('Enter');
  await of.waitForURL((url) => url.pathname === '/');
}

beforeAll(async () => {
  [product, browser] = await Promise.all([
    startProduct({ args: ['--archive', archive], env: headless }),
    openBrowser(),
  ]);
  ({ page, faults } = await openPage(browser, desk));
  await signIn(page);
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
  rmSync(archive, { recursive: true, force: true });
});

async function picture(name: string, of: Page = page): Promise<void> {
  const folder = process.env['SIGHTLINE_SCREENSHOTS'];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await of.screenshot({ path: path.join(folder, `${name}.png`) });
}

async function send(bodies: readonly string[], service = 'payment'): Promise<void> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const reply = await fetch(`${product.url}/v1/logs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceLogs: [
        {
          resource: {
            attributes: [
              { key: 'service.name', value: { stringValue: service } },
              { key: 'site.id', value: { stringValue: 'STORE_047' } },
            ],
          },
          scopeLogs: [
            {
              logRecords: bodies.map((body, n) => ({
                timeUnixNano: String(now + BigInt(n)),
                severityNumber: body.includes('declined') ? 17 : 9,
                body: { stringValue: body },
              })),
            },
          ],
        },
      ],
    }),
  });
  expect(reply.status).toBe(200);
}

const declined = (from: number, count: number): string[] =>
  Array.from(
    { length: count },
    (_, n) => `Payment ORD-${from + n} declined by ${['alpha', 'bravo'][n % 2]} after ${100 + n} ms`,
  );
const lines = () => page.getByRole('region', { name: 'Log lines' });

test(
  'a tail tells what is wrong with its search, follows, stands still while it is searched',
  { timeout: 180_000 },
  async () => {
    await page.goto(`${product.url}/logs?tail=1&q=service:`);
    await page.getByRole('alert').filter({ hasText: 'At character 1' }).first().waitFor();
    await page.getByText('Not following').waitFor();
    await picture('tail-fault');
    await page.getByRole('button', { name: 'Clear the search' }).click();
    await page.getByText('Following', { exact: true }).waitFor();
    await send(declined(1, 4));
    await lines().getByText('Payment ORD-4 declined').waitFor({ timeout: 30_000 });

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused', { exact: true }).waitFor();
    await send(['drawer opened'], 'terminal');
    await page.getByRole('button', { name: '1 new line' }).waitFor({ timeout: 30_000 });
    expect(await lines().getByText('drawer opened').count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await lines().getByText('drawer opened').waitFor();

    await page.keyboard.press('Control+f');
    await page.getByPlaceholder('Find in the lines loaded').fill('ord-2');
    await page.getByText('1 of 1').waitFor();
    await page.getByText('Held while you search the lines').waitFor();
    await picture('tail-find');
    await page.keyboard.press('Escape');
    await page.getByText('Following', { exact: true }).waitFor();
  },
);

test('a facet narrows, the search is saved, a line is read among its neighbours', { timeout: 180_000 }, async () => {
  await send(declined(100, 30));
  await expect
    .poll(
      async () => {
        await page.goto(`${product.url}/logs?range=1h`);
        await lines().getByText('drawer opened').waitFor();
        return lines().getByText('Payment ORD-129 declined').count();
      },
      { timeout: 60_000 },
    )
    .toBe(1);
  const facet = page.getByRole('region', { name: 'service' }).getByRole('button', { name: /^payment/ });
  await facet.waitFor({ timeout: 30_000 });
  await facet.click();
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('service:payment');
  await page.getByRole('button', { name: 'Saved' }).click();
  await page.getByRole('menuitem', { name: 'Save this search…' }).click();
  await page.getByLabel('Name of the search').fill('Payments');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Saved' }).click();
  await page.getByRole('menuitem', { name: 'Payments', exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await lines().getByText('Payment ORD-120 declined').click();
  await page.getByText('Open as a page').click();
  await page.getByText('Payment ORD-119 declined').first().waitFor();
});

test('a pattern opens to its values, is left out, and becomes an alert', { timeout: 180_000 }, async () => {
  await page.goto(`${product.url}/logs?range=1h&view=patterns`);
  const patterns = page.getByRole('region', { name: 'Patterns' });
  await patterns.getByText('declined by').first().waitFor({ timeout: 30_000 });
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const after = patterns.getByRole('region', { name: 'after' });
  await after.getByText(/min 100 · median/).waitFor({ timeout: 20_000 });
  await patterns
    .getByRole('region', { name: 'by' })
    .getByRole('button', { name: /^alpha/ })
    .waitFor();
  await picture('pattern-open');
  const rule = patterns.getByRole('button', { name: 'Make a parse rule of it' });
  await rule.click();
  const expression = page.getByRole('textbox', { name: 'Pattern' });
  expect(await expression.inputValue()).toContain('(?<payment>');
  await page.goBack();
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toMatch(/^-/);
  await patterns.getByText('drawer opened').waitFor();
  await page.goBack();
  await patterns.getByText('declined by').first().click();
  await patterns.getByRole('button', { name: 'Alert on this pattern' }).click();
  await page.waitForURL((url) => url.pathname === '/rules/new');
  expect(await page.getByLabel('Records that match').inputValue()).toContain('"declined by"');
  await page.getByLabel('Name').fill('Payments are declined');
  await page.getByRole('button', { name: 'Create the rule' }).click();
  await page.getByRole('heading', { name: 'Payments are declined' }).waitFor({ timeout: 20_000 });
});

test(
  'the audit trail is filtered and its chain shown; the archive says what it holds',
  { timeout: 180_000 },
  async () => {
    await page.goto(`${product.url}/settings?tab=audit`);
    await page.getByText('chain holds').waitFor({ timeout: 20_000 });
    await page.getByLabel('What', { exact: true }).fill('rule');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('cell', { name: 'Payments are declined' }).waitFor();
    await picture('audit');
    await page.goto(`${product.url}/retention?tab=archive`);
    await page.getByText('No day is archived yet').waitFor();
    await page.goto(`${product.url}/retention?tab=disposals`);
    await page.getByText('Nothing was taken out yet').waitFor();
    expect(faults).toEqual([]);
  },
);

test('LogQL is completed from what was received, and finds the line', { timeout: 180_000 }, async () => {
  await page.goto(`${product.url}/logs?mode=logql&range=1h`);
  const editor = page.getByRole('textbox', { name: 'LogQL' });
  const offer = (name: string) => page.getByRole('option', { name, exact: true });
  /** As a person does: what opened under the hand a moment ago is not taken by the next key. */
  const take = async () => {
    await page.waitForTimeout(200);
    await page.keyboard.press('Enter');
  };
  await editor.click();
  await page.keyboard.type('{');
  await offer('service_name').waitFor({ timeout: 20_000 });
  await page.keyboard.type('serv');
  await expect.poll(async () => page.getByRole('option').allInnerTexts()).toEqual(['service_name']);
  await take();
  await page.keyboard.type('="pay');
  await offer('payment').waitFor({ timeout: 20_000 });
  await picture('logql-offers');
  await take();
  await expect.poll(async () => editor.innerText()).toBe('{service_name="payment"}');
  await page.keyboard.press('End');
  await page.keyboard.type(' | line');
  await page.getByRole('option', { name: /^line_format/ }).waitFor();
  await page.keyboard.press('Escape');
  for (const _ of ' | line') await page.keyboard.press('Backspace');
  await page.keyboard.type(' |= "ORD-3 ');
  await page.keyboard.press('Enter');
  await lines().getByText('Payment ORD-3 declined').waitFor({ timeout: 20_000 });
  expect(new URL(page.url()).searchParams.get('q')).toBe('{service_name="payment"} |= "ORD-3 "');
  expect(await page.getByRole('option').count()).toBe(0);
});

test('the same on a phone', { timeout: 180_000 }, async () => {
  const small = await openPage(browser, phone, 'light');
  await signIn(small.page);
  const width = async () => small.page.evaluate<number>('document.documentElement.scrollWidth');
  for (const [name, where] of [
    ['tail', '/logs?tail=1&q=service:'],
    ['patterns', '/logs?range=1h&view=patterns'],
    ['audit', '/settings?tab=audit'],
    ['disposals', '/retention?tab=disposals'],
  ] as const) {
    await small.page.goto(`${product.url}${where}`);
    if (name === 'tail') await small.page.getByText('Not following').waitFor();
    if (name === 'patterns') {
      await small.page.getByText('declined by').first().click();
      await small.page.getByText(/min 100 · median/).waitFor({ timeout: 20_000 });
    }
    if (name === 'audit') await small.page.getByText('chain holds').waitFor({ timeout: 20_000 });
    if (name === 'disposals') await small.page.getByText('Nothing was taken out yet').waitFor();
    expect(await width(), name).toBeLessThanOrEqual(phone.width);
    await picture(`phone-${name}`, small.page);
  }
  expect(small.faults).toEqual([]);
  await small.page.context().close();
});
