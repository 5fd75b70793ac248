import type { FloatHistogram } from '@sightline/record';
import { GrowingHistogram } from '../statsd/growing-histogram.ts';
import { writeAttributes } from './any-value.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** The lane whose frames are OTLP `ExportMetricsServiceRequest` bytes. A builder's bytes go there. */
export const otlpMetricsLane = 'otlp-metrics';

/** What was measured of one series at one time. */
export interface MetricValue {
  readonly resource: Readonly<Record<string, string>>;
  readonly name: string;
  /** UCUM, as OpenTelemetry has it; '' for none. */
  readonly unit: string;
  /** Growth, a state, or one of many observations. */
  readonly kind: 'counter' | 'gauge' | 'distribution';
  readonly attributes: Readonly<Record<string, string>>;
  /** At least one; growth is added up, of a state the last one stands. */
  readonly values: readonly number[];
  /** How many events each stands for (1 / sample rate); 1 unless told. */
  readonly weight?: number;
  readonly atNs: bigint;
}

/** Values of one series within a request. */
interface Series {
  readonly first: MetricValue;
  firstNs: bigint;
  lastNs: bigint;
  value: number;
  readonly histogram: GrowingHistogram;
}

/**
 * Encodes single values as an OTLP `ExportMetricsServiceRequest` (https://opentelemetry.io/docs/specs/otel/metrics/data-model/): counters and
 * distributions of one series are added up within the request and written as deltas, of a gauge the newest value stands.
 */
export class MetricsRequestBuilder {
  readonly #series = new Map<string, Series>();
  #records = 0;

  /** How often something was added so far. */
  get records(): number {
    return this.#records;
  }

  add(value: MetricValue): this {
    const { resource, name, unit, kind, attributes, values, weight = 1, atNs } = value;
    const labels = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([resource, name, unit, kind, labels]);
    let series = this.#series.get(key);
    if (!series) {
      series = { first: value, firstNs: atNs, lastNs: atNs, value: 0, histogram: new GrowingHistogram() };
      this.#series.set(key, series);
    }
    for (const one of values) {
      if (kind === 'counter') series.value += one * weight;
      else if (kind === 'distribution') series.histogram.observe(one, weight);
      else if (atNs >= series.lastNs) series.value = one;
    }
    if (atNs < series.firstNs) series.firstNs = atNs;
    if (atNs > series.lastNs) series.lastNs = atNs;
    this.#records++;
    return this;
  }

  /** The encoded request. */
  build(): Buffer {
    const writer = new ProtobufWriter(8192);
    const byResource = Map.groupBy(this.#series.values(), ({ first }) => JSON.stringify(first.resource));
    for (const all of byResource.values()) {
      const resourceMetrics = writer.open(1);
      const resource = writer.open(1);
      writeAttributes(writer, 1, all[0]?.first.resource ?? {});
      writer.close(resource);
      const scope = writer.open(2);
      for (const series of all) writeMetric(writer, series);
      writer.close(scope);
      writer.close(resourceMetrics);
    }
    return writer.finish();
  }
}

const delta = 1;

function writeMetric(writer: ProtobufWriter, series: Series): void {
  const { first } = series;
  const metric = writer.open(2);
  writer.string(1, first.name);
  writer.string(3, first.unit);
  const data = writer.open(first.kind === 'gauge' ? 5 : first.kind === 'counter' ? 7 : 10);
  const point = writer.open(1);
  const attributesAt = first.kind === 'distribution' ? 1 : 7;
  writeAttributes(writer, attributesAt, first.attributes);
  // A delta is told over a stretch of time: a single value's is the millisecond before it.
  if (first.kind !== 'gauge') writer.fixed64(2, series.firstNs - 1_000_000n);
  writer.fixed64(3, series.lastNs);
  if (first.kind === 'distribution') writeHistogram(writer, series.histogram.native());
  else writer.double(4, series.value);
  writer.close(point);
  if (first.kind !== 'gauge') writer.integer(2, delta);
  if (first.kind === 'counter') writer.integer(3, 1);
  writer.close(data);
  writer.close(metric);
}

function writeHistogram(writer: ProtobufWriter, histogram: FloatHistogram): void {
  writer.fixed64(4, BigInt(Math.round(histogram.count)));
  writer.double(5, histogram.sum);
  const scale = histogram.schema;
  writer.integer(6, scale < 0 ? -2 * scale - 1 : 2 * scale);
  writer.fixed64(7, BigInt(Math.round(histogram.zeroCount)));
  writeBuckets(writer, 8, histogram.positiveSpans, histogram.positiveBuckets);
  writeBuckets(writer, 9, histogram.negativeSpans, histogram.negativeBuckets);
  writer.double(14, histogram.zeroThreshold);
}

/** Prometheus' bucket i is OpenTelemetry's i - 1; gaps between spans are buckets of nothing. */
function writeBuckets(
  writer: ProtobufWriter,
  field: number,
  spans: FloatHistogram['positiveSpans'],
  counts: readonly number[],
): void {
  const offset = spans[0]?.offset;
  if (offset === undefined) return;
  const side = writer.open(field);
  const first = offset - 1;
  writer.integer(1, first < 0 ? -2 * first - 1 : 2 * first);
  const packed = writer.open(2);
  let at = 0;
  for (const [n, span] of spans.entries()) {
    if (n > 0) for (let gap = 0; gap < span.offset; gap++) writer.varint(0);
    for (let bucket = 0; bucket < span.length; bucket++) writer.varint(counts[at++] ?? 0);
  }
  writer.close(packed);
  writer.close(side);
}
