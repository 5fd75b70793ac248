import sparticuz from '@sparticuz/chromium';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Where the browser lies: where `CHROMIUM_PATH` says, else unpacked from its package into the folder for temporary files. */
export const browserPath = async (): Promise<string> =>
  process.env['CHROMIUM_PATH'] ?? (await sparticuz.executablePath());

/** A real browser. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = await browserPath();
  // The package's own arguments hold --single-process, with which closing a context ends the browser.
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--headless=shell', '--disable-gpu', '--force-color-profile=srgb'],
  });
}

export const desk = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

/** A page with a fixed place and language; what the page itself got wrong is collected. */
export async function openPage(
  browser: Browser,
  viewport: { width: number; height: number },
  colorScheme: 'dark' | 'light' = 'dark',
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({
    viewport,
    colorScheme,
    locale: 'en-US',
    timezoneId: 'America/New_York',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on(
    'console',
    (message) =>
      message.type() === 'error' && !/Failed to load resource/.test(message.text()) && faults.push(message.text()),
  );
  return { page, faults };
}
