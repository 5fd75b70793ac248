import { createHash } from 'node:crypto';
import type { ZipkinSpan } from './read-span.ts';

/**
 * Zipkin lets a server's span share the id of its caller's (https://github.com/openzipkin/b3-propagation); in OTLP an id is one
 * span. The server's half gets an id made from the shared one, so that it is the same whichever request brings it, and the
 * caller's half becomes its parent. Spans that the same service reports beside it move below it; where they come in a request
 * of their own they stay below the caller's half: one level higher, in the same trace.
 */
export function withoutSharedIds(spans: readonly ZipkinSpan[]): readonly ZipkinSpan[] {
  const callers = new Set<string>();
  for (const span of spans) if (span.kind === 3) callers.add(`${span.traceId}${span.spanId}`);
  const halves = new Map<string, string>();
  for (const span of spans) {
    if (isServerHalf(span, callers)) halves.set(`${span.traceId}${span.spanId}/${span.service}`, serverHalfId(span));
  }
  if (halves.size === 0) return spans;
  return spans.map((span) => {
    if (isServerHalf(span, callers)) return { ...span, parentId: span.spanId, spanId: serverHalfId(span) };
    const parent = halves.get(`${span.traceId}${span.parentId}/${span.service}`);
    return parent === undefined ? span : { ...span, parentId: parent };
  });
}

function isServerHalf(span: ZipkinSpan, callers: ReadonlySet<string>): boolean {
  return span.kind === 2 && (span.shared || callers.has(`${span.traceId}${span.spanId}`));
}

function serverHalfId({ traceId, spanId }: ZipkinSpan): string {
  return createHash('sha256').update(`zipkin-server/${traceId}/${spanId}`).digest('hex').slice(0, 16);
}
