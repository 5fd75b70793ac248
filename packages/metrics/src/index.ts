/** The metric store: see ARCHITECTURE.md. */
export type { MetricEngine } from '@sightline/query/promql';
