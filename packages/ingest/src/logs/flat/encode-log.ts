import type { LogsRequestBuilder } from '../../otlp/build-logs.ts';
import { writeAttributes } from '../../otlp/any-value.ts';
import { ProtobufWriter, varintSize } from '../../otlp/protobuf-writer.ts';
import type { Level } from '../level.ts';
import { type FlatFields, valueKinds } from './flat-fields.ts';
import type { FlatTime } from './flat-time.ts';

/** Which fields of a record go where in its OTLP record; -1: none. */
export interface LogLayout {
  readonly body: number;
  /** Hexadecimal texts. */
  readonly traceId: number;
  readonly spanId: number;
  /** Attributes in their order: the field, and the name as `encodedKey` writes it. */
  readonly attributes: readonly number[];
  readonly keys: readonly Uint8Array[];
}

/** What a record says beside its fields, encoded. */
export interface LogRest {
  readonly level: Uint8Array;
  /** Attributes before all others. */
  readonly lead: Uint8Array;
}

export const nothing: Uint8Array = new Uint8Array(0);

/** A name as the first field of OTLP's `KeyValue`. */
export function encodedKey(name: string): Uint8Array {
  const writer = new ProtobufWriter(64);
  writer.string(1, name);
  return writer.finish();
}

/** Attributes as a log record holds them, to stand before all others of its. */
export function encodedLead(attributes: Readonly<Record<string, string>>): Uint8Array {
  const writer = new ProtobufWriter(64);
  writeAttributes(writer, 6, attributes);
  return writer.finish();
}

/** Services name few levels: those seen first are remembered. */
const levelsAtMost = 32;
const encodedLevels = new Map<string, Uint8Array>();

/** A level as the fields of a log record. */
export function encodedLevel({ number, text }: Level): Uint8Array {
  const key = `${number} ${text}`;
  const known = encodedLevels.get(key);
  if (known) return known;
  const writer = new ProtobufWriter(64);
  writer.integer(2, number);
  writer.string(3, text);
  const encoded = writer.finish();
  if (encodedLevels.size < levelsAtMost) encodedLevels.set(key, encoded);
  return encoded;
}

const traceBytes = 16;
const spanBytes = 8;
const noDigit = 255;
const hexDigits = new Uint8Array(256).fill(noDigit);
for (const [digits, first] of [
  ['0123456789', 0],
  ['abcdef', 10],
  ['ABCDEF', 10],
] as const)
  for (let i = 0; i < digits.length; i++) hexDigits[digits.charCodeAt(i)] = first + i;

/** Trace and span id of the record that is being added. */
const ids = new Uint8Array(traceBytes + spanBytes);
/** Sizes of its attributes' pairs and their values. */
const pairSizes = new Uint32Array(256);
const valueSizes = new Uint32Array(256);

/**
 * Adds a record to the builder's open group, byte for byte as `builder.add` writes it. False, and nothing added, where an id is none: what it then
 * is, the long way says.
 */
