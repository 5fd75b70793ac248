import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { roleAtLeast } from '@sightline/control';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authenticate, sessionCookie } from './authenticate.ts';
import { registerAlertmanager } from './compat/alertmanager/register-alertmanager.ts';
import { registerElasticsearch } from './compat/elasticsearch/register-elasticsearch.ts';
import { registerJaeger } from './compat/jaeger/register-jaeger.ts';
import { registerLoki } from './compat/loki/register-loki.ts';
import { registerPrometheus } from './compat/prometheus/register-prometheus.ts';
import { registerSentry } from './compat/sentry/register-sentry.ts';
import { registerTempo } from './compat/tempo/register-tempo.ts';
import { registerZipkin } from './compat/zipkin/register-zipkin.ts';
import { registerHealth } from './health.ts';
import { registerHeartbeats } from './heartbeats.ts';
import { openApi } from './open-api.ts';
import { invalidInput, problemOfError, sendProblem } from './problem.ts';
import {
  type ApiDeps,
  type Caller,
  type CallContext,
  ProblemReply,
  type PublicContext,
  refuse,
  type Route,
} from './route.ts';
import { allRoutes } from './routes/all.ts';
import { boundToSite } from './site-keys.ts';

const sessionCookieLifeS = 30 * 86_400;
/** Against floods only: a busy office behind one address stays far below. */
const callsPerAddressAndMinute = 30_000;

/**
 * Installs our own API with its guards (security headers, cookies, rate limit) in a scope of its own: ingest beside it
 * pays for none of them. `app` should trust proxies only where one stands before it, because `request.ip` is believed.
 */
export async function registerApi(
  app: FastifyInstance,
  deps: ApiDeps,
  routes: readonly Route[] = allRoutes.flat(),
): Promise<void> {
  await app.register(async (scope) => {
    await scope.register(helmet, {
      contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
      strictTransportSecurity: deps.settings.publicUrl.startsWith('https:'),
    });
    await scope.register(cookie);
    await scope.register(rateLimit, { max: callsPerAddressAndMinute, timeWindow: 60_000, cache: 10_000 });
    readJson(scope);
    scope.setErrorHandler((error, request, reply) =>
      sendProblem(reply, problemOfError(error, deps.logger, `${request.method} ${request.routeOptions.url ?? ''}`)),
    );
    for (const route of routes) install(scope, route, deps);
    await registerHeartbeats(scope, deps);
    const document = JSON.stringify(openApi(routes, deps.settings));
    scope.get('/api/v1/openapi.json', (_, reply) => reply.type('application/json; charset=utf-8').send(document));
    registerHealth(scope, deps);
    registerAlertmanager(scope, deps);
    await registerPrometheus(scope, deps);
    registerJaeger(scope, deps);
    registerTempo(scope, deps);
    registerZipkin(scope, deps);
    await registerSentry(scope, deps);
    await registerLoki(scope, deps);
    await registerElasticsearch(scope, deps);
    scope.all('/api/v1/*', (request, reply) =>
      sendProblem(
        reply,
        refuse(404, 'Not found', `There is no call ${request.method} ${request.url.split('?')[0]?.slice(0, 200)}.`),
      ),
    );
  });
}

/** JSON in UTF-8 and nothing else: a form that another site's page could send is refused (415). */
function readJson(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  const parse = scope.getDefaultJsonParser('error', 'error');
  const text = new TextDecoder('utf-8', { fatal: true });
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    try {
      void parse(request, text.decode(body as Buffer), (error, value) =>
        error ? done(badRequest()) : done(null, value),
      );
    } catch {
      done(badRequest());
    }
  });
}

function badRequest(): Error & { statusCode: number } {
  return Object.assign(new Error('the body is not JSON in UTF-8'), { statusCode: 400 });
}

