/** Prometheus scraping: what to ask, and what the answers say. Used by the server and by agents. */
export type { AddressGuard } from './http/http-client.ts';
export type { ScrapeConfig } from './config/read-config.ts';
export { readScrapeFile, type ScrapeFile, startScrapeFile } from './scrape-file.ts';
export { readConfigText, Scraping } from './scraping.ts';
export { durationText } from './targets/target.ts';
