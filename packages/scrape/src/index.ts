/** Prometheus scraping: what to ask, and what the answers say. Used by the server and by agents. */
export { readScrapeConfig, type ScrapeConfig } from './config/read-config.ts';
export { type ActiveTarget, type DroppedTarget, type Scraper, startScraper, type TargetList } from './scraper.ts';
export type { ScrapeSink } from './targets/scrape-sink.ts';
export { durationText } from './targets/target.ts';
