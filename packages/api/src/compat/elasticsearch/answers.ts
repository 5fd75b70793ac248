import type { ElasticError } from '@sightline/query';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** An answer that is no JSON. */
export class Plain {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What is not there, in the form of what would be. */
export class Missing {
  readonly json: object;
  constructor(json: object) {
    this.json = json;
  }
}

/** A fault in Elasticsearch's words. */
export class Refusal {
  readonly error: ElasticError;
  constructor(error: ElasticError) {
    this.error = error;
  }
}

export const refuse = (status: number, type: string, reason: string): Refusal => new Refusal({ status, type, reason });

/** Elasticsearch's form of a fault. */
export function errorJson({ type, reason, status }: ElasticError): object {
  return { error: { root_cause: [{ type, reason }], type, reason }, status };
}

/** Sentences as the value of a header. */
export const headerText = (sentences: readonly string[]): string =>
  [...new Set(sentences)]
    .join('; ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 1000);

/** Sends an answer, or its refusal, in the form that Elasticsearch's clients read. */
export function send(request: FastifyRequest, reply: FastifyReply, answered: unknown): FastifyReply {
  // What official clients look for in every answer before they go on.
  reply.header('x-elastic-product', 'Elasticsearch').header('cache-control', 'no-store');
  if (answered instanceof Plain) return reply.type('text/plain; charset=utf-8').send(answered.text);
  const compatible = /application\/vnd\.elasticsearch\+json;\s*compatible-with=(\d{1,2})/.exec(
    request.headers.accept ?? '',
  );
  reply.header(
    'content-type',
    compatible
      ? `application/vnd.elasticsearch+json;compatible-with=${compatible[1]}`
      : 'application/json; charset=utf-8',
  );
  if (answered instanceof Missing) return reply.code(404).send(Buffer.from(JSON.stringify(answered.json)));
  if (!(answered instanceof Refusal)) return reply.send(Buffer.from(JSON.stringify(answered)));
  const { error } = answered;
  if (error.status === 401) reply.header('www-authenticate', 'ApiKey, Basic realm="Sightline"');
  return reply.code(error.status).send(Buffer.from(JSON.stringify(errorJson(error))));
}
