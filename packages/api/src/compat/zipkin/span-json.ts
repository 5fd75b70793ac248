import type { FullSpan } from '@sightline/query';

const kinds: Readonly<Partial<Record<FullSpan['kind'], string>>> = {
  client: 'CLIENT',
  server: 'SERVER',
  producer: 'PRODUCER',
  consumer: 'CONSUMER',
};
/** Attributes that say who the other side is, in the order in which OpenTelemetry's exporter prefers them. */
const peerNames = ['peer.service', 'server.address', 'net.peer.name', 'messaging.destination.name', 'db.name'];
const calls = new Set<FullSpan['kind']>(['client', 'producer']);

/** Zipkin clients send ids of 64 bits as they send those of 128: leading zeros are not theirs. */
const zipkinTraceId = (id: string): string => (id.startsWith('0'.repeat(16)) ? id.slice(16) : id);

/**
 * A span in Zipkin's v2 JSON (https://zipkin.io/zipkin-api/#/default/get_trace__traceId_), by OpenTelemetry's rules
 * (https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/): attributes and those of the resource are tags, events annotations, a failure the tag `error`.
 */
export function zipkinSpan(span: FullSpan): object {
  const { kind, status, statusMessage, service, scopeName } = span;
  const remote = calls.has(kind)
    ? peerNames.map((name) => span.attributes[name] ?? '').find((name) => name !== '')
    : span.attributes['peer.service'];
  const port = Number(span.attributes['network.peer.port'] ?? span.attributes['server.port']);
  return {
    traceId: zipkinTraceId(span.traceId),
    ...(span.parentId === '' ? {} : { parentId: span.parentId }),
    id: span.spanId,
    ...(kinds[kind] === undefined ? {} : { kind: kinds[kind] }),
    name: span.name,
    timestamp: microseconds(span.startNs),
    // A span of no length is one that was not finished, to Zipkin.
    duration: Math.max(1, Math.round(span.durationNs / 1000)),
    localEndpoint: { serviceName: service },
    ...(remote === undefined || remote === ''
      ? {}
      : { remoteEndpoint: { serviceName: remote, ...(Number.isInteger(port) && port > 0 ? { port } : {}) } }),
    annotations: span.events.map(({ tsNs, name, attributes }) => ({
      timestamp: microseconds(tsNs),
      value: Object.keys(attributes).length === 0 ? name : JSON.stringify({ [name]: attributes }),
    })),
    tags: {
      ...span.resource,
      ...span.attributes,
      ...(scopeName === '' ? {} : { 'otel.scope.name': scopeName }),
      ...(status === 'unset' ? {} : { 'otel.status_code': status.toUpperCase() }),
      ...(status === 'error' ? { error: statusMessage || 'true' } : {}),
    },
  };
}

const microseconds = (ns: string): number => Number(BigInt(ns) / 1000n);
