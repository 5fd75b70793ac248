import { jsonText, type AttributeValue } from '../../otlp/any-value.ts';
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import { ProtobufReader } from '../../protobuf-reader.ts';
import type { Refusal } from '../../protocol.ts';
import { fieldKinds as k, messages } from './schema.ts';
import { judgementOfLast, walk, type Judgement, type TimeWindow } from './walk.ts';

/** A request without its bad records. */
export interface Rewritten {
  readonly bytes: Buffer;
  readonly records: number;
  readonly refused: readonly Refusal[];
}

const depthLimit = 16;

interface Rewriting {
  readonly source: Buffer;
  readonly window: TimeWindow;
  readonly signal: string;
  readonly writer: ProtobufWriter;
  readonly refused: Map<Judgement, number>;
  records: number;
}

/**
 * Writes a request anew: records that cannot be stored are cut out and counted, and lists and key-value lists become
 * their JSON text, which the scrubber can read. Undefined when the request is broken between its records.
 */
export function rewrite(source: Buffer, root: number, window: TimeWindow, signal: string): Rewritten | undefined {
  const writer = new ProtobufWriter(source.length + 1024);
  const state: Rewriting = { source, window, signal, writer, refused: new Map(), records: 0 };
  if (!rewriteContainer(state, root, 0, source.length)) return undefined;
  const refused = [...state.refused].map(([judgement, records]): Refusal => {
    const reason = judgement === 'too-old' || judgement === 'too-new' ? judgement : 'malformed';
    return { signal, reason, records, message: explain(judgement, records, signal) };
  });
  return { bytes: writer.finish(), records: state.records, refused };
}

function explain(judgement: Judgement, records: number, signal: string): string {
  if (judgement === 'too-old') return `${records} of ${signal}: the time lies before what is kept`;
  if (judgement === 'too-new') return `${records} of ${signal}: the time lies more than a day ahead`;
  return `${records} of ${signal}: malformed`;
}

function rewriteContainer(state: Rewriting, number: number, from: number, end: number): boolean {
  const { source, writer, window } = state;
  const message = messages[number];
  if (!message) return false;
  const reader = new ProtobufReader(source, from, end);
  while (reader.next()) {
    const kind = reader.field < 32 ? (message.kinds[reader.field] ?? 0) : 0;
    const child = kind >= k.message && reader.wire === 2 ? messages[kind - k.message] : undefined;
    if (child?.container) {
      const opened = writer.open(reader.field);
      if (!rewriteContainer(state, kind - k.message, reader.start, reader.end)) return false;
      writer.close(opened);
    } else if (child?.record) {
      rewriteRecord(state, reader.field, kind - k.message, reader.start, reader.end);
    } else if (child) {
      const seen = walk(source, kind - k.message, window, reader.start, reader.end);
      if (!seen.wellFormed) return false;
      if (!copyField(state, reader, kind, seen.nested)) return false;
    } else {
      // A scalar of a wrong wire type would make the engine refuse the request.
      if (kind !== k.unknown && !scalarFits(kind, reader.wire)) return false;
      writer.raw(source.subarray(reader.fieldStart, reader.end));
    }
  }
  return !reader.bad;
}

function rewriteRecord(state: Rewriting, field: number, number: number, from: number, end: number): void {
  const { source, writer, window } = state;
  const seen = walk(source, number, window, from, end);
  let judgement: Judgement = seen.wellFormed ? judgementOfLast() : 'malformed';
  if (judgement === 'good') {
    const before = writer.size;
    const opened = writer.open(field);
    if (!seen.nested) writer.raw(source.subarray(from, end));
    else if (!flatten(state, number, from, end)) judgement = 'malformed';
    if (judgement === 'good') writer.close(opened);
    else writer.backTo(before);
  }
  if (judgement === 'good') state.records++;
  else state.refused.set(judgement, (state.refused.get(judgement) ?? 0) + 1);
}

/** Copies a well-formed message, its nested values as JSON text. False when a nested value is broken inside. */
function flatten(state: Rewriting, number: number, from: number, end: number): boolean {
  const message = messages[number];
  const reader = new ProtobufReader(state.source, from, end);
  while (reader.next()) {
    const kind = reader.field < 32 ? (message?.kinds[reader.field] ?? 0) : 0;
    if (!copyField(state, reader, kind, true)) return false;
  }
  return !reader.bad;
}

