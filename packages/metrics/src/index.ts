/** The metric store: see ARCHITECTURE.md. */
export { OldSamples } from './carry/old-samples.ts';
export { openHead, type HeadOptions, type MetricHead } from './head/open-head.ts';
export { openMetrics, type Metrics, type MetricsOptions } from './open-metrics.ts';
export type { RemoteHeads } from './remote/fresh-index.ts';
export { headMediaType, headPath } from './remote/head-client.ts';
export { HeadService, isHeadMethod } from './remote/head-service.ts';
export { IndexClient } from './index-port.ts';
export { keepMetrics } from './retention.ts';
export { RollUps } from './rollup/roll-ups.ts';
export type { EngineAddress } from './query/engine-address.ts';
