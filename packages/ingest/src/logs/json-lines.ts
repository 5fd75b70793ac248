import { isObject, parseJson } from '../errors/json-reader.ts';
import { LogBatch } from './log-batch.ts';
import type { Checked, ProtocolRequest } from '../protocol.ts';
import { readLogObject, readLogText, type ReadLog } from './read-log.ts';

const maxLineLength = 1_048_576;
const newline = 10;

/** One line or one entry of an array; numbers count from 1. */
interface Line {
  readonly number: number;
  readonly read: ReadLog;
}

/** NDJSON, a JSON array, one JSON object, or plain text lines, as log records of the lane `otlp-logs`. */
export function checkJsonLines(request: ProtocolRequest, scopeName: string): Checked {
  const batch = new LogBatch(scopeName);
  for (const { number, read } of linesOf(request)) batch.add(read, `line ${number}`);
  return { kind: 'accept', ...batch.finish() };
}

function* linesOf(request: ProtocolRequest): Generator<Line> {
  const whole = wholeDocument(request.body);
  if (Array.isArray(whole)) {
    for (const [index, entry] of whole.entries()) yield { number: index + 1, read: readEntry(entry, request) };
    return;
  }
  if (isObject(whole)) {
    yield { number: 1, read: readEntry(whole, request) };
    return;
  }
  yield* textLines(request);
}

/** A body that is one document: an array, or an object written over several lines. NDJSON is read line by line instead. */
function wholeDocument(body: Buffer): unknown {
  const first = body.subarray(0, 1024).find((byte) => byte > 32);
  if (first === 91) return parseJson(body.toString('utf8'));
  const end = body.indexOf(newline);
  if (first !== 123 || end < 0 || parseJson(body.toString('utf8', 0, end)) !== undefined) return undefined;
  return parseJson(body.toString('utf8'));
}

function* textLines(request: ProtocolRequest): Generator<Line> {
  const { body } = request;
  let number = 0;
  for (let at = 0; at < body.length;) {
    const found = body.indexOf(newline, at);
    const end = found < 0 ? body.length : found;
    number++;
    const length = end - at;
    const text = length > maxLineLength ? '' : body.toString('utf8', at, end).trim();
    at = end + 1;
    if (length > maxLineLength)
      yield {
        number,
        read: { kind: 'refused', reason: 'too-large', message: `${length} bytes; at most ${maxLineLength}` },
      };
    else if (text !== '') yield { number, read: readLine(text, request) };
  }
}

function readLine(text: string, request: ProtocolRequest): ReadLog {
  const value = text.startsWith('{') ? parseJson(text) : undefined;
  if (isObject(value)) return readLogObject(value, request.receivedAtMs);
  if (request.contentType === 'text/plain') return readLogText(text, request.receivedAtMs);
  return {
    kind: 'refused',
    reason: 'malformed',
    message: `expected a JSON object, got ${JSON.stringify(text.slice(0, 60))}`,
  };
}

function readEntry(entry: unknown, request: ProtocolRequest): ReadLog {
  if (isObject(entry)) return readLogObject(entry, request.receivedAtMs);
  if (typeof entry === 'string' && entry !== '') return readLogText(entry, request.receivedAtMs);
  return { kind: 'refused', reason: 'malformed', message: 'expected a JSON object' };
}
