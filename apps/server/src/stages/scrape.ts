import type { ApiDeps } from '@sightline/api';
import { keepOwnSeries, type OwnSeriesParts, scrapeProtocol } from '@sightline/ingest';
import { durationText, readScrapeFile, type ScrapeFile, startScrapeFile } from '@sightline/scrape';
import type { StageParts } from '../stage.ts';
import { firstOrganisation } from './first-organisation.ts';

type TargetReader = NonNullable<ApiDeps['targetReader']>;

/**
 * Scrapes what `--scrape-config` names, for the first organisation, as soon as there is one. Rejects with a sentence when the file
 * cannot be used at the start; a later fault leaves what was in force. Undefined where nothing is to be scraped.
 */
export async function openScrape(
  { config, stores, clock, logger, closers }: StageParts,
  version: string,
  ingest: Omit<OwnSeriesParts, 'clock'>,
): Promise<TargetReader | undefined> {
  const file = config.scrapeConfig;
  if (file === '') return undefined;
  const read = await readScrapeFile(file);
  if (!read.ok) throw new Error(`${read.error} Mend it, or leave out --scrape-config (SIGHTLINE_SCRAPE_CONFIG).`);
  let scraping: ScrapeFile | undefined;
  let owner = '';
  const stop = new AbortController();
  const log = logger.with({ part: 'scraping' });
  const starting = firstOrganisation(stores.control, clock, stop.signal).then((organisation) => {
    if (organisation === undefined) return;
    owner = organisation;
    const scope = { organisation, keyId: '', site: '', device: '', service: '', environment: '' };
    const parts: OwnSeriesParts = { ...ingest, metricsKeptMs: config.retentionMetricsMs, clock };
    const append = async (series: Parameters<typeof keepOwnSeries>[3]): Promise<void> => {
      if (!(await keepOwnSeries(parts, scrapeProtocol, scope, series))) log.warn('a scrape found no room in the spool');
    };
    scraping = startScrapeFile({ file, sink: { append }, clock, logger: log, version });
  });
  closers.add('scraping', async () => {
    stop.abort();
    await starting;
    await scraping?.close();
  });
  return readerOf((organisation) => (organisation === owner ? scraping : undefined));
}

function readerOf(scrapingOf: (organisation: string) => ScrapeFile | undefined): TargetReader {
  return {
    pools: async (organisation) => scrapingOf(organisation)?.jobs() ?? [],
    active: async (organisation) =>
      (scrapingOf(organisation)?.targets().active ?? []).map((target) => ({
        pool: target.job,
        discoveredLabels: Object.fromEntries(target.discovered),
        labels: Object.fromEntries(target.labels),
        url: target.url,
        health: target.health,
        lastError: target.lastError,
        lastScrapeMs: target.lastScrapeAtMs,
        lastScrapeSeconds: target.lastDurationMs / 1000,
        interval: durationText(target.intervalMs),
        timeout: durationText(target.timeoutMs),
        metadata: target.families.map(({ name: metric, type, help, unit }) => ({ metric, type, help, unit })),
      })),
    dropped: async (organisation) => {
      const { dropped = [], droppedCounts = {} } = scrapingOf(organisation)?.targets() ?? {};
      const targets = dropped.map(({ job, discovered }) => ({
        pool: job,
        discoveredLabels: Object.fromEntries(discovered),
      }));
      return { targets, counts: droppedCounts };
    },
    configuration: async (organisation, pool) => scrapingOf(organisation)?.configuration(pool) ?? '',
  };
}
