import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { archiveAsked } from '../../archive/far-reads.ts';
import { problemOfError } from '../../problem.ts';
import type { ApiDeps } from '../../route.ts';
import { askerOf } from '../prometheus/asker.ts';
import { ApiFault } from '../prometheus/fault.ts';
import { QueryGate } from '../prometheus/gate.ts';
import { Form } from '../prometheus/parameters.ts';
import { Pieces } from '../prometheus/reply.ts';
import { LokiFault, type LokiRoute } from './call.ts';
import { indexRoutes } from './index-routes.ts';
import { queryRoutes } from './query-routes.ts';
import { registerLokiRules } from './rule-routes.ts';
import { openLokiTails } from './tail.ts';

const prefix = '/loki/api/v1';
/** The version of Loki whose API this speaks; Grafana chooses by it what to ask. */
const speaks = '3.5.0';
const bodyLimitBytes = 2 * 1024 * 1024;
const formType = 'application/x-www-form-urlencoded';

const routes: readonly LokiRoute[] = [...queryRoutes, ...indexRoutes];

/**
 * Loki's HTTP API, as Grafana's data source and logcli use it (https://grafana.com/docs/loki/latest/reference/loki-http-api/). A key with
 * `query` or `operate`, as bearer token or password of basic auth, or a session, says whose logs. The push beside it is ingest's.
 */
export async function registerLoki(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  const gate = new QueryGate();
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(formType, { parseAs: 'string' }, (_, body, done) => done(null, body));
    // As Go's forms: a body of another kind says nothing.
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, ''));
    scope.setErrorHandler((error, request, reply) => send(reply, faultOf(error, request, deps)));
    for (const { path, answer } of routes) {
      scope.route({
        method: ['GET', 'POST'],
        url: `${prefix}${path}`,
        bodyLimit: bodyLimitBytes,
        handler: async (request, reply) => {
          const asker = await askerOf(request, deps);
          if (asker instanceof ApiFault) return send(reply, new LokiFault(asker.status, asker.message));
          const { name = '' } = request.params as { name?: string };
          const flags = String(request.headers['x-loki-response-encoding-flags'] ?? '');
          const form = new Form(request.url.split('?')[1] ?? '', typeof request.body === 'string' ? request.body : '');
          const answered = await answer({
            deps,
            scope: { organisation: asker.organisation, site: asker.site },
            form,
            actor: asker.actor,
            archive: archiveAsked(form.get('archive'), request.headers['x-sightline-archive']),
            name,
            categorize: flags.split(',').some((flag) => flag.trim() === 'categorize-labels'),
            signal: awayOf(reply),
            gate,
          });
          return send(reply, answered);
        },
      });
    }
    scope.get(`${prefix}/status/buildinfo`, (_, reply) =>
      send(reply, {
        version: speaks,
        revision: deps.settings.version,
        branch: '',
        buildUser: 'sightline',
        buildDate: '',
        goVersion: '',
      }),
    );
    for (const path of ['/ready', '/loki/ready'])
      scope.get(path, (_, reply) => reply.type('text/plain; charset=utf-8').send('ready\n'));
  });
  await registerLokiRules(app, deps);
  openLokiTails(app, deps);
}

function send(reply: FastifyReply, answered: unknown): FastifyReply {
  reply.header('cache-control', 'no-store');
  if (answered instanceof LokiFault) {
    if (answered.status === 401) reply.header('www-authenticate', 'Basic realm="Sightline"');
    if (answered.status === 429 || answered.status === 503) reply.header('retry-after', '5');
    return reply.code(answered.status).type('text/plain; charset=utf-8').send(answered.message);
  }
  reply.type('application/json; charset=utf-8');
  if (answered instanceof Pieces) return reply.send(Readable.from(answered.pieces, { objectMode: false }));
  return reply.send(JSON.stringify(answered));
}

function faultOf(error: unknown, request: FastifyRequest, deps: ApiDeps): LokiFault {
  const { status, detail } = problemOfError(
    error,
    deps.logger,
    `${request.method} ${request.routeOptions.url ?? ''}`,
  ).problem;
  return new LokiFault(status, detail);
}

/** Aborts when the client has gone away. */
function awayOf(reply: FastifyReply): AbortSignal {
  const away = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) away.abort();
  });
  return away.signal;
}
