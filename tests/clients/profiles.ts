/** A page profiled by the stock browser SDK, found in the interface from its trace, and back. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { ProfileRow, TraceRow } from '@sightline/contract';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { desk, openBrowser, openPage } from '../support/browser.ts';
import { headless, type Product } from '../support/product.ts';
import { program, readUntil } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';

export function profileClients(bench: Bench): void {
  test('@sentry/browser: a profiled page is found from its trace, drawn, and leads back', async () => {
    const { product, workshop } = bench;
    const input = workshop.write('profiled.js', `import ${JSON.stringify(program('profiled-page.ts'))};\n`);
    await build({
      root: workshop.folder,
      logLevel: 'error',
      define: { shop: JSON.stringify({ dsn: workshop.dsn }) },
      // Names as they were written: no source map is uploaded here.
      build: {
        outDir: 'profiled-dist',
        minify: false,
        rollupOptions: { input, output: { entryFileNames: 'shop.js' } },
      },
    });
    const shop = await serve(readFileSync(path.join(workshop.folder, 'profiled-dist/shop.js')));
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(shop.address() as AddressInfo).port}/basket`);
      await page.waitForFunction("document.title === 'sent'", undefined, { timeout: 20_000 });
      await page.close();

      const [trace] = await readUntil<{ traces: TraceRow[] }>(
        product,
        '/api/v1/traces',
        { q: 'name:"work out the basket"' },
        ({ traces }) => traces.length > 0,
      ).then(({ traces }) => traces);
      const traceId = trace?.traceId ?? '';
      const { profiles } = await readUntil<{ profiles: ProfileRow[] }>(
        product,
        '/api/v1/profiles',
        { trace: traceId },
        (reply) => reply.profiles.length > 0,
      );
      expect(profiles).toMatchObject([
        { kind: 'chunk', platform: 'javascript', release: 'shop@5.0.0', environment: 'production' },
      ]);
      expect(profiles[0]?.samples).toBeGreaterThan(5);
      expect(profiles[0]?.durationMs).toBeGreaterThan(300);
      await look(browser, product, traceId);
    } finally {
      await browser.close();
      shop.close();
    }
  });
}

/** The browser profiles only documents whose answer allows it. */
async function serve(script: Buffer): Promise<Server> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/shop.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.setHeader('document-policy', 'js-profiling');
    response.end(
      isScript ? script : '<!doctype html><title>shop</title><script type="module" src="/shop.js"></script>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return server;
}

async function look(browser: Browser, product: Product, traceId: string): Promise<void> {
  const { page, faults } = await openPage(browser, desk);
  await page.goto(`${product.url}/sign-in`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/');

  await page.goto(`${product.url}/traces/${traceId}`);
  await page.getByRole('link', { name: 'Profile', exact: true }).click();
  await page.waitForURL((url) => url.pathname.startsWith('/profiles/'));
  // The function with the most own time stands in the table; pressed, it is lit in the graph and its share said.
  const table = page.getByRole('region', { name: 'Functions by own time' });
  await table.getByRole('button', { name: 'priceOfArticles' }).click();
  await page.getByText(/^1 function, \d+ % of the time$/).waitFor();
  await page.getByText('In time', { exact: true }).click();
  await page.waitForURL((url) => url.searchParams.get('as') === 'time' && url.searchParams.has('find'));
  await page
    .getByRole('treeitem', { name: /^workOutDiscounts, / })
    .first()
    .waitFor();

  await page.getByRole('link', { name: /^work out the basket/ }).click();
  await page.waitForURL((url) => url.pathname === `/traces/${traceId}`);

  await page.goto(`${product.url}/traces?view=profiles&text=shop@5`);
  await page
    .getByRole('link', { name: /continuous/ })
    .first()
    .waitFor();
  expect(faults).toEqual([]);
  await page.context().close();
}
