/**
 * User feedback as an inbox: a message is told through an alert rule, read beside the error and the picture that it is about, dealt
 * with by keyboard, given to a team, shared as a link and opened on a phone. `PICTURES=<folder>` keeps pictures.
 */
import { randomUUID } from 'node:crypto';
import type { FeedbackRow } from '@sightline/contract';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allIncidents, switchReadyRulesOff } from '../support/alerting.ts';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { type AsOwner, signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/receivers.ts';
import { type EnvelopeItem, fileItem, onePicture, sendEnvelope } from '../support/sentry-envelope.ts';

let product: Product;
let browser: Browser;
let hook: HttpReceiver;
let page: Page;
let faults: string[];
let owner: AsOwner;

const newId = (): string => randomUUID().replaceAll('-', '');

async function wrote(
  message: string,
  more: {
    site: string;
    name?: string;
    email?: string;
    about?: string;
    files?: readonly (readonly [EnvelopeItem, Buffer])[];
  },
): Promise<string> {
  const id = newId();
  const feedback = {
    event_id: id,
    timestamp: Date.now() / 1000,
    environment: 'production',
    tags: { 'site.id': more.site, 'service.name': 'till' },
    contexts: {
      feedback: {
        message,
        name: more.name,
        contact_email: more.email,
        url: 'https://till.shop.example/pay',
        associated_event_id: more.about,
      },
    },
  };
  const items = [[{ type: 'feedback' }, Buffer.from(JSON.stringify(feedback))] as const, ...(more.files ?? [])];
  await sendEnvelope(product, items, id);
  return id;
}

const range = () => `from=${Date.now() - 3_600_000}&to=${Date.now() + 60_000}`;
const all = async (): Promise<FeedbackRow[]> =>
  (await owner<{ feedback: FeedbackRow[] }>('GET', `/api/v1/feedback?${range()}`)).feedback;
const stateOf = async (id: string) => {
  const row = (await all()).find(({ eventId }) => eventId === id);
  return row && { status: row.status, assignee: row.assignee, read: row.read };
};
const row = (who: string) => page.getByRole('listitem', { name: `Feedback of ${who}` });
const drawer = () => page.getByRole('dialog', { name: 'Feedback' });

async function signIn(on: Page): Promise<void> {
  await on.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await on.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await on.keyboard.press('Enter');
}

async function shoot(name: string, of: Page = page): Promise<void> {
  const folder = process.env['PICTURES'];
  if (folder !== undefined) await of.screenshot({ path: `${folder}/${name}.png` });
}

beforeAll(async () => {
  [product, browser, hook] = await Promise.all([startProduct({ env: headless }), openBrowser(), startHttpReceiver()]);
  owner = await signInOwner(product);
  await switchReadyRulesOff(owner);
  await owner('POST', '/api/v1/channels', { type: 'webhook', name: 'Support desk', settings: { url: hook.url } });
  await owner('POST', '/api/v1/teams', { slug: 'tills', name: 'Tills' });
  ({ page, faults } = await openPage(browser, desk));
  await page.goto(`${product.url}/feedback`);
  await signIn(page);
  await page.getByRole('heading', { name: 'Feedback' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([product?.close(), hook?.close()]);
});

const froze = { id: '', error: '' };
let printer = '';
let junk = '';

test('a rule is begun from the inbox, and a new message is told', { timeout: 180_000 }, async () => {
  await page.getByText('Nobody wrote in this time range').waitFor();
  await page.getByRole('button', { name: 'Alert on new feedback' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Customers write');
  expect(await page.getByRole('combobox', { name: 'Watch' }).inputValue()).toBe('User feedback');
  await shoot('feedback-rule');
  await page.getByRole('button', { name: 'Create the rule' }).click();
  await page.waitForURL((url) => /^\/rules\/(?!new)/.test(url.pathname));

  froze.error = newId();
  const event = {
    event_id: froze.error,
    timestamp: Date.now() / 1000,
    platform: 'javascript',
    level: 'error',
    tags: { 'site.id': 'STORE_002', 'service.name': 'till' },
    contexts: { trace: { trace_id: newId(), span_id: newId().slice(0, 16) } },
    exception: { values: [{ type: 'TerminalError', value: 'no answer in 30 s' }] },
  };
  await sendEnvelope(product, [[{ type: 'event' }, Buffer.from(JSON.stringify(event))]], froze.error);
  froze.id = await wrote('The card terminal froze twice', {
    site: 'STORE_002',
    name: 'Ana',
    email: 'ana@shop.example',
    about: froze.error,
    files: [fileItem('screenshot.png', 'image/png', onePicture(160, 90))],
  });
  const told = await hook.waitFor(({ body }) => body.includes('froze twice'), 90_000);
  expect(told.body).toContain('Customers write at STORE_002');
  expect(told.body).toContain('Ana: “The card terminal froze twice”');
  expect(told.body, 'who wrote is not sent on').not.toContain('ana@shop.example');
  printer = await wrote('The receipt printer prints half a line, then stops. Paper is new.', {
    site: 'STORE_001',
    name: 'Bo',
  });
  junk = await wrote('Cheap watches at https://watches.example', { site: 'STORE_001', email: 'x@watches.example' });
  await eventually(all, (found) => found.length === 3, 60_000);
});

test('a message is read beside its error and its picture, and resolved by keyboard', { timeout: 120_000 }, async () => {
  await page.goto(`${product.url}/feedback`);
  await row('Ana').getByRole('img', { name: 'unread' }).waitFor();
  expect(await page.getByRole('listitem', { name: /^Feedback of/ }).count()).toBe(3);
  await shoot('inbox-desk');
  for (const key of ['j', 'j', 'j', 'Enter']) await page.keyboard.press(key);
  await drawer().getByText('The card terminal froze twice').waitFor();
  expect(new URL(page.url()).searchParams.get('feedback')).toBe(froze.id);
  const picture = drawer().getByRole('img', { name: 'screenshot.png' });
  await expect
    .poll(() => picture.evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth))
    .toBe(160);
  await drawer()
    .getByRole('link', { name: /TerminalError: no answer in 30 s/ })
    .waitFor();
  await drawer().getByRole('link', { name: 'Trace', exact: true }).waitFor();
  await expect.poll(() => stateOf(froze.id)).toEqual({ status: 'unresolved', assignee: '', read: true });
  await row('Ana').getByRole('img', { name: 'unread' }).waitFor({ state: 'detached' });
  await shoot('message-desk');

  await drawer().getByLabel('Comment').fill('A new terminal is on its way');
  await drawer().getByRole('button', { name: 'Comment' }).click();
  await drawer().getByText('A new terminal is on its way').waitFor();
  await drawer().getByRole('heading', { name: 'Ana' }).click();
  await page.keyboard.press('e');
  await drawer().getByText('resolved it').waitFor();
  await row('Ana').waitFor({ state: 'detached' });
  await page.getByText('Message resolved').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Inbox 2').waitFor();
  expect(await stateOf(froze.id)).toMatchObject({ status: 'resolved' });
});

test('many are dealt with at once: given to a team, thrown out, and back again', { timeout: 120_000 }, async () => {
  await page.goto(`${product.url}/feedback`);
  await row('Bo').waitFor();
  for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key);
  const bar = page.getByRole('toolbar', { name: 'Chosen messages' });
  await bar.getByText('2 chosen').waitFor();
  await shoot('inbox-chosen-desk');
  await bar.getByRole('combobox', { name: 'Assign the chosen messages to' }).click();
  await page.getByRole('option', { name: '#tills' }).click();
  await page.getByText('2 messages assigned to #tills').waitFor();
  expect(await stateOf(printer)).toMatchObject({ assignee: '#tills' });
  expect(await stateOf(junk)).toMatchObject({ assignee: '#tills' });

  await page.goto(`${product.url}/feedback?assigned=%23tills`);
  await row('x@watches.example').waitFor();
  for (const key of ['j', 's']) await page.keyboard.press(key);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => stateOf(junk)).toEqual({ status: 'unresolved', assignee: '#tills', read: false });
  await row('x@watches.example').waitFor();
  await page.reload();
  await row('x@watches.example').waitFor();
  for (const key of ['j', 's']) await page.keyboard.press(key);
  await row('x@watches.example').waitFor({ state: 'detached' });
  await expect.poll(() => stateOf(junk)).toMatchObject({ status: 'spam' });
  // What was dealt with has left; the next row has the focus.
  await expect.poll(() => page.evaluate('document.activeElement?.textContent')).toContain('receipt printer');

  // Words, places and states narrow it.
  await page.goto(`${product.url}/feedback?q=paper%20bo&site=STORE_001`);
  await row('Bo').waitFor();
  expect(await page.getByRole('listitem', { name: /^Feedback of/ }).count()).toBe(1);
  await page.goto(`${product.url}/feedback?site=STORE_002`);
  await page.getByText('The inbox is empty').waitFor();
  await page.goto(`${product.url}/feedback?status=resolved`);
  await row('Ana').waitFor();
});

test('a link opens the message on a phone, with what was done', { timeout: 120_000 }, async () => {
  const small = await openPage(browser, phone, 'light');
  await small.page.goto(`${product.url}/feedback?feedback=${froze.id}`);
  await signIn(small.page);
  const open = small.page.getByRole('dialog', { name: 'Feedback' });
  await open.getByText('The card terminal froze twice').waitFor();
  await open.getByText('A new terminal is on its way').waitFor();
  await open.getByText('resolved it').waitFor();
  const wide = () => small.page.evaluate('document.documentElement.scrollWidth');
  expect(await wide()).toBeLessThanOrEqual(phone.width);
  await shoot('message-phone', small.page);
  await open.getByRole('button', { name: 'Close (Esc)' }).click();
  await small.page.getByText('receipt printer').waitFor();
  expect(await wide()).toBeLessThanOrEqual(phone.width);
  await shoot('inbox-phone', small.page);
  expect([...faults, ...small.faults]).toEqual([]);
});

test('what is dealt with is over for who is on call, and in the audit trail', { timeout: 180_000 }, async () => {
  const { entries } = await owner<{ entries: { action: string; subject: string; detail: string }[] }>(
    'GET',
    '/api/v1/audit?limit=50',
  );
  const trail = entries.filter(({ action }) => action.startsWith('feedback.'));
  expect(trail).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: 'feedback.change', subject: froze.id, detail: 'status resolved' }),
      expect.objectContaining({ action: 'feedback.comment', subject: froze.id }),
      expect.objectContaining({ action: 'feedback.change', subject: printer, detail: 'assignee #tills' }),
      expect.objectContaining({ action: 'feedback.change', subject: junk, detail: 'status spam' }),
    ]),
  );
  const incidents = await eventually(
    () => allIncidents(owner),
    (found) => found.some(({ site, status }) => site === 'STORE_002' && status === 'resolved'),
    150_000,
  );
  expect(incidents.find(({ site }) => site === 'STORE_002')).toMatchObject({ status: 'resolved' });
  expect(incidents.find(({ site }) => site === 'STORE_001')).toMatchObject({ status: 'open' });
});
