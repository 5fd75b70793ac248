import { isAscii, isUtf8 } from 'node:buffer';
import { pick } from '../../errors/identity.ts';
import { parseJson } from '../../errors/json-reader.ts';
import type { BoundedRefusals } from '../../logs/bounded-refusals.ts';
import { FlatFields } from '../../logs/flat/flat-fields.ts';
import { endOfText, pastSpace, readFlatJson, sliceText, unescaped } from '../../logs/flat/read-flat-json.ts';
import { correlationIdNames } from '../../logs/identity-names.ts';
import { type Level, levelNames, levelOf } from '../../logs/level.ts';
import type { LogsRequestBuilder } from '../../otlp/build-logs.ts';
import { ProtobufReader } from '../../protobuf-reader.ts';
import { FlatEntries, lineField } from './flat-entries.ts';
import { type Labels, parseLabels } from './labels.ts';
import { readEntry, readJsonEntry, textsOf } from './push-request.ts';
import { OpenStream, resourceOf } from './stream-records.ts';

/** Where the records of a push go. */
interface Into {
  readonly receivedAtMs: number;
  readonly builder: LogsRequestBuilder;
  readonly refusals: BoundedRefusals;
}

/** What is worked out of a stream's labels once. */
interface Known {
  readonly labels: Labels;
  readonly resource: Readonly<Record<string, string>>;
  readonly level: Level;
}

const knownAtMost = 2000;
const longestKnown = 4096;
const entries = new FlatEntries();

/** Streams by the text of their labels, forgotten when there are too many. Undefined where labels are none, or say what is each entry's own. */
class KnownStreams {
  readonly #known = new Map<string, Known>();
  readonly #read: (text: string) => Labels | undefined;

  constructor(read: (text: string) => Labels | undefined) {
    this.#read = read;
  }

  open(text: string, into: Into): { readonly stream: OpenStream; readonly level: Level } | undefined {
    let known = this.#known.get(text);
    if (!known) {
      const labels = this.#read(text);
      if (!labels || Object.keys(labels).length === 0 || pick(labels, correlationIdNames) !== '') return undefined;
      known = { labels, resource: resourceOf(labels), level: levelOf(pick(labels, levelNames)) };
      if (this.#known.size >= knownAtMost) this.#known.clear();
      if (text.length <= longestKnown) this.#known.set(text, known);
    }
    const { labels, resource, level } = known;
    return { stream: new OpenStream(labels, resource, into.receivedAtMs, into.builder, into.refusals), level };
  }
}

const jsonStreams = new KnownStreams((text) => textsOf(parseJson(text)));
const protobufStreams = new KnownStreams((text) => {
  const labels = parseLabels(text);
  return labels.ok ? labels.value : undefined;
});

const [quote, comma, openBrace, closeBrace, openList, closeList] = [34, 44, 123, 125, 91, 93];
const nanosecondDigits = 19;
const labelFields = new FlatFields<never>();
const texts = { skipsEmpty: false, textsOnly: true } as const;

/** Walks a JSON body from one expected thing to the next. */
class JsonPush {
  readonly #body: Buffer;
  readonly #into: Into;
  #at = 0;

  constructor(body: Buffer, into: Into) {
    this.#body = body;
    this.#into = into;
  }

