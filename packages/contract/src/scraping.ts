import { z } from 'zod';
import { done } from './common.ts';
import { endpoint } from './endpoint.ts';

const scrapeTarget = z.object({
  /** Name of the agent that scrapes it, at the site of its label `site`; '' for this server. */
  agent: z.string(),
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
    /** False where this server scrapes nothing for the organisation. */
    scraping: z.boolean(),
    /** Whether the organisation has a configuration of its own: then another server scrapes by it, or this one soon will. */
    configured: z.boolean(),
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

export const getScrapeTarget = endpoint({
  method: 'GET',
  path: '/api/v1/scrape-target',
  summary:
    'What discovery said of a target, before relabelling; several where a job has the address more than once, as the agents of many sites do, 20 at most: `labels` names one',
  permission: 'viewer',
  query: z.object({
    job: z.string().max(1000),
    url: z.string().max(4000),
    /** All labels of the one that is meant, as a JSON object; '' for any. */
    labels: z.string().max(50_000).default(''),
  }),
  reply: z.object({
    /** How many there are besides. */
    omitted: z.number(),
    targets: z.array(
      z.object({
        labels: z.record(z.string(), z.string()),
        discovered: z.record(z.string(), z.string()),
        interval: z.string(),
        timeout: z.string(),
      }),
    ),
  }),
});

export const getScrapeConfiguration = endpoint({
  method: 'GET',
  path: '/api/v1/scrape-configuration',
  summary: "What the organisation lets this installation scrape: a prometheus.yml, its secrets as '<secret>'",
  permission: 'viewer',
  reply: z.object({
    /** '' without one. */
    content: z.string(),
    /** Null without one. */
    updatedAt: z.number().nullable(),
    updatedBy: z.string(),
    /** Keys that are left out, and why. */
    warnings: z.array(z.string()),
  }),
});
export const putScrapeConfiguration = endpoint({
  method: 'PUT',
  path: '/api/v1/scrape-configuration',
  summary:
    "Scrape for this organisation what a prometheus.yml says; what Prometheus would refuse is refused with its place. '<secret>' keeps what stood there, as long as it goes where it went",
  permission: 'admin',
  body: z.object({ content: z.string().min(1).max(900_000) }),
  reply: z.object({ jobs: z.number(), warnings: z.array(z.string()) }),
});
export const deleteScrapeConfiguration = endpoint({
  method: 'DELETE',
  path: '/api/v1/scrape-configuration',
  summary: 'Scrape nothing more for this organisation by a configuration of its own; its series end',
  permission: 'admin',
  reply: done,
});
