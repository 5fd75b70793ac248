import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problemOfError } from '../../problem.ts';
import type { ApiDeps } from '../../route.ts';
import { askerOf } from './asker.ts';
import type { PrometheusRoute } from './call.ts';
import { ApiFault } from './fault.ts';
import { QueryGate } from './gate.ts';
import { indexRoutes } from './index-routes.ts';
import { Form } from './parameters.ts';
import { answerFederate } from './federate-route.ts';
import { queryRoutes } from './query-routes.ts';
import { answerRemoteRead } from './remote-read-route.ts';
import { answerReload } from './reload-route.ts';
import { sendAnswer } from './reply.ts';
import { ruleRoutes } from './rule-routes.ts';
import { statusRoutes } from './status-routes.ts';
import { targetRoutes } from './target-routes.ts';

const prefix = '/prometheus';
const bodyLimitBytes = 2 * 1024 * 1024;
const formType = 'application/x-www-form-urlencoded';

const routes: readonly PrometheusRoute[] = [
  ...queryRoutes,
  ...indexRoutes,
  ...ruleRoutes,
  ...targetRoutes,
  ...statusRoutes,
];

/**
 * Prometheus' HTTP API below `/prometheus`, as promtool, Grafana and Prometheus' own clients use it
 * (https://prometheus.io/docs/prometheus/latest/querying/api/). A key with `query` or `operate`, as bearer token or password of
 * basic auth, says whose metrics; so does a session, whose POSTs need the header `x-csrf-token`. Remote write beside it is ingest's.
 */
export async function registerPrometheus(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  const gate = new QueryGate();
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(formType, { parseAs: 'string' }, (_, body, done) => done(null, body));
    // As Go's forms: a body of another kind says nothing.
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, ''));
    scope.setErrorHandler((error, request, reply) => sendAnswer(request, reply, faultOfError(error, request, deps)));
    for (const { methods, path, answer } of routes) {
      scope.route({
        method: [...methods],
        url: `${prefix}/api/v1${path}`,
        bodyLimit: bodyLimitBytes,
        handler: async (request, reply) => {
          const asker = await askerOf(request, deps);
          if (asker instanceof ApiFault) return sendAnswer(request, reply, asker);
          const call = { deps, asker, gate, form: formOf(request), name: nameOf(request), signal: awayOf(reply) };
          return sendAnswer(request, reply, await answer(call));
        },
      });
    }
    for (const [probe, text] of [
      ['healthy', 'Prometheus Server is Healthy.\n'],
      ['ready', 'Prometheus Server is Ready.\n'],
    ] as const) {
      scope.get(`${prefix}/-/${probe}`, (_, reply) => reply.type('text/plain; charset=utf-8').send(text));
    }
    await scope.register((binary, _options, done) => {
      binary.removeAllContentTypeParsers();
      binary.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
      binary.post(`${prefix}/api/v1/read`, { bodyLimit: bodyLimitBytes }, (request, reply) =>
        answerRemoteRead(request, reply, { deps, gate, gone: awayOf(reply) }),
      );
      done();
    });
    scope.get(`${prefix}/federate`, (request, reply) =>
      answerFederate(request, reply, { deps, gate, form: formOf(request), gone: awayOf(reply) }),
    );
    // What Prometheus itself says where it takes no further listeners: there is nothing to wait for, do not come again.
    scope.get(`${prefix}/api/v1/notifications/live`, async (request, reply) => {
      const asker = await askerOf(request, deps);
      return asker instanceof ApiFault ? sendAnswer(request, reply, asker) : reply.code(204).send();
    });
    for (const url of [`${prefix}/-/reload`, '/-/reload'])
      scope.route({
        method: ['POST', 'PUT'],
        url,
        bodyLimit: bodyLimitBytes,
        handler: (request, reply) => answerReload(request, reply, deps),
      });
    scope.all(`${prefix}/*`, (request, reply) => {
      const path = request.url.split('?')[0]?.slice(0, 200) ?? '';
      return sendAnswer(request, reply, new ApiFault('not_found', `there is no call ${request.method} ${path}`));
    });
  });
}

function formOf({ url, body }: FastifyRequest): Form {
  const at = url.indexOf('?');
  return new Form(at < 0 ? '' : url.slice(at + 1), typeof body === 'string' ? body : '');
}

function nameOf({ params }: FastifyRequest): string {
  return (params as { readonly name?: string }).name ?? '';
}

/** Aborts when the client goes before the answer. */
function awayOf(reply: FastifyReply): AbortSignal {
  const away = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) away.abort();
  });
  return away.signal;
}

function faultOfError(error: unknown, request: FastifyRequest, { logger }: ApiDeps): ApiFault {
  const { status, detail } = problemOfError(
    error,
    logger,
    `${request.method} ${request.routeOptions.url ?? ''}`,
  ).problem;
  if (status === 429) return new ApiFault('too_many_requests', detail);
  if (status === 503) return new ApiFault('unavailable', detail);
  return new ApiFault(status >= 500 ? 'internal' : 'bad_data', detail);
}
