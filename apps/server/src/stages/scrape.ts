import { randomUUID } from 'node:crypto';
import type { ApiDeps } from '@sightline/api';
import type { Result } from '@sightline/base';
import { keepOwnSeries, type OwnSeriesParts, scrapeProtocol } from '@sightline/ingest';
import { guardedLookup, isMetadataAddress } from '@sightline/monitors';
import {
  durationText,
  readScrapeFile,
  type ScrapeConfig,
  type ScrapeFile,
  type Scraping,
  startScrapeFile,
} from '@sightline/scrape';
import type { MetricHead } from '@sightline/metrics';
import { noPromotion } from '@sightline/record';
import type { StageParts } from '../stage.ts';
import { firstOrganisation } from './first-organisation.ts';
import { KeptScraping } from './kept-scraping.ts';

type TargetReader = NonNullable<ApiDeps['targetReader']>;

/** Scraping as the rest of the server sees it. */
export interface ScrapeStage {
  readonly reader: TargetReader;
  /** Reads `--scrape-config` now; undefined where there is none or nothing is scraped by it yet. */
  reload(): Promise<Result<{ readonly jobs: number }, string> | undefined>;
}

/**
 * Scrapes what `--scrape-config` names, for the first organisation as soon as there is one, and what organisations put through the API, each for
 * itself. Rejects with a sentence when the file cannot be used at the start; a later fault leaves what was in force.
 */
export async function openScrape(
  { config, stores, clock, logger, closers }: StageParts,
  version: string,
  ingest: Omit<OwnSeriesParts, 'clock'> & { readonly head: Pick<MetricHead, 'promote'> },
): Promise<ScrapeStage> {
  const file = config.scrapeConfig;
  // What the command line says of OTLP's resources goes before the file.
  const promote = ({ promotion }: ScrapeConfig): void =>
    config.otlpPromotion === undefined ? ingest.head.promote(promotion ?? noPromotion) : undefined;
  if (file !== '') {
    const read = await readScrapeFile(file);
    if (!read.ok) throw new Error(`${read.error} Mend it, or leave out --scrape-config (SIGHTLINE_SCRAPE_CONFIG).`);
    promote(read.value);
  }
  const log = logger.with({ part: 'scraping' });
  const parts: OwnSeriesParts = { ...ingest, metricsKeptMs: config.retentionMetricsMs, clock };
  const sinkOf = (organisation: string) => {
    const scope = { organisation, keyId: '', site: '', device: '', service: '', environment: '' };
    return {
      append: async (series: Parameters<typeof keepOwnSeries>[3]): Promise<void> => {
        if (!(await keepOwnSeries(parts, scrapeProtocol, scope, series)))
          log.warn('a scrape found no room in the spool', { organisation });
      },
    };
  };
  const kept = new KeptScraping({
    configurations: stores.control.scrapeConfigurations,
    leases: stores.control.detect.leases,
    holder: randomUUID(),
    // People of an organisation are not those who run the server: they may not make it ask what hands out its credentials.
    scraperOf: (organisation) => ({
      sink: sinkOf(organisation),
      clock,
      logger: log.with({ organisation }),
      version,
      guard: { refuses: isMetadataAddress, lookup: guardedLookup },
    }),
    clock,
    logger: log,
  });
  kept.start();
  const stop = new AbortController();
  const byFile: { organisation: string; scraping: ScrapeFile | undefined } = { organisation: '', scraping: undefined };
  const starting =
    file === ''
      ? Promise.resolve()
      : firstOrganisation(stores.control, clock, stop.signal).then((organisation) => {
          if (organisation === undefined) return;
          byFile.organisation = organisation;
          byFile.scraping = startScrapeFile({
            file,
            sink: sinkOf(organisation),
            clock,
            logger: log,
            version,
            onConfig: promote,
          });
        });
  closers.add('scraping', async () => {
    stop.abort();
    await starting;
    await Promise.all([byFile.scraping?.close(), kept.close()]);
  });
  return {
    reader: readerOf((organisation) => {
      const ofFile = organisation === byFile.organisation ? byFile.scraping?.scraping : undefined;
      return [ofFile, kept.of(organisation)].filter((scraping) => scraping !== undefined);
    }),
    reload: async () => byFile.scraping?.reload(),
  };
}

function readerOf(scrapingsOf: (organisation: string) => readonly Scraping[]): TargetReader {
  return {
    pools: async (organisation) => scrapingsOf(organisation).flatMap((scraping) => scraping.jobs()),
    active: async (organisation) =>
      scrapingsOf(organisation)
        .flatMap((scraping) => scraping.targets().active)
        .map((target) => ({
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
      const lists = scrapingsOf(organisation).map((scraping) => scraping.targets());
      const targets = lists
        .flatMap(({ dropped }) => dropped)
        .map(({ job, discovered }) => ({ pool: job, discoveredLabels: Object.fromEntries(discovered) }));
      const counts = Object.assign({}, ...lists.map(({ droppedCounts }) => droppedCounts)) as Record<string, number>;
      return { targets, counts };
    },
    // A file of the server and a text of the organisation are two documents of one stream.
    configuration: async (organisation, pool) =>
      scrapingsOf(organisation)
        .map((scraping) => scraping.configuration(pool))
        .filter((text) => text !== '')
        .join('---\n'),
  };
}
