import { crc32 } from 'node:zlib';
import type { KeyScope } from '@sightline/record';
import { reasons, type Reason } from '@sightline/record';
import { ProtobufWriter } from '../otlp/protobuf-writer.ts';
import type { Frame, FrameOrigin, Refusal, SpooledFrame } from '../protocol.ts';

/**
 * A frame as it lies in a segment: (varint length, message), where the message is protobuf that the engine can read by
 * itself (`otlp/otlp.proto` names the same fields). The client's bytes stand in field 4, untouched.
 */
export interface SpooledRecord extends SpooledFrame {
  /** Refused beside these records, to be entered in the ledger together with them. */
  readonly refused: readonly Refusal[];
  /** Bytes of the whole frame within its segment, length included. */
  readonly frame: Buffer;
}

/** What is known of a request besides its frames. */
export interface SpoolMeta {
  readonly protocol: string;
  /** The protocol's project number; 0 where it has none. */
  readonly project: number;
  readonly receivedAtMs: number;
  /** Answered as soon as it is durable, however far the lane is behind: for senders that are paced in another way. */
  readonly atOnce?: boolean;
}

/** Encodes one frame, ready to be appended, in one piece. */
export function encodeSpooled(...frame: Parameters<typeof spooledHead>): Buffer {
  return Buffer.concat([spooledHead(...frame), frame[0].bytes]);
}

/** All of a frame that stands before its bytes: they follow as they are, so that nobody has to copy them. */
export function spooledHead(
  frame: Omit<Frame, 'lane'>,
  scope: KeyScope,
  meta: SpoolMeta,
  refused: readonly Refusal[],
): Buffer {
  const head = new ProtobufWriter(256);
  head.string(1, scope.organisation);
  head.string(2, scope.site);
  head.fixed64(3, BigInt(Math.round(meta.receivedAtMs * 1000)) * 1000n);
  head.string(5, scope.device);
  head.string(6, scope.environment);
  head.string(7, scope.service);
  head.string(8, scope.keyId);
  head.integer(9, frame.records);
  head.string(10, meta.protocol);
  head.integer(11, meta.project);
  head.string(12, frame.signal);
  for (const refusal of refused) {
    const opened = head.open(13);
    head.string(1, refusal.signal);
    head.string(2, refusal.reason);
    head.integer(3, refusal.records);
    head.close(opened);
  }
  if (frame.origin) encodeOrigin(head, frame.origin);
  head.fixed32(15, crc32(frame.bytes));
  const { length } = frame.bytes;
  if (length > 0) {
    head.varint(4 * 8 + 2);
    head.varint(length);
  }
  const whole = new ProtobufWriter(head.size + 5);
  whole.varint(head.size + length);
  whole.raw(head.finish());
  return whole.finish();
}

/** What the engine reads of it stands in the wrapper itself: `skew_ms` (14, zigzag) and `kept_at` (16). */
function encodeOrigin(head: ProtobufWriter, { agent, lane, segment, index, keptAtMs, skewMs }: FrameOrigin): void {
  const skew = Math.round(skewMs);
  head.integer(14, skew < 0 ? -2 * skew - 1 : 2 * skew);
  head.fixed64(16, BigInt(Math.round(keptAtMs * 1000)) * 1000n);
  const opened = head.open(17);
  head.string(1, agent);
  head.string(2, lane);
  head.string(3, segment);
  head.integer(4, index);
  head.close(opened);
}

/** Bytes of the whole frame that begins here, its length included; undefined where no length stands. */
export function spooledSize(bytes: Buffer): number | undefined {
  const reader = new FieldReader(bytes, 0, bytes.length);
  const size = reader.varint();
  return size > 0 ? reader.at + size : undefined;
}

/**
 * Reads the frame that starts at `offset`. `undefined` when it is cut, broken, or its checksum does not fit: the mark of
 * a tail that was never acknowledged.
 */
export function decodeSpooled(segment: Buffer, offset: number): SpooledRecord | undefined {
  const reader = new FieldReader(segment, offset, segment.length);
  const size = reader.varint();
  const from = reader.at;
  if (size <= 0 || from + size > segment.length) return undefined;
  return decodeMessage(segment, offset, from, from + size);
}

/** Texts and numbers by their fields. */
const noTexts: readonly string[] = Array.from({ length: 13 }, () => '');
const noNumbers: readonly number[] = Array.from({ length: 15 }, () => 0);
/** A field's tag: its number and its wire type. */
const varintField = (field: number): number => field * 8;
const fixed64Field = (field: number): number => field * 8 + 1;
const bytesField = (field: number): number => field * 8 + 2;
const fixed32Field = (field: number): number => field * 8 + 5;
const tags = {
  receivedAt: fixed64Field(3),
  bytes: bytesField(4),
  refused: bytesField(13),
  skew: varintField(14),
  checksum: fixed32Field(15),
  keptAt: fixed64Field(16),
  origin: bytesField(17),
};

