import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { Browser, BrowserContext } from 'playwright-core';
import { desk, openBrowser } from '../../tests/support/browser.ts';
import { eventually, headless, startProduct, type Product } from '../../tests/support/product.ts';

/** One way of opening a replay; milliseconds since the address was entered, sorted. */
export interface ReplayStart {
  readonly name: string;
  readonly firstPageMs: readonly number[];
  /** When the parts of the way there had come, of the median run. */
  readonly parts: Readonly<Record<string, number>>;
}

const replay = randomBytes(16).toString('hex');
const segments = 6;
const nodes = 4000;
const eventsPerSegment = 400;
const settleMs = 1500;

/** Opens a recorded session again and again, with a cold and a warm cache, until its first page is drawn and can be played. */
export async function benchReplayStart(rounds: number): Promise<readonly ReplayStart[]> {
  const [product, browser] = await Promise.all([startProduct({ env: headless }), openBrowser()]);
  try {
    await record(product);
    const storage = await signedIn(browser, product);
    const cold: Opened[] = [];
    for (let i = 0; i < rounds; i++) {
      const context = await browser.newContext({ viewport: desk, storageState: storage });
      cold.push(await open(context, product));
      await context.close();
    }
    const context = await browser.newContext({ viewport: desk, storageState: storage });
    await open(context, product);
    const warm: Opened[] = [];
    for (let i = 0; i < rounds; i++) warm.push(await open(context, product));
    return [figures('cache empty', cold), figures('cache warm', warm)];
  } finally {
    await browser.close();
    await product.close();
  }
}

interface Opened {
  readonly firstPageMs: number;
  readonly parts: Readonly<Record<string, number>>;
}

function figures(name: string, opened: readonly Opened[]): ReplayStart {
  const sorted = opened.toSorted((a, b) => a.firstPageMs - b.firstPageMs);
  return {
    name,
    firstPageMs: sorted.map(({ firstPageMs }) => firstPageMs),
    parts: sorted[Math.floor(sorted.length / 2)]?.parts ?? {},
  };
}

