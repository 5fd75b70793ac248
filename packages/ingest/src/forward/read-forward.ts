import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { decode, ExtensionCodec } from '@msgpack/msgpack';
import { isObject, textOf, type JsonObject } from '../errors/json-reader.ts';
import { plainValue } from '../logs/plain-value.ts';
import { readLogLine } from '../logs/read-line.ts';
import { readLogObject } from '../logs/read-log.ts';
import type { Arrival } from '../sockets/socket-intake.ts';
import { itemsOf, NotMessagePack, valuesIn } from './msgpack-values.ts';

const maxUnpackedBytes = 64 * 1024 * 1024;
const maxTag = 512;
const keyFields = ['_sightline_key', 'sightline_key'] as const;

/** One message of the protocol, read. */
export interface ForwardMessage {
  readonly arrivals: readonly Arrival[];
  /** What is to be answered once the records are durable; undefined where nobody asked. */
  readonly chunk: string | undefined;
}

/** Fluentd's EventTime: seconds and nanoseconds, here as one number of nanoseconds. */
const codec = new ExtensionCodec();
codec.register({
  type: 0,
  encode: () => null,
  decode: (bytes) => {
    if (bytes.length !== 8) return undefined;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return BigInt(view.readUInt32BE(0)) * 1_000_000_000n + BigInt(view.readUInt32BE(4));
  },
});

export function decoded(bytes: Buffer): unknown {
  return decode(bytes, { extensionCodec: codec });
}

/** The same; undefined for what cannot be read. */
function decodedOr(bytes: Buffer | undefined): unknown {
  if (!bytes) return undefined;
  try {
    return decoded(bytes);
  } catch {
    return undefined;
  }
}

const unzip = promisify(gunzip);
const unzstd = promisify(zstdDecompress);

/**
 * A message of the Forward Protocol (https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1.5) in its four modes: one record, a list of records, or
 * records packed into bytes, zipped or not. What cannot be read of it is refused alone: a record, or all of a packed message that cannot be unzipped.
 */
export async function readForward(bytes: Buffer, receivedAtMs: number): Promise<ForwardMessage> {
  // A client that only looks whether we are there.
  if (bytes.length === 1 && bytes[0] === 0xc0) return { arrivals: [], chunk: undefined };
  const parts = itemsOf(bytes);
  const tag = textOf(decodedOr(parts?.[0]), maxTag);
  const second = parts?.[1];
  if (!parts || !second || tag === '')
    return { arrivals: [refused('expected a list of tag and records')], chunk: undefined };
  const isMessage = !isList(second) && !isBytes(second);
  const options = decodedOr(parts[isMessage ? 3 : 2]);
  const chunk = isObject(options) ? textOf(options['chunk'], 256) : '';
  const arrivals = isMessage
    ? [readEntry(tag, second, parts[2], receivedAtMs)]
    : await readEntries(tag, second, isObject(options) ? options : {}, receivedAtMs);
  return { arrivals, chunk: chunk === '' ? undefined : chunk };
}

function isList(value: Buffer): boolean {
  const first = value[0] ?? 0;
  return (first >= 0x90 && first < 0xa0) || first === 0xdc || first === 0xdd;
}

/** Bytes or text: both carry packed records. */
function isBytes(value: Buffer): boolean {
  const first = value[0] ?? 0;
  return (first >= 0xa0 && first < 0xc0) || (first >= 0xc4 && first <= 0xc6) || (first >= 0xd9 && first <= 0xdb);
}

async function readEntries(tag: string, value: Buffer, options: JsonObject, receivedAtMs: number): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  try {
    const entries = isList(value)
      ? (itemsOf(value) ?? [])
      : valuesIn(await unpacked(value, textOf(options['compressed'])));
    for (const entry of entries) {
      const [time, record] = itemsOf(entry) ?? [];
      arrivals.push(time ? readEntry(tag, time, record, receivedAtMs) : refused('expected a list of time and record'));
    }
  } catch (error) {
    // The entries before stand; what follows cannot be told apart.
    const message =
      error instanceof NotMessagePack ? error.message : 'the packed records cannot be unzipped within their bound';
    arrivals.push(refused(message));
  }
  return arrivals;
}

async function unpacked(value: Buffer, coding: string): Promise<Buffer> {
  const bytes = contentOf(value);
  const options = { maxOutputLength: maxUnpackedBytes };
  if (coding === 'gzip') return unzip(bytes, options);
  if (coding === 'zstd') return unzstd(bytes, options);
  return bytes;
}

/** The bytes of a text or of bytes. */
function contentOf(value: Buffer): Buffer {
  const first = value[0] ?? 0;
  if (first < 0xc0) return value.subarray(1);
  return value.subarray(first === 0xc4 || first === 0xd9 ? 2 : first === 0xc5 || first === 0xda ? 3 : 5);
}

function readEntry(tag: string, timeBytes: Buffer, recordBytes: Buffer | undefined, receivedAtMs: number): Arrival {
  let time = decodedOr(timeBytes);
  // With metadata beside the time, as newer Fluent Bits send it: [[time, metadata], record].
  if (Array.isArray(time)) time = time[0];
  const given = plainValue(decodedOr(recordBytes));
  if (!isObject(given)) return refused('expected a record as a map with names');
  const fields: Record<string, unknown> = {};
  let key: string | undefined;
  for (const [name, value] of Object.entries(given)) {
    if (keyFields.some((field) => field === name)) key ??= textOf(value, 512) || undefined;
    else fields[name] = value;
  }
  if (Object.keys(fields).length === 0)
    return { read: { kind: 'refused', reason: 'no-value', message: 'the record is empty' }, key };
  const at = timeOf(time);
  if (at === undefined) return { ...refused('expected a time in seconds or as EventTime'), key };
  const about = { 'fluent.tag': tag, ...(at === 0 ? {} : { time: at }) };
  // A line that a program printed, as Docker and containerd hand it on.
  const line = fields['log'] ?? fields['message'];
  if (typeof line === 'string' && /^(@cee:)?\s*\{/.test(line)) {
    const { log: _, message: __, ...rest } = fields;
    return { read: readLogLine(line.trimEnd(), { ...rest, ...about }, receivedAtMs), key };
  }
  return { read: readLogObject({ ...fields, ...about }, receivedAtMs), key };
}

/** Nanoseconds as text, or seconds; 0 where the client left it to us. */
function timeOf(time: unknown): string | number | undefined {
  if (typeof time === 'bigint') return String(time);
  return typeof time === 'number' && time >= 0 ? time : undefined;
}

function refused(message: string): Arrival {
  return { read: { kind: 'refused', reason: 'malformed', message }, key: undefined };
}
