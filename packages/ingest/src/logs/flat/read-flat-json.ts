import type { FlatFields } from './flat-fields.ts';
import type { Shape } from './shape.ts';

const quote = 34;
const backslash = 92;
const colon = 58;
const comma = 44;
const open = 123;
const close = 125;
const maxDepth = 5;
const longestNumber = 40;

/** What a JSON object may hold beside texts. */
export interface FlatRules {
  /** Whether null and '' are left out; otherwise '' is a text, and null has no place. */
  readonly skipsEmpty: boolean;
  /** Whether there may be objects within it, numbers and booleans. */
  readonly textsOnly: boolean;
}

export const isSpace = (byte: number | undefined): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9;

/** Where the next byte is that is no white space. */
export function pastSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(bytes[at])) at++;
  return at;
}

/**
 * Where the text ends whose first byte is at `from`: the place of its closing quote, or -2 less that place where the text holds escapes, or -1 where
 * it does not end or holds what JSON does not allow.
 */
export function endOfText(bytes: Uint8Array, from: number, end: number): number {
  let escaped = false;
  for (let i = from; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === quote) return escaped ? -2 - i : i;
    if (byte === backslash) {
      escaped = true;
      i++;
    } else if (byte < 32) return -1;
  }
  return -1;
}

/** The text between two quotes with its escapes undone; undefined where JSON does not allow it. */
export function unescaped(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return JSON.parse(sliceText(bytes, start - 1, end + 1)) as string;
  } catch {
    return undefined;
  }
}

export function sliceText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/**
 * Reads the JSON object at `from` into `fields`, objects within it under dotted names. The bytes must be valid UTF-8. Returns where it ends; -1 where
 * the bytes are no JSON, or hold what has no place among fields, such as lists: then it is for the long way to say what they are.
 */
export function readFlatJson<P>(fields: FlatFields<P>, from: number, end: number, rules: FlatRules): number {
  const { bytes } = fields;
  if (bytes[from] !== open) return -1;
  let at = pastSpace(bytes, from + 1);
  let afterComma = false;
  while (at < end) {
    if (bytes[at] === quote) {
      const opens = readMember(fields, at, end, rules);
      if (opens === -1) return -1;
      at = pastSpace(bytes, opens < 0 ? -opens : opens);
      afterComma = false;
      if (opens < 0) continue;
    } else if (bytes[at] === close && !afterComma) {
      at++;
      if (fields.shape.depth === 0) return at;
      fields.shape = fields.shape.close();
      at = pastSpace(bytes, at);
    } else return -1;
    if (bytes[at] === comma) {
      at = pastSpace(bytes, at + 1);
      afterComma = true;
    } else if (bytes[at] !== close) return -1;
  }
  return -1;
}

/** Reads a name and what it names. Returns where it ends; less than -1: that far an object was opened. */
function readMember<P>(fields: FlatFields<P>, from: number, end: number, rules: FlatRules): number {
  const { bytes, shape } = fields;
  const guessed = shape.guess(bytes, from);
  let at = from + (guessed?.raw.length ?? 0);
  let to = guessed?.to;
  if (to === undefined || (bytes[at] === open && bytes[at - 1] !== open)) {
    at = endOfName(bytes, from, end);
    if (at < 0) return -1;
    const opens = bytes[at] === open;
    if (opens) at++;
    to = stepTo(fields, from, at, opens);
  }
  if (!to?.isPlain) return -1;
  if (to.depth > shape.depth) {
    if (rules.textsOnly || shape.depth >= maxDepth) return -1;
    fields.shape = to;
    return -at;
  }
  return readValue(fields, to, at, end, rules);
}

/** Where the value of the name at `from` begins; -1 where there is none. */
function endOfName(bytes: Uint8Array, from: number, end: number): number {
  const found = endOfText(bytes, from + 1, end);
  if (found === -1) return -1;
  const at = pastSpace(bytes, (found < 0 ? -2 - found : found) + 1);
  return bytes[at] === colon ? pastSpace(bytes, at + 1) : -1;
}

function stepTo<P>(fields: FlatFields<P>, from: number, to: number, opens: boolean): Shape<P> | undefined {
  const raw = sliceText(fields.bytes, from, to);
  const known = fields.shape.find(raw);
  if (known) return known;
  const nameEnd = endOfText(fields.bytes, from + 1, to);
  const name = unescaped(fields.bytes, from + 1, nameEnd < 0 ? -2 - nameEnd : nameEnd);
  return name === undefined ? undefined : fields.shapes.step(fields.shape, raw, name, opens);
}

function readValue<P>(fields: FlatFields<P>, to: Shape<P>, at: number, end: number, rules: FlatRules): number {
  const { bytes } = fields;
  const field = to.names.length - 1;
  if (bytes[at] === quote) {
    const found = endOfText(bytes, at + 1, end);
    if (found === -1) return -1;
    const textEnd = found < 0 ? -2 - found : found;
    if (found < 0) {
      const text = unescaped(bytes, at + 1, textEnd);
      if (text === undefined || !fields.setAside(field, text)) return -1;
    } else fields.setText(field, at + 1, textEnd);
    if (textEnd > at + 1 || !rules.skipsEmpty) fields.shape = to;
    return textEnd + 1;
  }
  if (rules.textsOnly) return -1;
  const wordEnd = endOfWord(bytes, at, end);
  const word = Buffer.from(bytes.buffer, bytes.byteOffset + at, wordEnd - at).toString('latin1');
  if (word === 'null') return rules.skipsEmpty ? wordEnd : -1;
  if (word === 'true' || word === 'false') fields.setBoolean(field, word === 'true');
  else if (word.length <= longestNumber && /^(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word))
    fields.setNumber(field, Number(word));
  else return -1;
  fields.shape = to;
  return wordEnd;
}

/** Where a number or a word ends. */
function endOfWord(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && !isSpace(bytes[at]) && bytes[at] !== comma && bytes[at] !== close) at++;
  return at;
}
