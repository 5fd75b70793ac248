import type { ReceivedExemplar } from '@sightline/record';
import type { ProtobufReader } from '../protobuf-reader.ts';
import type { ExponentialBuckets } from './exponential.ts';
import { LabelBuilder, type LabelPairs, readAttribute } from './otlp-attributes.ts';

/** A data point of any kind: the fields that its kind has not stay as they are here. Times in milliseconds, 0 for none. */
export interface DataPoint {
  labels: LabelPairs;
  startMs: number;
  atMs: number;
  value: number;
  count: number;
  sum: number;
  hasSum: boolean;
  noRecordedValue: boolean;
  bucketCounts: number[];
  bounds: number[];
  quantiles: [quantile: number, value: number][];
  scale: number;
  zeroCount: number;
  zeroThreshold: number;
  positive: ExponentialBuckets;
  negative: ExponentialBuckets;
  exemplars: ReceivedExemplar[];
}

export type PointKind = 'number' | 'histogram' | 'exponential' | 'summary';

/** Field numbers that differ from kind to kind (opentelemetry/proto/metrics/v1/metrics.proto); 0 where the kind has none. */
const fields: Readonly<Record<PointKind, { attributes: number; flags: number; exemplars: number }>> = {
  number: { attributes: 7, flags: 8, exemplars: 5 },
  histogram: { attributes: 9, flags: 10, exemplars: 8 },
  exponential: { attributes: 1, flags: 10, exemplars: 11 },
  summary: { attributes: 7, flags: 8, exemplars: 0 },
};

// Shared by all points that have none: most have none.
const none: ExponentialBuckets = { offset: 0, counts: [] };
const noNumbers: number[] = [];
const noQuantiles: DataPoint['quantiles'] = [];
const noExemplars: ReceivedExemplar[] = [];

/** Reads a data point; undefined when it is malformed. */
export function readPoint(reader: ProtobufReader, kind: PointKind): DataPoint | undefined {
  const labels = new LabelBuilder();
  const point: DataPoint = {
    labels: labels.pairs,
    startMs: 0,
    atMs: 0,
    value: 0,
    count: 0,
    sum: 0,
    hasSum: false,
    noRecordedValue: false,
    bucketCounts: noNumbers,
    bounds: noNumbers,
    quantiles: noQuantiles,
    scale: 0,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: none,
    negative: none,
    exemplars: noExemplars,
  };
  const { attributes, flags, exemplars } = fields[kind];
  const take = (key: string, value: string): void => labels.add(key, value);
  while (reader.next()) {
    const { field } = reader;
    if (field === attributes) {
      if (!reader.is(field, 2) || !readAttribute(reader, take)) return undefined;
    } else if (field === flags) point.noRecordedValue = reader.is(field, 0) && reader.int64() % 2n === 1n;
    else if (field === 2) point.startMs = reader.is(2, 1) ? millisecondsAt(reader) : 0;
    else if (field === 3) point.atMs = reader.is(3, 1) ? millisecondsAt(reader) : 0;
    else if (field === exemplars) {
      const exemplar = reader.is(field, 2) ? readExemplar(reader.message()) : undefined;
      if (!exemplar) return undefined;
      if (point.exemplars === noExemplars) point.exemplars = [];
      point.exemplars.push(exemplar);
    } else if (!readValue(reader, kind, point)) return undefined;
    if (reader.bad) return undefined;
  }
  return reader.bad ? undefined : point;
}

/** False when it is malformed. */
function readValue(reader: ProtobufReader, kind: PointKind, point: DataPoint): boolean {
  if (kind === 'number') {
    if (reader.is(4, 1)) point.value = reader.double();
    else if (reader.is(6, 1)) point.value = signed64(reader);
    return true;
  }
  if (reader.field === 4) point.count = reader.is(4, 1) ? unsigned64(reader, reader.start) : 0;
  else if (reader.is(5, 1)) {
    point.sum = reader.double();
    point.hasSum = true;
  } else if (kind === 'histogram') readBuckets(reader, point);
  else if (kind === 'summary') return reader.is(6, 2) ? readQuantile(reader.message(), point) : true;
  else return readExponential(reader, point);
  return true;
}

