/** What was stored before there was a rule is looked at, and scrubbed, by the page and from the command line. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage } from '../support/browser.ts';
import { type AsOwner, signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

const program = path.join(import.meta.dirname, '../../apps/server/src/scrub.ts');
const today = new Date().toISOString().slice(0, 10);
let product: Product;
let browser: Browser;
let owner: AsOwner;

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  owner = await signInOwner(product);
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

async function send(lines: readonly string[]): Promise<void> {
  const nano = `${Date.now() - 5000}000000`;
  const reply = await fetch(`${product.url}/v1/logs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceLogs: [
        {
          resource: {
            attributes: [
              { key: 'service.name', value: { stringValue: 'pos-terminal' } },
              { key: 'store.id', value: { stringValue: 'STORE_047' } },
            ],
          },
          scopeLogs: [{ logRecords: lines.map((line) => ({ timeUnixNano: nano, body: { stringValue: line } })) }],
        },
      ],
    }),
  });
  expect(reply.status).toBe(200);
}

async function found(word: string): Promise<number> {
  const { rows } = await owner<{ rows: unknown[] }>(
    'GET',
    `/api/v1/logs?from=${Date.now() - 3_600_000}&to=${Date.now() + 60_000}&q=${encodeURIComponent(word)}`,
  );
  return rows.length;
}

async function signIn(page: Page): Promise<void> {
  await page.goto(`${product.url}/sign-in`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/');
}

async function scrub(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, ...args, '--url', product.url, '--email', headless.SIGHTLINE_SETUP_EMAIL],
    { env: { ...process.env, SIGHTLINE_PASSWORD: headless.SIGHTLINE_SETUP_PASSWORD }, timeout: 120_000 },
  );
  return stdout;
}

test('what was stored before there was a rule is previewed and scrubbed', { timeout: 240_000 }, async () => {
  await send(['loyalty card LC-4711-99 accepted', 'loyalty card LC-8812-10 refused', 'drawer opened']);
  expect(
    await eventually(
      () => found('LC'),
      (n) => n === 2,
      30_000,
    ),
  ).toBe(2);
  const { off, allow, userIds } = await owner('GET', '/api/v1/personal-data/rules');
  const custom = [{ name: 'loyalty-card', pattern: 'LC-\\d+-\\d+', fields: [], replacement: 'mask', sample: '' }];
  await owner('PUT', '/api/v1/personal-data/rules', { off, allow, userIds, custom });

  const { page, faults } = await openPage(browser, desk);
  await signIn(page);
  await page.goto(`${product.url}/settings?tab=personal-data`);
  const panel = page.getByRole('region', { name: 'What is stored already' });
  await panel.getByLabel('From (UTC)').fill(today);
  await panel.getByLabel('To, included').fill(today);
  await panel.getByRole('button', { name: 'Preview' }).click();
  // It waits until nothing more can come in as the rules before left it.
  await panel.getByText('It waits until everything that comes is scrubbed by the rules.').waitFor();
  await panel.getByText('2 rows would change').waitFor({ timeout: 120_000 });
  await panel.getByRole('row', { name: /loyalty-card 2 pos-terminal STORE_047 logs/ }).waitFor();
  await panel.getByText('Examples, as they become').click();
  await panel.getByText('loyalty card <rule:loyalty-card> accepted').waitFor();
  expect(await found('LC')).toBe(2);

  await panel.getByRole('button', { name: 'Scrub' }).click();
  await page
    .getByRole('dialog', { name: /Scrub what is stored of/ })
    .getByRole('button', { name: 'Scrub' })
    .click();
  await panel.getByText('2 rows changed').waitFor({ timeout: 60_000 });
  expect([await found('LC'), await found('loyalty'), await found('drawer')]).toEqual([0, 2, 1]);
  expect(faults).toEqual([]);

  // The same from the command line: nothing is left to do.
  expect(await scrub('preview', '--from', today, '--through', today)).toMatch(
    /done, \d+ of \d+ rows looked at, 0 would change/,
  );
  expect((await scrub('list')).trim().split('\n')).toHaveLength(3);
  const { entries } = await owner<{ entries: { action: string; actor: string }[] }>('GET', '/api/v1/audit?limit=20');
  expect(entries.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['personal-data.backfill-preview', 'personal-data.backfill', 'personal-data.backfill-end']),
  );
});
