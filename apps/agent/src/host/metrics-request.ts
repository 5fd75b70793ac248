import { ProtobufWriter, writeAttributes } from '@sightline/ingest/otlp';

type Attributes = Readonly<Record<string, string | number>>;

/** One value of a metric. */
export interface Point {
  readonly value: number;
  readonly attributes?: Attributes;
}

/** A metric of OpenTelemetry's data model: a gauge, or a monotonic cumulative sum. */
export interface HostMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'counter';
  readonly points: readonly Point[];
}

const cumulative = 2;

/**
 * Encodes an OTLP `ExportMetricsServiceRequest`
 * (https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/opentelemetry/proto/metrics/v1/metrics.proto).
 * `startMs` is when counters began to count; both moments are milliseconds since the epoch.
 */
export function metricsRequest(
  resource: Attributes,
  metrics: readonly HostMetric[],
  startMs: number,
  nowMs: number,
): Buffer {
  const writer = new ProtobufWriter(8192);
  const resourceMetrics = writer.open(1);
  const resourceAt = writer.open(1);
  writeAttributes(writer, 1, resource);
  writer.close(resourceAt);
  const scopeMetrics = writer.open(2);
  const scope = writer.open(1);
  writer.string(1, 'sightline.agent.host');
  writer.close(scope);
  for (const metric of metrics) if (metric.points.length > 0) writeMetric(writer, metric, startMs, nowMs);
  writer.close(scopeMetrics);
  writer.close(resourceMetrics);
  return writer.finish();
}

function writeMetric(writer: ProtobufWriter, metric: HostMetric, startMs: number, nowMs: number): void {
  const opened = writer.open(2);
  writer.string(1, metric.name);
  writer.string(3, metric.unit);
  const data = writer.open(metric.kind === 'gauge' ? 5 : 7);
  for (const point of metric.points) {
    const at = writer.open(1);
    if (metric.kind === 'counter') writer.fixed64(2, nanoseconds(startMs));
    writer.fixed64(3, nanoseconds(nowMs));
    writer.double(4, point.value);
    writeAttributes(writer, 7, point.attributes ?? {});
    writer.close(at);
  }
  if (metric.kind === 'counter') {
    writer.integer(2, cumulative);
    writer.integer(3, 1);
  }
  writer.close(data);
  writer.close(opened);
}

const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;
