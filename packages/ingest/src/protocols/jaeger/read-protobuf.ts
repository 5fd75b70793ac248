import { fail, ok, type Result } from '@sightline/base';
import type { AttributeValue } from '../../otlp/any-value.ts';
import { ProtobufReader } from '../../protobuf-reader.ts';
import {
  type JaegerBatch,
  type JaegerProcess,
  type JaegerReference,
  type JaegerSpan,
  mostParts,
  type Tag,
} from './batch.ts';

const noProcess: JaegerProcess = { service: '', tags: [] };

/**
 * Reads a `PostSpansRequest` of `jaeger.api_v2.CollectorService`
 * (https://github.com/jaegertracing/jaeger-idl/blob/main/proto/api_v2/model.proto). A span that is broken inside is refused alone.
 */
export function readPostSpans(body: Buffer): Result<JaegerBatch, string> {
  const request = new ProtobufReader(body);
  let process = noProcess;
  const spans: JaegerSpan[] = [];
  let broken = false;
  while (request.next()) {
    if (!request.is(1, 2)) continue;
    const batch = request.message();
    while (batch.next()) {
      if (batch.is(1, 2)) spans.push(readSpan(batch.message()));
      else if (batch.is(2, 2)) process = readProcess(batch.message()) ?? process;
    }
    broken ||= batch.bad;
  }
  return request.bad || broken ? fail('the body is no PostSpansRequest') : ok({ process, spans });
}

const none = new Uint8Array(0);
const zero8 = new Uint8Array(8);

function readSpan(span: ProtobufReader): JaegerSpan {
  let traceId: Uint8Array = none;
  let spanId: Uint8Array = none;
  let operation = '';
  const references: JaegerReference[] = [];
  let startNs = 0n;
  let durationNs = 0n;
  const tags: Tag[] = [];
  const logs: JaegerSpan['logs'][number][] = [];
  let process: JaegerProcess | undefined;
  let broken = false;
  const keep = <T>(list: T[], item: T | undefined): void => {
    if (item === undefined) broken = true;
    else if (list.length < mostParts) list.push(item);
  };
  while (span.next()) {
    if (span.is(1, 2)) traceId = bytesOf(span, 16);
    else if (span.is(2, 2)) spanId = bytesOf(span, 8);
    else if (span.is(3, 2)) operation = span.text();
    else if (span.is(4, 2)) keep(references, readReference(span.message()));
    else if (span.is(6, 2)) startNs = readTime(span.message());
    else if (span.is(7, 2)) durationNs = readTime(span.message());
    else if (span.is(8, 2)) keep(tags, readTag(span.message()));
    else if (span.is(9, 2)) keep(logs, readLog(span.message()));
    else if (span.is(11, 2)) {
      process = readProcess(span.message());
      broken ||= process === undefined;
    }
  }
  return {
    traceId,
    spanId,
    parentId: zero8,
    operation,
    references,
    startNs,
    durationNs,
    tags,
    logs,
    ...(process ? { process } : {}),
    ...(broken || span.bad ? { problem: 'span: cut or malformed' } : {}),
  };
}

function bytesOf(reader: ProtobufReader, sizeBytes: number): Uint8Array {
  const bytes = reader.bytes.subarray(reader.start, reader.end);
  if (bytes.length >= sizeBytes || bytes.length === 0) return bytes;
  // Old clients leave the upper half of a trace id out.
  return Buffer.concat([Buffer.alloc(sizeBytes - bytes.length), bytes]);
}

function readReference(reference: ProtobufReader): JaegerReference | undefined {
  let traceId: Uint8Array = none;
  let spanId: Uint8Array = none;
  let followsFrom = false;
  while (reference.next()) {
    if (reference.is(1, 2)) traceId = bytesOf(reference, 16);
    else if (reference.is(2, 2)) spanId = bytesOf(reference, 8);
    else if (reference.is(3, 0)) followsFrom = reference.int64() === 1n;
  }
  return reference.bad ? undefined : { traceId, spanId, followsFrom };
}

function readProcess(process: ProtobufReader): JaegerProcess | undefined {
  let service = '';
  const tags: Tag[] = [];
  while (process.next()) {
    if (process.is(1, 2)) service = process.text();
    else if (process.is(2, 2) && tags.length < mostParts) {
      const tag = readTag(process.message());
      if (tag) tags.push(tag);
    }
  }
  return process.bad ? undefined : { service, tags };
}

function readLog(log: ProtobufReader): JaegerSpan['logs'][number] | undefined {
  let timeNs = 0n;
  const fields: Tag[] = [];
  let broken = false;
  while (log.next()) {
    if (log.is(1, 2)) timeNs = readTime(log.message());
    else if (log.is(2, 2) && fields.length < mostParts) {
      const tag = readTag(log.message());
      if (tag) fields.push(tag);
      else broken = true;
    }
  }
  return log.bad || broken ? undefined : { timeNs, fields };
}

/** A `KeyValue`: of its values the one that its type names; what is left out is the type's zero. */
function readTag(tag: ProtobufReader): Tag | undefined {
  let name = '';
  let kind = 0n;
  const values: AttributeValue[] = ['', false, 0n, 0, ''];
  while (tag.next()) {
    if (tag.is(1, 2)) name = tag.text();
    else if (tag.is(2, 0)) kind = tag.int64();
    else if (tag.is(3, 2)) values[0] = tag.text();
    else if (tag.is(4, 0)) values[1] = tag.int64() !== 0n;
    else if (tag.is(5, 0)) values[2] = tag.int64();
    else if (tag.is(6, 1)) values[3] = tag.double();
    else if (tag.is(7, 2)) values[4] = `base64:${tag.bytes.toString('base64', tag.start, tag.end)}`;
  }
  return tag.bad ? undefined : [name, values[Number(kind)] ?? ''];
}

/** Nanoseconds of a `Timestamp` or a `Duration`; 0 where it is broken. */
function readTime(time: ProtobufReader): bigint {
  let ns = 0n;
  while (time.next()) {
    if (time.is(1, 0)) ns += time.int64() * 1_000_000_000n;
    else if (time.is(2, 0)) ns += time.int64();
  }
  return time.bad ? 0n : ns;
}
