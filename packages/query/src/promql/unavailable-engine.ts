import { fail } from '@sightline/base';
import type { MetricEngine } from './metric-engine.ts';
import type { QueryFault } from './source.ts';

/** Stands where a process has no metric store: every question is answered with `message`, as of a store that is away. */
export function unavailableMetrics(message: string): MetricEngine {
  const refuse: () => Promise<{ readonly ok: false; readonly error: QueryFault }> = () =>
    Promise.resolve(fail({ kind: 'unavailable', message }));
  return {
    instant: refuse,
    range: refuse,
    series: refuse,
    metricNames: refuse,
    labelNames: refuse,
    labelValues: refuse,
    metadata: refuse,
    exemplars: refuse,
    statistics: () =>
      Promise.resolve({
        series: 0,
        byMetric: [],
        byLabel: [],
        bytesByLabel: [],
        byPair: [],
        pairs: 0,
        minTimeMs: 0,
        maxTimeMs: 0,
      }),
  };
}
