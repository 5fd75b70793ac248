import { jsonText, type AttributeValue } from '../../otlp/any-value.ts';
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import { fieldKinds as k, messages } from './schema.ts';

/** What OTLP/JSON became. */
export type Transcoded =
  | { readonly kind: 'ok'; readonly bytes: Buffer; readonly malformed: number; readonly firstProblem: string }
  | { readonly kind: 'broken'; readonly message: string };

/** What is wrong with one value; caught where its record ends. */
class BadValue extends Error {}

interface Transcoding {
  readonly writer: ProtobufWriter;
  malformed: number;
  firstProblem: string;
}

const depthLimit = 16;

/**
 * OTLP/JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding) as protobuf, so that one lane serves both.
 * Taken as clients write it: camelCase or snake_case, 64-bit integers as text or number, enumerations by number or name,
 * identifiers in hexadecimal (or base64, as protobuf's own JSON has it). A record that is wrong is left out and counted.
 */
export function fromJson(body: Buffer, root: number): Transcoded {
  let request: unknown;
  try {
    request = JSON.parse(body.toString('utf8'));
  } catch {
    return { kind: 'broken', message: 'the body is not valid JSON' };
  }
  if (!isObject(request)) return { kind: 'broken', message: 'the body is not a JSON object' };
  const state: Transcoding = { writer: new ProtobufWriter(body.length + 1024), malformed: 0, firstProblem: '' };
  try {
    writeMessage(state, root, request);
  } catch (error) {
    if (error instanceof BadValue) return { kind: 'broken', message: error.message };
    throw error;
  }
  const { malformed, firstProblem } = state;
  return { kind: 'ok', bytes: state.writer.finish(), malformed, firstProblem };
}

function writeMessage(state: Transcoding, number: number, value: Readonly<Record<string, unknown>>): void {
  const message = messages[number];
  if (!message) return;
  for (const name in value) {
    const field = message.byName.get(name);
    const content = value[name];
    if (!field || content === null || content === undefined) continue;
    const child = field.kind >= k.message ? messages[field.kind - k.message] : undefined;
    if (!child) writeField(state.writer, field.number, field.kind, content, field.names, name);
    else if (!Array.isArray(content)) writeChild(state, field.number, field.kind - k.message, content, name);
    else for (const item of content) writeChild(state, field.number, field.kind - k.message, item, name);
  }
}

function writeChild(state: Transcoding, field: number, number: number, value: unknown, name: string): void {
  const { writer } = state;
  const before = writer.size;
  try {
    if (!isObject(value)) throw new BadValue(`"${name}" holds something that is not an object`);
    const opened = writer.open(field);
    writeMessage(state, number, value);
    writer.close(opened);
  } catch (error) {
    if (!(error instanceof BadValue) || !messages[number]?.record) throw error;
    writer.backTo(before);
    state.malformed++;
    if (state.firstProblem === '') state.firstProblem = error.message;
  }
}

function writeField(
  writer: ProtobufWriter,
  field: number,
  kind: number,
  value: unknown,
  names: readonly string[],
  name: string,
): void {
  if (kind === k.any) writeValue(writer, field, anyValueOf(value, 0, name));
  else if (kind === k.string) writer.string(field, text(value, name));
  else if (kind === k.id) writer.bytes(field, id(value, name));
  else if (kind === k.double) writer.double(field, double(value, name));
  else if (kind === k.fixed64) writer.fixed64(field, unsigned64(value, name));
  else if (kind === k.sfixed64) writer.fixed64Always(field, integer(value, name));
  else if (kind === k.fixed32) writer.fixed32(field, Number(BigInt.asUintN(32, integer(value, name))));
  else if (kind === k.bool) writer.integer(field, value === true || value === 'true' ? 1 : 0);
  else if (kind === k.varint) writer.integer(field, enumeration(value, names, name));
  else if (kind === k.sint) writer.integer(field, zigzag(integer(value, name)));
  else for (const item of list(value, name)) writePacked(writer, field, kind, item, name);
}

/** Repeated scalars, each on its own: as valid on the wire as packed ones. */
function writePacked(writer: ProtobufWriter, field: number, kind: number, item: unknown, name: string): void {
  if (kind === k.packedDouble) writer.double(field, double(item, name));
  else if (kind === k.packedFixed64) writer.fixed64Always(field, unsigned64(item, name));
  else writer.integerAlways(field, unsigned64(item, name));
}

