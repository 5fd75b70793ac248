/**
 * Forms as people fill them in: what is missing or wrong is said at its field, which gets the focus, and nothing typed is lost, also
 * when the server is away for a while. On a phone what goes on sideways shows that it does.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { signInOwner } from '../support/owner.ts';
import { headless, type Product, startProduct } from '../support/product.ts';

const { SIGHTLINE_SETUP_EMAIL: email, SIGHTLINE_SETUP_PASSWORD: password } = headless;

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  // A policy needs somebody to tell.
  const owner = await signInOwner(product);
  await owner('POST', '/api/v1/channels', {
    name: 'Tickets',
    type: 'webhook',
    settings: { url: 'http://127.0.0.1:1/tickets' },
  });
  ({ page, faults } = await openPage(browser, desk));
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

/** The field that has the focus, by what it is called. */
const focused = (): Promise<string> =>
  page.evaluate<string>(String.raw`document.activeElement?.labels?.[0]?.textContent?.replace(/\s*\*$/, '') ?? ''`);

test('sign-in says what it needs, and leads to where one wanted', async () => {
  await page.goto(`${product.url}/alerting?policy=new`);
  await page.waitForURL(/sign-in/);
  const enter = page.getByRole('button', { name: 'Sign in' });
  await enter.click();
  await page.getByText('This is needed.').first().waitFor();
  expect(await focused()).toBe('E-mail');
  await page.getByLabel('E-mail').fill(email);
  await enter.click();
  expect(await focused()).toBe('Password');
  await page.getByLabel('Password').first().fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/alerting' && url.searchParams.get('policy') === 'new');
});

test('a policy without a name, or with a step that tells nobody', async () => {
  await page.goto(`${product.url}/alerting?policy=new`);
  const form = page.getByRole('dialog', { name: 'New policy' });
  await form.getByLabel('After the incident opened').fill('soon');
  const add = form.getByRole('button', { name: 'Add the policy' });
  await add.click();
  await expect.poll(focused).toBe('After the incident opened');
  await form.getByLabel('After the incident opened').fill('5 min');
  await add.click();
  await form.getByText('This is needed.').waitFor();
  expect(await focused()).toBe('Name');
  expect(await form.getByLabel('After the incident opened').inputValue()).toBe('5 min');
  await form.getByLabel('Name', { exact: true }).fill('Nights');
  await add.click();
  await form.getByText('Step 1 tells nobody').waitFor();
});

test('a silence without a condition', async () => {
  await page.goto(`${product.url}/alerting?tab=silences&silence=new`);
  const form = page.getByRole('dialog');
  await form.getByLabel('Why').fill('Cabling until Friday');
  await form.getByLabel('Label of condition 1').fill('');
  await form.getByRole('button', { name: 'Silence it' }).click();
  await form.getByText('One condition is needed.').waitFor();
  expect(await form.getByLabel('Why').inputValue()).toBe('Cabling until Friday');
});

test('a monitor whose address cannot be asked', async () => {
  await page.goto(`${product.url}/monitors?edit=new`);
  const form = page.getByRole('dialog');
  await form.getByLabel('Name').fill('Shop');
  await form.getByLabel('Address').fill('shop.example');
  await form.getByRole('button', { name: 'Create' }).click();
  await form.getByText('begins with http:// or https://').waitFor();
  await expect.poll(focused).toBe('Address');
  expect(await form.getByLabel('Name').inputValue()).toBe('Shop');
});

test('a key without a name and a right, and a password that is too short', async () => {
  await page.goto(`${product.url}/settings?tab=keys`);
  await page.getByRole('checkbox', { name: 'Send data' }).uncheck();
  await page.getByRole('button', { name: 'Create the key' }).click();
  await page.getByText('Choose at least one.').waitFor();
  await page.getByText('This is needed.').waitFor();
  await expect.poll(focused).toBe('New key');
  await page.goto(`${product.url}/settings?tab=mine`);
  await page.getByLabel('New password').first().fill('short');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('at least 10 characters', { exact: true }).waitFor();
  await expect.poll(focused).toBe('New password');
});

test('what is typed outlives a server that went away, and is saved when it is back', async () => {
  await page.goto(`${product.url}/rules/new`);
  await page.getByLabel('Name').fill('Errors at the till');
  await product.kill();
  await page.getByRole('button', { name: 'Create the rule' }).click();
  await page.getByRole('alert').getByText('The server cannot be reached').first().waitFor();
  // Asked once more before it is said, on whatever page one is.
  const notice = page.getByRole('alert').getByText('The server has not answered since');
  await notice.waitFor();
  await product.start();
  await notice.waitFor({ state: 'detached' });
  expect(await page.getByLabel('Name').inputValue()).toBe('Errors at the till');
  await page.getByRole('button', { name: 'Create the rule' }).click();
  await page.getByRole('heading', { name: 'Errors at the till' }).waitFor();
  expect(faults).toEqual([]);
});

test('on a phone, tabs that go on out of sight fade there', async () => {
  await page.setViewportSize(phone);
  await page.goto(`${product.url}/settings`);
  const tabs = page.getByRole('tablist', { name: 'Settings' });
  await expect.poll(() => tabs.getAttribute('data-more')).toBe('right');
  await page.evaluate(`document.querySelector('[role=tablist]').scrollLeft = 9999`);
  await expect.poll(() => tabs.getAttribute('data-more')).toBe('left');
});

test('on a phone, tables of the security dashboard stand as cards', async () => {
  await page.goto(`${product.url}/dashboards/ready-security?range=1h`);
  const table = page.getByRole('region', { name: /Privileged actions|New keys/ }).first();
  await table.waitFor();
  const beyond = `Math.max(...[...document.querySelectorAll('.panel-scroll')].map((part) => part.scrollWidth - part.clientWidth))`;
  expect(await page.evaluate<number>(beyond)).toBeLessThanOrEqual(0);
});
