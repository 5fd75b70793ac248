import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { problemOfError } from '../../problem.ts';
import type { ApiDeps } from '../../route.ts';
import { beyondKeySite, sentryCaller, type SentryCaller } from './caller.ts';
import { SentryFault } from './fault.ts';
import type { SentryPage } from './read-api.ts';

/** Where Sentry's API stands. */
export const prefix = '/api/0';

/** One call of somebody who may make it. */
export interface Call {
  readonly caller: SentryCaller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: FastifyRequest['headers'];
}

export type Answer = SentryFault | ({ readonly status?: number } & SentryPage);

type Run = (call: Call) => Answer | Promise<Answer>;

/** Routes of Sentry's API: who calls is known, bodies are read, and what is refused is told as Sentry tells it. */
export class SentryRoutes {
  readonly #deps: ApiDeps;
  readonly #scope: FastifyInstance;

  constructor(deps: ApiDeps, scope: FastifyInstance) {
    this.#deps = deps;
    this.#scope = scope;
  }

  /** A call that changes nothing. `path` stands behind the prefix. */
  get(path: string, run: Run): void {
    this.#scope.get(`${prefix}${path}`, (request, reply) => this.#answer(request, reply, false, run));
  }

  /** A call that writes: the key has to allow it. */
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, run: Run, bodyLimit = 4 * 1_048_576): void {
    this.#scope.route({
      method,
      url: `${prefix}${path}`,
      bodyLimit,
      handler: (request, reply) => this.#answer(request, reply, true, run),
    });
  }

  /** Notes what a key did. */
  audit(caller: SentryCaller, action: string, subject: string, detail = ''): Promise<void> {
    const { organisation, keyName, address } = caller;
    return this.#deps.control.audit.append(organisation.id, { name: keyName, address }, { action, subject, detail });
  }

  async #answer(request: FastifyRequest, reply: FastifyReply, writes: boolean, run: Run): Promise<FastifyReply> {
    let answered: Answer;
    try {
      const caller = await sentryCaller(request, this.#deps, writes);
      const body = caller instanceof SentryFault ? undefined : bodyOf(request);
      const beyond =
        caller instanceof SentryFault ? caller : beyondKeySite(caller, request.routeOptions.url ?? request.url);
      if (caller instanceof SentryFault) answered = caller;
      else if (beyond) answered = beyond;
      else if (body instanceof SentryFault) answered = body;
      else
        answered = await run({
          caller,
          body,
          params: request.params as Record<string, string>,
          query: request.query,
          headers: request.headers,
        });
    } catch (error) {
      const { status, detail } = problemOfError(error, this.#deps.logger, `${request.method} ${prefix}`).problem;
      answered = new SentryFault(status, detail);
    }
    void reply.header('cache-control', 'no-store');
    if (answered instanceof SentryFault && answered.status === 503) void reply.header('retry-after', '5');
    if (answered instanceof SentryFault) return reply.code(answered.status).send({ detail: answered.detail });
    void reply.code(answered.status ?? 200);
    if (answered.next !== undefined) void reply.header('link', nextLink(request, answered.next));
    return answered.json === undefined ? reply.send() : reply.send(answered.json);
  }
}

/** JSON where the client says so, else the bytes; nothing for an empty body. */
function bodyOf(request: FastifyRequest): unknown {
  const { body } = request;
  if (!Buffer.isBuffer(body)) return {};
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) return body;
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return JSON.stringify(value).includes('\\u0000') ? new SentryFault(400, 'a text holds the character NUL') : value;
  } catch {
    return new SentryFault(400, 'the body is no JSON');
  }
}

/** Sentry's way to tell of the next page (https://docs.sentry.io/api/pagination/): there always is a link, `results` says whether something stands there. */
function nextLink(request: FastifyRequest, cursor: string): string {
  const [path = ''] = request.url.split('?');
  const encoded = encodeURIComponent(cursor);
  return `<${path}?cursor=${encoded}>; rel="next"; results="${cursor !== ''}"; cursor="${encoded}"`;
}

/** What is wrong with a body, by its first field. */
export function badBody(error: z.ZodError): SentryFault {
  const [issue] = error.issues;
  return new SentryFault(400, `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not as expected'}`);
}
