/**
 * Proof of the same day: what is kept for years is signed minutes after it came. Somebody checks; a record is changed and one is deleted
 * behind Sightline's back; whoever checks then sees both named.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@sightline/base';
import { connectStore } from '@sightline/store';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

const archive = mkdtempSync(path.join(tmpdir(), 'sightline-archive-'));
const customers = 12;
let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];

/** Age checks of two stores, as their service sends them. */
async function checkAges(): Promise<void> {
  const lines = Array.from({ length: customers }, (_, n) =>
    JSON.stringify({
      message: `Age of customer ${n} checked`,
      level: 'info',
      service: 'age-verification',
      site: n % 2 === 0 ? 'STORE_047' : 'STORE_048',
    }),
  );
  const reply = await fetch(`${product.url}/api/v1/ingest/json`, {
    method: 'POST',
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`, 'content-type': 'application/json' },
    body: lines.join('\n'),
  });
  expect(reply.status, await reply.text()).toBeLessThan(300);
  const owner = await signInOwner(product);
  const stored = (): Promise<{ rows: unknown[] }> =>
    owner('GET', `/api/v1/logs?from=${Date.now() - 600_000}&to=${Date.now() + 60_000}&q=customer&limit=100`);
  const { rows } = await eventually(stored, (found) => found.rows.length === customers, 30_000);
  expect(rows).toHaveLength(customers);
}

/** Does to the stored records what somebody with the engine in hand can do. */
async function behindItsBack(statement: string): Promise<void> {
  const socketPath = path.join(product.dataFolder, 'run/engine.sock');
  const store = await connectStore({ url: 'http://engine', socketPath, clock: systemClock });
  await store.execute(statement, {}, { settings: { mutations_sync: 2 } });
  await store.close();
}

beforeAll(async () => {
  product = await startProduct({ args: ['--archive', archive], env: headless });
  await checkAges();
  // What came in just now may still be on its way: it is signed a quarter of a minute later, in the first round after a start.
  await new Promise((resolve) => setTimeout(resolve, 17_000));
  await product.kill();
  await product.start();
  browser = await openBrowser();
  ({ page, faults } = await openPage(browser, desk));
  await page.goto(`${product.url}/retention?tab=archive`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await product?.close();
  rmSync(archive, { recursive: true, force: true });
});

const panel = () => page.getByRole('region', { name: 'Since the last archived day' });
async function check(): Promise<string> {
  await panel().getByRole('button', { name: 'Check today' }).click();
  await eventually(
    () => panel().locator('button[data-loading]').count(),
    (count) => count === 0,
    30_000,
  );
  return panel().innerText();
}

test('today is as it was signed; a changed and a deleted record are named', { timeout: 240_000 }, async () => {
  await panel().waitFor({ timeout: 30_000 });
  const good = await eventually(check, (text) => text.includes(`${customers} records signed`), 60_000, 2000);
  expect(good).toContain('as it was signed');
  expect(good).toMatch(/Head 1: [0-9a-f]{12}/);
  const records = await page.evaluate(async () => (await fetch('/api/v1/archive/today/records')).text());
  expect(records.trim().split('\n')).toHaveLength(customers);

  await behindItsBack(
    `ALTER TABLE logs UPDATE body = 'Age of customer 3 not checked' WHERE body LIKE '%customer 3 checked'`,
  );
  await behindItsBack(`ALTER TABLE logs DELETE WHERE body LIKE '%customer 4 checked'`);
  const bad = await eventually(check, (text) => text.includes('2 faults'), 30_000, 1000);
  expect(bad).toMatch(/STORE_048.* was changed since it was signed/);
  expect(bad).toMatch(/STORE_047.* is missing: it was signed on that day/);
  expect(bad).not.toContain('as it was signed');

  await page.setViewportSize(phone);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(phone.width);
  const folder = process.env['SCREENSHOTS'];
  if (folder) await page.screenshot({ path: `${folder}/archive-today-phone.png` });
  expect(faults).toEqual([]);
});
