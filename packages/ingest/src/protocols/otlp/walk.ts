import { fieldKinds as k, messages, spanMessage } from './schema.ts';

/** What a walk saw. */
export interface Walked {
  /** False: the bytes are not such a message, and the engine might refuse them. */
  readonly wellFormed: boolean;
  readonly records: number;
  /** Records whose time lies outside the window, or that lack what they must have. */
  readonly badRecords: number;
  /** A list or key-value list stands somewhere as a value. */
  readonly nested: boolean;
}

/** Times that are taken, milliseconds since the epoch. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export type Judgement = 'good' | 'too-old' | 'too-new' | 'malformed';

// State of the one walk that runs; a walk neither waits nor allocates, so there is never a second.
let bytes: Uint8Array;
let view: DataView;
let at = 0;
let records = 0;
let badRecords = 0;
let nested = false;
let lastJudgement: Judgement = 'good';
let fromNs = 0;
let toNs = 0;

/**
 * Walks the wire format of message `message` between `from` and `end` without building objects: known fields must have their
 * wire type, lengths must fit, values must have at most one field, in minimal form, because the engine's SQL relies on it.
 */
export function walk(source: Buffer, message: number, window: TimeWindow, from = 0, end = source.length): Walked {
  bytes = source;
  view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  at = from;
  records = 0;
  badRecords = 0;
  nested = false;
  lastJudgement = 'good';
  fromNs = window.fromMs * 1e6;
  toNs = window.toMs * 1e6;
  const wellFormed = walkMessage(message, end);
  return { wellFormed, records, badRecords, nested };
}

/** How the last record of the last walk was judged. */
export function judgementOfLast(): Judgement {
  return lastJudgement;
}

/** A varint as a number; -1 when it is cut or longer than ten bytes. */
function varint(end: number): number {
  // Nearly all are of one byte.
  const first = at < end ? (bytes[at] ?? 0) : 128;
  if (first >= 128) return longVarint(end);
  at++;
  return first;
}

function longVarint(end: number): number {
  let value = 0;
  let factor = 1;
  for (let n = 0; n < 10; n++) {
    if (at >= end) return -1;
    const byte = bytes[at++] ?? 0;
    value += (byte & 127) * factor;
    factor *= 128;
    if (byte < 128) return n === 9 && byte > 1 ? -1 : value;
  }
  return -1;
}

/** An unknown field; groups are refused, OTLP has none. */
function skip(wire: number, end: number): boolean {
  if (wire === 0) return varint(end) >= 0;
  if (wire === 1) return (at += 8) <= end;
  if (wire === 5) return (at += 4) <= end;
  if (wire !== 2) return false;
  const size = varint(end);
  return size >= 0 && (at += size) <= end;
}

/** Exactly none or one field of AnyValue, with its own wire type; lists stay closed here. */
function anyValue(end: number): boolean {
  if (at === end) return true;
  const tag = bytes[at++] ?? 0;
  if (tag === 16 || tag === 24) return varint(end) >= 0 && at === end;
  if (tag === 33) return (at += 8) === end;
  if (tag !== 10 && tag !== 42 && tag !== 50 && tag !== 58) return false;
  if (tag === 42 || tag === 50) nested = true;
  const start = at;
  const size = varint(end);
  const minimal = size < 128 ? 1 : size < 16_384 ? 2 : size < 2_097_152 ? 3 : 4;
  if (size < 0 || at - start !== minimal || at + size !== end) return false;
  at = end;
  return true;
}

function walkMessage(number: number, end: number): boolean {
  const message = messages[number];
  if (!message) return false;
  let timeNs = 0;
  let otherTimeNs = 0;
  let ids = 0;
  const kinds = message.kinds;
  while (at < end) {
    const tag = varint(end);
    if (tag < 8 || tag > 0xffff_ffff) return false;
    const field = tag >>> 3;
    const wire = tag & 7;
    const kind = field < 32 ? (kinds[field] ?? 0) : 0;
    const start = at;
    if (kind === k.unknown) {
      if (!skip(wire, end)) return false;
    } else if (wire === 2) {
      if (!walkDelimited(kind, end)) return false;
      // The span's own ids: 16 and 8 bytes behind a length of one byte.
      if (number === spanMessage && field === 1 && at - start === 17) ids |= 1;
      if (number === spanMessage && field === 2 && at - start === 9) ids |= 2;
    } else if (!walkScalar(kind, wire, end)) return false;
    else if (field === message.timeField && wire === 1) timeNs = fixed64(start);
    else if (field === message.otherTimeField && wire === 1) otherTimeNs = fixed64(start);
  }
  if (at !== end) return false;
  if (message.record) judge(number, timeNs === 0 ? otherTimeNs : timeNs, ids);
  return true;
}

function walkDelimited(kind: number, end: number): boolean {
  if (kind < k.string) return false;
  const size = varint(end);
  if (size < 0 || at + size > end) return false;
  const stop = at + size;
  if (kind >= k.message) return walkMessage(kind - k.message, stop);
  if (kind === k.any) return anyValue(stop);
  if (kind === k.packedVarint) {
    while (at < stop) if (varint(stop) < 0) return false;
    return true;
  }
  if ((kind === k.packedFixed64 || kind === k.packedDouble) && (size & 7) !== 0) return false;
  at = stop;
  return true;
}

function walkScalar(kind: number, wire: number, end: number): boolean {
  if (wire === 0) {
    const integer = kind === k.varint || kind === k.bool || kind === k.sint || kind === k.packedVarint;
    return integer && varint(end) >= 0;
  }
  if (wire === 1) {
    const wide = (kind >= k.fixed64 && kind <= k.double) || kind === k.packedFixed64 || kind === k.packedDouble;
    return wide && (at += 8) <= end;
  }
  return wire === 5 && kind === k.fixed32 && (at += 4) <= end;
}

/** Approximate beyond 2^53, which is good enough for a window of days. */
function fixed64(start: number): number {
  return view.getUint32(start, true) + view.getUint32(start + 4, true) * 4_294_967_296;
}

function judge(number: number, timeNs: number, ids: number): void {
  records++;
  lastJudgement = 'good';
  if (number === spanMessage && (ids !== 3 || timeNs === 0)) lastJudgement = 'malformed';
  // No time at all: the time of receipt takes its place.
  else if (timeNs !== 0 && timeNs < fromNs) lastJudgement = 'too-old';
  else if (timeNs > toNs) lastJudgement = 'too-new';
  if (lastJudgement !== 'good') badRecords++;
}
