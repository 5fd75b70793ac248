import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import { writeAttributes } from '../../otlp/any-value.ts';
import { encodeSpooled } from '../../spool/spooled.ts';
import type { PipedSql } from './pipeline-book.ts';
import { zeroBucket, type Told } from './piped-load.ts';

/** Samples of one organisation as an OTLP request. */
export interface SamplesFrame {
  readonly organisation: string;
  readonly bytes: Buffer;
  readonly records: number;
  readonly receivedAtMs: number;
}

/** One data point: growth since the segment before. */
interface Point {
  readonly labels: readonly string[];
  readonly atMs: number;
  count: number;
  sum: number;
  readonly buckets: Map<number, number>;
}

interface Metric {
  readonly measure: 'count' | 'sum' | 'distribution';
  readonly labelNames: readonly string[];
  readonly points: Map<string, Point>;
}

/**
 * What metric steps made of a segment, as growth (OTLP's delta temporality): the metric store adds it up. The same rows give the same
 * bytes. Counts and sums are counters, distributions exponential histograms.
 */
export function madeSamples(
  treated: readonly { readonly organisation: string; readonly sql: PipedSql; readonly rows: readonly Told[] }[],
): SamplesFrame[] {
  const organisations = new Map<string, Map<string, Metric>>();
  for (const { organisation, sql, rows } of treated) {
    for (const row of rows) {
      const step = sql.steps[row.n]?.step;
      if (row.what !== 'made' || step?.kind !== 'metric') continue;
      const metrics = organisations.get(organisation) ?? new Map<string, Metric>();
      organisations.set(organisation, metrics);
      // Steps that make one metric in the same way make it together.
      const name = JSON.stringify([step.metric, step.measure, step.labels]);
      const metric = metrics.get(name) ?? { measure: step.measure, labelNames: step.labels, points: new Map() };
      metrics.set(name, metric);
      addTo(metric, row);
    }
  }
  return [...organisations].map(([organisation, metrics]) => encode(organisation, metrics));
}

function addTo({ points }: Metric, { labels, at, bucket, records, sum }: Told): void {
  const key = JSON.stringify([labels, at]);
  const point = points.get(key) ?? { labels, atMs: at, count: 0, sum: 0, buckets: new Map<number, number>() };
  points.set(key, point);
  point.count += records;
  point.sum += sum;
  point.buckets.set(bucket, (point.buckets.get(bucket) ?? 0) + records);
}

/** https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto */
function encode(organisation: string, metrics: ReadonlyMap<string, Metric>): SamplesFrame {
  const writer = new ProtobufWriter(4096);
  let records = 0;
  let receivedAtMs = 0;
  const resource = writer.open(1);
  const from = writer.open(1);
  writeAttributes(writer, 1, { 'service.name': 'log-pipelines' });
  writer.close(from);
  const scope = writer.open(2);
  for (const [key, { measure, labelNames, points }] of [...metrics].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const metric = writer.open(2);
    writer.string(1, (JSON.parse(key) as [string])[0]);
    const data = writer.open(measure === 'distribution' ? 10 : 7);
    // In order of time, and by their labels: the head takes samples of one series as they come.
    const ordered = [...points].sort(([a, p], [b, q]) => p.atMs - q.atMs || (a < b ? -1 : 1));
    for (const [, point] of ordered) {
      records++;
      receivedAtMs = Math.max(receivedAtMs, point.atMs);
      const opened = writer.open(1);
      const attributes = Object.fromEntries(labelNames.map((name, at) => [name, point.labels[at] ?? '']));
      if (measure === 'distribution') writeDistribution(writer, point, attributes);
      else {
        writer.fixed64(3, BigInt(point.atMs) * 1_000_000n);
        writer.double(4, measure === 'count' ? point.count : point.sum);
        writeAttributes(writer, 7, attributes);
      }
      writer.close(opened);
    }
    writer.integer(2, delta);
    if (measure !== 'distribution') writer.integer(3, 1);
    writer.close(data);
    writer.close(metric);
  }
  writer.close(scope);
  writer.close(resource);
  return { organisation, bytes: writer.finish(), records, receivedAtMs };
}

const delta = 1;
const scale = 3;

function writeDistribution(writer: ProtobufWriter, point: Point, attributes: Readonly<Record<string, string>>): void {
  const indexes = [...point.buckets.keys()].filter((index) => index !== zeroBucket).sort((a, b) => a - b);
  writeAttributes(writer, 1, attributes);
  writer.fixed64(3, BigInt(point.atMs) * 1_000_000n);
  writer.fixed64(4, BigInt(point.count));
  writer.double(5, point.sum);
  writer.integer(6, zigzag(scale));
  writer.fixed64(7, BigInt(point.buckets.get(zeroBucket) ?? 0));
  const [first, last] = [indexes[0], indexes.at(-1)];
  if (first === undefined || last === undefined) return;
  const buckets = writer.open(8);
  writer.integer(1, zigzag(first));
  const counts = writer.open(2);
  for (let index = first; index <= last; index++) writer.varint(point.buckets.get(index) ?? 0);
  writer.close(counts);
  writer.close(buckets);
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** A frame as the metric store reads it from a segment. */
export function samplesFrame({ organisation, bytes, records, receivedAtMs }: SamplesFrame, protocol: string): Buffer {
  const scope = { organisation, keyId: '', site: '', device: '', environment: '', service: '' };
  return encodeSpooled({ bytes, records, signal: 'metrics' }, scope, { protocol, project: 0, receivedAtMs }, []);
}
