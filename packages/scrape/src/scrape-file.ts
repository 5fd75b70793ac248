import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BackgroundLoop, fail, ok, type Result } from '@sightline/base';
import type { ScraperOptions } from './scraper.ts';
import { type ReadConfig, readConfigText, Scraping } from './scraping.ts';

/** Scraping by a file that is read anew when it changes. */
export interface ScrapeFile {
  readonly scraping: Scraping;
  /** Reads the file now, as on SIGHUP; the error is a sentence, and then what was in force stays. */
  reload(): Promise<Result<{ readonly jobs: number }, string>>;
  close(): Promise<void>;
}

export interface ScrapeFileOptions extends ScraperOptions {
  readonly file: string;
  /** Told of each configuration that comes into force. */
  readonly onConfig?: (config: ReadConfig) => void;
}

const lookEveryMs = 5000;

/** Reads the file; the error is a sentence for people. */
export async function readScrapeFile(file: string): Promise<Result<ReadConfig, string>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return fail(code === 'ENOENT' ? `There is no file ${file}.` : `The file ${file} cannot be read (${code}).`);
  }
  const config = readConfigText(text, path.dirname(file));
  return config.ok ? config : fail(`In ${file}: ${config.error}.`);
}

/**
 * Scrapes what `file` says. A file that is missing or wrong is logged, and what was in force before stays; at first that is nothing.
 */
export function startScrapeFile(options: ScrapeFileOptions): ScrapeFile {
  const { file, clock, logger } = options;
  const scraping = new Scraping(options);
  let begun = false;
  let lastFault = '';
  const look = async (): Promise<Result<{ readonly jobs: number }, string>> => {
    const read = await readScrapeFile(file);
    if (!read.ok) {
      if (read.error !== lastFault) logger.error('scraping goes on as before', { why: read.error });
      lastFault = read.error;
      return read;
    }
    lastFault = '';
    const jobs = read.value.jobs.length;
    if (begun && read.value.text === scraping.text) return ok({ jobs });
    begun = true;
    await scraping.configure(read.value);
    options.onConfig?.(read.value);
    logger.info('the scrape configuration is in force', { file, jobs });
    return ok({ jobs });
  };
  /** One look at a time: a reload waits for the one under way. */
  let turn: Promise<unknown> = Promise.resolve();
  const next = (): ReturnType<typeof look> => {
    const mine = turn.then(look);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const following = new BackgroundLoop({
    clock,
    logger,
    everyMs: lookEveryMs,
    round: async () => void (await next()),
    fault: (error) => logger.error('the scrape configuration could not be read', { error }),
  });
  following.start();
  return {
    scraping,
    reload: next,
    close: async () => {
      await following.close();
      await turn;
      await scraping.close();
    },
  };
}