type Typed = { readonly double: number } | { readonly plain: AttributeValue };

function writeValue(writer: ProtobufWriter, field: number, value: Typed): void {
  const opened = writer.open(field);
  if ('double' in value) writer.double(4, value.double);
  else if (typeof value.plain === 'string') writer.stringAlways(1, value.plain);
  else if (typeof value.plain === 'boolean') writer.integerAlways(2, value.plain ? 1 : 0);
  else if (typeof value.plain === 'bigint') writer.integerAlways(3, value.plain);
  else if (value.plain instanceof Uint8Array) writer.bytes(7, value.plain);
  else if (value.plain !== null) writer.stringAlways(1, jsonText(value.plain));
  writer.close(opened);
}

/** The one member of an AnyValue that is set. */
function anyValueOf(value: unknown, depth: number, name: string): Typed {
  if (!isObject(value)) throw new BadValue(`"${name}" holds a value that is not an object`);
  if (depth > depthLimit) return { plain: '(nested too deep)' };
  const pick = (camel: string, snake: string): unknown => value[camel] ?? value[snake];
  const string = pick('stringValue', 'string_value');
  if (string !== undefined && string !== null) return { plain: text(string, name) };
  const bool = pick('boolValue', 'bool_value');
  if (bool !== undefined && bool !== null) return { plain: bool === true || bool === 'true' };
  const int = pick('intValue', 'int_value');
  if (int !== undefined && int !== null) return { plain: integer(int, name) };
  const number = pick('doubleValue', 'double_value');
  if (number !== undefined && number !== null) return { double: double(number, name) };
  const bytes = pick('bytesValue', 'bytes_value');
  if (bytes !== undefined && bytes !== null) return { plain: Buffer.from(text(bytes, name), 'base64') };
  const array = pick('arrayValue', 'array_value');
  if (isObject(array)) {
    return { plain: list(array['values'] ?? [], name).map((item) => nestedValue(anyValueOf(item, depth + 1, name))) };
  }
  const pairs = pick('kvlistValue', 'kvlist_value');
  if (isObject(pairs)) return { plain: pairsOf(list(pairs['values'] ?? [], name), depth, name) };
  return { plain: null };
}

function pairsOf(pairs: readonly unknown[], depth: number, name: string): AttributeValue {
  return Object.fromEntries(
    pairs.map((pair) => {
      if (!isObject(pair)) throw new BadValue(`"${name}" holds a pair that is not an object`);
      const value = isObject(pair['value']) ? nestedValue(anyValueOf(pair['value'], depth + 1, name)) : null;
      return [text(pair['key'] ?? '', name), value];
    }),
  );
}

function nestedValue(value: Typed): AttributeValue {
  if ('double' in value) return value.double;
  const { plain } = value;
  if (typeof plain !== 'bigint') return plain;
  return Number.isSafeInteger(Number(plain)) ? Number(plain) : plain;
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new BadValue(`"${name}" is not a text`);
}

function integer(value: unknown, name: string): bigint {
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.trunc(value));
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new BadValue(`"${name}" is not an integer`);
}

function unsigned64(value: unknown, name: string): bigint {
  const number = integer(value, name);
  if (number < 0n || number > 0xffff_ffff_ffff_ffffn) throw new BadValue(`"${name}" is not an unsigned 64-bit integer`);
  return number;
}

function double(value: unknown, name: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value);
  throw new BadValue(`"${name}" is not a number`);
}

function enumeration(value: unknown, names: readonly string[], name: string): number | bigint {
  if (typeof value === 'string' && !/^-?\d+$/.test(value)) return Math.max(0, names.indexOf(value));
  return BigInt.asIntN(32, integer(value, name));
}

function zigzag(value: bigint): bigint {
  return BigInt.asUintN(32, (value << 1n) ^ (value >> 63n));
}

function id(value: unknown, name: string): Buffer {
  const written = text(value, name);
  return /^[0-9a-f]*$/i.test(written) && written.length % 2 === 0
    ? Buffer.from(written, 'hex')
    : Buffer.from(written, 'base64');
}

function list(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new BadValue(`"${name}" is not a list`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
