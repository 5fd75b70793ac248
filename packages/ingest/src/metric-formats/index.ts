/** Metric formats as series: what the metric store's head thread needs of this package, without its loaders and protocols. */
export type { DecodedMetrics, MetricFrame } from './decoded-metrics.ts';
export { decodeOtlpMetrics } from './otlp-metrics.ts';
export { writeRw2Request } from './write-rw2.ts';
