import type { Span } from '@sightline/contract';

/** Attributes of OpenTelemetry's conventions by which metrics of an operation are split, the first that a span has. */
const telling = [
  'http.route',
  'url.template',
  'rpc.method',
  'messaging.destination.name',
  'db.collection.name',
  'db.operation.name',
  'graphql.operation.name',
] as const;

const aroundMs = 15 * 60_000;

/**
 * The address of the metrics of a span's operation: as PromQL where an attribute names the operation as metrics do, else all metrics of its service. A quarter of an
 * hour on either side of the span.
 */
export function operationMetrics(span: Span): { readonly exact: boolean; readonly search: Record<string, string> } {
  const range = {
    range: '',
    from: String(Math.floor(span.at - aroundMs)),
    to: String(Math.ceil(span.at + span.durationNs / 1e6 + aroundMs)),
    service: span.service,
  };
  const key = telling.find((name) => (span.attributes[name] ?? '') !== '');
  if (key === undefined) return { exact: false, search: range };
  const expr = `{${key.replaceAll('.', '_')}=${JSON.stringify(span.attributes[key])}}`;
  return { exact: true, search: { ...range, mode: 'promql', expr } };
}