// One pass over the fields; anything unexpected makes the frame broken.
// eslint-disable-next-line complexity
function decodeMessage(segment: Buffer, frameFrom: number, from: number, to: number): SpooledRecord | undefined {
  const text = noTexts.slice();
  const numbers = noNumbers.slice();
  const refused: Refusal[] = [];
  let known = false;
  let bytes: Buffer = segment.subarray(to, to);
  let receivedAtMs = 0;
  let keptAtMs = 0;
  let origin: Buffer | undefined;
  let checksum = 0;
  const reader = new FieldReader(segment, from, to);
  while (reader.at < to) {
    const tag = reader.varint();
    if (tag === tags.receivedAt) receivedAtMs = Number(reader.fixed64() / 1000n) / 1000;
    else if (tag === tags.checksum) checksum = reader.fixed32();
    else if (tag === tags.bytes) bytes = reader.bytes();
    else if (tag === tags.keptAt) keptAtMs = Number(reader.fixed64() / 1000n) / 1000;
    else if (tag === tags.origin) origin = reader.bytes();
    else if (tag === tags.refused) refused.push(decodeRefusal(reader.bytes()));
    else if ((tag & 7) === 2) {
      const value = reader.text();
      const field = Math.floor(tag / 8);
      if (field < text.length) text[field] = value;
      if (field === 1) known = true;
    } else if ((tag & 7) === 0) {
      const value = reader.varint();
      const field = Math.floor(tag / 8);
      if (field < numbers.length) numbers[field] = value;
    } else return undefined;
    if (reader.broken) return undefined;
  }
  if (!known || crc32(bytes) !== checksum) return undefined;
  const at = (field: number): string => text[field] ?? '';
  return {
    scope: {
      organisation: at(1),
      site: at(2),
      device: at(5),
      environment: at(6),
      service: at(7),
      keyId: at(8),
    },
    receivedAtMs,
    bytes,
    records: numbers[9] ?? 0,
    protocol: at(10),
    project: numbers[11] ?? 0,
    signal: at(12),
    refused,
    frame: segment.subarray(frameFrom, to),
    ...(origin ? { origin: decodeOrigin(origin, keptAtMs, numbers[14] ?? 0) } : {}),
  };
}

function decodeOrigin(message: Buffer, keptAtMs: number, zigzag: number): FrameOrigin {
  const reader = new FieldReader(message, 0, message.length);
  const text = ['', '', '', ''];
  let index = 0;
  while (reader.at < message.length && !reader.broken) {
    const field = reader.tag();
    if (field === 'varint:4') index = reader.varint();
    else if (field.startsWith('bytes:')) text[Number(field.slice(6))] = reader.bytes().toString('utf8');
    else break;
  }
  const skewMs = zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
  return { agent: text[1] ?? '', lane: text[2] ?? '', segment: text[3] ?? '', index, keptAtMs, skewMs };
}

function decodeRefusal(message: Buffer): Refusal {
  const reader = new FieldReader(message, 0, message.length);
  const refusal = { signal: '', reason: 'malformed' as Reason, records: 0, message: '' };
  while (reader.at < message.length && !reader.broken) {
    const field = reader.tag();
    if (field === 'bytes:1') refusal.signal = reader.bytes().toString('utf8');
    else if (field === 'bytes:2') {
      const word = reader.bytes().toString('utf8');
      refusal.reason = reasons.find((reason) => reason === word) ?? 'malformed';
    } else if (field === 'varint:3') refusal.records = reader.varint();
    else break;
  }
  return refusal;
}

const wires = ['varint', 'fixed64', 'bytes', 'group', 'group', 'fixed32', 'unknown', 'unknown'] as const;

/** Reads the fields of our own wrapper. After a read beyond the end `broken` is true and values mean nothing. */
class FieldReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  at: number;
  broken = false;

  constructor(buffer: Buffer, from: number, end: number) {
    this.#buffer = buffer;
    this.at = from;
    this.#end = end;
  }

  /** `<wire>:<number>` of the next field. */
  tag(): string {
    const tag = this.varint();
    return `${wires[tag & 7] ?? 'unknown'}:${Math.floor(tag / 8)}`;
  }

  /** -1 when it is cut. */
  varint(): number {
    let value = 0;
    for (let factor = 1, n = 0; n < 8; n++, factor *= 128) {
      if (this.at >= this.#end) break;
      const byte = this.#buffer[this.at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    this.broken = true;
    return -1;
  }

  text(): string {
    const size = this.varint();
    const from = this.at;
    this.#skip(size);
    return this.broken ? '' : this.#buffer.toString('utf8', from, this.at);
  }

  bytes(): Buffer {
    const size = this.varint();
    const from = this.at;
    this.#skip(size);
    return this.broken ? this.#buffer.subarray(0, 0) : this.#buffer.subarray(from, this.at);
  }

  fixed64(): bigint {
    const from = this.at;
    this.#skip(8);
    return this.broken ? 0n : this.#buffer.readBigUInt64LE(from);
  }

  fixed32(): number {
    const from = this.at;
    this.#skip(4);
    return this.broken ? 0 : this.#buffer.readUInt32LE(from);
  }

  #skip(sizeBytes: number): void {
    if (sizeBytes < 0 || this.at + sizeBytes > this.#end) this.broken = true;
    else this.at += sizeBytes;
  }
}
