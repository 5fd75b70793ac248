import type { Result } from '@sightline/base';
import { BoundedRefusals } from '../../logs/bounded-refusals.ts';
import { otlpTracesLane, TracesRequestBuilder } from '../../otlp/build-traces.ts';
import { framesOf } from '../../otlp/frames-of.ts';
import { defineProtocol, type Checked, type ProtocolEndpoint, type ProtocolRequest } from '../../protocol.ts';
import { repliesRefusedBeside } from '../../refused-beside.ts';
import { addBatch } from './add-batch.ts';
import type { JaegerBatch } from './batch.ts';
import { readPostSpans } from './read-protobuf.ts';
import { readThriftBatch } from './read-thrift.ts';

type Read = (body: Buffer) => Result<JaegerBatch, string>;

/** Spans of a batch as one OTLP request, so that they share lane, scrubber and speed of all spans. */
export function checkJaeger(read: Read, request: Pick<ProtocolRequest, 'body' | 'receivedAtMs'>): Checked {
  const batch = read(request.body);
  if (!batch.ok) return { kind: 'refuse', status: 400, reason: 'malformed', message: batch.error, records: 1 };
  const builder = new TracesRequestBuilder();
  const refusals = new BoundedRefusals('spans');
  addBatch(batch.value, request.receivedAtMs, builder, refusals);
  return { kind: 'accept', frames: framesOf(builder, otlpTracesLane, 'spans'), refused: refusals.list() };
}

/** 202 without a body, as Jaeger's collector answers; what was refused beside others stands in a header and in the ledger. */
const jaegerReply = repliesRefusedBeside(202, 'spans');

const thrift: ProtocolEndpoint = {
  method: 'POST',
  path: '/api/traces',
  contentTypes: ['application/x-thrift', 'application/vnd.apache.thrift.binary'],
  signal: 'spans',
  check: (request) => checkJaeger(readThriftBatch, request),
  reply: jaegerReply,
};

export const jaeger = defineProtocol({
  name: 'jaeger',
  title: 'Jaeger',
  docs: 'Spans of Jaeger’s clients and agents: Thrift over HTTP (`POST /api/traces`, `JAEGER_ENDPOINT`) and the collector’s gRPC service `jaeger.api_v2.CollectorService` on the port of OTLP/gRPC. Process tags become the resource, logs events, references the parent and links. https://www.jaegertracing.io/docs/1.76/architecture/apis/',
  endpoints: [thrift],
  grpc: [
    {
      service: 'jaeger.api_v2.CollectorService',
      method: 'PostSpans',
      endpoint: { ...thrift, contentTypes: [], check: (request) => checkJaeger(readPostSpans, request) },
      // PostSpansResponse has no fields.
      reply: () => Buffer.alloc(0),
    },
  ],
  lanes: [],
});
