import { hexId, msOf } from '../logs/log-row.ts';

export const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
export const spanStatuses = ['unset', 'ok', 'error'] as const;

/** A span as the reads answer it. */
export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly service: string;
  readonly site: string;
  readonly device: string;
  readonly kind: (typeof spanKinds)[number];
  readonly status: (typeof spanStatuses)[number];
  readonly statusMessage: string;
  /** Nanoseconds since the epoch, as text. */
  readonly startNs: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly durationNs: number;
  readonly correlationId: string;
  readonly release: string;
  readonly environment: string;
  /** The library or part of the program that made it (`otel.scope.name`). */
  readonly scopeName: string;
  readonly attributes: Record<string, string>;
  readonly resource: Record<string, string>;
  readonly events: { at: number; tsNs: string; name: string; attributes: Record<string, string> }[];
  readonly links: { traceId: string; spanId: string }[];
}

/** What `spanColumns` selects. */
export interface SpanColumns {
  readonly traceHex: string;
  readonly spanHex: string;
  readonly parentHex: string;
  readonly name: string;
  readonly service: string;
  readonly site: string;
  readonly device: string;
  readonly kindCode: number;
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly startNs: string;
  readonly lasted: string;
  readonly correlationId: string;
  readonly release: string;
  readonly environment: string;
  readonly scopeName: string;
  readonly attributes: Record<string, string>;
  readonly resource: Record<string, string>;
  readonly eventNs: string[];
  readonly eventNames: string[];
  readonly eventAttributes: Record<string, string>[];
  readonly linkTraces: string[];
  readonly linkSpans: string[];
}

/** Every column of a span. The names differ from the table's, so that no condition meets an alias. */
export const spanColumns = `${hexId('trace_id', 16)} AS traceHex, ${hexId('span_id', 8)} AS spanHex, ${hexId('parent_id', 8)} AS parentHex,
  name, service, site, device, kind AS kindCode, status_code AS statusCode, status_message AS statusMessage,
  toString(toUnixTimestamp64Nano(ts)) AS startNs, toString(duration_ns) AS lasted, correlation_id AS correlationId, release, environment, scope_name AS scopeName,
  attrs AS attributes, res AS resource, arrayMap(x -> toString(toUnixTimestamp64Nano(x)), events.ts) AS eventNs,
  events.name AS eventNames, events.attrs AS eventAttributes,
  arrayMap(x -> lower(hex(x)), links.trace_id) AS linkTraces, arrayMap(x -> lower(hex(x)), links.span_id) AS linkSpans`;

export function toSpan(row: SpanColumns): SpanRecord {
  const {
    traceHex,
    spanHex,
    parentHex,
    kindCode,
    statusCode,
    lasted,
    eventNs,
    eventNames,
    eventAttributes,
    linkTraces,
    linkSpans,
    ...same
  } = row;
  return {
    ...same,
    traceId: traceHex,
    spanId: spanHex,
    parentId: parentHex,
    kind: spanKinds[kindCode] ?? 'unspecified',
    status: spanStatuses[statusCode] ?? 'unset',
    at: msOf(row.startNs),
    durationNs: Number(lasted),
    events: eventNs.map((tsNs, i) => ({
      at: msOf(tsNs),
      tsNs,
      name: eventNames[i] ?? '',
      attributes: eventAttributes[i] ?? {},
    })),
    links: linkTraces.map((traceId, i) => ({ traceId, spanId: linkSpans[i] ?? '' })),
  };
}
