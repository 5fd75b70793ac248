import { existsSync } from 'node:fs';
import type { Clock, Logger } from '@sightline/base';
import type { ReceivedSeries } from '@sightline/record';

export interface ScrapeSiteParts {
  /** `scrape.yml` in the data folder: the form of a prometheus.yml. */
  readonly file: string;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Keeps one request of remote write 2.0 for the server. */
  readonly submit: (request: Uint8Array, samples: number) => Promise<void>;
}

const lookEveryMs = 5000;

/**
 * Scrapes targets that only the site reaches, by a file of the site. Nothing of it is loaded while there is no such file: most sites have
 * none, and the agent must stay small.
 */
export function startScrapeSite({ file, version, clock, logger, submit }: ScrapeSiteParts): { close(): Promise<void> } {
  const stop = new AbortController();
  const running = (async () => {
    while (!existsSync(file) && !stop.signal.aborted) await clock.sleep(lookEveryMs, stop.signal);
    if (stop.signal.aborted) return undefined;
    const [{ startScrapeFile }, { writeRw2Request }] = await Promise.all([
      import('@sightline/scrape'),
      import('@sightline/ingest/metric-formats'),
    ]);
    const append = (series: readonly ReceivedSeries[]): Promise<void> =>
      submit(
        writeRw2Request(series),
        series.reduce((sum, { times }) => sum + times.length, 0),
      );
    return startScrapeFile({ file, sink: { append }, clock, logger, version });
  })().catch((error: unknown) => {
    logger.error('scraping could not be started', { error });
    return undefined;
  });
  return {
    close: async () => {
      stop.abort();
      await (await running)?.close();
    },
  };
}
