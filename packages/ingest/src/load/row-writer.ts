import type { DecodedRows, SpooledFrame } from '../protocol.ts';
import { jsonLeaves } from './pii/json-leaves.ts';
import { ScrubbableJson } from './scrubbable-json.ts';
import { decodedTables, receiptUnit, type ReadType } from './tables.ts';

type Row = Readonly<Record<string, unknown>>;
/** What of a frame the loader fills in. */
type RowOrigin = Pick<SpooledFrame, 'scope' | 'receivedAtMs'>;
type Write = (out: RowBytes, value: unknown, column: string) => void;

/**
 * Rows of one table as the engine's RowBinary (https://clickhouse.com/docs/interfaces/formats/RowBinary): no names, no escapes, lengths
 * before texts. A column that a row leaves out takes its type's default; what the loader knows is filled in.
 */
export class RowWriter {
  readonly #columns: readonly { readonly name: string; readonly write: Write }[];
  readonly #unit: 'ns' | 'ms' | undefined;
  readonly #bytes = new RowBytes();

  /** `byFields`: JSON is written to be scrubbed field by field (`insertDecoded`). */
  constructor(table: DecodedRows['table'], byFields = false) {
    this.#columns = Object.entries(decodedTables[table]).map(([name, { read }]) => ({
      name,
      write: byFields && read === 'JSON parts' ? leaves : writes[read],
    }));
    this.#unit = receiptUnit(table);
  }

  /** Bytes that were added since the last `take`. */
  get sizeBytes(): number {
    return this.#bytes.size;
  }

  /** Adds a row. Throws an error of kind `bad-data` where a value does not fit its column: then go `backTo` where it began. */
  add(row: Row, frame: RowOrigin): void {
    for (const { name, write } of this.#columns) write(this.#bytes, row[name] ?? this.#known(name, frame), name);
  }

  /** Forgets what was added after the writer stood at `sizeBytes`. */
  backTo(sizeBytes: number): void {
    this.#bytes.size = sizeBytes;
  }

  /** What was added, valid until the next `add`; from then on the writer is empty. */
  take(): Buffer {
    return this.#bytes.take();
  }

  #known(column: string, frame: RowOrigin): unknown {
    if (column === 'organisation') return frame.scope.organisation;
    if (column !== 'received_at') return undefined;
    return this.#unit === 'ns' ? `${Math.round(frame.receivedAtMs * 1000)}000` : Math.round(frame.receivedAtMs);
  }
}

/** A growing buffer that is used again and again. */
class RowBytes {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  size = 0;

  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.size);
    this.size = 0;
    return taken;
  }

  length(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.size++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.size++] = rest;
  }

  text(value: string): void {
    const atMost = value.length * 3;
    this.#room(atMost + 10);
    if (atMost < 128) {
      const written = this.#bytes.write(value, this.size + 1);
      this.#bytes[this.size] = written;
      this.size += written + 1;
      return;
    }
    if (value.length >= 128 && atMost < 16_384) {
      // Its length takes two bytes, whatever characters it has: nobody has to measure it first.
      const written = this.#bytes.write(value, this.size + 2);
      this.#bytes[this.size] = (written & 127) + 128;
      this.#bytes[this.size + 1] = written >> 7;
      this.size += written + 2;
      return;
    }
    this.length(Buffer.byteLength(value));
    this.size += this.#bytes.write(value, this.size);
  }

  /** One text: bytes, and what follows them. */
  joined(head: Buffer, rest: string): void {
    const atMost = head.length + rest.length * 3;
    this.#room(atMost + 10);
    if (head.length + rest.length < 128 || atMost >= 16_384) {
      this.length(head.length + Buffer.byteLength(rest));
      this.#bytes.set(head, this.size);
      this.size += head.length;
      this.size += this.#bytes.write(rest, this.size);
      return;
    }
    this.#bytes.set(head, this.size + 2);
    const written = head.length + this.#bytes.write(rest, this.size + 2 + head.length);
    this.#bytes[this.size] = (written & 127) + 128;
    this.#bytes[this.size + 1] = written >> 7;
    this.size += written + 2;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.size++] = value;
  }

  uint32(value: number): void {
    this.#room(4);
    this.size = this.#bytes.writeUInt32LE(value, this.size);
  }

  uint64(value: bigint): void {
    this.#room(8);
    this.size = this.#bytes.writeBigUInt64LE(value, this.size);
  }

  int64(value: bigint): void {
    this.#room(8);
    this.size = this.#bytes.writeBigInt64LE(value, this.size);
  }

  double(value: number): void {
    this.#room(8);
    this.size = this.#bytes.writeDoubleLE(value, this.size);
  }

  #room(sizeBytes: number): void {
    if (this.size + sizeBytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.size + sizeBytes));
    this.#bytes.copy(grown, 0, 0, this.size);
    this.#bytes = grown;
  }
}

