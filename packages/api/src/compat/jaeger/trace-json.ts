import type { FullSpan } from '@sightline/query';
import { isNumeric } from '../numeric.ts';

interface JaegerTag {
  readonly key: string;
  readonly type: 'string' | 'int64' | 'bool';
  readonly value: string | number | boolean;
}

/** A trace in the JSON of Jaeger's query API (https://www.jaegertracing.io/docs/latest/architecture/apis/). */
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly Readonly<Record<string, unknown>>[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string; readonly tags: readonly JaegerTag[] }>>;
  readonly warnings: null;
}

/** Spans of one trace; spans of the same service and resource share a process. */
export function jaegerTrace(traceID: string, spans: readonly FullSpan[]): JaegerTrace {
  const processes: Record<string, { serviceName: string; tags: JaegerTag[] }> = {};
  const known = new Map<string, string>();
  const processOf = ({ service, resource }: FullSpan): string => {
    const key = JSON.stringify([service, resource]);
    let id = known.get(key);
    if (id === undefined) {
      id = `p${known.size + 1}`;
      known.set(key, id);
      processes[id] = { serviceName: service, tags: tagsOf(resource, new Set(['service.name'])) };
    }
    return id;
  };
  const shown = spans.map((span) => ({
    traceID,
    spanID: span.spanId,
    flags: 1,
    operationName: span.name,
    references: [
      ...(span.parentId === '' ? [] : [{ refType: 'CHILD_OF', traceID, spanID: span.parentId }]),
      ...span.links.map((link) => ({ refType: 'FOLLOWS_FROM', traceID: link.traceId, spanID: link.spanId })),
    ],
    startTime: Number(BigInt(span.startNs) / 1000n),
    duration: Math.round(span.durationNs / 1000),
    tags: allTags(span),
    logs: span.events.map(({ tsNs, name, attributes }) => ({
      timestamp: Number(BigInt(tsNs) / 1000n),
      fields: [{ key: 'event', type: 'string', value: name }, ...tagsOf(attributes)],
    })),
    processID: processOf(span),
    warnings: null,
  }));
  return { traceID, spans: shown, processes, warnings: null };
}

/** Each key once: clients of Jaeger and Zipkin send `error` and `span.kind` as attributes too, which the span itself says. */
function allTags(span: FullSpan): JaegerTag[] {
  const own = ownTags(span);
  return [...tagsOf(span.attributes, new Set(own.map(({ key }) => key))), ...own];
}

function ownTags(span: FullSpan): JaegerTag[] {
  const text = (key: string, value: string): JaegerTag[] => (value === '' ? [] : [{ key, type: 'string', value }]);
  return [
    ...text('span.kind', span.kind === 'unspecified' ? '' : span.kind),
    ...text('otel.scope.name', span.scopeName),
    ...text('w3c.tracestate', span.traceState),
    ...text('otel.status_code', span.status === 'unset' ? '' : span.status.toUpperCase()),
    ...text('otel.status_description', span.statusMessage),
    ...(span.status === 'error' ? [{ key: 'error', type: 'bool', value: true } as const] : []),
  ];
}

function tagsOf(attributes: Readonly<Record<string, string>>, without: ReadonlySet<string> = new Set()): JaegerTag[] {
  return Object.entries(attributes)
    .filter(([key]) => !without.has(key))
    .map(([key, value]): JaegerTag =>
      isNumeric(key, value) ? { key, type: 'int64', value: Number(value) } : { key, type: 'string', value },
    );
}