  read(): boolean {
    if (!isUtf8(this.#body)) return false;
    if (!this.#is(openBrace) || !this.#isName('streams') || !this.#is(openList)) return false;
    if (!this.#list(() => this.#stream())) return false;
    return this.#is(closeBrace) && pastSpace(this.#body, this.#at) >= this.#body.length;
  }

  /** The rest of a list whose bracket was read. */
  #list(item: () => boolean): boolean {
    if (this.#is(closeList)) return true;
    do if (!item()) return false;
    while (this.#is(comma));
    return this.#is(closeList);
  }

  #stream(): boolean {
    const body = this.#body;
    if (!this.#is(openBrace) || !this.#isName('stream')) return false;
    const from = pastSpace(body, this.#at);
    labelFields.begin(body);
    const end = readFlatJson(labelFields, from, body.length, texts);
    if (end < 0) return false;
    this.#at = end;
    const known = jsonStreams.open(sliceText(body, from, end), this.#into);
    if (!known || !this.#is(comma) || !this.#isName('values') || !this.#is(openList)) return false;
    return this.#list(() => this.#entry(known.stream, known.level)) && this.#is(closeBrace);
  }

  #entry(stream: OpenStream, level: Level): boolean {
    const body = this.#body;
    const from = pastSpace(body, this.#at);
    if (!this.#is(openList) || !this.#time() || !this.#is(comma)) return false;
    entries.fields.begin(body);
    if (!this.#line()) return false;
    if (this.#is(comma)) {
      this.#at = readFlatJson(entries.fields, pastSpace(body, this.#at), body.length, texts);
      if (this.#at < 0) return false;
    }
    if (!this.#is(closeList)) return false;
    const { builder, receivedAtMs } = this.#into;
    if (!entries.add(stream, builder, receivedAtMs, level))
      stream.add(readJsonEntry(parseJson(sliceText(body, from, this.#at))));
    return true;
  }

  #time(): boolean {
    const body = this.#body;
    const start = pastSpace(body, this.#at) + 1;
    const end = start + nanosecondDigits;
    if (body[start - 1] !== quote || body[end] !== quote) return false;
    let seconds = 0;
    let nanoseconds = 0;
    for (let i = start; i < end; i++) {
      const digit = (body[i] ?? 0) - 48;
      if (digit < 0 || digit > 9) return false;
      if (i < start + 10) seconds = seconds * 10 + digit;
      else nanoseconds = nanoseconds * 10 + digit;
    }
    entries.time.set(seconds, nanoseconds);
    this.#at = end + 1;
    return true;
  }

  #line(): boolean {
    const body = this.#body;
    const start = pastSpace(body, this.#at) + 1;
    if (body[start - 1] !== quote) return false;
    const found = endOfText(body, start, body.length);
    if (found === -1) return false;
    const end = found < 0 ? -2 - found : found;
    this.#at = end + 1;
    if (found >= 0) {
      entries.fields.setText(lineField, start, end);
      return true;
    }
    const text = unescaped(body, start, end);
    return text !== undefined && entries.fields.setAside(lineField, text);
  }

  #is(byte: number): boolean {
    const at = pastSpace(this.#body, this.#at);
    if (this.#body[at] !== byte) return false;
    this.#at = at + 1;
    return true;
  }

  #isName(name: string): boolean {
    const start = pastSpace(this.#body, this.#at) + 1;
    const end = start + name.length;
    if (this.#body[start - 1] !== quote || this.#body[end] !== quote) return false;
    for (let i = 0; i < name.length; i++) if (this.#body[start + i] !== name.charCodeAt(i)) return false;
    this.#at = end + 1;
    return this.#is(58);
  }
}

/**
 * Reads a JSON push as clients of today write it, adding its entries. False where it is written otherwise or is none: what was added until then must
 * be thrown away, and the body read the long way.
 */
export function readFlatJsonPush(body: Buffer, into: Into): boolean {
  return new JsonPush(body, into).read();
}

/** `readFlatJsonPush` of a protobuf push. */
export function readFlatProtobufPush(body: Buffer, into: Into): boolean {
  const request = new ProtobufReader(body);
  while (request.next()) {
    if (!request.is(1, 2)) continue;
    if (!readStream(body, request.start, request.end, into)) return false;
  }
  return !request.bad;
}

function readStream(body: Buffer, start: number, end: number, into: Into): boolean {
  const stream = new ProtobufReader(body, start, end);
  // The labels come first; where they do not, or come twice, it is for the long way.
  if (!stream.next() || !stream.is(1, 2)) return false;
  const known = protobufStreams.open(stream.text(), into);
  if (!known) return false;
  const { builder, receivedAtMs } = into;
  while (stream.next()) {
    if (stream.field === 1) return false;
    if (!stream.is(2, 2)) continue;
    entries.fields.begin(body);
    if (readFields(body, stream.start, stream.end) && entries.add(known.stream, builder, receivedAtMs, known.level))
      continue;
    const entry = readEntry(stream.message());
    if (entry === undefined) return false;
    known.stream.add(entry);
  }
  return !stream.bad;
}

const [timeTag, lineTag, pairTag, firstText, secondText, firstVarint, secondVarint] = [
  0x0a, 0x12, 0x1a, 0x0a, 0x12, 0x08, 0x10,
];

/** Where the last varint ended. */
let past = 0;

/** A varint below 2^35; -1 where it is longer. */
function varint(body: Uint8Array, from: number): number {
  let value = 0;
  let scale = 1;
  for (let at = from; at < from + 5; at++) {
    const byte = body[at] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) {
      past = at + 1;
      return value;
    }
    scale *= 128;
  }
  return -1;
}

/** Reads an entry of the usual order: time, line, metadata. False where it is another one, or broken. */
function readFields(body: Buffer, start: number, end: number): boolean {
  const timeEnd = body[start] === timeTag ? lengthEnd(body, start + 1, end) : -1;
  if (timeEnd < 0 || !readTime(body, past, timeEnd)) return false;
  const { fields } = entries;
  const lineEnd = body[timeEnd] === lineTag ? lengthEnd(body, timeEnd + 1, end) : -1;
  if (lineEnd < 0 || !isText(body, past, lineEnd)) return false;
  fields.setText(lineField, past, lineEnd);
  let at = lineEnd;
  while (at < end) {
    const pairEnd = body[at] === pairTag ? lengthEnd(body, at + 1, end) : -1;
    if (pairEnd < 0 || !readPair(body, past, pairEnd)) return false;
    at = pairEnd;
  }
  return at === end;
}

/** Where the field ends whose length is at `at`, and begins at `past`; -1 where that is not within `end`. */
function lengthEnd(body: Uint8Array, at: number, end: number): number {
  const length = varint(body, at);
  return length < 0 || past + length > end ? -1 : past + length;
}

function readTime(body: Uint8Array, start: number, end: number): boolean {
  if (start === end || body[start] !== firstVarint) return false;
  const seconds = varint(body, start + 1);
  if (seconds < 0 || past > end) return false;
  let nanoseconds = 0;
  if (past < end) {
    if (body[past] !== secondVarint) return false;
    nanoseconds = varint(body, past + 1);
    if (nanoseconds < 0 || past !== end) return false;
  }
  entries.time.set(seconds, nanoseconds);
  return true;
}

function readPair(body: Buffer, start: number, end: number): boolean {
  const { fields } = entries;
  let to = fields.shape.guess(body, start);
  if (to) past = start + to.raw.length;
  const nameEnd = to ? past : body[start] === firstText ? lengthEnd(body, start + 1, end) : -1;
  if (nameEnd < 0 || nameEnd >= end) return false;
  const next = to?.to ?? nameStep(body, start, nameEnd);
  if (!next?.isPlain || body[nameEnd] !== secondText || lengthEnd(body, nameEnd + 1, end) !== end) return false;
  if (!isText(body, past, end)) return false;
  fields.setText(next.names.length - 1, past, end);
  fields.shape = next;
  return true;
}

/** The step of a name with its tag and length before it, which `past` follows. */
function nameStep(body: Buffer, start: number, end: number) {
  const { fields } = entries;
  const name = body.subarray(past, end);
  return isAscii(name) && name.length < 128
    ? fields.shapes.step(fields.shape, body.toString('latin1', start, end), name.toString('latin1'))
    : undefined;
}

/** Whether bytes are a text: those that are not are read as ones with marks in their place. */
function isText(body: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((body[i] ?? 0) > 127) return isUtf8(body.subarray(i, end));
  return true;
}
