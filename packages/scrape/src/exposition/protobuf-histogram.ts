import type { ProtobufReader } from '@sightline/base/protobuf';
import type { BucketSpan, FloatHistogram, ReceivedExemplar } from '@sightline/record';
import { readExemplar, readTimestamp } from './protobuf-exemplar.ts';

interface ClassicBucket {
  readonly bound: number;
  readonly count: number;
  readonly exemplar: ReceivedExemplar | undefined;
}

export interface ReadHistogram {
  /** Undefined where the target has classic buckets only. */
  readonly native: FloatHistogram | undefined;
  readonly buckets: readonly ClassicBucket[];
  readonly count: number;
  readonly sum: number;
  readonly startMs: number;
  readonly exemplars: readonly ReceivedExemplar[];
}

interface Side {
  readonly spans: BucketSpan[];
  readonly buckets: number[];
}

/** Reads `io.prometheus.client.Histogram`; undefined when it is malformed. */
// One pass over sixteen fields.
// eslint-disable-next-line complexity
export function readHistogram(reader: ProtobufReader, gauge: boolean): ReadHistogram | undefined {
  const negative: Side = { spans: [], buckets: [] };
  const positive: Side = { spans: [], buckets: [] };
  const buckets: ClassicBucket[] = [];
  const exemplars: ReceivedExemplar[] = [];
  let [count, countFloat, sum, schema, zeroThreshold, zeroCount, zeroCountFloat, startMs] = [0, 0, 0, 0, 0, 0, 0, 0];
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) count = varint(reader);
    else if (field === 2) sum = float(reader);
    else if (field === 3 && reader.is(3, 2)) buckets.push(readBucket(reader.message()));
    else if (field === 4) countFloat = float(reader);
    else if (field === 5) schema = unzigzag(varint(reader));
    else if (field === 6) zeroThreshold = float(reader);
    else if (field === 7) zeroCount = varint(reader);
    else if (field === 8) zeroCountFloat = float(reader);
    else if (field === 9 || field === 12) readSpan(reader, field === 9 ? negative : positive);
    else if (field === 10 || field === 13) readDeltas(reader, field === 10 ? negative : positive);
    else if (field === 11 || field === 14) readCounts(reader, field === 11 ? negative : positive);
    else if (field === 15 && reader.is(15, 2)) startMs = readTimestamp(reader.message());
    else if (field === 16 && reader.is(16, 2)) {
      const exemplar = readExemplar(reader.message());
      if (exemplar) exemplars.push(exemplar);
    }
  }
  if (reader.bad) return undefined;
  const observed = countFloat > 0 ? countFloat : count;
  const native: FloatHistogram = {
    counterResetHint: gauge ? 3 : 0,
    schema,
    zeroThreshold,
    zeroCount: zeroCountFloat > 0 ? zeroCountFloat : zeroCount,
    count: observed,
    sum,
    positiveSpans: positive.spans,
    negativeSpans: negative.spans,
    positiveBuckets: positive.buckets,
    negativeBuckets: negative.buckets,
    customValues: [],
  };
  const isNative = zeroThreshold > 0 || native.zeroCount > 0 || positive.spans.length > 0 || negative.spans.length > 0;
  return { native: isNative ? native : undefined, buckets, count: observed, sum, startMs, exemplars };
}

function varint(reader: ProtobufReader): number {
  return reader.is(reader.field, 0) ? Number(BigInt.asUintN(64, reader.int64())) : 0;
}

function float(reader: ProtobufReader): number {
  return reader.is(reader.field, 1) ? reader.double() : 0;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function readBucket(reader: ProtobufReader): ClassicBucket {
  let [count, countFloat, bound] = [0, 0, 0];
  let exemplar: ReceivedExemplar | undefined;
  while (reader.next()) {
    if (reader.field === 1) count = varint(reader);
    else if (reader.field === 2) bound = float(reader);
    else if (reader.field === 3 && reader.is(3, 2)) exemplar = readExemplar(reader.message());
    else if (reader.field === 4) countFloat = float(reader);
  }
  return { bound, count: countFloat > 0 ? countFloat : count, exemplar };
}

function readSpan(reader: ProtobufReader, side: Side): void {
  if (!reader.is(reader.field, 2)) return;
  const span = reader.message();
  let [offset, length] = [0, 0];
  while (span.next()) {
    if (span.field === 1) offset = unzigzag(varint(span));
    else if (span.field === 2) length = varint(span);
  }
  if (span.bad) reader.bad = true;
  // A span of no buckets only says that the histogram is a native one.
  side.spans.push({ offset, length });
}

/** Packed, or one by one as most clients of this message write them. */
function readDeltas(reader: ProtobufReader, side: Side): void {
  const add = (delta: number): void => void side.buckets.push((side.buckets.at(-1) ?? 0) + delta);
  if (reader.wire === 0) return add(unzigzag(varint(reader)));
  if (!reader.is(reader.field, 2)) return undefined;
  let [value, scale] = [0, 1];
  for (let at = reader.start; at < reader.end; at++) {
    const byte = reader.bytes[at] ?? 0;
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    add(unzigzag(value));
    [value, scale] = [0, 1];
  }
  return undefined;
}

function readCounts(reader: ProtobufReader, side: Side): void {
  if (reader.wire === 1) side.buckets.push(reader.double());
  else if (reader.is(reader.field, 2))
    for (let at = reader.start; at + 8 <= reader.end; at += 8) side.buckets.push(reader.bytes.readDoubleLE(at));
}
