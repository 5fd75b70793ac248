import { fail, ok, type Result } from '@sightline/base';
import { spanMetrics, type ReadScope } from '@sightline/query';
import type { TelemetryReader } from '@sightline/store/port';

const codes: Readonly<Record<string, number>> = {
  SPAN_KIND_UNSPECIFIED: 0,
  SPAN_KIND_INTERNAL: 1,
  SPAN_KIND_SERVER: 2,
  SPAN_KIND_CLIENT: 3,
  SPAN_KIND_PRODUCER: 4,
  SPAN_KIND_CONSUMER: 5,
};
export const leastStepMs = 60_000;
const mostPoints = 2000;

/**
 * `GET /api/metrics/{latencies,calls,errors}` of Jaeger's service performance monitoring: OpenMetrics' model in JSON. Latencies are milliseconds,
 * calls and errors a second; errors are a share of calls, as Jaeger has it.
 */
export async function readSpanMetrics(
  reader: TelemetryReader,
  { organisation, site }: Pick<ReadScope, 'organisation' | 'site'>,
  name: 'latencies' | 'calls' | 'errors',
  query: URLSearchParams,
  nowMs: number,
  signal: AbortSignal,
): Promise<Result<object, string>> {
  const services = query.getAll('service').filter((service) => service !== '');
  if (services.length === 0) return fail("parameter 'service' is required");
  const number = (parameter: string, otherwise: number): number => {
    const text = query.get(parameter) ?? '';
    return text === '' ? otherwise : Number(text);
  };
  const quantile = number('quantile', Number.NaN);
  if (name === 'latencies' && !(quantile > 0 && quantile <= 1))
    return fail("parameter 'quantile': expected a number above 0 and up to 1");
  const toMs = number('endTs', nowMs);
  const lookbackMs = number('lookback', 3_600_000);
  if (!(toMs >= 0) || !(lookbackMs > 0)) return fail("parameters 'endTs' and 'lookback': expected milliseconds");
  const stepMs =
    Math.max(
      leastStepMs,
      Math.ceil(number('step', 5000) / leastStepMs) * leastStepMs,
      Math.ceil(lookbackMs / mostPoints / leastStepMs) * leastStepMs,
    ) || leastStepMs;
  const scope: ReadScope = {
    organisation,
    fromMs: Math.max(0, toMs - lookbackMs),
    toMs,
    environment: '',
    site,
    boundTo: site,
    service: '',
  };
  const kinds = query
    .getAll('spanKind')
    .flatMap((kind) => codes[`SPAN_KIND_${kind.toUpperCase()}`] ?? codes[kind] ?? []);
  const byOperation = query.get('groupByOperation') === 'true';
  const points = await spanMetrics(
    reader,
    { ...scope, services, byOperation, kinds: kinds.length > 0 ? kinds : [2], stepMs, quantile: quantile || 0.95 },
    { signal },
  );
  const value = {
    latencies: (p: Point) => p.quantileMs,
    calls: (p: Point) => p.calls / (stepMs / 1000),
    errors: (p: Point) => (p.calls === 0 ? 0 : p.errors / p.calls),
  }[name];
  const groups = Map.groupBy(points, ({ service, operation }) => `${service}\0${operation}`);
  return ok({
    name: `${byOperation ? 'service_operation' : 'service'}_${name === 'latencies' ? 'latencies' : name === 'calls' ? 'call_rate' : 'error_rate'}`,
    type: 'GAUGE',
    help: helps[name],
    metrics: [...groups.values()].map((group) => ({
      labels: [
        ...(byOperation ? [{ name: 'operation', value: group[0]?.operation ?? '' }] : []),
        { name: 'service_name', value: group[0]?.service ?? '' },
      ],
      metricPoints: group.map((point) => ({
        gaugeValue: { doubleValue: value(point) },
        timestamp: new Date(point.atMs).toISOString(),
      })),
    })),
  });
}

type Point = Awaited<ReturnType<typeof spanMetrics>>[number];

const helps = {
  latencies: 'quantile of latency, milliseconds',
  calls: 'calls a second',
  errors: 'share of calls that failed',
} as const;
