/** A session recorded by the stock browser SDK, found and played in the interface, from its error and to it. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { ReplayRow } from '@sightline/contract';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { desk, openBrowser, openPage } from '../support/browser.ts';
import { headless, type Product } from '../support/product.ts';
import { program, readUntil } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';

const html = `<!doctype html><title>shop</title><body>
  <h1>Order of Ana Torres</h1><input id="card" value="4242 4242"><button id="broken">Coupon</button>
  <button id="basket">Basket</button><button id="charge">Charge</button><p id="said"></p>
  <script type="module" src="/shop.js"></script></body>`;

export function replayClients(bench: Bench): void {
  test('@sentry/browser: a session is recorded, found, played, and leads to its error and back', async () => {
    const { product, workshop } = bench;
    // Of its own, so that a second try finds its own session.
    const user = `cashier-${randomBytes(4).toString('hex')}`;
    const input = workshop.write('shop.js', `import ${JSON.stringify(program('replay-page.ts'))};\n`);
    await build({
      root: workshop.folder,
      logLevel: 'error',
      define: { shop: JSON.stringify({ dsn: workshop.dsn, user }) },
      build: { outDir: 'shop-dist', rollupOptions: { input, output: { entryFileNames: 'shop.js' } } },
    });
    const script = readFileSync(path.join(workshop.folder, 'shop-dist/shop.js'));
    const shop = createServer((request, response) => {
      const isScript = request.url === '/shop.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : html);
    });
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', () => resolve()));
    const browser = await openBrowser();
    try {
      await record(browser, `http://127.0.0.1:${(shop.address() as AddressInfo).port}/checkout`);
      const { replays } = await readUntil<{ replays: ReplayRow[] }>(
        product,
        '/api/v1/replays',
        { user: user.slice(0, -1), url: '/checkout', errors: 'with', clicks: 'rage' },
        (reply) => reply.replays.length > 0,
      );
      expect(replays).toMatchObject([
        { user, site: 'STORE_003', release: 'shop@4.0.0', environment: 'production', errors: 1 },
      ]);
      await watch(browser, product, { user, replay: replays[0]?.replay ?? '' });
    } finally {
      await browser.close();
      shop.close();
    }
  });
}

/** Opens the basket, presses what does nothing again and again, and meets an error. */
async function record(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.click('#basket');
  for (let clicks = 0; clicks < 4; clicks++) await page.click('#broken');
  await page.click('#charge');
  await page.waitForFunction("document.title === 'sent'", undefined, { timeout: 20_000 });
  await page.close();
}

async function watch(
  browser: Browser,
  product: Product,
  { user, replay }: { user: string; replay: string },
): Promise<void> {
  const { page, faults } = await openPage(browser, desk);
  await page.goto(`${product.url}/sign-in`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/');

  await page.goto(`${product.url}/replays?errors=with`);
  await page.getByLabel('Address visited').fill('/checkout');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: user }).click();
  await page.waitForURL((url) => url.pathname === `/replays/${replay}`);

  // The page as it was, masked before it left the browser, in a frame that runs nothing.
  await expect.poll(() => recorded(page), { timeout: 20_000 }).toMatch(/\*{5} \*{2} \*{3} \*{6}/);
  expect(await page.locator('iframe[title="Recorded page"]').getAttribute('sandbox')).toBe('allow-same-origin');

  await page.getByRole('button', { name: 'Play', exact: true }).click();
  // What the basket wrote is drawn only once the recording has come to it.
  await expect.poll(() => recorded(page), { timeout: 20_000 }).toMatch(/\*{6} \*{2} \*{3} \*{6} \*{6}/);
  expect(await recorded(page)).not.toMatch(/Ana|Torres|4242/);
  const told = page.getByRole('region', { name: 'What happened' });
  for (const step of [/Rage clicks/, /Click.*#basket/, /Page.*checkout/, /Console.*the card reader answers late/])
    await told.getByRole('button', { name: step }).first().waitFor({ timeout: 20_000 });

  await page.getByRole('link', { name: /^Error at .*the card reader lost its session/ }).click();
  await page.waitForURL((url) => url.pathname.startsWith('/errors/'));
  await page.getByRole('heading', { level: 1, name: /the card reader lost its session/ }).waitFor({ timeout: 20_000 });

  // Back to the moment of the error: what was drawn until then is there without playing.
  await page.getByRole('link', { name: 'Replay', exact: true }).click();
  await page.waitForURL((url) => url.pathname === `/replays/${replay}` && url.searchParams.has('t'));
  await expect.poll(() => recorded(page), { timeout: 20_000 }).toMatch(/\*{6} \*{2} \*{3} \*{6} \*{6}/);
  expect(faults).toEqual([]);
  await page.context().close();
}

/** As much of a browser's tab as is used inside of it. */
interface Tab {
  readonly document: {
    querySelector(selector: string): { contentDocument: { body: { textContent: string } | null } | null } | null;
  };
}

/** The text of the recorded page, as it is drawn now. */
function recorded(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { document } = globalThis as unknown as Tab;
    return document.querySelector('iframe')?.contentDocument?.body?.textContent ?? '';
  });
}
