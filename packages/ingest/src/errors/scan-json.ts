import { parseJson } from './json-reader.ts';

/** What a scan tells of bytes that are one JSON object. */
export interface ScannedObject {
  /** The value of the member that was asked for, the last one where there are several; undefined where there is none. */
  readonly member: unknown;
}

const quote = 34;
const comma = 44;
const minus = 45;
const dot = 46;
const zero = 48;
const colon = 58;
const openList = 91;
const backslash = 92;
const closeList = 93;
const openObject = 123;
const closeObject = 125;

/** Deeper texts are left to the engine's own parser. */
const deepest = 256;
/** What is open around the place of the scan: 1 an object, 0 a list. A scan neither waits nor calls another. */
const open = new Uint8Array(deepest + 1);

/**
 * Whether the bytes, read as UTF-8, are one JSON object, exactly where `JSON.parse` would make one, but without making it: that costs
 * several times as much, half of it later in the collector. `name` names a member of the object itself whose value is wanted.
 */
// One pass over the bytes.
// eslint-disable-next-line complexity
export function scanObject(bytes: Buffer, name: string): ScannedObject | undefined {
  let at = spaceEnd(bytes, 0);
  if (bytes[at] !== openObject) return undefined;
  let depth = 0;
  let wanted = false;
  let wantedFrom = 0;
  let member: unknown;
  for (;;) {
    // A value begins here.
    let closed = true;
    const byte = bytes[at];
    if (byte === openObject || byte === openList) {
      if (++depth > deepest) return parsed(bytes, name);
      open[depth] = byte === openObject ? 1 : 0;
      at = spaceEnd(bytes, at + 1);
      if (bytes[at] === (byte === openObject ? closeObject : closeList)) {
        at++;
        depth--;
      } else closed = false;
    } else {
      at = byte === quote ? stringEnd(bytes, at + 1) : scalarEnd(bytes, at);
      if (at < 0) return undefined;
    }
    if (closed) {
      // Where it has ended, whatever ends with it.
      for (;;) {
        if (depth === 1 && wanted) {
          member = parseJson(bytes.toString('utf8', wantedFrom, at));
          wanted = false;
        }
        at = spaceEnd(bytes, at);
        if (depth === 0) return at === bytes.length ? { member } : undefined;
        const next = bytes[at++];
        if (next === comma) break;
        if (next !== (open[depth] === 1 ? closeObject : closeList)) return undefined;
        depth--;
      }
      at = spaceEnd(bytes, at);
    }
    if (open[depth] === 0) continue;
    if (bytes[at] !== quote) return undefined;
    const from = at + 1;
    at = stringEnd(bytes, from);
    if (at < 0) return undefined;
    if (depth === 1) wanted = isName(bytes, from, at - 1, name);
    at = spaceEnd(bytes, at);
    if (bytes[at++] !== colon) return undefined;
    at = spaceEnd(bytes, at);
    if (depth === 1) wantedFrom = at;
  }
}

function parsed(bytes: Buffer, name: string): ScannedObject | undefined {
  const value = parseJson(bytes.toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return { member: Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined };
}

function isName(bytes: Buffer, from: number, to: number, name: string): boolean {
  // With escapes a name takes more bytes than it has characters.
  if (to - from < name.length) return false;
  const text = bytes.toString('latin1', from, Math.min(to, from + 6 * name.length + 1));
  return text.includes('\\') ? parseJson(`"${text}"`) === name : text === name;
}

function spaceEnd(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at] ?? 33;
    if (byte > 32 || (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9)) return at;
    at++;
  }
}

/** Behind the quote that ends a text; -1 where it does not end or holds what a text must not. */
function stringEnd(bytes: Buffer, from: number): number {
  const end = bytes.length;
  let at = from;
  for (;;) {
    // The innermost loop of all: most bytes go through nothing else.
    while (at < end && special[bytes[at] as number] === 0) at++;
    const byte = bytes[at++];
    if (byte === quote) return at;
    if (byte !== backslash) return -1;
    at = escapeEnd(bytes, at);
    if (at < 0) return -1;
  }
}

/** 1 for what does not stand in a text as it is: a quote, a backslash, control characters. */
const special = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === quote || byte === backslash || byte < 32 ? 1 : 0,
);

/** Behind an escape whose backslash stands before `at`. */
function escapeEnd(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  // " \ / b f n r t
  if (byte === 34 || byte === 92 || byte === 47 || byte === 98 || byte === 102) return at + 1;
  if (byte === 110 || byte === 114 || byte === 116) return at + 1;
  if (byte !== 117) return -1;
  for (let digit = at + 1; digit <= at + 4; digit++) if (!isHex(bytes[digit] ?? 0)) return -1;
  return at + 5;
}

const isHex = (byte: number): boolean => isDigit(byte) || (byte >= 97 && byte <= 102) || (byte >= 65 && byte <= 70);
const isDigit = (byte: number): boolean => byte >= zero && byte <= 57;

/** Behind a number, `true`, `false` or `null`; -1 for anything else. */
function scalarEnd(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  if (byte === minus || isDigit(byte)) return numberEnd(bytes, at);
  for (const word of words)
    if (byte === word[0])
      return bytes.compare(word, 0, word.length, at, Math.min(at + word.length, bytes.length)) === 0
        ? at + word.length
        : -1;
  return -1;
}

const words = ['true', 'false', 'null'].map((word) => Buffer.from(word));

function numberEnd(bytes: Buffer, from: number): number {
  let at = bytes[from] === minus ? from + 1 : from;
  // A zero stands alone before the point.
  if (bytes[at] === zero) at++;
  else if ((at = digitsEnd(bytes, at)) < 0) return -1;
  if (bytes[at] === dot && (at = digitsEnd(bytes, at + 1)) < 0) return -1;
  if (bytes[at] !== 101 && bytes[at] !== 69) return at;
  const sign = bytes[at + 1];
  return digitsEnd(bytes, sign === 43 || sign === minus ? at + 2 : at + 1);
}

/** Behind at least one digit; -1 where there is none. */
function digitsEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (isDigit(bytes[at] ?? 0)) at++;
  return at === from ? -1 : at;
}
