import { listScrapeTargets } from '@sightline/contract';
import type { ScrapeTarget } from '../compat/prometheus/ports.ts';
import { answer, type Route } from '../route.ts';

const targetsAtMost = 2000;
const order: Readonly<Record<ScrapeTarget['health'], number>> = { down: 0, unknown: 1, up: 2 };

export const scrapingRoutes: readonly Route[] = [
  answer(listScrapeTargets, async (_, { deps, caller }) => {
    const { targetReader } = deps;
    const { organisation, keySite = '' } = caller;
    const [names, active, dropped] = await Promise.all([
      targetReader?.pools(organisation) ?? [],
      targetReader?.active(organisation) ?? [],
      keySite === '' ? targetReader?.dropped(organisation) : undefined,
    ]);
    const targets = active.filter(({ labels }) => keySite === '' || labels['site'] === keySite);
    const countOf = (job: string, health: ScrapeTarget['health']): number =>
      targets.filter((target) => target.pool === job && target.health === health).length;
    return {
      scraping: targetReader !== undefined && names.length > 0,
      jobs: names.map((name) => ({
        name,
        up: countOf(name, 'up'),
        down: countOf(name, 'down'),
        unknown: countOf(name, 'unknown'),
        dropped: dropped?.counts[name] ?? 0,
      })),
      targets: targets
        .toSorted(
          (a, b) => order[a.health] - order[b.health] || a.pool.localeCompare(b.pool) || a.url.localeCompare(b.url),
        )
        .slice(0, targetsAtMost)
        .map((target) => ({
          job: target.pool,
          url: target.url,
          labels: { ...target.labels },
          health: target.health,
          lastError: target.lastError,
          lastScrapeAt: target.lastScrapeMs === 0 ? null : target.lastScrapeMs,
          lastScrapeMs: target.lastScrapeSeconds * 1000,
          interval: target.interval,
        })),
      omitted: Math.max(0, targets.length - targetsAtMost),
      configuration: keySite === '' ? ((await targetReader?.configuration(organisation, '')) ?? '') : '',
    };
  }),
];
