import type { ApiDeps } from '@sightline/api';
import type { Fleet } from '@sightline/fleet';

type TargetReader = NonNullable<ApiDeps['targetReader']>;
const nothing: TargetReader = {
  pools: async () => [],
  active: async () => [],
  dropped: async () => ({ targets: [], counts: {} }),
  relabelSteps: async () => undefined,
  configuration: async () => '',
};

/** Targets of this server, and those that agents which are connected to it scrape at their sites. */
export function withAgentTargets(fleet: Pick<Fleet, 'scraped'>, own: TargetReader = nothing): TargetReader {
  return {
    ...own,
    pools: async (organisation) => {
      const jobs = fleet.scraped(organisation).flatMap(({ targets }) => targets.map(({ job }) => job));
      return [...new Set([...(await own.pools(organisation)), ...jobs])];
    },
    active: async (organisation) => [
      ...(await own.active(organisation)),
      ...fleet.scraped(organisation).flatMap(({ agent, targets }) =>
        targets.map((target) => ({
          agent,
          pool: target.job,
          // What discovery said and what the target told of its metrics stay at the site.
          discoveredLabels: {},
          labels: target.labels,
          url: target.url,
          health: target.health,
          lastError: target.lastError,
          lastScrapeMs: target.lastScrapeAt ?? 0,
          lastScrapeSeconds: target.lastScrapeMs / 1000,
          interval: target.interval,
          timeout: target.timeout,
          metadata: [],
        })),
      ),
    ],
  };
}
