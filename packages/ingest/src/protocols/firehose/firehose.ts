import { gunzipSync } from 'node:zlib';
import { isObject, numberOf, objectOf, parseJson, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { findKey } from '../../find-key.ts';
import { LogBatch } from '../../logs/log-batch.ts';
import { readLogLine } from '../../logs/read-line.ts';
import { defineProtocol, type Checked, type Ending, type ProtocolReply, type ProtocolRequest } from '../../protocol.ts';

type BareRequest = Omit<ProtocolRequest, 'scope'>;

const maxUnpackedBytes = 32 * 1024 * 1024;

/**
 * A delivery of Amazon Data Firehose to an HTTP endpoint
 * (https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html): records in base64, each a batch of a CloudWatch Logs
 * subscription, zipped or not; what is something else is read as lines of text or JSON. A record that cannot be read is refused alone.
 */
export function checkFirehose(request: ProtocolRequest): Checked {
  const value = parseJson(request.body.toString('utf8'));
  const records = isObject(value) ? value['records'] : undefined;
  if (!Array.isArray(records)) {
    const message = 'expected a JSON object with a list "records"';
    return { kind: 'refuse', status: 400, reason: 'malformed', message, records: 1 };
  }
  const batch = new LogBatch('firehose');
  const common = commonAttributes(request);
  let room = maxUnpackedBytes;
  for (const [index, record] of records.entries()) {
    const place = `record ${index + 1}`;
    const data = objectOf(record)['data'];
    const text = typeof data === 'string' ? unpacked(Buffer.from(data, 'base64'), room) : undefined;
    if (text === undefined) {
      const message = `${place}: "data" must be text in base64, plain or gzip, of at most ${maxUnpackedBytes} bytes in all`;
      batch.refuse('malformed', message);
      continue;
    }
    room -= text.length;
    for (const document of documents(text)) addDocument(batch, document, common, place, request.receivedAtMs);
  }
  return { kind: 'accept', ...batch.finish() };
}

function unpacked(bytes: Buffer, room: number): string | undefined {
  if (bytes.length === 0 || room <= 0) return undefined;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.length > room ? undefined : bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: room }).toString('utf8');
  } catch {
    return undefined;
  }
}

/** One document, or one a line. */
function documents(text: string): string[] {
  const trimmed = text.trim();
  if (parseJson(trimmed) !== undefined) return [trimmed];
  return trimmed.split('\n').filter((line) => line.trim() !== '');
}

function addDocument(batch: LogBatch, text: string, common: JsonObject, place: string, receivedAtMs: number): void {
  const value = text.startsWith('{') ? parseJson(text) : undefined;
  const events = isObject(value) ? value['logEvents'] : undefined;
  if (!isObject(value) || !Array.isArray(events)) {
    batch.add(readLogLine(text, common, receivedAtMs), place);
    return;
  }
  // Sent when a subscription is made, to see whether somebody listens.
  if (value['messageType'] === 'CONTROL_MESSAGE') return;
  const group = textOf(value['logGroup'], 512);
  const about = {
    ...common,
    // `/aws/lambda/charge` is the service `charge`, unless something says better.
    job: group.split('/').at(-1) ?? '',
    'aws.log.group.name': group,
    'aws.log.stream.name': textOf(value['logStream'], 512),
    'cloud.account.id': textOf(value['owner'], 32),
  };
  for (const event of events) {
    const message = objectOf(event)['message'];
    const atMs = numberOf(objectOf(event)['timestamp']);
    if (typeof message !== 'string' || message === '' || atMs === undefined)
      batch.refuse('malformed', `${place}: a log event needs "timestamp" and "message"`);
    else batch.add(readLogLine(message.trimEnd(), { ...about, time: atMs }, receivedAtMs), place);
  }
}

/** What the delivery stream says of all its records, such as the site. */
function commonAttributes({ headers }: BareRequest): JsonObject {
  const text = headers['x-amz-firehose-common-attributes'] ?? '';
  const given = text.length > 16_384 ? {} : objectOf(objectOf(parseJson(text))['commonAttributes']);
  return Object.fromEntries(Object.entries(given).slice(0, 50));
}

/** Firehose tries again whatever is not 200, and wants its own request id back. */
function reply(ending: Ending, request: BareRequest): ProtocolReply {
  const status = ending.kind === 'refused' ? ending.status : 200;
  const body = {
    requestId: request.headers['x-amz-firehose-request-id'] ?? '',
    timestamp: request.receivedAtMs,
    ...(ending.kind === 'refused' && { errorMessage: ending.message }),
  };
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export const firehose = defineProtocol({
  name: 'firehose',
  title: 'AWS CloudWatch through Firehose',
  docs: 'Subscriptions of CloudWatch Logs, delivered by Amazon Data Firehose to the HTTP endpoint `/firehose`; the access key is an ingest key. https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html',
  endpoints: [
    {
      method: 'POST',
      path: '/firehose',
      contentTypes: [],
      signal: 'logs',
      bodyLimitBytes: 64 * 1024 * 1024,
      key: ({ headers }) => headers['x-amz-firehose-access-key'] || findKey(headers),
      check: checkFirehose,
      reply,
    },
  ],
  lanes: [],
});
