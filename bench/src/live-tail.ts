import type { Page } from 'playwright-core';
import { desk, openBrowser, openPage } from '../../tests/support/browser.ts';
import { headless, startProduct, type Product } from '../../tests/support/product.ts';

/** What a person sees of a live tail while lines come, by stage of the measure. */
export interface TailFigures {
  readonly stage: string;
  /** Sent and taken, lines a second. */
  readonly sentPerS: number;
  /** New lines that the page received, a second; dropped ones are said on the page. */
  readonly receivedPerS: number;
  readonly droppedShown: number;
  /** Time between two frames, milliseconds. */
  readonly frameP50Ms: number;
  readonly frameP99Ms: number;
  readonly longestFrameMs: number;
  /** From a press on Pause to the page's saying so, milliseconds; 0 where nothing is pressed. */
  readonly pressMs: number;
}

const linesPerRequest = 500;

interface Measured {
  frames: number[];
  rows: number;
  dropped: number;
}

/** Follows the logs in a browser while `perS` lines a second are sent: plain, paused, and with a filter. */
export async function benchLiveTail(perS: number, seconds: number): Promise<readonly TailFigures[]> {
  const [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  const sending = new AbortController();
  const sent = { lines: 0 };
  const sender = send(product, perS, sent, sending.signal);
  try {
    const { page } = await openPage(browser, desk);
    await page.addInitScript(watchFrames);
    await page.goto(`${product.url}/sign-in`);
    await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
    await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === '/');
    const stage = async (name: string, q: string, press: boolean): Promise<TailFigures> => {
      await page.goto(`${product.url}/logs?tail=1&q=${encodeURIComponent(q)}`);
      await page.waitForTimeout(5000);
      const pressMs = press ? await pressPause(page) : 0;
      const [from, before] = [performance.now(), sent.lines];
      await page.evaluate(() => {
        Object.assign((globalThis as unknown as { measured: Measured }).measured, { frames: [], rows: 0, dropped: 0 });
      });
      await page.waitForTimeout(seconds * 1000);
      const lastedS = (performance.now() - from) / 1000;
      const { frames, rows, dropped } = await page.evaluate(
        () => (globalThis as unknown as { measured: Measured }).measured,
      );
      const sorted = frames.toSorted((a, b) => a - b);
      const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
      return {
        stage: name,
        sentPerS: Math.round((sent.lines - before) / lastedS),
        receivedPerS: Math.round(rows / lastedS),
        droppedShown: dropped,
        frameP50Ms: at(0.5),
        frameP99Ms: at(0.99),
        longestFrameMs: Math.round(sorted.at(-1) ?? Number.NaN),
        pressMs,
      };
    };
    return [
      await stage('all lines', '', false),
      await stage('paused', '', true),
      await stage('filter: a fifth', 'lane:3', false),
    ];
  } finally {
    sending.abort();
    await sender;
    await browser.close();
    await product.close();
  }
}

/** Times between frames, and what the page's own stream brings. Runs in the page. */
function watchFrames(): void {
  const measured: Measured = { frames: [], rows: 0, dropped: 0 };
  const view = globalThis as unknown as {
    measured: Measured;
    requestAnimationFrame(next: (at: number) => void): void;
    EventSource: {
      prototype: {
        addEventListener: (this: unknown, name: string, heard: (event: { data: string }) => void) => void;
      };
    };
  };
  view.measured = measured;
  let last = 0;
  const frame = (at: number): void => {
    if (last > 0 && measured.frames.length < 100_000) measured.frames.push(at - last);
    last = at;
    view.requestAnimationFrame(frame);
  };
  view.requestAnimationFrame(frame);
  const { prototype } = view.EventSource;
  const listen = prototype.addEventListener;
  prototype.addEventListener = function own(this: unknown, name, heard): void {
    listen.call(this, name, (event: { data: string }) => {
      if (name === 'row') measured.rows++;
      if (name === 'dropped') measured.dropped += Number(event.data);
      heard(event);
    });
  };
}

async function pressPause(page: Page): Promise<number> {
  const from = performance.now();
  await page.getByRole('button', { name: 'Pause' }).first().click();
  await page.getByRole('button', { name: 'Resume' }).first().waitFor();
  return Math.round(performance.now() - from);
}

/** JSON lines at an even rate until `signal` aborts; what was taken is counted. */
async function send(product: Product, perS: number, sent: { lines: number }, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  let n = 0;
  while (!signal.aborted) {
    const due = ((performance.now() - startedMs) / 1000) * perS;
    if (n + linesPerRequest > due) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    const lines = Array.from({ length: linesPerRequest }, () => {
      n++;
      const message = `order ${n} paid in ${(n * 37) % 900} ms at lane ${n % 5}`;
      return {
        message,
        level: n % 50 === 0 ? 'warn' : 'info',
        dt: new Date().toISOString(),
        lane: String(n % 5),
        site: `STORE_${n % 100}`,
      };
    });
    const reply = await fetch(`${product.url}/betterstack`, {
      method: 'POST',
      headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(lines),
    });
    if (reply.ok) sent.lines += linesPerRequest;
    await reply.arrayBuffer();
  }
}
