/**
 * Who is told when, in the browser: the first channel and its test, an escalation policy of two steps, a silence, and what was
 * sent. Slack and the mail server are real servers on loopback.
 */
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { headless, type Product, startProduct } from '../support/product.ts';
import { type HttpReceiver, type MailReceiver, startHttpReceiver, startMailReceiver } from '../support/receivers.ts';

let product: Product;
let browser: Browser;
let slack: HttpReceiver;
let mail: MailReceiver;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [product, browser, slack, mail] = await Promise.all([
    startProduct({ env: headless }),
    openBrowser(),
    startHttpReceiver(),
    startMailReceiver(),
  ]);
  ({ page, faults } = await openPage(browser, desk));
  page.setDefaultTimeout(10_000);
  await signIn(page);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([product?.close(), slack?.close(), mail?.close()]);
});

async function signIn(on: Page): Promise<void> {
  await on.goto(`${product.url}/sign-in`);
  await on.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await on.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await on.keyboard.press('Enter');
  await on.waitForURL((url) => url.pathname === '/');
}
const shots = process.env['SHOTS'];
async function shoot(name: string): Promise<void> {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` });
}

test('nobody is told at first, and the page says what to do', async () => {
  await page.goto(`${product.url}/alerting`);
  await page.getByText('Nobody is told yet').waitFor();
  await shoot('empty');
  await page.getByRole('button', { name: 'Add a channel' }).click();
  await page.getByRole('button', { name: 'Add Slack' }).click();
});

test('a channel is added, tested, and keeps its secret to itself', async () => {
  const secret = `${slack.url}/services/T0/B0/secret-word`;
  await page.getByLabel('Name').fill('#pos-alerts');
  await page.getByLabel('Webhook address').fill(secret);
  await shoot('slack-form');
  await page.getByRole('button', { name: 'Add the channel' }).click();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('answered 200: ok').waitFor();
  await shoot('slack-tested');
  expect(slack.calls[0]?.path).toBe('/services/T0/B0/secret-word');
  expect(JSON.stringify(slack.calls[0]?.json())).toContain('Test of the channel #pos-alerts');
  await page.reload();
  await page.getByRole('button', { name: 'Send a test' }).waitFor();
  expect(await page.content()).not.toContain('secret-word');
  // Another name leaves the secret as it is.
  await page.getByLabel('Name').fill('#store-alerts');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('#store-alerts is saved.').waitFor();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await slack.waitFor((call) => JSON.stringify(call.json()).includes('#store-alerts'));
  expect(slack.calls.every((call) => call.path === '/services/T0/B0/secret-word')).toBe(true);
  await page.keyboard.press('Escape');
});

test('a fault of a setting stands at its field', async () => {
  await page.getByRole('button', { name: 'Add E-mail' }).click();
  await page.getByLabel('Name').fill('Night shift');
  await page.getByLabel('SMTP server').fill(mail.host);
  await page.getByLabel('Port').fill(String(mail.port));
  await page.getByRole('combobox', { name: 'Encryption' }).click();
  await page.getByRole('option', { name: 'none' }).click();
  await page.getByLabel('From').fill('not an address');
  await page.getByPlaceholder('on-call@example.com').fill('on-call@example.com');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Add the channel' }).click();
  await page.getByText('must be an e-mail address').waitFor();
  await shoot('email-fault');
  await page.getByLabel('From').fill('sightline@example.com');
  await page.getByRole('button', { name: 'Add the channel' }).click();
  await page.getByRole('button', { name: 'Send a test' }).click();
  const got = await mail.waitFor(() => true);
  expect(got.to).toEqual(['on-call@example.com']);
  await page.getByText('accepted for on-call@example.com').waitFor();
  await page.keyboard.press('Escape');
  await shoot('channels');
});

test('a policy reads as a ladder: Slack, and five minutes later e-mail', async () => {
  await page.getByRole('tab', { name: 'Policies' }).click();
  await page.getByRole('button', { name: 'Change the policy Default' }).click();
  await page.getByRole('button', { name: 'Add a step' }).click();
  await page.getByPlaceholder('Choose channels').click();
  await page.getByRole('option', { name: 'Night shift' }).last().click();
  await page.keyboard.press('Escape');
  await shoot('policy-form');
  const save = page.getByRole('button', { name: 'Save' });
  if (!(await save.isVisible())) throw new Error('Escape in a list closed the whole form');
  await save.click();
  await page.getByText('5 min later').waitFor();
  const policy = page.getByRole('region', { name: 'Policy Default' });
  await expect.poll(() => policy.innerText()).toMatch(/At once\s+#store-alerts\s+5 min later\s+Night shift/);
  await shoot('policies');
});

test('a silence says what it would hold back, why and until when, and is ended', async () => {
  await page.getByRole('tab', { name: 'Silences' }).click();
  await page.getByRole('button', { name: 'Add a silence' }).click();
  await page.getByLabel('Value of condition 1').fill('STORE_047');
  await page.getByText('Holds back nothing at the moment').waitFor();
  await page.getByLabel('Why').fill('Cabling, ticket 4711');
  await shoot('silence-form');
  await page.getByRole('button', { name: 'Silence it' }).click();
  const row = page.getByRole('row', { name: /STORE_047/ });
  await row.waitFor();
  expect(await row.innerText()).toContain('Cabling, ticket 4711');
  await shoot('silences');
  await row.getByRole('button', { name: 'End' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End' }).click();
  await page.getByText('ended').waitFor();
});

test('what was sent is listed with its attempts', async () => {
  await page.getByRole('tab', { name: 'Deliveries' }).click();
  await page
    .getByRole('row', { name: /Night shift/ })
    .getByRole('button', { name: 'test' })
    .click();
  await page
    .getByRole('dialog', { name: 'Message to Night shift' })
    .getByText('accepted for on-call@example.com')
    .waitFor();
  await shoot('deliveries');
  await page.keyboard.press('Escape');
});

test('a channel that is in use says by whom before it goes', async () => {
  await page.getByRole('tab', { name: 'Channels' }).click();
  await page.getByRole('button', { name: 'Night shift' }).click();
  await page.getByRole('button', { name: 'Remove' }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove the channel Night shift' });
  await dialog.getByText('The policy Default will no longer reach anybody through it.').waitFor();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('row', { name: /Night shift/ }).waitFor({ state: 'detached' });
  await page.getByRole('tab', { name: 'Policies' }).click();
  await page.getByText('Step 2 tells nobody').waitFor();
  await shoot('policy-trouble');
  expect(faults).toEqual([]);
});

test.each([
  ['dark', desk],
  ['light', desk],
  ['dark', phone],
  ['light', phone],
] as const)('is for everybody: %s %o', async (scheme, size) => {
  const opened = await openPage(browser, size, scheme);
  opened.page.setDefaultTimeout(10_000);
  await signIn(opened.page);
  for (const where of [
    '/alerting',
    '/alerting?policy=new',
    '/alerting?tab=channels',
    '/alerting?tab=channels&channel=new&kind=webhook',
    '/alerting?tab=channels&channel=new&kind=email',
    '/alerting?tab=silences',
    '/alerting?tab=silences&silence=new',
    '/alerting?tab=deliveries',
  ]) {
    await opened.page.goto(`${product.url}${where}`);
    await opened.page.getByRole('heading', { level: 1, name: 'Alerting' }).waitFor();
    await opened.page.waitForLoadState('networkidle');
    expect(await opened.page.locator('.state[role=alert]').allInnerTexts(), where).toEqual([]);
    await opened.page.evaluate(axe.source);
    const found = await opened.page.evaluate(async () => {
      const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run({
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      });
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
    });
    expect(found, where).toEqual([]);
    const wide = await opened.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect(wide, `${where} scrolls sideways`).toBeLessThanOrEqual(0);
    if (shots && size === phone)
      await opened.page.screenshot({ path: `${shots}/phone-${scheme}-${where.replaceAll(/\W+/g, '-')}.png` });
  }
  expect(opened.faults).toEqual([]);
  await opened.page.context().close();
});