function readBuckets(reader: ProtobufReader, point: DataPoint): void {
  // Packed as all clients write them, or one by one, which protobuf allows too.
  if (reader.field === 6) {
    if (point.bucketCounts === noNumbers) point.bucketCounts = [];
    for (let at = reader.start; at + 8 <= reader.end; at += 8) point.bucketCounts.push(unsigned64(reader, at));
  } else if (reader.field === 7) {
    if (point.bounds === noNumbers) point.bounds = [];
    for (let at = reader.start; at + 8 <= reader.end; at += 8) point.bounds.push(reader.bytes.readDoubleLE(at));
  }
}

function readQuantile(reader: ProtobufReader, point: DataPoint): boolean {
  let quantile = 0;
  let value = 0;
  while (reader.next()) {
    if (reader.is(1, 1)) quantile = reader.double();
    else if (reader.is(2, 1)) value = reader.double();
  }
  if (point.quantiles === noQuantiles) point.quantiles = [];
  point.quantiles.push([quantile, value]);
  return !reader.bad;
}

function readExponential(reader: ProtobufReader, point: DataPoint): boolean {
  if (reader.is(6, 0)) point.scale = zigzag(reader);
  else if (reader.is(7, 1)) point.zeroCount = unsigned64(reader, reader.start);
  else if (reader.is(14, 1)) point.zeroThreshold = reader.double();
  else if (reader.field === 8 || reader.field === 9) {
    if (!reader.is(reader.field, 2)) return false;
    const buckets: ExponentialBuckets = { offset: 0, counts: [] };
    const inner = reader.message();
    while (inner.next()) {
      if (inner.is(1, 0)) buckets.offset = zigzag(inner);
      else if (inner.field === 2) readVarints(inner, buckets.counts);
    }
    if (inner.bad) return false;
    if (reader.field === 8) point.positive = buckets;
    else point.negative = buckets;
  }
  return true;
}

function readVarints({ bytes, start, end }: ProtobufReader, into: number[]): void {
  let value = 0;
  let scale = 1;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    into.push(value);
    [value, scale] = [0, 1];
  }
}

/** Undefined when it is malformed. */
function readExemplar(reader: ProtobufReader): ReceivedExemplar | undefined {
  const filtered = new LabelBuilder();
  const ids: string[] = [];
  let [value, atMs] = [0, 0];
  while (reader.next()) {
    if (reader.is(2, 1)) atMs = millisecondsAt(reader);
    else if (reader.is(3, 1)) value = reader.double();
    else if (reader.is(6, 1)) value = signed64(reader);
    else if (reader.is(4, 2)) addId(ids, 'span_id', reader);
    else if (reader.is(5, 2)) addId(ids, 'trace_id', reader);
    else if (reader.is(7, 2) && !readAttribute(reader, (key, text) => filtered.add(key, text))) return undefined;
  }
  if (reader.bad) return undefined;
  const whole = [...ids, ...filtered.pairs];
  return { labels: lengthOf(whole) <= exemplarCharacters ? whole : ids, value, atMs };
}

/** Labels of an exemplar, names and values together, in OpenMetrics. */
const exemplarCharacters = 128;

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function addId(ids: string[], name: string, reader: ProtobufReader): void {
  const id = reader.bytes.toString('hex', reader.start, reader.end);
  if (/[^0]/.test(id)) ids.push(name, id);
}

/** A fixed64 of nanoseconds as whole milliseconds, exactly. */
function millisecondsAt({ bytes, start }: ProtobufReader): number {
  const high = bytes.readUInt32LE(start + 4);
  const low = bytes.readUInt32LE(start);
  return Math.floor(high / 1e6) * 4_294_967_296 + Math.floor(((high % 1e6) * 4_294_967_296 + low) / 1e6);
}

function unsigned64({ bytes }: ProtobufReader, at: number): number {
  return bytes.readUInt32LE(at + 4) * 4_294_967_296 + bytes.readUInt32LE(at);
}

function signed64({ bytes, start }: ProtobufReader): number {
  return bytes.readInt32LE(start + 4) * 4_294_967_296 + bytes.readUInt32LE(start);
}

function zigzag(reader: ProtobufReader): number {
  const raw = BigInt.asUintN(64, reader.int64());
  return Number((raw >> 1n) ^ -(raw & 1n));
}
