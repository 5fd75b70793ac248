/** Scrape configurations as texts: what they say, what people may see of them. */
export { readScrapeConfig } from './read-config.ts';
export { redactedConfig, restoredConfig } from './redacted-config.ts';
