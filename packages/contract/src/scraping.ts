import { z } from 'zod';
import { endpoint } from './endpoint.ts';

const scrapeTarget = z.object({
  /** `job_name`. */
  job: z.string(),
  url: z.string(),
  labels: z.record(z.string(), z.string()),
  health: z.enum(['up', 'down', 'unknown']),
  /** '' without one. */
  lastError: z.string(),
  /** Null before the first scrape. */
  lastScrapeAt: z.number().nullable(),
  lastScrapeMs: z.number(),
  /** As in the configuration: `15s`. */
  interval: z.string(),
});
export type ScrapeTarget = z.infer<typeof scrapeTarget>;

export const listScrapeTargets = endpoint({
  method: 'GET',
  path: '/api/v1/scrape-targets',
  summary: 'What is scraped: jobs, targets with their health, and the configuration with its secrets left out',
  permission: 'viewer',
  reply: z.object({
    /** False where this server was started without a scrape configuration. */
    scraping: z.boolean(),
    jobs: z.array(
      z.object({ name: z.string(), up: z.number(), down: z.number(), unknown: z.number(), dropped: z.number() }),
    ),
    /** Those that are down first; 2,000 at most. */
    targets: z.array(scrapeTarget),
    omitted: z.number(),
    /** YAML; '' for keys that are bound to a site. */
    configuration: z.string(),
  }),
});
