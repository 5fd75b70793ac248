import { type MatchedTrace as ShownTrace, type MetricColumns, queryTraceql, stepFor } from '@sightline/contract';
import {
  type MatchedTrace,
  parseTraceql,
  searchTraceql,
  seriesAskedAt,
  inSeconds,
  traceqlMetrics,
  type TraceqlSeries,
} from '@sightline/query';
import { refuse, type Route } from '../route.ts';
import { searchFault } from '../store-fault.ts';
import { answerRead } from './answer-read.ts';
import { comparisonOf } from './traceql-comparison.ts';

/** Series that a chart and its table have room for. */
const mostSeries = 500;

const runTraceql = answerRead(queryTraceql, async ({ query }, { deps, caller, signal }) => {
  const { from, to, environment, site, service, q, limit, spans, points } = query;
  if (from >= to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
  const startMs = deps.clock.now();
  const parsed = parseTraceql(q);
  if (!parsed.ok) return searchFault(parsed.error);
  const asked = { organisation: caller.organisation, environment, site, service, query: q };
  if (parsed.value.metric?.name === 'compare') {
    const whole = { ...asked, fromMs: from, toMs: to, stepMs: to - from, whole: true };
    const series = await traceqlMetrics(deps.store, whole, { signal });
    if (!series.ok) return searchFault(series.error);
    return {
      tookMs: deps.clock.now() - startMs,
      found: { kind: 'comparison' as const, ...comparisonOf(series.value) },
    };
  }
  if (seriesAskedAt(parsed.value) !== undefined) {
    const stepMs = stepFor(to - from, points);
    const series = await traceqlMetrics(deps.store, { ...asked, fromMs: from, toMs: to, stepMs }, { signal });
    if (!series.ok) return searchFault(series.error);
    const columns = columnsOf(series.value, { fromMs: from, toMs: to, stepMs });
    const unit = inSeconds(parsed.value.metric) ? ('s' as const) : ('' as const);
    return { tookMs: deps.clock.now() - startMs, found: { kind: 'metrics' as const, columns, unit } };
  }
  const found = await searchTraceql(
    deps.store,
    { ...asked, fromMs: from, toMs: to, limit, spansPerSet: spans },
    { signal },
  );
  if (!found.ok) return searchFault(found.error);
  const { traces, inspectedTraces: inspected, complete } = found.value;
  return {
    tookMs: deps.clock.now() - startMs,
    found: { kind: 'traces' as const, traces: traces.map(shown), inspected, complete },
  };
});

const msOf = (ns: string): number => Number(BigInt(ns)) / 1e6;

function shown({ traceId, rootServiceName, rootName, startNs, durationMs, services, sets }: MatchedTrace): ShownTrace {
  const counts = Object.values(services);
  return {
    traceId,
    rootService: rootServiceName,
    rootName,
    at: msOf(startNs),
    durationMs,
    services: Object.keys(services),
    spans: counts.reduce((sum, { spans }) => sum + spans, 0),
    errors: counts.reduce((sum, { errors }) => sum + errors, 0),
    sets: sets.map(({ matched, values, spans }) => ({
      matched,
      values: plain(values),
      spans: spans.map((span) => ({
        spanId: span.spanId,
        name: span.name,
        at: msOf(span.startNs),
        durationMs: span.durationNs / 1e6,
        values: plain(span.values),
      })),
    })),
  };
}

const plain = (values: MatchedTrace['sets'][number]['values']): ShownTrace['sets'][number]['values'] =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? null]));

/** Series as columns over one grid; steps begin at multiples of their length. */
function columnsOf(
  series: readonly TraceqlSeries[],
  { fromMs, toMs, stepMs }: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
): MetricColumns {
  const firstMs = Math.floor(fromMs / stepMs) * stepMs;
  const times = Array.from(
    { length: Math.max(1, Math.ceil((toMs - firstMs) / stepMs)) },
    (_, i) => firstMs + i * stepMs,
  );
  return {
    type: 'matrix',
    stepMs,
    times,
    series: series.slice(0, mostSeries).map(({ labels, samples }) => {
      const values = times.map((): number | null => null);
      for (const { atMs, value } of samples) {
        const at = Math.round((atMs - firstMs) / stepMs);
        if (at >= 0 && at < values.length) values[at] = value;
      }
      return { labels: Object.fromEntries(labels.map(([name, value]) => [name, String(value)])), values };
    }),
    odd: [],
    text: '',
    more: Math.max(0, series.length - mostSeries),
    warnings: [],
    infos: [],
    samples: series.reduce((sum, { samples }) => sum + samples.length, 0),
  };
}

/** TraceQL for the interface: the same engine as behind Tempo's API, in the page's scope. */
export const traceqlRoutes: readonly Route[] = [runTraceql];
