import { spanKindNumbers, TracesRequestBuilder } from '@sightline/ingest';
import type { FullSpan } from '@sightline/query';
import { isNumeric } from '../numeric.ts';

/** Spans by resource and instrumentation scope. */
function groupsOf(spans: readonly FullSpan[]): FullSpan[][] {
  return [
    ...Map.groupBy(spans, ({ service, resource, scopeName }) =>
      JSON.stringify([service, resource, scopeName]),
    ).values(),
  ];
}

const resourceOf = ({ service, resource }: FullSpan): Record<string, string> => ({
  'service.name': service,
  ...resource,
});
const typed = (attributes: Readonly<Record<string, string>>): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, isNumeric(key, value) ? Number(value) : value]),
  );
const statusCodes: Readonly<Record<FullSpan['status'], number>> = { unset: 0, ok: 1, error: 2 };

/** A trace as `tempopb.Trace`, which has the wire form of OTLP's `TracesData`. */
export function traceProtobuf(spans: readonly FullSpan[]): Buffer {
  const builder = new TracesRequestBuilder();
  for (const group of groupsOf(spans)) {
    const [first] = group;
    if (!first) continue;
    builder.resource(resourceOf(first), first.scopeName);
    for (const span of group) {
      builder.add({
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: span.parentId,
        name: span.name,
        kind: spanKindNumbers[span.kind] ?? 0,
        startNs: BigInt(span.startNs),
        endNs: BigInt(span.startNs) + BigInt(span.durationNs),
        traceState: span.traceState,
        attributes: typed(span.attributes),
        events: span.events.map(({ tsNs, name, attributes }) => ({
          timeNs: BigInt(tsNs),
          name,
          attributes: typed(attributes),
        })),
        links: span.links.map(({ traceId, spanId }, n) => ({
          traceId,
          spanId,
          attributes: typed(span.linkAttributes[n] ?? {}),
        })),
        statusCode: statusCodes[span.status],
        statusMessage: span.statusMessage,
      });
    }
  }
  return builder.build();
}

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const jsonAttributes = (attributes: Readonly<Record<string, string>>): object[] =>
  Object.entries(typed(attributes)).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));

/** The groups of a trace in protobuf's JSON, as Tempo writes it: ids in base64. */
export function traceJson(spans: readonly FullSpan[]): object[] {
  return groupsOf(spans).map((group) => ({
    resource: { attributes: group[0] ? jsonAttributes(resourceOf(group[0])) : [] },
    scopeSpans: [
      {
        scope: { name: group[0]?.scopeName ?? '' },
        spans: group.map((span) => ({
          traceId: base64(span.traceId),
          spanId: base64(span.spanId),
          ...(span.parentId === '' ? {} : { parentSpanId: base64(span.parentId) }),
          ...(span.traceState === '' ? {} : { traceState: span.traceState }),
          name: span.name,
          kind: `SPAN_KIND_${span.kind.toUpperCase()}`,
          startTimeUnixNano: span.startNs,
          endTimeUnixNano: String(BigInt(span.startNs) + BigInt(span.durationNs)),
          attributes: jsonAttributes(span.attributes),
          events: span.events.map(({ tsNs, name, attributes }) => ({
            timeUnixNano: tsNs,
            name,
            attributes: jsonAttributes(attributes),
          })),
          links: span.links.map(({ traceId, spanId }, n) => ({
            traceId: base64(traceId),
            spanId: base64(spanId),
            attributes: jsonAttributes(span.linkAttributes[n] ?? {}),
          })),
          status: {
            ...(span.status === 'unset' ? {} : { code: `STATUS_CODE_${span.status.toUpperCase()}` }),
            ...(span.statusMessage === '' ? {} : { message: span.statusMessage }),
          },
        })),
      },
    ],
  }));
}
