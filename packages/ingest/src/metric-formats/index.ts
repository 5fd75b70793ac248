/** Metric formats as series: what the metric store's head thread needs of this package, without its loaders and protocols. */
export type { DecodedMetrics, MetricFrame } from './decoded-metrics.ts';
export { decodeOtlpMetrics } from './otlp-metrics.ts';
export { WriteRequestCursor, type WrittenMetadata } from './write-request-cursor.ts';
export { decodeSpooled, encodeSpooled, type SpooledRecord } from '../spool/spooled.ts';
export type { LoadedMetrics, MetricSegment, MetricTarget } from '../load/metric-target.ts';
export { prometheusLabelName, prometheusMetricName } from './prometheus-names.ts';
export { writeRw2Request } from './write-rw2.ts';
export { decodeWriteRequest2 } from './write-request-2.ts';