export function addFlatLog<P>(
  builder: LogsRequestBuilder,
  fields: FlatFields<P>,
  time: FlatTime,
  { body, traceId, spanId, attributes, keys }: LogLayout,
  { level, lead }: LogRest,
): boolean {
  if (traceId >= 0 && !readHexId(fields, traceId, 0, traceBytes)) return false;
  if (spanId >= 0 && !readHexId(fields, spanId, traceBytes, spanBytes)) return false;
  const bodySize = sizeOfValue(fields, body);
  let size = 9 + level.length + lead.length + sized(bodySize);
  for (let i = 0; i < attributes.length; i++) {
    const value = sizeOfValue(fields, attributes[i] ?? 0);
    const pair = (keys[i] ?? nothing).length + sized(value);
    valueSizes[i] = value;
    pairSizes[i] = pair;
    size += sized(pair);
  }
  if (traceId >= 0) size += 2 + traceBytes;
  if (spanId >= 0) size += 2 + spanBytes;
  let at = builder.addEncoded(size);
  const { target } = builder;
  target[at] = 0x09;
  target.writeUInt32LE(time.low, at + 1);
  target.writeUInt32LE(time.high, at + 5);
  at = copy(level, 0, level.length, target, at + 9);
  target[at++] = 0x2a;
  at = writeValue(fields, body, bodySize, target, at);
  at = copy(lead, 0, lead.length, target, at);
  for (let i = 0; i < attributes.length; i++) {
    const key = keys[i] ?? nothing;
    target[at++] = 0x32;
    at = copy(key, 0, key.length, target, writeVarint(target, at, pairSizes[i] ?? 0));
    target[at++] = 0x12;
    at = writeValue(fields, attributes[i] ?? 0, valueSizes[i] ?? 0, target, at);
  }
  if (traceId >= 0) at = writeId(target, at, 0x4a, 0, traceBytes);
  if (spanId >= 0) writeId(target, at, 0x52, traceBytes, spanBytes);
  return true;
}

/** What a field with so many bytes takes with its tag and its length. */
function sized(size: number): number {
  return 1 + (size < 128 ? 1 : varintSize(size)) + size;
}

/** Bytes of a field as OTLP's `AnyValue`. */
function sizeOfValue<P>(fields: FlatFields<P>, field: number): number {
  if (fields.isText(field)) return sized(fields.lengthOf(field));
  const kind = fields.kinds[field];
  if (kind === valueKinds.integer) return 1 + varintSize(fields.numbers[field] ?? 0);
  return kind === valueKinds.fraction ? 9 : 2;
}

function writeValue<P>(fields: FlatFields<P>, field: number, size: number, target: Buffer, from: number): number {
  let at = writeVarint(target, from, size);
  const kind = fields.kinds[field];
  if (fields.isText(field)) {
    const start = fields.starts[field] ?? 0;
    const end = fields.ends[field] ?? 0;
    target[at++] = 0x0a;
    return copy(fields.sourceOf(field), start, end, target, writeVarint(target, at, end - start));
  }
  if (kind === valueKinds.integer) {
    target[at++] = 0x18;
    return writeVarint(target, at, fields.numbers[field] ?? 0);
  }
  if (kind === valueKinds.fraction) {
    target[at++] = 0x21;
    return target.writeDoubleLE(fields.numbers[field] ?? 0, at);
  }
  target[at] = 0x10;
  target[at + 1] = kind === valueKinds.yes ? 1 : 0;
  return at + 2;
}

/** Beyond this the engine's own copying is quicker than a loop. */
const shortBytes = 100;

function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  if (end - start > shortBytes) target.set(source.subarray(start, end), at);
  else for (let i = start, to = at; i < end; i++, to++) target[to] = source[i] ?? 0;
  return at + end - start;
}

function writeVarint(target: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= 128) {
    target[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  target[at++] = rest;
  return at;
}

function writeId(target: Uint8Array, at: number, tag: number, from: number, size: number): number {
  target[at] = tag;
  target[at + 1] = size;
  return copy(ids, from, from + size, target, at + 2);
}

/** Reads an id of exactly that many bytes which is not all zeros; false where the text is none. */
function readHexId<P>(fields: FlatFields<P>, field: number, into: number, size: number): boolean {
  if (!fields.isText(field) || fields.lengthOf(field) !== size * 2) return false;
  const source = fields.sourceOf(field);
  let any = 0;
  let at = fields.starts[field] ?? 0;
  for (let i = 0; i < size; i++, at += 2) {
    const upper = hexDigits[source[at] ?? 0] ?? noDigit;
    const lower = hexDigits[source[at + 1] ?? 0] ?? noDigit;
    if (upper === noDigit || lower === noDigit) return false;
    const byte = upper * 16 + lower;
    ids[into + i] = byte;
    any |= byte;
  }
  return any !== 0;
}