function copyField(state: Rewriting, reader: ProtobufReader, kind: number, nested: boolean): boolean {
  const { source, writer } = state;
  const tag = source[reader.start];
  if (nested && kind === k.any && (tag === 42 || tag === 50)) {
    const value = readAnyValue(source, reader.start, reader.end, 0);
    if (value === broken) return false;
    const opened = writer.open(reader.field);
    writer.stringAlways(1, jsonText(value));
    writer.close(opened);
    return true;
  }
  if (nested && kind >= k.message && reader.wire === 2) {
    const opened = writer.open(reader.field);
    if (!flatten(state, kind - k.message, reader.start, reader.end)) return false;
    writer.close(opened);
    return true;
  }
  writer.raw(source.subarray(reader.fieldStart, reader.end));
  return true;
}

function scalarFits(kind: number, wire: number): boolean {
  if (wire === 0) return kind === k.varint || kind === k.bool || kind === k.sint;
  if (wire === 1) return kind >= k.fixed64 && kind <= k.double;
  if (wire === 5) return kind === k.fixed32;
  return wire === 2 && (kind === k.string || kind === k.id);
}

const broken = Symbol('broken');

/** An AnyValue as JSON knows it; `broken` when its bytes are none, or nested beyond reason. */
function readAnyValue(source: Buffer, from: number, end: number, depth: number): AttributeValue | typeof broken {
  if (depth > depthLimit) return '(nested too deep)';
  const reader = new ProtobufReader(source, from, end);
  let value: AttributeValue | typeof broken = null;
  while (reader.next()) {
    const { field, wire, start, end: stop } = reader;
    if (field === 1 && wire === 2) value = source.toString('utf8', start, stop);
    else if (field === 2 && wire === 0) value = source[start] !== 0;
    else if (field === 3 && wire === 0) value = int64(source, start, stop);
    else if (field === 4 && wire === 1) value = source.readDoubleLE(start);
    else if (field === 5 && wire === 2) value = readList(source, start, stop, depth);
    else if (field === 6 && wire === 2) value = readPairs(source, start, stop, depth);
    else if (field === 7 && wire === 2) value = source.subarray(start, stop);
    if (value === broken) return broken;
  }
  return reader.bad ? broken : value;
}

function readList(source: Buffer, from: number, end: number, depth: number): AttributeValue | typeof broken {
  const items: AttributeValue[] = [];
  const reader = new ProtobufReader(source, from, end);
  while (reader.next()) {
    if (reader.field !== 1 || reader.wire !== 2) continue;
    const item = readAnyValue(source, reader.start, reader.end, depth + 1);
    if (item === broken) return broken;
    items.push(item);
  }
  return reader.bad ? broken : items;
}

function readPairs(source: Buffer, from: number, end: number, depth: number): AttributeValue | typeof broken {
  const pairs: [string, AttributeValue][] = [];
  const list = new ProtobufReader(source, from, end);
  while (list.next()) {
    if (list.field !== 1 || list.wire !== 2) continue;
    const pair = new ProtobufReader(source, list.start, list.end);
    let key = '';
    let value: AttributeValue | typeof broken = null;
    while (pair.next()) {
      if (pair.field === 1 && pair.wire === 2) key = source.toString('utf8', pair.start, pair.end);
      if (pair.field === 2 && pair.wire === 2) value = readAnyValue(source, pair.start, pair.end, depth + 1);
      if (value === broken) return broken;
    }
    if (pair.bad) return broken;
    pairs.push([key, value]);
  }
  return list.bad ? broken : Object.fromEntries(pairs);
}

/** A varint of 64 bits, two's complement. Beyond 2^53 it stays a bigint, which becomes text in JSON. */
function int64(source: Buffer, from: number, end: number): number | bigint {
  let value = 0n;
  for (let at = from, shift = 0n; at < end; at++, shift += 7n) value |= BigInt((source[at] ?? 0) & 127) << shift;
  const signed = BigInt.asIntN(64, value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}
