import {
  deleteScrapeConfiguration,
  getScrapeConfiguration,
  getScrapeTarget,
  listScrapeTargets,
  putScrapeConfiguration,
} from '@sightline/contract';
import { readScrapeConfig, redactedConfig, restoredConfig } from '@sightline/scrape/config';
import { z } from 'zod';
import type { ScrapeTarget } from '../compat/prometheus/ports.ts';
import { answer, doneReply, refuse, type Route } from '../route.ts';

const targetsAtMost = 2000;
/** Targets of one job at one address. */
const sameAtMost = 20;
const jobsAtMost = 500;
const warningsAtMost = 50;
const order: Readonly<Record<ScrapeTarget['health'], number>> = { down: 0, unknown: 1, up: 2 };

type Labels = Readonly<Record<string, string>>;

/** Null where the text is no object of texts. */
function labelsIn(text: string): Labels | null {
  try {
    const read = z.record(z.string(), z.string()).safeParse(JSON.parse(text));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

const sameLabels = (some: Labels, others: Labels): boolean => {
  const names = Object.keys(some);
  return names.length === Object.keys(others).length && names.every((name) => some[name] === others[name]);
};

export const scrapingRoutes: readonly Route[] = [
  answer(listScrapeTargets, async (_, { deps, caller }) => {
    const { targetReader } = deps;
    const { organisation, keySite = '' } = caller;
    const [pools, active, dropped, own] = await Promise.all([
      targetReader?.pools(organisation) ?? [],
      targetReader?.active(organisation) ?? [],
      keySite === '' ? targetReader?.dropped(organisation) : undefined,
      deps.control.scrapeConfigurations.has(organisation),
    ]);
    const targets = active.filter(({ labels }) => keySite === '' || labels['site'] === keySite);
    const names = keySite === '' ? pools : [...new Set(targets.map(({ pool }) => pool))];
    const countOf = (job: string, health: ScrapeTarget['health']): number =>
      targets.filter((target) => target.pool === job && target.health === health).length;
    return {
      scraping: targetReader !== undefined && names.length > 0,
      configured: own,
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
          agent: target.agent,
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

  answer(getScrapeTarget, async ({ query }, { deps, caller }) => {
    const active = (await deps.targetReader?.active(caller.organisation)) ?? [];
    const meant = query.labels === '' ? undefined : labelsIn(query.labels);
    if (meant === null) return refuse(422, 'The labels are not valid', 'labels: expected a JSON object of texts.');
    const found = active.filter(
      ({ pool, url, labels }) =>
        pool === query.job && url === query.url && (meant === undefined || sameLabels(labels, meant)),
    );
    if (found.length === 0)
      return refuse(404, 'No such target', `No target ${query.url} of the job ${query.job} is scraped now.`);
    return {
      omitted: Math.max(0, found.length - sameAtMost),
      targets: found.slice(0, sameAtMost).map(({ labels, discoveredLabels, interval, timeout }) => ({
        labels: { ...labels },
        discovered: { ...discoveredLabels },
        interval,
        timeout,
      })),
    };
  }),

  answer(getScrapeConfiguration, async (_, { deps, caller }) => {
    const kept = await deps.control.scrapeConfigurations.find(caller.organisation);
    if (!kept) return { content: '', updatedAt: null, updatedBy: '', warnings: [] };
    const read = readScrapeConfig(kept.content, undefined);
    return {
      content: redactedConfig(kept.content, ''),
      updatedAt: kept.updatedAt,
      updatedBy: kept.updatedBy,
      warnings: read.ok ? read.value.warnings.slice(0, warningsAtMost) : [],
    };
  }),

  answer(putScrapeConfiguration, async ({ body }, { deps, caller, audit }) => {
    const { scrapeConfigurations } = deps.control;
    const before = (await scrapeConfigurations.find(caller.organisation))?.content ?? '';
    const content = restoredConfig(body.content, before);
    const read = content.ok ? readScrapeConfig(content.value, undefined) : content;
    if (!content.ok || !read.ok)
      return refuse(422, 'The scrape configuration is not valid', (read.ok ? '' : read.error).slice(0, 2000));
    const { jobs, warnings } = read.value;
    if (jobs.length > jobsAtMost)
      return refuse(422, 'Too many jobs', `An organisation has at most ${jobsAtMost} jobs, got ${jobs.length}.`);
    await scrapeConfigurations.put(caller.organisation, content.value, caller.actor);
    await audit('scrape-configuration.put', '', `${jobs.length} jobs`);
    return { jobs: jobs.length, warnings: warnings.slice(0, warningsAtMost) };
  }),

  answer(deleteScrapeConfiguration, async (_, { deps, caller, audit }) => {
    if (!(await deps.control.scrapeConfigurations.remove(caller.organisation)))
      return refuse(404, 'No scrape configuration', 'This organisation has no scrape configuration of its own.');
    await audit('scrape-configuration.delete', '');
    return doneReply;
  }),
];
