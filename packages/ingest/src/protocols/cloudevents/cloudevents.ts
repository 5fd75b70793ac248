import { isObject, parseJson, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { LogBatch } from '../../logs/log-batch.ts';
import { readLogLine } from '../../logs/read-line.ts';
import { readLogObject, type ReadLog } from '../../logs/read-log.ts';
import { defineProtocol, type Checked, type Ending, type ProtocolReply, type ProtocolRequest } from '../../protocol.ts';

const required = ['specversion', 'id', 'source', 'type'] as const;
const standard = new Set<string>([
  ...required,
  'time',
  'subject',
  'datacontenttype',
  'dataschema',
  'data',
  'data_base64',
  'traceparent',
  'tracestate',
]);
const maxTextBytes = 1_048_576;

/**
 * CloudEvents 1.0 over HTTP (https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md) in structured, batched
 * and binary mode, as log records. Data that is an object gives message, level and fields; an event without a message is told by its type. Of a batch
 * each event is refused alone.
 */
export function checkCloudEvents(request: ProtocolRequest): Checked {
  const batch = new LogBatch('cloudevents');
  if (request.contentType === 'application/cloudevents-batch+json') {
    const list = parseJson(request.body.toString('utf8'));
    if (!Array.isArray(list)) return refused('expected a JSON array of events');
    for (const [index, event] of list.entries())
      batch.add(readEvent(event, request.receivedAtMs), `event ${index + 1}`);
    return { kind: 'accept', ...batch.finish() };
  }
  const structured = request.contentType === 'application/cloudevents+json';
  const event = structured ? parseJson(request.body.toString('utf8')) : binaryEvent(request);
  const read = readEvent(event, request.receivedAtMs);
  if (read.kind === 'refused') return refused(read.message, read.reason);
  batch.add(read);
  return { kind: 'accept', ...batch.finish() };
}

function refused(message: string, reason: Extract<Checked, { kind: 'refuse' }>['reason'] = 'malformed'): Checked {
  return { kind: 'refuse', status: 400, reason, message, records: 1 };
}

/** Attributes stand in headers, `ce-` before their names and percent-encoded; the body is the data. */
function binaryEvent({ headers, contentType, body }: ProtocolRequest): JsonObject {
  const event: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-')) event[name.slice(3)] = percentDecoded(value);
  }
  for (const name of ['traceparent', 'tracestate']) event[name] ??= headers[name];
  if (body.length === 0) return event;
  const text = body.toString('utf8');
  event['data'] = /json/.test(contentType) ? (parseJson(text) ?? text) : text;
  return event;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readEvent(event: unknown, receivedAtMs: number): ReadLog {
  if (!isObject(event)) return { kind: 'refused', reason: 'malformed', message: 'expected an event as a JSON object' };
  const missing = required.find((name) => textOf(event[name]) === '');
  if (missing !== undefined)
    return { kind: 'refused', reason: 'malformed', message: `the attribute "${missing}" is missing` };
  if (!/^1\.\d+$/.test(textOf(event['specversion'])))
    return { kind: 'refused', reason: 'unsupported-type', message: 'only specversion 1.0 is known' };
  const about: Record<string, unknown> = Object.fromEntries(
    Object.entries(event).filter(([name]) => !standard.has(name)),
  );
  about['cloudevents.event_id'] = event['id'];
  about['cloudevents.event_source'] = event['source'];
  about['cloudevents.event_type'] = event['type'];
  about['cloudevents.event_spec_version'] = event['specversion'];
  if (event['subject'] !== undefined) about['cloudevents.event_subject'] = event['subject'];
  if (event['time'] !== undefined) about['time'] = event['time'];
  const [, traceId, spanId] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(textOf(event['traceparent'])) ?? [];
  if (traceId !== undefined) Object.assign(about, { trace_id: traceId, span_id: spanId });
  const data = dataOf(event);
  const type = textOf(event['type'], 300);
  const read =
    typeof data === 'string'
      ? readLogLine(data, about, receivedAtMs)
      : readLogObject({ ...(isObject(data) ? data : { data }), ...about }, receivedAtMs);
  if (read.kind === 'refused') return read;
  const { body } = read.record;
  const told = typeof body === 'string' && !body.startsWith('{') ? body : type;
  return { ...read, record: { ...read.record, body: told, eventName: type } };
}

function dataOf(event: JsonObject): unknown {
  const coded = event['data_base64'];
  if (typeof coded === 'string')
    return coded.length > maxTextBytes ? '' : Buffer.from(coded, 'base64').toString('utf8');
  return event['data'];
}

function reply(ending: Ending): ProtocolReply {
  const headers = { 'content-type': 'application/json' };
  if (ending.kind === 'refused')
    return { status: ending.status, headers, body: JSON.stringify({ error: ending.message }) };
  const refusals = ending.refused.map(({ message }) => message);
  if (refusals.length === 0) return { status: 204 };
  // Nothing of it can be kept, and sending it again would not help.
  const status = ending.frames.length === 0 ? 400 : 200;
  return { status, headers, body: JSON.stringify({ errors: refusals }) };
}

export const cloudEvents = defineProtocol({
  name: 'cloudevents',
  title: 'CloudEvents',
  docs: 'Events as log records: `POST /cloudevents` in structured, batched or binary mode. https://cloudevents.io',
  endpoints: [
    {
      method: 'POST',
      path: '/cloudevents',
      contentTypes: [],
      signal: 'logs',
      cors: true,
      check: checkCloudEvents,
      reply,
    },
  ],
  lanes: [],
});
