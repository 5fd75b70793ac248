import { ProtobufWriter } from '../otlp/protobuf-writer.ts';

type TagValue = string | number | bigint | boolean | Buffer;

/** A span as a test says it; ids in hexadecimal. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  readonly startMs: number;
  readonly durationUs: number;
  readonly tags?: Readonly<Record<string, TagValue>>;
  readonly logs?: readonly Readonly<Record<string, TagValue>>[];
  readonly references?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly followsFrom?: boolean;
  }[];
}

/** Writes Thrift's binary protocol, enough for a Batch. */
class ThriftWriter {
  readonly #parts: Buffer[] = [];

  head(id: number, type: number): this {
    const bytes = Buffer.alloc(3);
    bytes.writeUInt8(type);
    bytes.writeInt16BE(id, 1);
    this.#parts.push(bytes);
    return this;
  }
  stop(): this {
    this.#parts.push(Buffer.alloc(1));
    return this;
  }
  i32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    this.#parts.push(bytes);
    return this;
  }
  i64(value: bigint): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
    this.#parts.push(bytes);
    return this;
  }
  double(value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    this.#parts.push(bytes);
    return this;
  }
  binary(value: string | Buffer): this {
    const bytes = Buffer.from(value as string);
    this.i32(bytes.length);
    this.#parts.push(bytes);
    return this;
  }
  byte(value: number): this {
    this.#parts.push(Buffer.from([value]));
    return this;
  }
  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** A `Batch` of jaeger.thrift of the service `orders`. */
export function thriftBatch(spans: readonly SentSpan[], processTags: Readonly<Record<string, TagValue>>): Buffer {
  const writer = new ThriftWriter().head(1, 12).head(1, 11).binary('orders').head(2, 15);
  thriftTags(writer, processTags);
  writer.stop().head(2, 15).byte(12).i32(spans.length);
  for (const span of spans) {
    const [high, low] = halves(span.traceId);
    writer
      .head(1, 10)
      .i64(low)
      .head(2, 10)
      .i64(high)
      .head(3, 10)
      .i64(BigInt(`0x${span.spanId}`))
      .head(4, 10)
      .i64(0n);
    writer.head(5, 11).binary(span.name);
    const { references = [], logs = [] } = span;
    writer.head(6, 15).byte(12).i32(references.length);
    for (const { traceId, spanId, followsFrom } of references) {
      const [h, l] = halves(traceId);
      writer
        .head(1, 8)
        .i32(followsFrom === true ? 1 : 0)
        .head(2, 10)
        .i64(l)
        .head(3, 10)
        .i64(h);
      writer
        .head(4, 10)
        .i64(BigInt(`0x${spanId}`))
        .stop();
    }
    writer
      .head(7, 8)
      .i32(1)
      .head(8, 10)
      .i64(BigInt(span.startMs) * 1000n)
      .head(9, 10)
      .i64(BigInt(span.durationUs));
    writer.head(10, 15);
    thriftTags(writer, span.tags ?? {});
    writer.head(11, 15).byte(12).i32(logs.length);
    for (const fields of logs) {
      writer
        .head(1, 10)
        .i64(BigInt(span.startMs) * 1000n)
        .head(2, 15);
      thriftTags(writer, fields);
      writer.stop();
    }
    writer.stop();
  }
  // A sequence number and statistics, which are skipped.
  return writer.head(3, 10).i64(1n).head(4, 12).head(1, 10).i64(0n).stop().stop().finish();
}

function halves(traceId: string): [high: bigint, low: bigint] {
  return [BigInt(`0x${traceId.slice(0, 16)}`), BigInt(`0x${traceId.slice(16)}`)];
}

function thriftTags(writer: ThriftWriter, tags: Readonly<Record<string, TagValue>>): void {
  writer.byte(12).i32(Object.keys(tags).length);
  for (const [name, value] of Object.entries(tags)) {
    writer.head(1, 11).binary(name).head(2, 8);
    if (typeof value === 'string') writer.i32(0).head(3, 11).binary(value);
    else if (typeof value === 'number') writer.i32(1).head(4, 4).double(value);
    else if (typeof value === 'boolean')
      writer
        .i32(2)
        .head(5, 2)
        .byte(value ? 1 : 0);
    else if (typeof value === 'bigint') writer.i32(3).head(6, 10).i64(value);
    else writer.i32(4).head(7, 11).binary(value);
    writer.stop();
  }
}

/** A `PostSpansRequest` of the service `orders`; `broken` goes in as the bytes of one more span. */
export function postSpans(
  spans: readonly SentSpan[],
  processTags: Readonly<Record<string, TagValue>>,
  broken?: Buffer,
): Buffer {
  const writer = new ProtobufWriter();
  const batch = writer.open(1);
  if (broken) writer.bytes(1, broken);
  for (const span of spans) {
    const opened = writer.open(1);
    writer.bytes(1, Buffer.from(span.traceId, 'hex'));
    writer.bytes(2, Buffer.from(span.spanId, 'hex'));
    writer.string(3, span.name);
    for (const { traceId, spanId, followsFrom } of span.references ?? []) {
      const reference = writer.open(4);
      writer.bytes(1, Buffer.from(traceId, 'hex'));
      writer.bytes(2, Buffer.from(spanId, 'hex'));
      writer.integer(3, followsFrom === true ? 1 : 0);
      writer.close(reference);
    }
    time(writer, 6, BigInt(span.startMs) * 1_000_000n);
    time(writer, 7, BigInt(span.durationUs) * 1000n);
    for (const tag of Object.entries(span.tags ?? {})) protobufTag(writer, 8, tag);
    for (const fields of span.logs ?? []) {
      const log = writer.open(9);
      time(writer, 1, BigInt(span.startMs) * 1_000_000n);
      for (const tag of Object.entries(fields)) protobufTag(writer, 2, tag);
      writer.close(log);
    }
    writer.close(opened);
  }
  const process = writer.open(2);
  writer.string(1, 'orders');
  for (const tag of Object.entries(processTags)) protobufTag(writer, 2, tag);
  writer.close(process);
  writer.close(batch);
  return writer.finish();
}

function time(writer: ProtobufWriter, field: number, ns: bigint): void {
  const opened = writer.open(field);
  writer.integer(1, ns / 1_000_000_000n);
  writer.integer(2, ns % 1_000_000_000n);
  writer.close(opened);
}

function protobufTag(writer: ProtobufWriter, field: number, [name, value]: readonly [string, TagValue]): void {
  const opened = writer.open(field);
  writer.string(1, name);
  const types = { string: 0, boolean: 1, bigint: 2, number: 3, object: 4 };
  writer.integer(2, types[typeof value as keyof typeof types]);
  if (typeof value === 'string') writer.string(3, value);
  else if (typeof value === 'boolean') writer.integer(4, value ? 1 : 0);
  else if (typeof value === 'bigint') writer.integer(5, value);
  else if (typeof value === 'number') writer.double(6, value);
  else writer.bytes(7, value);
  writer.close(opened);
}