function install(scope: FastifyInstance, route: Route, deps: ApiDeps): void {
  scope.route({
    method: route.method,
    url: route.path,
    bodyLimit: route.bodyLimitBytes,
    handler: async (request, reply) => {
      const answered = await call(route, deps, request, reply);
      if (answered instanceof ProblemReply) return sendProblem(reply, answered);
      if (!route.endpoint) return reply;
      const value = deps.settings.checkReplies ? route.endpoint.reply.parse(answered) : answered;
      return reply
        .header('cache-control', 'no-store')
        .type('application/json; charset=utf-8')
        .send(JSON.stringify(value));
    },
  });
}

/** The order matters: nobody unknown learns which inputs would do. */
async function call(route: Route, deps: ApiDeps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const context = publicContext(deps, request, reply);
  let caller: Caller | undefined;
  if (route.permission === 'public') {
    // The browser tells us when another site's page sent it; such a page must not sign anybody in.
    if (request.method !== 'GET' && request.headers['sec-fetch-site'] === 'cross-site') {
      return refuse(403, 'Not from our pages', 'This call cannot be made from the page of another site.');
    }
  } else {
    const known = await authenticate(request, deps);
    if (known instanceof ProblemReply) return known;
    if (!roleAtLeast(known.role, route.permission)) {
      return refuse(403, 'Not allowed', `This needs the role ${route.permission}; yours is ${known.role}.`);
    }
    caller = known;
  }
  const read = readInput(route, request);
  if (read instanceof ProblemReply) return read;
  const input = caller ? boundToSite(route, caller, read) : read;
  if (input instanceof ProblemReply) return input;
  return route.run(
    input,
    caller ? callContext(context, caller, () => mayCall(route, deps, request, caller)) : context,
    reply,
  );
}

async function mayCall(
  route: Route,
  deps: ApiDeps,
  request: FastifyRequest,
  { organisation }: Caller,
): Promise<boolean> {
  const now = await authenticate(request, deps);
  if (now instanceof ProblemReply || route.permission === 'public') return false;
  return now.organisation === organisation && roleAtLeast(now.role, route.permission);
}

function readInput(
  route: Route,
  request: FastifyRequest,
): { params: unknown; query: unknown; body: unknown } | ProblemReply {
  const input = { params: undefined as unknown, query: undefined as unknown, body: undefined as unknown };
  const parts = [
    { name: 'params', where: 'path', value: request.params },
    { name: 'query', where: 'query', value: request.query },
    { name: 'body', where: 'body', value: request.body },
  ] as const;
  for (const { name, where, value } of parts) {
    const schema = route[name];
    if (!schema) continue;
    if (holdsNul(value)) return refuse(422, `The ${where} is not valid`, 'A text holds the character NUL.');
    const parsed = schema.safeParse(value);
    if (!parsed.success) return invalidInput(where, value, parsed.error);
    input[name] = parsed.data;
  }
  return input;
}

/** PostgreSQL stores no NUL. Walks without recursion: the input may be nested as deep as it is long. */
function holdsNul(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'string' && one.includes('\0')) return true;
    if (typeof one === 'object' && one !== null) for (const inner of Object.values(one)) open.push(inner);
  }
  return false;
}

function publicContext(deps: ApiDeps, request: FastifyRequest, reply: FastifyReply): PublicContext {
  const away = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) away.abort();
  });
  const secure = deps.settings.publicUrl.startsWith('https:') || request.protocol === 'https';
  const cookieOptions = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const;
  return {
    deps,
    signal: away.signal,
    address: request.ip,
    userAgent: request.headers['user-agent'] ?? '',
    sessionToken: request.cookies[sessionCookie] ?? '',
    setSession: (token) => {
      if (token === '') reply.clearCookie(sessionCookie, cookieOptions);
      else reply.setCookie(sessionCookie, token, { ...cookieOptions, maxAge: sessionCookieLifeS });
    },
  };
}

function callContext(context: PublicContext, caller: Caller, stillMay: CallContext['stillMay']): CallContext {
  return {
    ...context,
    caller,
    stillMay,
    audit: (action, subject, detail = '') =>
      context.deps.control.audit.append(
        caller.organisation,
        { name: caller.actor, address: caller.address },
        { action, subject, detail },
      ),
  };
}
