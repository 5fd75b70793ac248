import { keepMetrics, openMetrics, type EngineAddress, type MetricHead, type Metrics } from '@sightline/metrics';
import { telemetryDatabase } from '@sightline/store';
import type { StageParts } from '../stage.ts';

/**
 * Opens PromQL over head and engine. A process without the ingest role has no head: it sees a sample once its block is cut, some two
 * hours after it came.
 */
export async function openMetricsStage(
  { config, stores, clock, logger, closers }: Omit<StageParts, 'reads'>,
  head: MetricHead | undefined,
): Promise<Metrics> {
  if (head) await keepMetrics(stores.store, { rawMs: config.retentionMetricsMs });
  const metrics = openMetrics({
    store: stores.store,
    engine: addressOf(config.clickhouseUrl, stores.engine?.socketPath),
    head,
    clock,
    logger,
  });
  closers.add('metric queries', () => metrics.close());
  return metrics;
}

function addressOf(clickhouseUrl: string, socketPath: string | undefined): EngineAddress {
  const database = telemetryDatabase;
  if (socketPath !== undefined) return { url: 'http://engine', socketPath, database };
  const { protocol, host, pathname, username, password } = new URL(clickhouseUrl);
  return {
    url: `${protocol}//${host}${pathname}`,
    database,
    ...(username === '' ? {} : { user: decodeURIComponent(username), password: decodeURIComponent(password) }),
  };
}
