import { isObject, numberOf, parseJson, textOf } from '../../errors/json-reader.ts';
import { timeNs } from '../../errors/event-time.ts';
import { fail, ok, type Result } from '@sightline/base';
import { ProtobufReader } from '../../protobuf-reader.ts';
import { parseLabels, type Labels } from './labels.ts';

/** One entry as it was sent; `problem` where it cannot be used. */
export interface PushEntry {
  readonly timeNs: bigint;
  readonly line: string;
  /** Structured metadata. */
  readonly metadata: Labels;
  readonly problem?: string;
}

/** One stream; `problem` where all its entries are lost. */
export interface PushStream {
  readonly labels: Labels;
  readonly entries: readonly PushEntry[];
  readonly problem?: string;
}

const none: Labels = Object.freeze({});

/** Loki's JSON body, today's (`stream`, `values`) and the one before 2019 (`labels`, `entries`). */
export function readJsonPush(body: Buffer): Result<readonly PushStream[], string> {
  const value = parseJson(body.toString('utf8'));
  if (!isObject(value) || !Array.isArray(value['streams'])) return fail('expected a JSON object with a list "streams"');
  return ok(value['streams'].map(readJsonStream));
}

function readJsonStream(stream: unknown): PushStream {
  if (!isObject(stream)) return { labels: none, entries: [blankEntry], problem: 'a stream must be an object' };
  const legacy = typeof stream['labels'] === 'string';
  const values = stream[legacy ? 'entries' : 'values'];
  const entries = Array.isArray(values) ? values.map(legacy ? readLegacyEntry : readJsonEntry) : [];
  if (legacy) {
    const labels = parseLabels(stream['labels'] as string);
    return labels.ok ? { labels: labels.value, entries } : { labels: none, entries, problem: labels.error };
  }
  const labels = textsOf(stream['stream']);
  return labels === undefined
    ? { labels: none, entries, problem: '"stream" must be an object of texts' }
    : { labels, entries };
}

const blankEntry: PushEntry = { timeNs: 0n, line: '', metadata: none };
const badEntry = (problem: string): PushEntry => ({ ...blankEntry, problem });

export function readJsonEntry(entry: unknown): PushEntry {
  if (!Array.isArray(entry)) return badEntry('a value must be a list [time, line]');
  const [time, line, metadata] = entry as unknown[];
  const ns = nanoseconds(time);
  if (ns === undefined)
    return badEntry(`expected a time in nanoseconds as text, got ${textOf(time, 40) || typeof time}`);
  if (typeof line !== 'string') return badEntry('expected the line as text');
  const named = metadata === undefined || metadata === null ? none : textsOf(metadata);
  return named === undefined
    ? badEntry('structured metadata must be an object of texts')
    : { timeNs: ns, line, metadata: named };
}

function readLegacyEntry(entry: unknown): PushEntry {
  if (!isObject(entry) || typeof entry['line'] !== 'string') return badEntry('expected "ts" and "line"');
  const ns = timeNs(entry['ts'] ?? entry['timestamp']);
  return ns === undefined ? badEntry('"ts": expected ISO 8601') : { timeNs: ns, line: entry['line'], metadata: none };
}

function nanoseconds(value: unknown): bigint | undefined {
  if (typeof value === 'string' && /^\d{1,19}$/.test(value)) return BigInt(value);
  const number = numberOf(value);
  return number !== undefined && number >= 0 && number < 9.2e18 ? BigInt(Math.round(number)) : undefined;
}

/** Names and texts; undefined when a value is no text. Numbers and booleans, which some clients send, are written out. */
export function textsOf(value: unknown): Labels | undefined {
  if (!isObject(value)) return undefined;
  const texts: [string, string][] = [];
  for (const [name, item] of Object.entries(value)) {
    if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean') return undefined;
    texts.push([name, String(item)]);
  }
  return Object.fromEntries(texts);
}

/** Loki's `PushRequest` (https://github.com/grafana/loki/blob/main/pkg/push/push.proto), already unpacked. */
export function readProtobufPush(body: Buffer): Result<readonly PushStream[], string> {
  const request = new ProtobufReader(body);
  const streams: PushStream[] = [];
  while (request.next()) {
    if (!request.is(1, 2)) continue;
    const stream = readStream(request.message());
    if (stream === undefined) return fail('the body is no PushRequest: a stream is cut or malformed');
    streams.push(stream);
  }
  return request.bad ? fail('the body is no PushRequest') : ok(streams);
}

function readStream(stream: ProtobufReader): PushStream | undefined {
  let text = '';
  const entries: PushEntry[] = [];
  while (stream.next()) {
    if (stream.is(1, 2)) text = stream.text();
    else if (stream.is(2, 2)) {
      const entry = readEntry(stream.message());
      if (entry === undefined) return undefined;
      entries.push(entry);
    }
  }
  if (stream.bad) return undefined;
  const labels = parseLabels(text);
  return labels.ok ? { labels: labels.value, entries } : { labels: none, entries, problem: labels.error };
}

export function readEntry(entry: ProtobufReader): PushEntry | undefined {
  let timeNs = 0n;
  let line = '';
  const metadata: [string, string][] = [];
  while (entry.next()) {
    if (entry.is(1, 2)) {
      const time = entry.message();
      while (time.next()) {
        if (time.is(1, 0)) timeNs += time.int64() * 1_000_000_000n;
        else if (time.is(2, 0)) timeNs += time.int64();
      }
      if (time.bad) return undefined;
    } else if (entry.is(2, 2)) line = entry.text();
    else if (entry.is(3, 2)) {
      const pair = readPair(entry.message());
      if (pair === undefined) return undefined;
      metadata.push(pair);
    }
  }
  return entry.bad ? undefined : { timeNs, line, metadata: Object.fromEntries(metadata) };
}

function readPair(pair: ProtobufReader): [string, string] | undefined {
  let name = '';
  let value = '';
  while (pair.next()) {
    if (pair.is(1, 2)) name = pair.text();
    else if (pair.is(2, 2)) value = pair.text();
  }
  return pair.bad ? undefined : [name, value];
}
