import { fail, ok, type Result } from '@sightline/base';
import { isObject, parseJson, type JsonObject } from '../../errors/json-reader.ts';

const newline = 10;
const maxItems = 10_000;
const maxHeaderBytes = 16_384;

export interface EnvelopeItem {
  readonly type: string;
  readonly header: JsonObject;
  readonly payload: Buffer;
}

/** A stretch of the body that is no item; what stands before and after it was read all the same. */
export interface EnvelopeFault {
  readonly message: string;
}

export interface Envelope {
  readonly header: JsonObject;
  readonly items: readonly EnvelopeItem[];
  readonly faults: readonly EnvelopeFault[];
}

const itemHeaderNames = new Set([
  'type',
  'length',
  'content_type',
  'filename',
  'attachment_type',
  'item_count',
  'platform',
  'meta',
  'sample_rates',
  'routing_hint',
  'rate_limited',
  'name',
  'creator',
  'no_cache',
  'sdk',
  'source_quantities',
  'metrics_extracted',
  'version',
  'ingest_span_in_eap',
  'profile_type',
]);

/**
 * Reads an envelope (https://develop.sentry.dev/sdk/data-model/envelopes/): a header line, then items of a header line and
 * a payload, whose length is told in bytes or ends at the next line feed. Any bytes are safe to pass. Only a body without an
 * envelope header is refused whole; after a damaged item the reading goes on at the next line that is an item's header.
 */
export function parseEnvelope(body: Buffer): Result<Envelope, string> {
  const end = lineEnd(body, 0);
  const header = parseJson(body.toString('utf8', 0, end));
  if (!isObject(header)) return fail('expected an envelope header: one JSON object on the first line');
  const items: EnvelopeItem[] = [];
  const faults: EnvelopeFault[] = [];
  let at = end + 1;
  while (at < body.length) {
    if (body[at] === newline || body[at] === 13) {
      at++;
      continue;
    }
    if (items.length + faults.length >= maxItems) {
      faults.push({ message: `more than ${maxItems} items` });
      break;
    }
    const item = readItem(body, at);
    if (item.ok) items.push(item.value.item);
    else faults.push({ message: item.error.message });
    at = item.ok ? item.value.next : nextHeader(body, item.error.from);
  }
  return ok({ header, items, faults });
}

type Read = Result<{ item: EnvelopeItem; next: number }, { message: string; from: number }>;

function readItem(body: Buffer, at: number): Read {
  const headerEnd = lineEnd(body, at);
  const header = parseHeader(body, at, headerEnd);
  if (header === undefined)
    return fail({ message: `expected an item header at byte ${at}: a JSON object with "type"`, from: headerEnd + 1 });
  const start = Math.min(headerEnd + 1, body.length);
  const length = header['length'] ?? undefined;
  const type = header['type'] as string;
  if (length === undefined) {
    const stop = lineEnd(body, start);
    return ok({ item: { type, header, payload: body.subarray(start, stop) }, next: stop + 1 });
  }
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
    return fail({
      message: `item "${type.slice(0, 64)}" at byte ${at}: length must be a whole number of bytes`,
      from: start,
    });
  }
  const stop = start + length;
  if (stop > body.length)
    return fail({
      message: `item "${type.slice(0, 64)}" at byte ${at}: ${length} bytes announced, ${body.length - start} came`,
      from: start,
    });
  if (stop < body.length && !endsLine(body, stop)) {
    return fail({
      message: `item "${type.slice(0, 64)}" at byte ${at}: no line feed after its ${length} bytes`,
      from: start,
    });
  }
  return ok({ item: { type, header, payload: body.subarray(start, stop) }, next: stop + 1 });
}

/** Some clients end lines with CR LF; the byte before the LF is then no part of a payload of told length. */
function endsLine(body: Buffer, at: number): boolean {
  return body[at] === newline || (body[at] === 13 && body[at + 1] === newline);
}

function parseHeader(body: Buffer, from: number, to: number): JsonObject | undefined {
  if (to - from > maxHeaderBytes) return undefined;
  const header = parseJson(body.toString('utf8', from, to));
  return isObject(header) && typeof header['type'] === 'string' ? header : undefined;
}

/**
 * Where the next item begins, after damage. A payload may itself be an object with a `type`, so a line counts only when all
 * its names are those of item headers.
 */
function nextHeader(body: Buffer, from: number): number {
  let at = from;
  while (at < body.length) {
    const end = lineEnd(body, at);
    if (body[at] === 123) {
      const header = parseHeader(body, at, end);
      if (header !== undefined && Object.keys(header).every((name) => itemHeaderNames.has(name))) return at;
    }
    at = end + 1;
  }
  return body.length;
}

function lineEnd(body: Buffer, from: number): number {
  const at = body.indexOf(newline, from);
  return at < 0 ? body.length : at;
}

/** Bytes of an envelope with the given items, each with its length told. The header must not hold the client's key. */
export function writeEnvelope(header: JsonObject, items: readonly EnvelopeItem[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(header)}\n`)];
  for (const item of items) {
    parts.push(
      Buffer.from(`${JSON.stringify({ ...item.header, type: item.type, length: item.payload.length })}\n`),
      item.payload,
      lineFeed,
    );
  }
  return Buffer.concat(parts);
}

const lineFeed = Buffer.from('\n');
