/** What people do with issues: found by their money, archived and undone exactly, merged and taken out, resolved and back; and one read by its events. */
import { randomUUID } from 'node:crypto';
import type { IssueRow } from '@sightline/contract';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage, phone } from '../support/browser.ts';
import { type AsOwner, signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';
import { type EnvelopeItem, fileItem, onePicture, sendEnvelope } from '../support/sentry-envelope.ts';

let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];
let owner: AsOwner;

interface Failure {
  readonly type: string;
  readonly message: string;
  readonly site?: string;
  readonly order?: { readonly id: string; readonly amount: number; readonly currency: string };
  readonly files?: readonly (readonly [EnvelopeItem, Buffer])[];
  readonly threads?: readonly object[];
  readonly vars?: Readonly<Record<string, string>>;
}

async function fail({ type, message, site = 'STORE_001', order, files = [], threads, vars }: Failure): Promise<string> {
  const eventId = randomUUID().replaceAll('-', '');
  const event = {
    event_id: eventId,
    timestamp: Date.now() / 1000,
    platform: 'node',
    level: 'error',
    release: 'till@1.0.0',
    environment: 'production',
    user: { id: `cashier-${site}` },
    tags: { 'site.id': site, 'service.name': 'till', lane: `lane-${site.slice(-1)}` },
    ...(order && { contexts: { order } }),
    ...(threads && { threads: { values: threads } }),
    breadcrumbs: [{ category: 'ui.click', message: 'Pay pressed', level: 'info', timestamp: Date.now() / 1000 - 1 }],
    exception: {
      values: [
        {
          type,
          value: message,
          stacktrace: { frames: [{ function: type, filename: `${type}.ts`, lineno: 3, in_app: true, vars }] },
        },
      ],
    },
  };
  await sendEnvelope(product, [[{ type: 'event' }, Buffer.from(JSON.stringify(event))], ...files], eventId);
  return eventId;
}

const range = () => `from=${Date.now() - 3_600_000}&to=${Date.now() + 60_000}`;
const issues = async (): Promise<IssueRow[]> =>
  (await owner<{ issues: IssueRow[] }>('GET', `/api/v1/issues?${range()}&status=all`)).issues;
const issueOf = async (type: string): Promise<IssueRow> => {
  const found = (await issues()).find((one) => one.type === type);
  if (!found) throw new Error(`no issue of type ${type}`);
  return found;
};
const decisionOf = async (type: string) =>
  (
    await owner<{ decision: { status: string; ignoredUntil: string; ignoredLimit: number; priority: string } }>(
      'GET',
      `/api/v1/issues/${(await issueOf(type)).issue}`,
    )
  ).decision;
