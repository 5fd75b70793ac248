import path from 'node:path';
import { openHead, type MetricHead } from '@sightline/metrics';
import { exactlyOnceSettings } from '@sightline/store';
import type { StageParts } from '../stage.ts';

/** Opens the write side of the metric store: segments of metrics go there from the loader. */
export async function openMetricHead({
  config,
  stores,
  logger,
  closers,
}: Pick<StageParts, 'config' | 'stores' | 'logger' | 'closers'>): Promise<MetricHead> {
  const head = await openHead({
    settings: {
      folder: path.join(config.dataFolder, 'metrics'),
      keptMs: config.retentionMetricsMs,
      limits: config.metricSeriesLimit,
      ...(config.otlpPromotion === undefined ? {} : { promotion: config.otlpPromotion }),
    },
    store: stores.store,
    exactlyOnce: exactlyOnceSettings,
    logger,
  });
  closers.add('metric head', () => head.close());
  return head;
}
