import {
  exportTracePath,
  getTrace as traceEndpoint,
  listServices as servicesEndpoint,
  searchTraces as searchEndpoint,
  traceBeside as besideEndpoint,
} from '@sightline/contract';
import { findSampled, getTrace, listServices, readFullTrace, readTraceBeside, searchTraces } from '@sightline/query';
import { z } from 'zod';
import { scopeOf } from '../read-scope.ts';
import { traceJson } from '../compat/otlp-trace.ts';
import { answer, ProblemReply, refuse, type Route, stream } from '../route.ts';
import { reading, searchFault } from '../store-fault.ts';

const noTrace = () => refuse(404, 'No such trace', 'Nothing with this id has arrived, or its retention has ended.');

export const traceRoutes: readonly Route[] = [
  answer(searchEndpoint, ({ query }, context) =>
    reading(async () => {
      const startMs = context.deps.clock.now();
      const { q, sort, limit, cursor } = query;
      const found = await searchTraces(
        context.deps.store,
        { ...scopeOf(query, context), q, sort, limit, cursor },
        { signal: context.signal },
      );
      return found.ok ? { ...found.value, tookMs: context.deps.clock.now() - startMs } : searchFault(found.error);
    }),
  ),
  answer(traceEndpoint, ({ params }, context) =>
    reading(async () => {
      const asked = [context.deps.store, context.caller.organisation, params.id, { signal: context.signal }] as const;
      const [trace, sampled = null] = await Promise.all([getTrace(...asked), findSampled(...asked)]);
      const empty = trace.spans.length + trace.logs.length + trace.errors.length === 0;
      return empty && sampled === null ? noTrace() : { ...trace, sampled };
    }),
  ),
  stream(
    {
      method: 'GET',
      path: exportTracePath,
      permission: 'viewer',
      summary: 'A trace as a file in OTLP JSON',
      params: z.object({ id: z.string().regex(/^[0-9a-f]{32}$/i) }),
    },
    async ({ params }, { deps, caller, signal }, reply) => {
      const spans = await reading(() =>
        readFullTrace(deps.store, { organisation: caller.organisation, site: caller.keySite }, params.id, { signal }),
      );
      if (spans instanceof ProblemReply) return spans;
      if (spans.length === 0) return noTrace();
      await reply
        .header('content-disposition', `attachment; filename="trace-${params.id.toLowerCase()}.json"`)
        .header('cache-control', 'no-store')
        .type('application/json; charset=utf-8')
        .send(JSON.stringify({ resourceSpans: traceJson(spans, 'otlp') }));
      return undefined;
    },
  ),
  answer(besideEndpoint, ({ params, query }, { deps, caller, signal }) =>
    reading(() =>
      readTraceBeside(
        deps.store,
        { organisation: caller.organisation, traceId: params.id, fromMs: query.from, toMs: query.to },
        { signal, timeoutMs: 5000 },
      ),
    ),
  ),
  answer(servicesEndpoint, ({ query }, context) =>
    reading(async () => ({
      services: await listServices(context.deps.store, scopeOf(query, context), { signal: context.signal }),
    })),
  ),
];
