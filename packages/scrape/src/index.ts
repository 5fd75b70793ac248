/** Prometheus scraping: what to ask, and what the answers say. */
export type { ReceivedSeries } from '@sightline/record';
