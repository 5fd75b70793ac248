/** What an administrator brings along and must not lose: a Prometheus rule file, refused and taken, and a legal hold, placed and lifted. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage } from '../support/browser.ts';
import { headless, type Product, startProduct } from '../support/product.ts';

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  ({ page, faults } = await openPage(browser, desk));
  page.setDefaultTimeout(15_000);
  await page.context().request.post(`${product.url}/api/v1/session`, {
    data: { email: headless.SIGHTLINE_SETUP_EMAIL, password: headless.SIGHTLINE_SETUP_PASSWORD },
  });
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

const file = (rules: string): string => `groups:
  - name: tills
    interval: 1s
    rules:
${rules}`;

test('a rule file is refused with the place of its fault, then taken, evaluated, and deleted', async () => {
  await page.goto(`${product.url}/rules?tab=files`);
  await page.getByRole('button', { name: 'Add a rule file' }).click();
  // A file from the disk, as it is: its name comes along.
  const broken = file('      - { alert: Quiet, expr: "vector(" }\n');
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'tills.yml', mimeType: 'application/yaml', buffer: Buffer.from(broken) });
  await expect.poll(() => page.getByLabel('Name of the file').inputValue()).toBe('tills.yml');
  const text = page.getByRole('textbox', { name: /^Rules/ });
  await page.getByRole('button', { name: 'Save' }).click();
  await page
    .getByText(/parse error|unclosed|unexpected/)
    .first()
    .waitFor();
  await text.fill(
    file('      - { record: tills:answer, expr: vector(42) }\n      - { alert: AlwaysOn, expr: vector(1) > 0 }\n'),
  );
  await page.getByRole('button', { name: 'Save' }).click();
  const panel = page.getByRole('region', { name: 'tills.yml' });
  await panel.getByText('fires 1 ×').waitFor({ timeout: 30_000 });
  await panel.getByText('records').waitFor();
  await panel.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No rule files yet').waitFor();
});

test('a legal hold on a site that is misspelt is refused; then it is placed, and lifted with a reason that stays', async () => {
  await page.context().request.post(`${product.url}/api/v1/ingest/json`, {
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
    data: { message: 'a till opens', site: 'STORE_001' },
  });
  // A site is known once its first record is stored.
  const fleet = async (): Promise<string> => (await page.context().request.get(`${product.url}/api/v1/fleet`)).text();
  await expect.poll(fleet, { timeout: 30_000 }).toContain('STORE_001');
  await page.goto(`${product.url}/retention?tab=holds`);
  const form = page.getByRole('region', { name: 'Place a legal hold' });
  await form.getByLabel('Name').fill('Case 12');
  await form.getByLabel('Reason').fill('Counsel asked for it');
  await form.getByLabel('Site').fill('STORE_O01');
  const place = form.getByRole('button', { name: /^Place/ });
  await place.click();
  await form.getByText('do you mean STORE_001').waitFor();
  await form.getByLabel('Site').fill('STORE_001');
  await place.click();
  const row = page.getByRole('row', { name: /Case 12/ });
  await row.getByText('holds', { exact: true }).waitFor();
  await row.getByRole('button', { name: 'Lift' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Why').fill('Case closed');
  await dialog.getByRole('button', { name: 'Lift' }).click();
  await row.getByText(/Case closed/).waitFor();
  expect(faults).toEqual([]);
});

test('without an archive nothing of it is offered', async () => {
  await page.goto(`${product.url}/retention?tab=archive`);
  await page.getByText('No archive that can be read here').waitFor();
  expect(await page.getByRole('button', { name: 'Check today' }).count()).toBe(0);
  expect(faults).toEqual([]);
});
