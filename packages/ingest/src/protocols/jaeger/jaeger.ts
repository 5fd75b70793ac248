import type { Result } from '@sightline/base';
import { BoundedRefusals } from '../../logs/bounded-refusals.ts';
import { otlpTracesLane, TracesRequestBuilder } from '../../otlp/build-traces.ts';
import {
  defineProtocol,
  type Checked,
  type Ending,
  type ProtocolEndpoint,
  type ProtocolReply,
  type ProtocolRequest,
} from '../../protocol.ts';
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
  const { records } = builder;
  const frames = records === 0 ? [] : [{ lane: otlpTracesLane, bytes: builder.build(), records, signal: 'spans' }];
  return { kind: 'accept', frames, refused: refusals.list() };
}

/** 202 without a body, as Jaeger's collector answers; what was refused beside others stands in a header and in the ledger. */
export function jaegerReply(ending: Ending): ProtocolReply {
  if (ending.kind === 'refused') return plain(ending.status, ending.message);
  const refused = ending.refused.reduce((sum, refusal) => sum + refusal.records, 0);
  if (refused === 0) return { status: 202 };
  const first = ending.refused[0]?.message ?? '';
  if (ending.frames.length === 0) return plain(400, first);
  const header = `${refused} spans refused: ${first}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 500);
  return { status: 202, headers: { 'x-sightline-refused': header } };
}

function plain(status: number, text: string): ProtocolReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${text}\n` };
}

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
