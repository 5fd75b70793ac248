import { fail, ok, type Result } from '@sightline/base';
import type { AttributeValue } from '../../otlp/any-value.ts';
import {
  type JaegerBatch,
  type JaegerProcess,
  type JaegerReference,
  type JaegerSpan,
  mostParts,
  type Tag,
} from './batch.ts';
import { BrokenThrift, thriftTypes as t, ThriftReader } from './thrift-reader.ts';

/**
 * Reads a `Batch` of jaeger.thrift (https://github.com/jaegertracing/jaeger-idl/blob/main/thrift/jaeger.thrift) in the binary
 * protocol, as Jaeger's clients post it. A message that is cut or malformed anywhere is refused whole: nothing behind the fault can be told.
 */
export function readThriftBatch(body: Buffer): Result<JaegerBatch, string> {
  const reader = new ThriftReader(body);
  let process: JaegerProcess = { service: '', tags: [] };
  const spans: JaegerSpan[] = [];
  try {
    reader.struct((id, type) => {
      if (id === 1 && type === t.struct) process = readProcess(reader);
      else if (id === 2 && type === t.list) each(reader, () => spans.push(readSpan(reader)));
      else return false;
      return true;
    });
  } catch (error) {
    if (error instanceof BrokenThrift) return fail(`the body is no Batch of jaeger.thrift: ${error.message}`);
    throw error;
  }
  return ok({ process, spans });
}

/** Elements of a list of structs. */
function each(reader: ThriftReader, read: () => void): void {
  for (let left = reader.list(t.struct); left > 0; left--) read();
}

function readProcess(reader: ThriftReader): JaegerProcess {
  let service = '';
  let tags: readonly Tag[] = [];
  reader.struct((id, type) => {
    if (id === 1 && type === t.binary) service = reader.text();
    else if (id === 2 && type === t.list) tags = readTags(reader);
    else return false;
    return true;
  }, 1);
  return { service, tags };
}

function readSpan(reader: ThriftReader): JaegerSpan {
  const ids = { low: 0n, high: 0n, span: 0n, parent: 0n };
  let operation = '';
  const references: JaegerReference[] = [];
  let startUs = 0n;
  let durationUs = 0n;
  let tags: readonly Tag[] = [];
  const logs: JaegerSpan['logs'][number][] = [];
  reader.struct((id, type) => {
    if (type === t.i64) {
      if (id === 1) ids.low = reader.i64();
      else if (id === 2) ids.high = reader.i64();
      else if (id === 3) ids.span = reader.i64();
      else if (id === 4) ids.parent = reader.i64();
      else if (id === 8) startUs = reader.i64();
      else if (id === 9) durationUs = reader.i64();
      else return false;
    } else if (id === 5 && type === t.binary) operation = reader.text();
    else if (id === 6 && type === t.list) each(reader, () => keep(references, readReference(reader)));
    else if (id === 10 && type === t.list) tags = readTags(reader);
    else if (id === 11 && type === t.list) each(reader, () => keep(logs, readLog(reader)));
    else return false;
    return true;
  }, 1);
  return {
    traceId: traceIdOf(ids.high, ids.low),
    spanId: bytesOf(ids.span),
    parentId: bytesOf(ids.parent),
    operation,
    references,
    startNs: startUs * 1000n,
    durationNs: durationUs * 1000n,
    tags,
    logs,
  };
}

function readReference(reader: ThriftReader): JaegerReference {
  let followsFrom = false;
  const ids = { low: 0n, high: 0n, span: 0n };
  reader.struct((id, type) => {
    if (id === 1 && type === t.i32) followsFrom = reader.i32() === 1;
    else if (id === 2 && type === t.i64) ids.low = reader.i64();
    else if (id === 3 && type === t.i64) ids.high = reader.i64();
    else if (id === 4 && type === t.i64) ids.span = reader.i64();
    else return false;
    return true;
  }, 2);
  return { traceId: traceIdOf(ids.high, ids.low), spanId: bytesOf(ids.span), followsFrom };
}

function readLog(reader: ThriftReader): JaegerSpan['logs'][number] {
  let timeUs = 0n;
  let fields: readonly Tag[] = [];
  reader.struct((id, type) => {
    if (id === 1 && type === t.i64) timeUs = reader.i64();
    else if (id === 2 && type === t.list) fields = readTags(reader);
    else return false;
    return true;
  }, 2);
  return { timeNs: timeUs * 1000n, fields };
}

function readTags(reader: ThriftReader): readonly Tag[] {
  const tags: Tag[] = [];
  each(reader, () => keep(tags, readTag(reader)));
  return tags;
}

function readTag(reader: ThriftReader): Tag {
  let name = '';
  let kind = 0;
  const values: Record<number, AttributeValue> = {};
  reader.struct((id, type) => {
    if (id === 1 && type === t.binary) name = reader.text();
    else if (id === 2 && type === t.i32) kind = reader.i32();
    else if (id === 3 && type === t.binary) values[0] = reader.text();
    else if (id === 4 && type === t.double) values[1] = reader.double();
    else if (id === 5 && type === t.bool) values[2] = reader.bool();
    else if (id === 6 && type === t.i64) values[3] = reader.i64();
    else if (id === 7 && type === t.binary) values[4] = base64(reader.binary());
    else return false;
    return true;
  }, 3);
  return [name, values[kind] ?? ''];
}

function keep<T>(list: T[], item: T): void {
  if (list.length < mostParts) list.push(item);
}

const base64 = (bytes: Buffer): string => `base64:${bytes.toString('base64')}`;

function bytesOf(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function traceIdOf(high: bigint, low: bigint): Buffer {
  return Buffer.concat([bytesOf(high), bytesOf(low)]);
}
