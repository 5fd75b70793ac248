/** Prometheus scraping: what to ask, and what the answers say. Used by the server and by agents. */
export { readScrapeFile, type ScrapeFile, startScrapeFile } from './scrape-file.ts';
export { durationText } from './targets/target.ts';
