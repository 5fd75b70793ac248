import { BoundedRefusals } from '../../logs/bounded-refusals.ts';
import { LogsRequestBuilder, otlpLogsLane } from '../../otlp/build-logs.ts';
import { framesOf } from '../../otlp/frames-of.ts';
import { defineProtocol, type Checked, type ProtocolRequest } from '../../protocol.ts';
import { repliesRefusedBeside } from '../../refused-beside.ts';
import { unsnappy } from '../../snappy-block.ts';
import { readFlatJsonPush, readFlatProtobufPush } from './flat-push.ts';
import { readJsonPush, readProtobufPush } from './push-request.ts';
import { addStream } from './stream-records.ts';

type BareRequest = Omit<ProtocolRequest, 'scope'>;

function isJson({ contentType }: BareRequest): boolean {
  return contentType === 'application/json' || contentType === 'text/json';
}

/** Protobuf comes as a bare snappy block, mostly without a word about it; where `Content-Encoding` named it, it is undone already. */
async function uncompress(request: BareRequest, limitBytes: number): Promise<Buffer> {
  const announced = /snappy|gzip|deflate|zstd|br/i.test(request.headers['content-encoding'] ?? '');
  return isJson(request) || announced ? request.body : unsnappy(request.body, limitBytes);
}

/** Log entries of a push as one OTLP request, so that they share lane, scrubber and speed of all logs. */
export function checkPush(request: ProtocolRequest): Checked {
  const flat = {
    receivedAtMs: request.receivedAtMs,
    // Some names come twice, as labels and as ours.
    builder: new LogsRequestBuilder(1.5 * request.body.length + 1024),
    refusals: new BoundedRefusals(),
  };
  const isRead = isJson(request) ? readFlatJsonPush(request.body, flat) : readFlatProtobufPush(request.body, flat);
  return isRead ? accepted(flat.builder, flat.refusals) : checkPushAsObjects(request);
}

/** `checkPush` by way of objects for each entry, which takes all that a client may write. */
export function checkPushAsObjects(request: ProtocolRequest): Checked {
  const push = isJson(request) ? readJsonPush(request.body) : readProtobufPush(request.body);
  if (!push.ok) return { kind: 'refuse', status: 400, reason: 'malformed', message: push.error, records: 1 };
  const builder = new LogsRequestBuilder();
  const refusals = new BoundedRefusals();
  for (const stream of push.value) addStream(stream, request.receivedAtMs, builder, refusals);
  return accepted(builder, refusals);
}

function accepted(builder: LogsRequestBuilder, refusals: BoundedRefusals): Checked {
  return { kind: 'accept', frames: framesOf(builder, otlpLogsLane, 'logs'), refused: refusals.list() };
}

/**
 * Plain text, as Loki answers. Loki itself says 400 when it stored a part; we say 204, and name what was refused in a header and
 * in the ledger, because some clients (winston-loki) send the whole batch again after any error, for ever, which would double
 * the good entries. When nothing at all was stored it is a 400: promtail, Alloy and Fluent Bit then drop the batch.
 */
export const lokiReply = repliesRefusedBeside(204, 'entries');

const push = {
  method: 'POST',
  contentTypes: [],
  signal: 'logs',
  cors: true,
  uncompress,
  check: checkPush,
  reply: lokiReply,
} as const;

export const loki = defineProtocol({
  name: 'loki',
  title: 'Loki',
  docs: 'Log pushes of promtail, Alloy, Fluent Bit, pino-loki, winston-loki and all others: `POST /loki/api/v1/push`, JSON or snappy protobuf. Labels become the resource, structured metadata the attributes; of a line that is a JSON object the message becomes the body and its other fields attributes. https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs',
  endpoints: [
    { ...push, path: '/loki/api/v1/push' },
    { ...push, path: '/api/prom/push' },
  ],
  lanes: [],
});