async function signedIn(browser: Browser, product: Product) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${product.url}/sign-in`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/');
  const path = `/api/v1/replays/${replay}`;
  await eventually(
    () => page.evaluate(async (at) => (await fetch(at)).text(), path),
    (text) => (text.match(/"segment":/g) ?? []).length === segments,
    30_000,
  );
  const state = await context.storageState();
  await context.close();
  return state;
}

async function open(context: BrowserContext, product: Product): Promise<Opened> {
  const page = await context.newPage();
  await page.addInitScript(() => {
    const own = globalThis as unknown as { shownAt?: number; seen?: Record<string, number> } & Pick<
      typeof globalThis,
      'performance'
    >;
    const view = globalThis as unknown as {
      document: {
        querySelector(selector: string): { contentDocument?: { body?: { childElementCount: number } } } | null;
      };
      requestAnimationFrame(next: () => void): void;
    };
    const seen = (own.seen ??= {});
    const note = (name: string, there: boolean): boolean => {
      if (there) seen[name] ??= Math.round(own.performance.now());
      return there;
    };
    const look = (): void => {
      const frame = view.document.querySelector('.replay-screen iframe');
      note('shell', view.document.querySelector('.top-bar') !== null);
      note('page', view.document.querySelector('.replay-page') !== null);
      note('frame', frame !== null);
      const drawn = note('drawn', (frame?.contentDocument?.body?.childElementCount ?? 0) > 0);
      const ready = note('ready', view.document.querySelector('.replay-page[aria-busy=false]') !== null);
      if (drawn && ready) own.shownAt = own.performance.now();
      else view.requestAnimationFrame(look);
    };
    view.requestAnimationFrame(look);
  });
  await page.goto(`${product.url}/replays/${replay}`, { waitUntil: 'commit' });
  await page.waitForFunction(() => 'shownAt' in globalThis, undefined, { timeout: 60_000 });
  await page.waitForTimeout(settleMs);
  const opened = await page.evaluate((id) => {
    const { shownAt = 0, seen = {} } = globalThis as unknown as { shownAt?: number; seen?: Record<string, number> };
    const all = performance.getEntriesByType('resource') as unknown as {
      name: string;
      startTime: number;
      responseEnd: number;
    }[];
    const parts: Record<string, number> = { ...seen };
    const note = (name: string, found: (typeof all)[number] | undefined): void => {
      if (found) [parts[`${name} from`], parts[name]] = [Math.round(found.startTime), Math.round(found.responseEnd)];
    };
    note(
      'page code',
      all.find(({ name }) => /replay-page/.test(name)),
    );
    note(
      'player code',
      all.find(({ name }) => /assets\/player/.test(name)),
    );
    note(
      'replay',
      all.find(({ name }) => name.endsWith(`/replays/${id}`)),
    );
    note(
      'segment 0',
      all.find(({ name }) => name.endsWith('/segments/0')),
    );
    return { firstPageMs: Math.round(shownAt), parts };
  }, replay);
  await page.close();
  return opened;
}

/** A session of a shop's page as the stock SDK sends it: the page as it was, then changes and movements, packed by zlib. */
async function record(product: Product): Promise<void> {
  const startMs = Date.now() - 120_000;
  let id = 1;
  const element = (tagName: string, childNodes: object[], attributes: object = {}): object => ({
    type: 2,
    id: ++id,
    tagName,
    attributes,
    childNodes,
  });
  const word = (): object => ({ type: 3, id: ++id, textContent: '****** ***' });
  const rows = Array.from({ length: nodes / 4 }, (_, i) =>
    element('div', [element('span', [word()], { class: `cell cell-${i % 7}`, style: 'padding: 2px 8px' })], {
      class: `row row-${i}`,
      'data-key': `article-${i}`,
    }),
  );
  const css = Array.from(
    { length: 1500 },
    (_, i) => `.c${i}{color:#${(i * 977).toString(16).padStart(6, '0')};margin:${i % 9}px}`,
  );
  const head = element('head', [element('style', [{ type: 3, id: ++id, textContent: css.join('\n'), isStyle: true }])]);
  const document = { type: 0, id: 1, childNodes: [element('html', [head, element('body', rows)])] };
  for (let segment = 0; segment < segments; segment++) {
    const at = startMs + segment * 5000;
    const moves = Array.from({ length: eventsPerSegment }, (_, i) => ({
      type: 3,
      timestamp: at + 10 + i * 12,
      data: { source: 1, positions: [{ x: (i * 13) % 1200, y: (i * 7) % 700, id: 5, timeOffset: 0 }] },
    }));
    const first = [
      { type: 4, timestamp: at, data: { href: 'https://shop.example/articles', width: 1280, height: 800 } },
      { type: 2, timestamp: at + 1, data: { node: document, initialOffset: { top: 0, left: 0 } } },
    ];
    const events = segment === 0 ? [...first, ...moves] : moves;
    const told = {
      replay_id: replay,
      segment_id: segment,
      replay_type: 'session',
      timestamp: (at + 5000) / 1000,
      replay_start_timestamp: startMs / 1000,
      urls: ['https://shop.example/articles'],
      user: { id: 'cashier_1' },
    };
    const recording = Buffer.concat([Buffer.from(`{"segment_id":${segment}}\n`), deflateSync(JSON.stringify(events))]);
    const lines = [
      JSON.stringify({ event_id: replay }),
      JSON.stringify({ type: 'replay_event' }),
      JSON.stringify(told),
      JSON.stringify({ type: 'replay_recording', length: recording.length }),
    ];
    const reply = await fetch(`${product.url}/api/1/envelope/`, {
      method: 'POST',
      headers: {
        'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${headless.SIGHTLINE_SETUP_KEY}`,
        'content-type': 'application/x-sentry-envelope',
      },
      body: Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), recording]),
    });
    if (!reply.ok) throw new Error(`the recording was refused: ${reply.status} ${await reply.text()}`);
  }
}
