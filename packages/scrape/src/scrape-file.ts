import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fail, type Result } from '@sightline/base';
import { readScrapeConfig, type ScrapeConfig } from './config/read-config.ts';
import { redactedConfig } from './config/redacted-config.ts';
import { type Scraper, type ScraperOptions, startScraper, type TargetList } from './scraper.ts';

/** Scraping by a file that is read anew when it changes. */
export interface ScrapeFile {
  targets(): TargetList;
  /** Names of all jobs. */
  jobs(): readonly string[];
  /** The file in force, secrets redacted; of one job where `job` is not ''. */
  configuration(job: string): string;
  close(): Promise<void>;
}

export interface ScrapeFileOptions extends ScraperOptions {
  readonly file: string;
}

const lookEveryMs = 5000;

/** Reads the file; the error is a sentence for people. */
export async function readScrapeFile(file: string): Promise<Result<ScrapeConfig & { readonly text: string }, string>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return fail(code === 'ENOENT' ? `There is no file ${file}.` : `The file ${file} cannot be read (${code}).`);
  }
  const config = readScrapeConfig(text, path.dirname(file));
  return config.ok ? { ok: true, value: { ...config.value, text } } : fail(`In ${file}: ${config.error}.`);
}

/**
 * Scrapes what `file` says. A file that is missing or wrong is logged, and what was in force before stays; at first that is nothing.
 */
export function startScrapeFile(options: ScrapeFileOptions): ScrapeFile {
  const { file, clock, logger } = options;
  const stop = new AbortController();
  let scraper: Scraper | undefined;
  let inForce: (ScrapeConfig & { readonly text: string }) | undefined;
  let lastFault = '';
  const look = async (): Promise<void> => {
    const read = await readScrapeFile(file);
    if (!read.ok) {
      if (read.error !== lastFault) logger.error('scraping goes on as before', { why: read.error });
      lastFault = read.error;
      return;
    }
    lastFault = '';
    if (read.value.text === inForce?.text) return;
    for (const warning of read.value.warnings)
      logger.warn('a part of the scrape configuration is left out', { warning });
    logger.info('the scrape configuration is in force', { file, jobs: read.value.jobs.length });
    inForce = read.value;
    if (scraper) await scraper.configure(read.value);
    else scraper = startScraper(read.value, options);
  };
  const running = (async () => {
    while (!stop.signal.aborted) {
      await look().catch((error: unknown) => logger.error('the scrape configuration could not be read', { error }));
      await clock.sleep(lookEveryMs, stop.signal);
    }
  })();
  return {
    targets: () => scraper?.targets() ?? { active: [], dropped: [], droppedCounts: {} },
    jobs: () => inForce?.jobs.map(({ name }) => name) ?? [],
    configuration: (job) => (inForce ? redactedConfig(inForce.text, job) : ''),
    close: async () => {
      stop.abort();
      await running;
      await scraper?.close();
    },
  };
}
