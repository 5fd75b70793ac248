import type { ReceivedSeries } from '@sightline/record';

/** Where scraped series go; server and agent fill this. */
export interface ScrapeSink {
  /** Keeps the series of one scrape; resolves when they are safe or were counted as lost. Must not throw. */
  append(series: readonly ReceivedSeries[]): Promise<void>;
}
