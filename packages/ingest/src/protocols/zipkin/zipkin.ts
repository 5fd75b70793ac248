import { fail, ok, type Result } from '@sightline/base';
import { isObject, parseJson } from '../../errors/json-reader.ts';
import { BoundedRefusals } from '../../logs/bounded-refusals.ts';
import { otlpTracesLane, TracesRequestBuilder } from '../../otlp/build-traces.ts';
import { framesOf } from '../../otlp/frames-of.ts';
import { defineProtocol, type Checked, type ProtocolRequest } from '../../protocol.ts';
import { repliesRefusedBeside } from '../../refused-beside.ts';
import { readZipkinSpan, type ZipkinSpan } from './read-span.ts';
import { withoutSharedIds } from './shared-spans.ts';

/** Spans of a request; more are refused, so that one request stays one frame. */
const mostSpans = 100_000;

/** Spans of a list as one OTLP request, so that they share lane, scrubber and speed of all spans. */
export function checkZipkin(request: Pick<ProtocolRequest, 'body' | 'receivedAtMs'>): Checked {
  const list = readList(request.body);
  if (!list.ok) return { kind: 'refuse', status: 400, reason: 'malformed', message: list.error, records: 1 };
  const refusals = new BoundedRefusals('spans');
  const spans: ZipkinSpan[] = [];
  for (const item of list.value.slice(0, mostSpans)) {
    const read = readZipkinSpan(item, request.receivedAtMs);
    if (read.ok) spans.push(read.value);
    else refusals.add(read.error.reason, read.error.message);
  }
  const beyond = list.value.length - mostSpans;
  if (beyond > 0) refusals.add('too-large', `more than ${mostSpans} spans in one request`, beyond);
  const builder = new TracesRequestBuilder();
  let group: ZipkinSpan | undefined;
  for (const span of withoutSharedIds(spans)) {
    if (
      !group ||
      group.service !== span.service ||
      group.hostAddress !== span.hostAddress ||
      group.scope !== span.scope
    ) {
      builder.resource(
        {
          ...(span.service === '' ? {} : { 'service.name': span.service }),
          ...(span.hostAddress === '' ? {} : { 'host.ip': span.hostAddress }),
        },
        span.scope,
      );
      group = span;
    }
    builder.add(span);
  }
  return { kind: 'accept', frames: framesOf(builder, otlpTracesLane, 'spans'), refused: refusals.list() };
}

function readList(body: Buffer): Result<readonly unknown[], string> {
  const value = parseJson(body.toString('utf8'));
  if (Array.isArray(value)) return ok(value);
  return isObject(value) ? fail('expected a JSON list of spans, got an object') : fail('expected a JSON list of spans');
}

/** 202 without a body, as Zipkin answers; what was refused beside others stands in a header and in the ledger. */
export const zipkinReply = repliesRefusedBeside(202, 'spans');

const spans = {
  method: 'POST',
  contentTypes: ['application/json'],
  signal: 'spans',
  cors: true,
  check: checkZipkin,
  reply: zipkinReply,
} as const;

export const zipkin = defineProtocol({
  name: 'zipkin',
  title: 'Zipkin',
  docs: 'Spans of Zipkin v2 in JSON: `POST /api/v2/spans` (also `/zipkin/api/v2/spans`), as Brave, zipkin-js, Spring and the exporters of OpenTelemetry and Envoy send them. Ids of 64 bits are filled up to 128; the server’s half of a shared span gets an id of its own; annotations become events, the local endpoint the resource. https://zipkin.io/zipkin-api/#/default/post_spans',
  endpoints: [
    { ...spans, path: '/api/v2/spans' },
    { ...spans, path: '/zipkin/api/v2/spans' },
  ],
  lanes: [],
});
