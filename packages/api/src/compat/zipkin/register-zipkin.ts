import {
  listDependencies,
  listSpanNames,
  listSpanServices,
  listSpanTags,
  listTagValues,
  type ReadScope,
} from '@sightline/query';
import type { FastifyInstance } from 'fastify';
import type { ApiDeps } from '../../route.ts';
import { findTraceIds, readTraces, recentScope, traceIdOf, traceScope } from '../read-traces.ts';
import { Fault, type Seen, traceCalls } from '../trace-call.ts';
import { readZipkinRange, readZipkinSearch, remoteNames } from './search.ts';
import { zipkinSpan } from './span-json.ts';

const prefix = '/zipkin/api/v2';
/** Of names and values: a thousand, of whatever spans. */
const asked = { most: 1000 };
const mostAtOnce = 100;

/**
 * Zipkin's query API below `/zipkin` (https://zipkin.io/zipkin-api/), as its interface and Grafana's data source use it. A key with `query` or `operate`, as bearer token or password of basic auth,
 * or a session, says whose traces; a key that is bound to a site sees the spans of that site, as if there were no others.
 */
export function registerZipkin(scope: FastifyInstance, deps: ApiDeps): void {
  const { store, clock } = deps;
  // Zipkin answers faults as text.
  const route = traceCalls(scope, deps, prefix, (answered, reply) =>
    answered instanceof Fault
      ? reply.code(answered.status).type('text/plain; charset=utf-8').send(answered.message)
      : reply.type('application/json; charset=utf-8').send(JSON.stringify(answered)),
  );
  const recent = (seen: Seen, service = ''): ReadScope => recentScope(seen, clock.now(), service);

  route('/services', ({ seen, signal }) => listSpanServices(store, recent(seen), { signal }));
  route('/spans', async ({ seen, query, signal }) => {
    const service = query.get('serviceName') ?? '';
    if (service === '') return new Fault(400, 'serviceName is required');
    const names = await listSpanNames(store, recent(seen, service), { signal });
    return [...new Set(names.map(({ name }) => name))].toSorted();
  });
  route('/remoteServices', async ({ seen, query, signal }) => {
    const service = query.get('serviceName') ?? '';
    if (service === '') return new Fault(400, 'serviceName is required');
    const all = await Promise.all(
      remoteNames.map((key) =>
        listTagValues(store, recent(seen, service), { key, places: ['span'] }, asked, { signal }),
      ),
    );
    return [...new Set(all.flatMap(({ found }) => found))].toSorted();
  });
  route('/traces', async ({ seen, query, signal }) => {
    const ids = await findTraceIds(store, seen, readZipkinSearch(query, clock.now()), signal);
    return ids instanceof Fault ? ids : tracesOf(seen, ids, signal);
  });
  route('/trace/:id', async ({ seen, params, signal }) => {
    const id = traceIdOf(params['id'] ?? '');
    if (id === undefined) return new Fault(400, `${params['id']?.slice(0, 100)} should be 1 to 32 hexadecimal digits`);
    const [trace] = await tracesOf(seen, [id], signal);
    return trace ?? new Fault(404, 'trace not found');
  });
  route('/traceMany', async ({ seen, query, signal }) => {
    const given = (query.get('traceIds') ?? '').split(',').filter((text) => text !== '');
    const ids = new Set(given.flatMap((text) => traceIdOf(text.trim()) ?? []));
    if (ids.size === 0 || ids.size < given.length || ids.size > mostAtOnce)
      return new Fault(
        400,
        `traceIds: expected up to ${mostAtOnce} different ids of 1 to 32 hexadecimal digits, with commas`,
      );
    return tracesOf(seen, [...ids], signal);
  });
  route('/dependencies', async ({ seen, query, signal }) => {
    const range = readZipkinRange(query, clock.now());
    if (!range.ok) return new Fault(400, range.error);
    const found = await listDependencies(store, traceScope(seen, range.value), { signal });
    return found.map(({ caller, callee, calls, errors }) => ({
      parent: caller,
      child: callee,
      callCount: calls,
      ...(errors > 0 ? { errorCount: errors } : {}),
    }));
  });
  route('/autocompleteKeys', async ({ seen, signal }) => {
    const { found } = await listSpanTags(store, recent(seen), asked, { signal });
    return [...new Set([...found.span, ...found.resource])].toSorted();
  });
  route('/autocompleteValues', async ({ seen, query, signal }) => {
    const key = query.get('key') ?? '';
    if (key === '') return new Fault(400, 'key is required');
    const of = { key, places: ['span', 'resource'] as const };
    const { found } = await listTagValues(store, recent(seen), of, asked, { signal });
    return found;
  });

  async function tracesOf(seen: Seen, ids: readonly string[], signal: AbortSignal): Promise<object[][]> {
    const { traces } = await readTraces(store, seen, ids, signal);
    return traces.map(({ spans }) => spans.map(zipkinSpan));
  }
}
