import type { Result } from '@sightline/base';
import { listDependencies, listSpanNames, listSpanServices, type ReadScope } from '@sightline/query';
import type { FastifyInstance } from 'fastify';
import type { ApiDeps } from '../../route.ts';
import { findTraceIds, readTraces, recentScope, traceIdOf, traceScope } from '../read-traces.ts';
import { Fault, type Seen, traceCalls } from '../trace-call.ts';
import { registerJaegerV3 } from './register-v3.ts';
import { readSearch } from './search.ts';
import { leastStepMs, readSpanMetrics } from './span-metrics.ts';
import { jaegerTrace } from './trace-json.ts';

const prefix = '/jaeger/api';
const dayMs = 86_400_000;
const leftOut = 'the answer is full: further traces were left out, ask for fewer';

/**
 * Jaeger's query API (v3 too, in OTLP) below `/jaeger`, as Grafana's data source and Jaeger's own interface use it
 * (https://www.jaegertracing.io/docs/latest/architecture/apis/). A key with `query` or `operate`, as bearer token or password of basic auth, or a session, says whose traces; a key that is
 * bound to a site sees the spans of that site, as if there were no others.
 */
export function registerJaeger(scope: FastifyInstance, deps: ApiDeps): void {
  const { store, clock } = deps;
  const route = traceCalls(scope, deps, prefix, (answered, reply) => {
    const fault = answered instanceof Fault ? answered : undefined;
    return reply
      .code(fault?.status ?? 200)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(fault ? errors(fault) : answered));
  });
  const recent = (seen: Seen, service = ''): ReadScope => recentScope(seen, clock.now(), service);

  route('/services', async ({ seen, signal }) => data(await listSpanServices(store, recent(seen), { signal })));
  route('/services/:service/operations', async ({ seen, params, signal }) => {
    const names = await listSpanNames(store, recent(seen, params['service']), { signal });
    return data([...new Set(names.map(({ name }) => name))]);
  });
  route('/operations', async ({ seen, query, signal }) => {
    const service = query.get('service') ?? '';
    if (service === '') return new Fault(400, "parameter 'service' is required");
    const kind = query.get('spanKind') ?? '';
    const names = await listSpanNames(store, recent(seen, service), { signal });
    return data(
      names
        .filter((one) => kind === '' || one.kind === kind)
        .map((one) => ({ name: one.name, spanKind: one.kind === 'unspecified' ? '' : one.kind })),
    );
  });
  route('/traces', async ({ seen, query, signal }) => {
    const ids = query.getAll('traceID');
    if (ids.length > 0)
      return tracesOf(
        seen,
        ids.slice(0, 100).flatMap((id) => traceIdOf(id) ?? []),
        signal,
      );
    const found = await findTraceIds(store, seen, readSearch(query, clock.now()), signal);
    return found instanceof Fault ? found : tracesOf(seen, found, signal);
  });
  route('/traces/:id', async ({ seen, params, signal }) => {
    const id = traceIdOf(params['id'] ?? '');
    if (id === undefined) return new Fault(400, 'cannot parse the trace id: expected up to 32 hexadecimal digits');
    const found = await tracesOf(seen, [id], signal);
    return found.total === 0 ? new Fault(404, 'trace not found') : found;
  });
  route('/dependencies', async ({ seen, query, signal }) => {
    const toMs = Number(query.get('endTs') ?? clock.now());
    const lookbackMs = Number(query.get('lookback') ?? dayMs);
    if (!(toMs >= 0) || !(lookbackMs > 0))
      return new Fault(400, "parameters 'endTs' and 'lookback': expected milliseconds");
    const scopeOf = traceScope(seen, { fromMs: Math.max(0, toMs - lookbackMs), toMs });
    const found = await listDependencies(store, scopeOf, { signal });
    return data(found.map(({ caller, callee, calls }) => ({ parent: caller, child: callee, callCount: calls })));
  });
  route('/metrics/minstep', () => Promise.resolve(data(leastStepMs)));
  for (const name of ['latencies', 'calls', 'errors'] as const) {
    route(`/metrics/${name}`, async ({ seen, query, signal }) =>
      orFault(await readSpanMetrics(store, seen, name, query, clock.now(), signal)),
    );
  }

  registerJaegerV3(scope, deps);

  async function tracesOf(seen: Seen, ids: readonly string[], signal: AbortSignal) {
    const { traces, complete } = await readTraces(store, seen, ids, signal);
    const found = data(traces.map(({ id, spans }) => jaegerTrace(id, spans)));
    return complete ? found : { ...found, errors: [{ code: 200, msg: leftOut }] };
  }
}

function orFault<T>(result: Result<T, string>): T | Fault {
  return result.ok ? result.value : new Fault(400, result.error);
}

function data<T>(value: T): { data: T; total: number; limit: number; offset: number; errors: null } {
  return { data: value, total: Array.isArray(value) ? value.length : 0, limit: 0, offset: 0, errors: null };
}

function errors({ status, message }: Fault): object {
  return { data: null, total: 0, limit: 0, offset: 0, errors: [{ code: status, msg: message }] };
}