const row = (type: string) => page.getByRole('listitem', { name: new RegExp(type) });

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  owner = await signInOwner(product);
  const dollars = { amount: 40, currency: 'USD' };
  for (const site of ['STORE_001', 'STORE_001', 'STORE_002'])
    await fail({ type: 'PaymentError', message: 'terminal timed out', site, order: { id: 'ORD-1', ...dollars } });
  const views = { rendering_system: 'Compose', windows: [{ type: 'Window', children: [{ type: 'PayButton' }] }] };
  const eventId = await fail({
    type: 'PaymentError',
    message: 'terminal timed out',
    site: 'STORE_002',
    order: { id: 'ORD-2', amount: 15.5, currency: 'EUR' },
    vars: { receipt: 'r'.repeat(9000) },
    threads: [
      { id: 17, name: 'sync', state: 'RUNNABLE', stacktrace: { frames: [{ function: 'sendStock', in_app: true }] } },
      {
        id: 1,
        name: 'main',
        crashed: true,
        main: true,
        state: 'BLOCKED',
        held_locks: { '0x0e': { type: 8, address: '0x0e', class_name: 'Drawer', thread_id: 17 } },
      },
    ],
    files: [
      fileItem('screen.png', 'image/png', onePicture(160, 90)),
      fileItem('cart.json', 'application/json', Buffer.from('{"lines":[{"sku":"A-1"}]}')),
      fileItem('view-hierarchy.json', 'application/json', Buffer.from(JSON.stringify(views))),
    ],
  });
  const feedback = {
    timestamp: Date.now() / 1000,
    tags: { 'site.id': 'STORE_002' },
    contexts: { feedback: { message: 'The card terminal froze twice', name: 'Ana', associated_event_id: eventId } },
  };
  await sendEnvelope(
    product,
    [[{ type: 'feedback' }, Buffer.from(JSON.stringify(feedback))]],
    randomUUID().replaceAll('-', ''),
  );
  await fail({ type: 'SyncError', message: 'stock was not sent' });
  await fail({ type: 'PrintError', message: 'no paper' });
  await eventually(issues, (found) => found.length === 3 && found.some(({ events }) => events === 4), 60_000);
  ({ page, faults } = await openPage(browser, desk));
  await page.goto(`${product.url}/errors?status=all`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
  await row('PaymentError').waitFor();
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

test('an order that failed three times counts once, by currency', { timeout: 60_000 }, async () => {
  await row('PaymentError').getByTitle('$40 in 1 order, €15.50 in 1 order; an order counts once').waitFor();
});

test('all that are listed are chosen, given a priority, and that is undone', { timeout: 60_000 }, async () => {
  await page.getByLabel('Choose all 3 issues listed').check();
  await page.getByText('3 chosen').waitFor();
  await page.getByRole('button', { name: 'Priority' }).click();
  await page.getByRole('menuitem', { name: 'Low' }).click();
  await page.getByText('3 issues given low priority').waitFor();
  expect(await decisionOf('SyncError')).toMatchObject({ priority: 'low' });
  await page.getByRole('button', { name: 'Undo' }).click();
  await eventually(
    () => decisionOf('SyncError'),
    (found) => found.priority === '',
    20_000,
  );
  expect(await decisionOf('SyncError')).toMatchObject({ priority: '', status: 'unresolved' });
});

test('archived until more users come: reopened and undone, it is so again', { timeout: 60_000 }, async () => {
  const choose = () => row('SyncError').getByRole('checkbox').check();
  await choose();
  await page.getByRole('button', { name: 'Archive' }).click();
  await page.getByRole('menuitem', { name: 'Until 10 more users' }).click();
  await page.getByText('Issue archived').waitFor();
  await choose();
  await page.getByRole('button', { name: 'Reopen' }).click();
  const told = page.getByText('Issue reopened');
  await told.waitFor();
  expect((await decisionOf('SyncError')).status).toBe('unresolved');
  await told.locator('..').getByRole('button', { name: 'Undo' }).click();
  const found = await eventually(
    () => decisionOf('SyncError'),
    ({ status }) => status === 'ignored',
    20_000,
  );
  expect(found).toMatchObject({ status: 'ignored', ignoredUntil: 'users', ignoredLimit: 10 });
});

test('two issues are merged, and taken apart again', { timeout: 60_000 }, async () => {
  for (const type of ['SyncError', 'PrintError']) await row(type).getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Merge' }).click();
  await page.getByText('2 issues are one now').waitFor();
  await row('PrintError').waitFor({ state: 'detached' });
  await row('SyncError')
    .getByRole('link', { name: /SyncError/ })
    .click();
  await page.getByRole('heading', { name: 'Merged into it' }).waitFor();
  await page.getByRole('button', { name: 'Take out' }).click();
  await page.getByRole('heading', { name: 'Merged into it' }).waitFor({ state: 'detached' });
  expect((await issues()).map(({ type }) => type).toSorted()).toEqual(['PaymentError', 'PrintError', 'SyncError']);
});

test('resolved, an issue comes back with its next event', { timeout: 60_000 }, async () => {
  await page.goto(`${product.url}/errors/${(await issueOf('PrintError')).issue}`);
  await page.getByRole('button', { name: 'Resolve', exact: true }).click();
  await page.getByText('Issue resolved').waitFor();
  await page.getByRole('button', { name: 'Reopen' }).waitFor();
  await fail({ type: 'PrintError', message: 'no paper' });
  const back = await eventually(
    () => issueOf('PrintError'),
    ({ status }) => status === 'regressed',
    30_000,
  );
  expect(back.status).toBe('regressed');
  await page.reload();
  await page.getByText('It was resolved and came back').waitFor();
});

test('the page of the release names the issues that began with it', { timeout: 60_000 }, async () => {
  await page.goto(`${product.url}/releases/till@1.0.0`);
  const found = page.getByRole('region', { name: 'Issues of till@1.0.0' });
  await found.getByRole('heading', { name: 'Came back' }).waitFor();
  await found.getByText('No issue was resolved in it.').waitFor();
  const folder = process.env['PICTURES'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/release-desk.png` });
  await found.getByRole('link', { name: /PrintError/ }).waitFor();
});

test('the events of an issue are searched, by line and by a press on a tag', { timeout: 60_000 }, async () => {
  await page.goto(`${product.url}/errors/${(await issueOf('PaymentError')).issue}`);
  await page.getByText('in 1 failed transaction').first().waitFor();
  await page.getByText('Shares of 4 events.').waitFor();
  await page.getByRole('region', { name: 'site', exact: true }).getByRole('button', { name: 'STORE_001' }).click();
  await page.getByText('2 of 4 events match').waitFor();
  await page.getByRole('region', { name: 'Events of this issue' }).waitFor();
  expect(await page.getByRole('region', { name: 'Events of this issue' }).locator('tbody tr').count()).toBe(2);
  await page.getByRole('button', { name: 'Older' }).click();
  await expect.poll(() => page.getByRole('button', { name: 'Older' }).isDisabled()).toBe(true);
  const line = page.getByRole('combobox', { name: 'Search the events of this issue' });
  await line.fill('site:(');
  await line.press('Enter');
  await page.getByText(/^At character/).waitFor();
  await line.fill('order:ORD-2');
  await line.press('Enter');
  await page.getByText('1 of 4 events matches').waitFor();
});

test(
  'what came with an event is seen: picture, text, views, and what somebody wrote',
  { timeout: 60_000 },
  async () => {
    const shown = page.getByRole('img', { name: 'screen.png' });
    await shown.scrollIntoViewIfNeeded();
    await expect
      .poll(() => shown.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
      .toBe(160);
    await page.getByText('Show the text').click();
    await page.getByText('"sku": "A-1"').waitFor();
    await page.getByText('View hierarchy', { exact: true }).click();
    await page.getByText('PayButton').waitFor();
    await page.getByText('The card terminal froze twice').waitFor();
  },
);

test('threads are chosen, long variables opened, two events compared', { timeout: 60_000 }, async () => {
  await page.goto(`${product.url}/errors/${(await issueOf('PaymentError')).issue}`);
  const threads = page.getByRole('list', { name: 'Threads' });
  await threads.getByRole('button', { name: /main \(1\).*crashed/, pressed: true }).waitFor();
  await page.getByRole('button', { name: 'All of receipt' }).click();
  await page.getByText('Cut: the first 8,192 of 9,000 characters are kept.').waitFor();
  await threads.getByRole('button', { pressed: true }).press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Thread' }).getByText('sendStock').waitFor();
  expect(page.url()).toContain('thread=17');
  await page.goBack();
  await page.getByRole('list', { name: 'Locks' }).getByRole('button', { name: 'sync (17)' }).click();
  await page.getByRole('region', { name: 'Thread' }).waitFor();
  await page.getByRole('button', { name: 'Back to the stack of the event' }).click();
  await page.getByRole('button', { name: 'Use this event' }).click();
  await page.getByRole('menuitem', { name: 'Compare with the oldest' }).click();
  const compared = page.getByRole('region', { name: 'Two events compared' });
  await compared.getByRole('row', { name: /transaction .*ORD-2.*ORD-1/ }).waitFor();
  const folder = process.env['PICTURES'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/issue-compared-desk.png` });
  if (folder !== undefined) {
    await page.getByRole('list', { name: 'Threads' }).scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${folder}/issue-threads-desk.png` });
    await page.setViewportSize(phone);
    await page.getByRole('list', { name: 'Threads' }).scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${folder}/issue-threads-phone.png` });
    await page.getByRole('heading', { name: 'Compared with another event' }).scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${folder}/issue-compared-phone.png` });
    await page.setViewportSize(desk);
  }
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Use this event' }).click();
  await page.getByRole('menuitem', { name: 'Download as JSON' }).click();
  expect((await saved).suggestedFilename()).toMatch(/^event-[0-9a-f]{32}\.json$/);
});

test('the pages themselves had no errors, and fit a phone', { timeout: 60_000 }, async () => {
  const folder = process.env['PICTURES'];
  const issue = (await issueOf('PaymentError')).issue;
  if (folder !== undefined) await page.screenshot({ path: `${folder}/issue-desk.png` });
  const small = await openPage(browser, phone, 'light');
  await small.page.goto(`${product.url}/errors/${issue}?q=order:ORD-2`);
  await small.page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await small.page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await small.page.keyboard.press('Enter');
  await small.page.getByText('1 of 4 events matches').waitFor();
  for (const [where, name] of [
    [`/errors/${issue}?q=order:ORD-2`, 'issue'],
    ['/errors?status=all', 'errors'],
    ['/feedback', 'feedback'],
  ] as const) {
    await small.page.goto(product.url + where);
    await small.page.getByRole('heading', { level: 1 }).waitFor();
    await small.page
      .getByText(/PaymentError|froze twice/)
      .first()
      .waitFor();
    const wide = await small.page.evaluate('document.documentElement.scrollWidth');
    expect(wide, `${where} is no wider than a phone`).toBeLessThanOrEqual(phone.width);
    if (name === 'issue') await small.page.getByText('1 of 4 events matches').scrollIntoViewIfNeeded();
    if (folder !== undefined) await small.page.screenshot({ path: `${folder}/${name}-phone.png` });
    if (folder === undefined || name !== 'issue') continue;
    await small.page.getByRole('heading', { name: 'What people wrote' }).scrollIntoViewIfNeeded();
    await small.page.screenshot({ path: `${folder}/issue-files-phone.png` });
  }
  if (folder !== undefined) {
    await page.goto(`${product.url}/errors?status=all`);
    await page.getByLabel('Choose all 3 issues listed').check();
    await page.screenshot({ path: `${folder}/errors-desk.png` });
  }
  expect([...faults, ...small.faults]).toEqual([]);
});
