/** A team owns what breaks: made in the settings, named by an ownership rule, it gets the issue of a stock SDK's error, and its people are told. */
import { captureException, close as closeSentry, init } from '@sentry/node';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { postAlert } from '../support/alerting.ts';
import { type AsOwner, signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';
import { type MailReceiver, startMailReceiver } from '../support/receivers.ts';

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];
let mail: MailReceiver;
let owner: AsOwner;

beforeAll(async () => {
  [product, browser, mail] = await Promise.all([startProduct({ env: headless }), openBrowser(), startMailReceiver()]);
  owner = await signInOwner(product);
  const settings = {
    host: mail.host,
    port: mail.port,
    tls: 'none',
    from: 'sightline@stores.example',
    to: ['desk@stores.example'],
  };
  await owner('POST', '/api/v1/channels', { name: 'Mail', type: 'email', settings });
  ({ page, faults } = await openPage(browser, desk));
  await page.goto(`${product.url}/settings?tab=teams`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
});
afterAll(async () => {
  await closeSentry(2000);
  await browser?.close();
  await product?.close();
  await mail?.close();
});

test('a team is made and gets a member, by the keyboard', { timeout: 60_000 }, async () => {
  await page.getByText('No teams yet').waitFor();
  await page.getByRole('button', { name: 'Add a team' }).click();
  await page.getByLabel('Name').fill('Payments');
  await page.getByText('name the team as #payments').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('Nobody is in it yet').waitFor();
  await page.getByRole('combobox', { name: 'Person to add' }).focus();
  await page.keyboard.type('owner@');
  // Whom there is to choose comes from the server.
  await page.getByRole('option', { name: headless.SIGHTLINE_SETUP_EMAIL }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Add', exact: true }).press('Enter');
  await page.getByRole('button', { name: `Take ${headless.SIGHTLINE_SETUP_EMAIL} out of the team` }).waitFor();
});

test('an ownership rule names it; one that names another is refused with its line', { timeout: 60_000 }, async () => {
  await page.goto(`${product.url}/error-rules`);
  const rules = page.getByLabel(/The last rule that fits says whose/);
  const save = page.getByRole('button', { name: 'Save' }).last();
  await rules.fill('type:PaymentError #payments\nsrc/web/ @acme/web');
  await save.click();
  await page.getByText('Line 2: there is no team #web').waitFor();
  await rules.fill('type:PaymentError #payments');
  await save.click();
  await page.getByText(/Changed by owner@stores\.example/).waitFor();
  await page.getByRole('combobox', { name: 'When a new issue appears' }).click();
  await page.getByRole('option', { name: /Assign it/ }).click();
});

test(
  'the error of a stock SDK is the team’s, its people are told, and it is found as theirs',
  { timeout: 120_000 },
  async () => {
    const { dsn } = await owner<{ dsn: string }>('GET', '/api/v1/data/clients');
    init({ dsn, defaultIntegrations: false, release: 'till@1.0.0' });
    class PaymentError extends Error {
      override readonly name = 'PaymentError';
    }
    captureException(new PaymentError('card declined'));
    const q = encodeURIComponent('assigned:my_teams');
    const now = Date.now();
    const { issues } = await eventually(
      () =>
        owner<{ issues: { issue: string; assignee: string }[] }>(
          'GET',
          `/api/v1/issues?q=${q}&from=${now - 3_600_000}&to=${now + 3_600_000}`,
        ),
      (found) => found.issues.length > 0,
      90_000,
    );
    expect(issues.map(({ assignee }) => assignee)).toEqual(['#payments']);
    const told = await mail.waitFor(({ text }) => text.includes('PaymentError'), 30_000);
    expect(told.to).toEqual([headless.SIGHTLINE_SETUP_EMAIL]);

    await page.goto(`${product.url}/errors`);
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: 'My teams’', exact: true }).click();
    await page.getByRole('link', { name: 'PaymentError: card declined' }).waitFor();
    await page.getByRole('link', { name: '#payments' }).first().click();
    await page.waitForURL(/assigned/);
    await page.getByRole('link', { name: 'PaymentError: card declined' }).click();
    await page.getByRole('combobox', { name: 'Assigned to' }).click();
    await page.getByRole('option', { name: '#payments' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('assigned it to #payments').waitFor();
  },
);

test(
  'an alert with the label team is the team’s: its people are told beside the channel',
  { timeout: 60_000 },
  async () => {
    await postAlert(product, { alertname: 'Queue grows', team: 'payments', severity: 'critical' });
    const told = await mail.waitFor(
      ({ to, headers }) =>
        to.includes(headless.SIGHTLINE_SETUP_EMAIL) && (headers['subject'] ?? '').includes('Queue grows'),
      30_000,
    );
    expect(told.to).toEqual([headless.SIGHTLINE_SETUP_EMAIL]);
    await page.goto(`${product.url}/incidents`);
    await page
      .getByRole('link', { name: /Queue grows/ })
      .first()
      .click();
    await page.getByRole('link', { name: 'Payments', exact: true }).waitFor();
    await page.getByText('the team Payments by Mail (1 person)').waitFor();
  },
);

test('on a phone, in the light', { timeout: 60_000 }, async () => {
  const small = await openPage(browser, phone, 'light');
  await small.page.context().addCookies((await page.context().storageState()).cookies);
  for (const where of ['/settings?tab=teams', '/settings?tab=teams&team=payments', '/settings?tab=teams&team=new']) {
    await small.page.goto(`${product.url}${where}`);
    await small.page.getByRole('region').first().waitFor();
    const overflow = await small.page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect([where, overflow]).toEqual([where, 0]);
  }
  expect(small.faults).toEqual([]);
  await small.page.context().close();
});

test('deleted, the team says what it owned, and the issue is nobody’s', { timeout: 60_000 }, async () => {
  await page.goto(`${product.url}/settings?tab=teams&team=payments`);
  await page.getByRole('link', { name: '1 open', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('It owns 1 issue, 1 ownership rule.').waitFor();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('It was taken off 1 issue, 1 ownership rule.').waitFor();
  await page.getByText('No teams yet').waitFor();
});

test('the pages themselves had no errors', () => {
  expect(faults).toEqual([]);
});
