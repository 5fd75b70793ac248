import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { otlpLogsLane } from '../../otlp/build-logs.ts';
import { otlpTracesLane } from '../../otlp/build-traces.ts';
import {
  type Checked,
  defineProtocol,
  type GrpcMethod,
  type ProtocolEndpoint,
  type ProtocolRequest,
  type Refusal,
} from '../../protocol.ts';
import { fromJson } from './from-json.ts';
import { otlpReply, partialSuccess } from './reply.ts';
import { rewrite } from './rewrite.ts';
import { roots } from './schema.ts';
import { type TimeWindow, walk } from './walk.ts';

export type OtlpSignal = keyof typeof roots;

const dayMs = 86_400_000;
/** What lies further back is gone at the next tidying; what lies further ahead is a clock gone astray. */
const daysBack = 30;

const lanes: Readonly<Record<OtlpSignal, string>> = {
  logs: otlpLogsLane,
  spans: otlpTracesLane,
  metrics: 'otlp-metrics',
};
/** Nothing is written here any more; segments of versions that did may still wait in a spool. */
const exponentialLane = 'otlp-metrics-exp';

/** Times that are taken at a moment of receipt. */
export function timeWindow(receivedAtMs: number, fromMs = receivedAtMs - daysBack * dayMs): TimeWindow {
  return { fromMs, toMs: receivedAtMs + dayMs };
}

/** Judges a request in protobuf or JSON. Good ones go to the spool as they came; others are written anew without what is bad. */
export function checkOtlp(
  signal: OtlpSignal,
  {
    body,
    contentType,
    receivedAtMs,
    metricsFromMs,
  }: Pick<ProtocolRequest, 'body' | 'contentType' | 'receivedAtMs' | 'metricsFromMs'>,
): Checked {
  const refused: Refusal[] = [];
  let bytes = body;
  if (contentType === 'application/json') {
    const transcoded = fromJson(body, roots[signal]);
    if (transcoded.kind === 'broken') return malformed(transcoded.message);
    bytes = transcoded.bytes;
    const { malformed: records, firstProblem: message } = transcoded;
    if (records > 0) refused.push({ signal, reason: 'malformed', records, message });
  }
  const window = timeWindow(receivedAtMs, signal === 'metrics' ? metricsFromMs : undefined);
  const seen = walk(bytes, roots[signal], window);
  if (seen.wellFormed && seen.badRecords === 0 && !seen.nested) {
    return accepted(signal, bytes, seen.records, refused);
  }
  const rewritten = rewrite(bytes, roots[signal], window, signal);
  if (!rewritten) return malformed('the body is not a valid OTLP request');
  return accepted(signal, rewritten.bytes, rewritten.records, [...refused, ...rewritten.refused]);
}

function accepted(signal: OtlpSignal, bytes: Buffer, records: number, refused: readonly Refusal[]): Checked {
  const frames = records === 0 ? [] : [{ lane: lanes[signal], bytes, records, signal }];
  return { kind: 'accept', frames, refused };
}

function malformed(message: string): Checked {
  return { kind: 'refuse', status: 400, reason: 'malformed', message, records: 1 };
}

/** Where a signal is taken, in protobuf or JSON. */
export function otlpEndpoint(signal: OtlpSignal, path: string): ProtocolEndpoint {
  return {
    method: 'POST',
    path,
    contentTypes: ['application/x-protobuf', 'application/protobuf', 'application/json'],
    signal,
    cors: true,
    check: (request) => checkOtlp(signal, request),
    reply: (ending, request) => otlpReply(signal, ending, request.contentType),
  };
}

function exportMethod(service: string, exported: ProtocolEndpoint): GrpcMethod {
  return {
    service: `opentelemetry.proto.collector.${service}`,
    method: 'Export',
    endpoint: exported,
    reply: partialSuccess,
  };
}

function sql(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}

const logs = otlpEndpoint('logs', '/v1/logs');
const traces = otlpEndpoint('spans', '/v1/traces');
const metrics = otlpEndpoint('metrics', '/v1/metrics');

const proto = fileURLToPath(new URL('otlp.proto', import.meta.url));

/** Joining the expressions of a statement's levels into one costs the engine up to two fifths of planning and buys nothing. */
const levelsApart = { query_plan_merge_expressions: 0 };

export const otlp = defineProtocol({
  name: 'otlp',
  title: 'OpenTelemetry (OTLP)',
  docs: 'Logs, traces and metrics of every OpenTelemetry SDK and collector, over HTTP (protobuf or JSON) and gRPC. Point `OTEL_EXPORTER_OTLP_ENDPOINT` here and send the key as header `authorization=Bearer <key>`. https://opentelemetry.io/docs/specs/otlp/',
  endpoints: [logs, traces, metrics],
  grpc: [
    exportMethod('logs.v1.LogsService', logs),
    exportMethod('trace.v1.TraceService', traces),
    exportMethod('metrics.v1.MetricsService', metrics),
  ],
  lanes: [
    {
      name: lanes.logs,
      kind: 'engine',
      formatSchema: `${proto}:SpooledLogs`,
      sql: [{ name: 'logs', sql: sql('logs.sql') }],
      piped: true,
      settings: levelsApart,
    },
    {
      name: lanes.spans,
      kind: 'engine',
      formatSchema: `${proto}:SpooledTraces`,
      sql: [{ name: 'spans', sql: sql('traces.sql') }],
      settings: levelsApart,
    },
    { name: lanes.metrics, kind: 'metrics', format: 'otlp' },
    { name: exponentialLane, kind: 'metrics', format: 'otlp' },
  ],
});