function badValue(column: string, wanted: string, value: unknown): Error {
  const came = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return Object.assign(new Error(`column "${column}" takes ${wanted}, not ${came.slice(0, 100)}`), {
    kind: 'bad-data',
  });
}

function textOf(value: unknown, column: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  throw badValue(column, 'a text', value);
}

/** A whole number from `least` to `most`; what is no finite number is 0. */
function wholeOf(value: unknown, column: string, least: number, most: number): number {
  const number = typeof value === 'number' ? value : Number(value ?? 0);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  if (typeof value === 'number' && !Number.isFinite(value)) return 0;
  throw badValue(column, `a whole number from ${least} to ${most}`, value);
}

/** As `wholeOf`, of 64 bits: beyond 2^53 as text or bigint. */
function bigOf(value: unknown, column: string, least: bigint, most: bigint): bigint {
  const number = value === undefined || value === null ? 0n : bigIn(value);
  if (number === undefined || number < least || number > most)
    throw badValue(column, `a whole number from ${least} to ${most}`, value);
  return number;
}

function bigIn(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && !Number.isFinite(value)) return 0n;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

function listOf(value: unknown, column: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw badValue(column, 'a list', value);
}

const mostUInt64 = 2n ** 64n - 1n;
const mostInt64 = 2n ** 63n - 1n;

const text: Write = (out, value, column) => out.text(textOf(value, column));
const map: Write = (out, value, column) => {
  if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value)))
    throw badValue(column, 'an object', value);
  const entries = Object.entries(value ?? {});
  out.length(entries.length);
  for (const [name, item] of entries) {
    out.text(name);
    out.text(textOf(item, column));
  }
};
const listed =
  (write: Write): Write =>
  (out, value, column) => {
    const list = listOf(value, column);
    out.length(list.length);
    for (const item of list) write(out, item, column);
  };

/** A tuple of four lists, all of it in a row. */
const leaves: Write = (out, value, column) => {
  const { pieces, fields, quoted, texts } = jsonLeaves(
    value instanceof ScrubbableJson ? value.toString() : textOf(value ?? '{}', column),
  );
  for (const list of [pieces, fields]) listed(text)(out, list, column);
  out.length(quoted.length);
  for (const one of quoted) out.byte(one ? 1 : 0);
  listed(text)(out, texts, column);
};

const writes: Readonly<Record<ReadType, Write>> = {
  String: text,
  UInt8: (out, value, column) => out.byte(wholeOf(value, column, 0, 255)),
  UInt32: (out, value, column) => out.uint32(wholeOf(value, column, 0, 4_294_967_295)),
  UInt64: (out, value, column) => out.uint64(bigOf(value, column, 0n, mostUInt64)),
  Int64: (out, value, column) => out.int64(bigOf(value, column, -mostInt64, mostInt64)),
  Float64: (out, value, column) => {
    const number = Number(value ?? 0);
    if (Number.isNaN(number) && typeof value !== 'number') throw badValue(column, 'a number', value);
    out.double(Number.isFinite(number) ? number : 0);
  },
  'Array(String)': listed(text),
  'Map(String, String)': map,
  'Array(Map(String, String))': listed(map),
  'JSON parts': (out, value, column) => {
    if (value === undefined || value === null) return out.length(0);
    const { parts } = value instanceof ScrubbableJson ? value : ScrubbableJson.of(textOf(value, column));
    out.length(parts.length);
    for (const part of parts)
      if (typeof part === 'string') out.text(part);
      else out.joined(part.head.bytes, part.rest);
  },
};
