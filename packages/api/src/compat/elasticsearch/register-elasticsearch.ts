import type { FastifyInstance } from 'fastify';
import { archiveAsked } from '../../archive/far-reads.ts';
import { problemOfError } from '../../problem.ts';
import type { ApiDeps } from '../../route.ts';
import { askerOf } from '../prometheus/asker.ts';
import { ApiFault } from '../prometheus/fault.ts';
import { QueryGate } from '../prometheus/gate.ts';
import { headerText, Missing, Refusal, refuse, send } from './answers.ts';
import { awayOf, type Call, takeApiKey } from './call.ts';
import { cursorId } from './cursors.ts';
import { answerDocuments, foundDocument } from './many-documents.ts';
import { Indices } from './indices.ts';
import { Searches } from './searches.ts';

const prefix = '/elasticsearch';
const bodyLimitBytes = 2 * 1024 * 1024;
const queryTimeoutMs = 30_000;

/**
 * Reads of Elasticsearch's API below `/elasticsearch`, as its clients and tools like Kibana ask for logs: `_search`, `_msearch`, `_async_search`, `_count`,
 * `_mapping`, `_field_caps`, `_cat/indices`, `_resolve/index`, scrolls, points in time, single documents, `_mget`, `_terms_enum`. A key with `query` or `operate` (`ApiKey`, bearer or basic), or a session, says whose. What is
 * written, and the handshake, is ingest's.
 */
export async function registerElasticsearch(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  const gate = new QueryGate();
  const searches = new Searches(deps);
  const indices = new Indices(deps);
  await app.register((scope, _, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, parsed) => parsed(null, body));
    scope.setErrorHandler((error, request, reply) => {
      const { problem, headers } = problemOfError(
        error,
        deps.logger,
        `${request.method} ${request.routeOptions.url ?? ''}`,
      );
      const { status, detail } = problem;
      void reply.headers(headers);
      return send(request, reply, refuse(status, status >= 500 ? 'exception' : 'illegal_argument_exception', detail));
    });
    const route = (
      paths: readonly string[],
      answer: (call: Call) => Promise<unknown>,
      method: readonly ('GET' | 'POST' | 'DELETE')[] = ['GET', 'POST'],
    ): void => {
      for (const path of paths) {
        scope.route({
          method: [...method],
          url: `${prefix}${path}`,
          bodyLimit: bodyLimitBytes,
          handler: async (request, reply) => {
            takeApiKey(request);
            const asker = await askerOf(request, deps);
            if (asker instanceof ApiFault)
              return send(request, reply, refuse(asker.status, 'security_exception', asker.message));
            const params = request.params as Record<string, string>;
            const { index = '' } = params;
            const began = performance.now();
            const query = new URLSearchParams(request.url.split('?')[1] ?? '');
            const told: string[] = [];
            const call = (signal: AbortSignal): Call => ({
              actor: asker.actor,
              archive: archiveAsked(query.get('archive') ?? '', request.headers['x-sightline-archive']),
              told,
              scope: {
                organisation: asker.organisation,
                site: asker.site,
                index: index.slice(0, 2000),
                nowMs: deps.clock.now(),
              },
              query,
              params,
              text: typeof request.body === 'string' ? request.body : '',
              signal,
              began,
            });
            const limits = { gone: awayOf(reply), limitMs: queryTimeoutMs };
            const answered = await gate.run(asker.organisation, limits, (signal) => answer(call(signal)));
            if (answered instanceof ApiFault)
              return send(request, reply, refuse(answered.status, 'es_rejected_execution_exception', answered.message));
            if (told.length > 0) reply.header('x-sightline-archive', headerText(told));
            return send(request, reply, answered);
          },
        });
      }
    };
    const both = (path: string): string[] => [path, `/:index${path}`];

    route(both('/_search'), (call) => searches.answer(call));
    // No `:id` in the path, which Elasticsearch too no longer takes.
    route(['/_search/scroll'], (call) => searches.nextPage(call));
    // Nothing is kept of either, so that there is nothing to give up.
    route(['/_search/scroll', '/_search/scroll/:id', '/_pit'], async () => ({ succeeded: true, num_freed: 1 }), [
      'DELETE',
    ]);
    route(
      ['/:index/_pit', '/_pit'],
      async ({ scope: { index, nowMs } }) => {
        const id = cursorId({ index, untilMs: nowMs });
        return { id, _shards: { total: 1, successful: 1, skipped: 0, failed: 0 } };
      },
      ['POST'],
    );
    route(
      ['/:index/_doc/:id'],
      async (call) => {
        const hit = await searches.document(call);
        if (hit instanceof Refusal) return hit;
        if (!hit) return new Missing({ _index: call.scope.index, _id: call.params['id'] ?? '', found: false });
        return foundDocument(hit);
      },
      ['GET'],
    );
    route(
      ['/:index/_source/:id'],
      async (call) => {
        const hit = await searches.document(call);
        const named = `[${call.scope.index}]/[${call.params['id'] ?? ''}]`;
        if (hit instanceof Refusal) return hit;
        return hit ? hit._source : refuse(404, 'resource_not_found_exception', `Document not found ${named}`);
      },
      ['GET'],
    );
    route(both('/_mget'), (call) => answerDocuments(searches, call));
    route(['/:index/_terms_enum', '/_terms_enum'], (call) => searches.termsEnum(call));
    route(both('/_async_search'), (call) => searches.answerAsync(call));
    route(both('/_msearch'), (call) => searches.answerMany(call));
    route(both('/_count'), (call) => searches.count(call));
    route(both('/_mapping'), (call) => indices.mapping(call));
    route(both('/_field_caps'), (call) => indices.capabilities(call));
    route(['/_cat/indices', '/_cat/indices/:index'], (call) => indices.list(call));
    route(['/_resolve/index/:index'], (call) => indices.resolve(call));
    // Every other path is answered in Elasticsearch's form: its clients read no other.
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const)
      scope.route({
        method,
        url: `${prefix}/*`,
        handler: (request, reply) =>
          send(
            request,
            reply,
            refuse(
              400,
              'illegal_argument_exception',
              `no handler found for uri [${request.url.split('?')[0]?.slice(prefix.length, 300) ?? ''}] and method [${method}]`,
            ),
          ),
      });
    done();
  });
}
