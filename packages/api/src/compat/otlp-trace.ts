import { spanKindNumbers, TracesRequestBuilder } from '@sightline/ingest';
import type { FullSpan } from '@sightline/query';
import { isNumeric } from './numeric.ts';

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

const jsonAttributes = (attributes: Readonly<Record<string, string>>): object[] =>
  Object.entries(typed(attributes)).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));

/** How ids, kinds and status codes are written in JSON. */
interface JsonForm {
  readonly id: (hex: string) => string;
  readonly kind: (kind: FullSpan['kind']) => string | number;
  readonly statusCode: (status: FullSpan['status']) => string | number;
}
const forms = {
  /** OTLP's own (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hexadecimal, enums as numbers. Our `/v1/traces` takes it. */
  otlp: {
    id: (hex) => hex,
    kind: (kind) => spanKindNumbers[kind] ?? 0,
    statusCode: (status) => statusCodes[status],
  },
  /** Protobuf's, as Tempo writes it: ids in base64, enums by name. */
  tempo: {
    id: (hex) => Buffer.from(hex, 'hex').toString('base64'),
    kind: (kind) => `SPAN_KIND_${kind.toUpperCase()}`,
    statusCode: (status) => `STATUS_CODE_${status.toUpperCase()}`,
  },
} as const satisfies Readonly<Record<string, JsonForm>>;

/** The `resourceSpans` of a trace in JSON. */
export function traceJson(spans: readonly FullSpan[], form: keyof typeof forms): object[] {
  const { id, kind, statusCode }: JsonForm = forms[form];
  return groupsOf(spans).map((group) => ({
    resource: { attributes: group[0] ? jsonAttributes(resourceOf(group[0])) : [] },
    scopeSpans: [
      {
        scope: { name: group[0]?.scopeName ?? '' },
        spans: group.map((span) => ({
          traceId: id(span.traceId),
          spanId: id(span.spanId),
          ...(span.parentId === '' ? {} : { parentSpanId: id(span.parentId) }),
          ...(span.traceState === '' ? {} : { traceState: span.traceState }),
          name: span.name,
          kind: kind(span.kind),
          startTimeUnixNano: span.startNs,
          endTimeUnixNano: String(BigInt(span.startNs) + BigInt(span.durationNs)),
          attributes: jsonAttributes(span.attributes),
          events: span.events.map(({ tsNs, name, attributes }) => ({
            timeUnixNano: tsNs,
            name,
            attributes: jsonAttributes(attributes),
          })),
          links: span.links.map(({ traceId, spanId }, n) => ({
            traceId: id(traceId),
            spanId: id(spanId),
            attributes: jsonAttributes(span.linkAttributes[n] ?? {}),
          })),
          status: {
            ...(span.status === 'unset' ? {} : { code: statusCode(span.status) }),
            ...(span.statusMessage === '' ? {} : { message: span.statusMessage }),
          },
        })),
      },
    ],
  }));
}
