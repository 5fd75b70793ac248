/** A Vite build with Sentry's own plugin, minified: what it throws in a browser is shown where it was written. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { getIssue, type IssueRow } from '@sightline/contract';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { openBrowser } from '../support/browser.ts';
import { program, read, readUntil } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';
import { buildShop, openShop } from './built-shop.ts';

type Issue = z.infer<typeof getIssue.reply>;

export function sourceMapClients(bench: Bench): void {
  test('@sentry/vite-plugin and @sentry/react: the issue shows the original line', async () => {
    const { product, workshop } = bench;
    const dist = await buildShop(bench, {
      name: 'kiosk',
      release: 'kiosk@3.1.0',
      root: workshop.folder,
      input: workshop.write('kiosk.js', `import ${JSON.stringify(program('kiosk-page.ts'))};\n`),
      define: { kiosk: JSON.stringify({ dsn: workshop.dsn }) },
    });
    const script = readdirSync(path.join(dist, 'assets')).find((name) => name.endsWith('.js')) ?? '';
    const shop = await openShop(
      dist,
      `<!doctype html><title>kiosk</title><body></body><script type="module" src="/assets/${script}"></script>`,
    );
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(shop.url);
      await page.click('#pay');
      await page.waitForFunction("document.title === 'sent'", undefined, { timeout: 15_000 });
    } finally {
      await browser.close();
      shop.close();
    }

    const found = await readUntil<{ issues: IssueRow[] }>(
      product,
      '/api/v1/issues',
      { q: 'emptied while it was charged' },
      ({ issues }) => issues.length > 0,
    );
    expect(found.issues).toMatchObject([
      { type: 'TypeError', culprit: 'chargeBasket (kiosk-page.ts)', firstRelease: 'kiosk@3.1.0', sites: 1 },
    ]);
    const { event } = await read<Issue>(product, `/api/v1/issues/${found.issues[0]?.issue}`);
    const [thrown, caller] = event?.exceptions[0]?.frames ?? [];
    const source = readFileSync(program('kiosk-page.ts'), 'utf8').split('\n');
    const line = source.findIndex((text) => text.includes('throw new TypeError')) + 1;
    expect(thrown).toMatchObject({
      file: expect.stringMatching(/tests\/clients\/programs\/kiosk-page\.ts$/),
      function: 'chargeBasket',
      line,
      inApp: true,
      contextLine: source[line - 1],
      preContext: source.slice(line - 6, line - 1),
      minified: { file: expect.stringContaining(script), line: expect.any(Number) },
    });
    expect(thrown?.minified?.function).not.toBe('chargeBasket');
    expect(caller).toMatchObject({ function: 'pay', contextLine: expect.stringContaining('chargeBasket(empty[0])') });
    expect(event?.mappedLater).toBe(false);
    // The libraries of the bundle were mapped too, and are known as such.
    expect(
      event?.exceptions[0]?.frames.some((frame) => /node_modules\/react-dom\//.test(frame.file) && !frame.inApp),
    ).toBe(true);
  });
}
