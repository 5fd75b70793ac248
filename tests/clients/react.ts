/** The example of error boundaries, built and opened in a browser: who recovers writes, and both are found together. */
import path from 'node:path';
import type { FeedbackRow, getFeedback, getIssue, IssueRow } from '@sightline/contract';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { openBrowser, openPage, phone } from '../support/browser.ts';
import { read, readUntil } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';
import { buildShop, openShop } from './built-shop.ts';

type Issue = z.infer<typeof getIssue.reply>;
type Answer = z.infer<typeof getFeedback.reply>;

const example = path.join(import.meta.dirname, '../../examples/react-kiosk');

export function reactClients(bench: Bench): void {
  let shop: { readonly url: string; close(): void } | undefined;
  beforeAll(async () => {
    const dist = await buildShop(bench, {
      name: 'react-kiosk',
      release: 'react-kiosk@1.0.0',
      root: example,
      input: path.join(example, 'index.html'),
      define: { 'import.meta.env.VITE_SENTRY_DSN': JSON.stringify(bench.workshop.dsn) },
    });
    shop = await openShop(dist);
  }, 120_000);
  afterAll(() => shop?.close());

  async function inKiosk(act: (page: Page, faults: readonly string[]) => Promise<void>, dark = true): Promise<void> {
    const browser = await openBrowser();
    try {
      const { page, faults } = await openPage(browser, phone, dark ? 'dark' : 'light');
      await page.goto(shop?.url ?? '');
      await act(page, faults);
    } finally {
      await browser.close();
    }
  }
  const feedbackOf = async (words: string): Promise<FeedbackRow> => {
    const { feedback } = await readUntil<{ feedback: FeedbackRow[] }>(
      bench.product,
      '/api/v1/feedback',
      { q: words },
      (reply) => reply.feedback.length > 0 && reply.feedback[0]?.issue !== '',
    );
    expect(feedback).toHaveLength(1);
    return feedback[0] as FeedbackRow;
  };
  const issueOf = async (q: string): Promise<IssueRow> => {
    const found = await readUntil<{ issues: IssueRow[] }>(
      bench.product,
      '/api/v1/issues',
      { q },
      (reply) => reply.issues.length > 0,
    );
    return found.issues[0] as IssueRow;
  };

  test(
    '@sentry/react: a feature fails while it draws, its fallback sends feedback and draws anew',
    { timeout: 90_000 },
    async () => {
      await inKiosk(async (page) => {
        await page.getByRole('button', { name: 'Load a broken row' }).click();
        const recovery = page.getByRole('alert');
        await recovery.getByText('The stock list does not work').waitFor();
        // The rest of the page goes on.
        expect(await page.getByRole('button', { name: 'Pay' }).isVisible()).toBe(true);
        await recovery.getByLabel('What did you do?').fill('I counted the crisps');
        const sent = page.waitForResponse((reply) =>
          (reply.request().postData() ?? '').includes('I counted the crisps'),
        );
        await recovery.getByRole('button', { name: 'Tell us' }).click();
        await recovery.getByText('Thank you').waitFor();
        expect((await sent).status()).toBe(200);
        await recovery.getByRole('button', { name: 'Try again' }).click();
        await page.getByRole('listitem').filter({ hasText: 'Chips' }).waitFor();
        expect(await page.getByRole('alert').count()).toBe(0);
      });

      const issue = await issueOf('"a stock row has no article"');
      expect(issue).toMatchObject({ type: 'RangeError', service: 'kiosk', culprit: 'StockRow (kiosk.tsx)' });
      const { event } = await read<Issue>(bench.product, `/api/v1/issues/${issue.issue}`);
      // What was thrown first, then React's own cause of it, whose frames are the components that stood around it.
      const [thrown, components] = event?.exceptions ?? [];
      expect(thrown).toMatchObject({
        type: 'RangeError',
        mechanism: 'auto.function.react.error_boundary',
        handled: true,
      });
      expect(thrown?.frames[0]).toMatchObject({
        function: 'StockRow',
        file: expect.stringMatching(/react-kiosk\/src\/kiosk\.tsx$/),
      });
      expect(components).toMatchObject({ type: 'React ErrorBoundary RangeError' });
      const own = components?.frames
        .filter(({ file }) => file.includes('react-kiosk/src'))
        .map((frame) => frame.function);
      expect(own, 'from the inside out, under their own names').toEqual(['StockRow', 'StockList', 'Stock']);

      const row = await feedbackOf('counted crisps');
      expect(row).toMatchObject({
        message: 'I counted the crisps',
        name: 'Kiosk 3',
        site: 'STORE_047',
        service: 'kiosk',
        release: 'react-kiosk@1.0.0',
        issue: issue.issue,
        aboutEvent: event?.eventId,
        status: 'unresolved',
      });
      const { about } = await read<Answer>(bench.product, `/api/v1/feedback/${row.eventId}`);
      expect(about).toMatchObject({ type: 'RangeError', message: 'a stock row has no article' });
    },
  );

  test('@sentry/react: what fails after an await reaches the same boundary', { timeout: 60_000 }, async () => {
    await inKiosk(async (page) => {
      await page.getByRole('button', { name: 'Pay' }).click();
      await page.getByText('The payment does not work').waitFor();
      await page.getByLabel('What did you do?').fill('I held my card to it');
      await page.getByRole('button', { name: 'Tell us' }).click();
      await page.getByText('Thank you').waitFor();
    });
    const row = await feedbackOf('held card');
    const issue = await issueOf('"the card terminal refused"');
    expect(row.issue).toBe(issue.issue);
    const { event } = await read<Issue>(bench.product, `/api/v1/issues/${issue.issue}`);
    expect(event?.exceptions.map(({ type }) => type)).toEqual(['Error', 'React ErrorBoundary Error']);
  });

  test(
    '@sentry/react: the whole app fails, and the crash report dialog is filled in by keyboard',
    { timeout: 90_000 },
    async () => {
      await inKiosk(async (page, faults) => {
        await page.getByRole('button', { name: 'Lose the basket' }).click();
        await page.getByRole('heading', { name: 'The kiosk has to begin anew' }).waitFor();
        const dialog = page.getByRole('dialog', { name: 'The kiosk stopped' });
        await dialog.waitFor();
        const folder = process.env['PICTURES'];
        if (folder !== undefined) await page.screenshot({ path: `${folder}/crash-dialog.png` });
        await page.evaluate(axe.source);
        const judged = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as axe.AxeResults;
        const own = judged.violations.filter(({ nodes }) =>
          nodes.some(({ target }) => JSON.stringify(target).includes('dialog')),
        );
        expect(own.map(({ id }) => id)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(phone.width);

        // Without a text it says so, and keeps what was written.
        const name = dialog.getByLabel('Name');
        await name.waitFor();
        await name.fill('Ana');
        await page.keyboard.press('Enter');
        await dialog.getByRole('alert').filter({ hasText: 'look at this field' }).waitFor();
        const text = dialog.getByLabel('What happened?');
        expect(await text.getAttribute('aria-invalid')).toBe('true');
        await page.keyboard.type('The screen went white');
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        await dialog.getByRole('status').filter({ hasText: 'Thank you' }).waitFor();
        if (folder !== undefined) await page.screenshot({ path: `${folder}/crash-dialog-sent.png` });
        await page.keyboard.press('Enter');
        await dialog.waitFor({ state: 'detached' });
        expect(faults.filter((fault) => /CORS|Access-Control|Content Security/i.test(fault))).toEqual([]);
      }, false);
      const row = await feedbackOf('screen white');
      const issue = await issueOf('"the order has no basket"');
      expect(row).toMatchObject({ name: 'Ana', message: 'The screen went white', issue: issue.issue });
    },
  );

  test('the dialog is refused without an event, and without a key that is known', async () => {
    const ask = async (query: Record<string, string>, method = 'GET'): Promise<number> => {
      const search = new URLSearchParams({ dsn: bench.workshop.dsn, eventId: 'ab'.repeat(16), ...query });
      const reply = await fetch(`${bench.product.url}/api/embed/error-page/?${search.toString()}`, {
        method,
        headers: { origin: 'https://kiosk.example' },
        ...(method === 'POST' ? { body: new URLSearchParams({ comments: 'x' }) } : {}),
      });
      expect(reply.headers.get('access-control-allow-origin')).toBe('*');
      return reply.status;
    };
    const wrong = bench.workshop.dsn.replace(bench.workshop.key, 'nobody');
    for (const method of ['GET', 'POST']) {
      expect(await ask({ eventId: '' }, method)).toBe(400);
      expect(await ask({ dsn: wrong }, method)).toBe(401);
      expect(await ask({ dsn: '' }, method)).toBe(401);
    }
    expect(await ask({})).toBe(200);
  });
}
