import { existsSync } from 'node:fs';
import type { Clock, Logger } from '@sightline/base';
import { type AgentMessage, type AgentScrapeTarget, scrapeTargetsAtMost } from '@sightline/fleet/messages';
import type { ReceivedSeries } from '@sightline/record';
import type { ActiveTarget } from '@sightline/scrape';

export interface ScrapeSiteParts {
  /** `scrape.yml` in the data folder: the form of a prometheus.yml. */
  readonly file: string;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Keeps one request of remote write 2.0 for the server. */
  readonly submit: (request: Uint8Array, samples: number) => Promise<void>;
  /** Tells the server how the targets stand, every 15 s. */
  readonly report: (message: ScrapeTargetsMessage) => void;
}

type ScrapeTargetsMessage = Extract<AgentMessage, { type: 'scrape-targets' }>;

const lookEveryMs = 5000;
const reportEveryMs = 15_000;
/** Of a report: the link's frames end at 256 KiB. */
const reportBytes = 128 * 1024;

/**
 * Scrapes targets that only the site reaches, by a file of the site. Nothing of it is loaded while there is no such file: most sites have
 * none, and the agent must stay small.
 */
export function startScrapeSite({ file, version, clock, logger, submit, report }: ScrapeSiteParts): {
  close(): Promise<void>;
} {
  const stop = new AbortController();
  const running = (async () => {
    while (!existsSync(file) && !stop.signal.aborted) await clock.sleep(lookEveryMs, stop.signal);
    if (stop.signal.aborted) return undefined;
    const [{ durationText, startScrapeFile }, { writeRw2Request }] = await Promise.all([
      import('@sightline/scrape'),
      import('@sightline/ingest/metric-formats'),
    ]);
    const append = (series: readonly ReceivedSeries[]): Promise<void> =>
      submit(
        writeRw2Request(series),
        series.reduce((sum, { times }) => sum + times.length, 0),
      );
    const scraping = startScrapeFile({ file, sink: { append }, clock, logger, version });
    void (async () => {
      while (!stop.signal.aborted) {
        report(reportOf(scraping.scraping.targets().active, durationText));
        await clock.sleep(reportEveryMs, stop.signal);
      }
    })();
    return scraping;
  })().catch((error: unknown) => {
    logger.error('scraping could not be started', { error });
    return undefined;
  });
  return {
    close: async () => {
      stop.abort();
      await (await running)?.close();
    },
  };
}

const order: Readonly<Record<AgentScrapeTarget['health'], number>> = { down: 0, unknown: 1, up: 2 };

/** Those that are down first, as many as fit one frame; texts as long as the link takes them. */
export function reportOf(active: readonly ActiveTarget[], durationText: (ms: number) => string): ScrapeTargetsMessage {
  const targets: AgentScrapeTarget[] = [];
  let bytes = 0;
  for (const target of active.toSorted((a, b) => order[a.health] - order[b.health]).slice(0, scrapeTargetsAtMost)) {
    const labels = [...target.labels].slice(0, 50).map(([name, value]) => [name.slice(0, 200), value.slice(0, 500)]);
    const shown: AgentScrapeTarget = {
      job: target.job.slice(0, 200),
      url: target.url.slice(0, 1000),
      labels: Object.fromEntries(labels) as Record<string, string>,
      health: target.health,
      lastError: target.lastError.slice(0, 500),
      lastScrapeAt: target.lastScrapeAtMs === 0 ? null : target.lastScrapeAtMs,
      lastScrapeMs: Math.max(0, target.lastDurationMs),
      interval: durationText(target.intervalMs),
      timeout: durationText(target.timeoutMs),
    };
    bytes += Buffer.byteLength(JSON.stringify(shown));
    if (bytes > reportBytes) break;
    targets.push(shown);
  }
  return { type: 'scrape-targets', targets, omitted: active.length - targets.length };
}
