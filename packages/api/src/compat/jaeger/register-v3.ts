import { listDependencies, listSpanNames, listSpanServices, type ReadScope } from '@sightline/query';
import type { FastifyInstance } from 'fastify';
import type { ApiDeps } from '../../route.ts';
import { traceJson } from '../otlp-trace.ts';
import { findTraceIds, readTraces, recentScope, traceIdOf, traceScope } from '../read-traces.ts';
import { Fault, type Seen, traceCalls } from '../trace-call.ts';
import { readSearchV3, readTimeV3 } from './search-v3.ts';

const prefix = '/jaeger/api/v3';

/**
 * Jaeger's query API v3 (https://www.jaegertracing.io/docs/2.0/apis/#query-json-over-http): traces as OTLP, as its gateway writes them, whose stream is one message.
 * Parameters are taken as `camelCase` and in their older form, `snake_case`.
 */
export function registerJaegerV3(scope: FastifyInstance, deps: ApiDeps): void {
  const { store, clock } = deps;
  const route = traceCalls(scope, deps, prefix, (answered, reply) => {
    const fault = answered instanceof Fault ? answered : undefined;
    return reply
      .code(fault?.status ?? 200)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(fault ? { error: { httpCode: fault.status, message: fault.message } } : answered));
  });
  const recent = (seen: Seen, service = ''): ReadScope => recentScope(seen, clock.now(), service);

  route('/services', async ({ seen, signal }) => ({
    services: await listSpanServices(store, recent(seen), { signal }),
  }));
  route('/operations', async ({ seen, query, signal }) => {
    const service = query.get('service') ?? '';
    if (service === '') return new Fault(400, 'parameter service is required');
    const kind = (query.get('spanKind') ?? query.get('span_kind') ?? '').toLowerCase();
    const names = await listSpanNames(store, recent(seen, service), { signal });
    return {
      operations: names
        .map((one) => ({ name: one.name, spanKind: one.kind === 'unspecified' ? 'internal' : one.kind }))
        .filter(({ spanKind }) => kind === '' || spanKind === kind),
    };
  });
  route('/traces/:id', async ({ seen, params, signal }) => {
    const id = traceIdOf(params['id'] ?? '');
    if (id === undefined) return new Fault(400, 'malformed parameter trace_id: expected up to 32 hexadecimal digits');
    return tracesOf(seen, [id], signal);
  });
  route('/traces', async ({ seen, query, signal }) => {
    const ids = await findTraceIds(store, seen, readSearchV3(query, clock.now()), signal);
    return ids instanceof Fault ? ids : tracesOf(seen, ids, signal);
  });
  route('/dependencies', async ({ seen, query, signal }) => {
    const [from, to] = [readTimeV3(query, 'startTime'), readTimeV3(query, 'endTime')];
    if (!from.ok) return new Fault(400, from.error);
    if (!to.ok) return new Fault(400, to.error);
    if (from.value === undefined || to.value === undefined) return new Fault(400, 'startTime and endTime are required');
    const found = await listDependencies(store, traceScope(seen, { fromMs: from.value, toMs: to.value }), { signal });
    return {
      dependencies: found.map(({ caller, callee, calls }) => ({ parent: caller, child: callee, callCount: calls })),
    };
  });

  async function tracesOf(seen: Seen, ids: readonly string[], signal: AbortSignal) {
    const { traces } = await readTraces(store, seen, ids, signal);
    if (traces.length === 0) return new Fault(404, 'No traces found');
    return { result: { resourceSpans: traces.flatMap(({ spans }) => traceJson(spans, 'otlp')) } };
  }
}
