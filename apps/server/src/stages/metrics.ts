import path from 'node:path';
import {
  keepMetrics,
  OldSamples,
  openMetrics,
  RollUps,
  type EngineAddress,
  type MetricHead,
  type Metrics,
} from '@sightline/metrics';
import type { MetricEngine } from '@sightline/query/promql';
import { exactlyOnceSettings, telemetryDatabase } from '@sightline/store';
import type { StageBase, StageParts } from '../stage.ts';
import { hasPeers, remoteHeads } from './head-route.ts';

/**
 * Opens PromQL over head and engine. A process without the ingest role has no head: it asks the process that has it. That one makes the
 * roll-ups.
 */
export async function openMetricsStage(
  { config, stores, clock, logger, closers }: StageBase,
  head: MetricHead | undefined,
): Promise<Metrics> {
  const { store } = stores;
  const kept = { rawMs: config.retentionMetricsMs };
  const engine = addressOf(config.clickhouseUrl, stores.engine?.socketPath);
  const heads = !head && hasPeers(config) ? await remoteHeads({ control: stores.control, clock }) : undefined;
  const metrics = openMetrics({ store, engine, head, heads, kept, clock, logger, cacheFolder: config.dataFolder });
  closers.add('metric queries', () => metrics.close());
  return metrics;
}

/** The same metrics for who acts on answers (rules): one that would lack the newest samples is a fault, so that no alert comes or goes by it. */
export function wholeAnswers(metrics: MetricEngine): MetricEngine {
  return {
    instant: (query) => metrics.instant({ ...query, whole: true }),
    range: (query) => metrics.range({ ...query, whole: true }),
    series: (query) => metrics.series(query),
    metricNames: (query) => metrics.metricNames(query),
    labelNames: (query) => metrics.labelNames(query),
    labelValues: (query) => metrics.labelValues(query),
    metadata: (query) => metrics.metadata(query),
    exemplars: (query) => metrics.exemplars(query),
    statistics: (organisation) => metrics.statistics(organisation),
  };
}

/**
 * Keeps the engine's tables of metrics: their retention, and in the background the roll-ups, and what versions before chunks left. For the
 * process with the head.
 */
export async function openMetricUpkeep(
  { config, stores, clock, logger, closers }: Pick<StageParts, 'config' | 'stores' | 'clock' | 'logger' | 'closers'>,
  head: MetricHead,
  metrics: Metrics | undefined,
): Promise<RollUps> {
  const { store } = stores;
  const kept = { rawMs: config.retentionMetricsMs };
  await keepMetrics(store, kept);
  const rollUps = new RollUps({
    store,
    engine: addressOf(config.clickhouseUrl, stores.engine?.socketPath),
    folder: path.join(config.dataFolder, 'metrics'),
    exactlyOnce: exactlyOnceSettings,
    kept,
    busy: () => metrics?.busy() ?? false,
    clock,
    logger,
  });
  closers.add('metric roll-ups', () => rollUps.close());
  rollUps.start();
  const old = new OldSamples({ store, head, folder: path.join(config.dataFolder, 'metrics', 'old'), clock, logger });
  closers.add('samples of an earlier version', () => old.close());
  old.start();
  return rollUps;
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
