/** The metric store: see ARCHITECTURE.md. */
export { openMetrics, type Metrics, type MetricsOptions } from './open-metrics.ts';
export type { EngineAddress } from './query/engine-address.ts';
