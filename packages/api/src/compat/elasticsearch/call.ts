import type { ElasticScope } from '@sightline/query';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ArchiveAsked } from '../../archive/far-reads.ts';
import { Refusal, refuse } from './answers.ts';

/** A JSON object that a client sent. */
export type Body = Record<string, unknown>;

/** One request, with whose it is. */
export interface Call {
  readonly scope: ElasticScope;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string>>;
  readonly text: string;
  readonly signal: AbortSignal;
  /** By `performance.now()`. */
  readonly began: number;
  readonly actor: { readonly name: string; readonly address: string };
  readonly archive: ArchiveAsked;
  /** What was read of the archive, for a header of the answer. */
  readonly told: string[];
}

/** Milliseconds since the request came. */
export const took = ({ began }: Call): number => Math.round(performance.now() - began);

/** `Authorization: ApiKey <base64 of id:key>` as the bearer token that it holds. */
export function takeApiKey(request: FastifyRequest): void {
  const coded = /^\s*apikey\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
  if (coded === undefined) return;
  const pair = Buffer.from(coded, 'base64').toString('latin1');
  const key = /^[\x21-\x7e]*?:([\x21-\x7e]+)$/.exec(pair)?.[1];
  request.headers.authorization = `Bearer ${key ?? coded}`;
}

/** The body as JSON; an empty one stands for `{}`. */
export function bodyOf(text: string): Body | Refusal {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Body;
  } catch {
    // Said below.
  }
  return refuse(400, 'parsing_exception', 'request body is not a JSON object');
}

/** The parameters of the address say what the body may say. */
export function withParameters(body: Body, query: URLSearchParams): Body {
  const found: Body = { ...body };
  const q = query.get('q');
  if (q !== null)
    found['query'] = {
      query_string: {
        query: q,
        ...(query.get('default_operator') ? { default_operator: query.get('default_operator') } : {}),
      },
    };
  for (const name of ['size', 'from', 'track_total_hits']) {
    const value = query.get(name);
    if (value !== null)
      found[name] = name === 'track_total_hits' && /^(true|false)$/.test(value) ? value === 'true' : Number(value);
  }
  const [sort, source] = [query.get('sort'), query.get('_source')];
  if (sort !== null) found['sort'] = sort.split(',');
  const [includes, excludes] = ['_source_includes', '_source_excludes'].map((name) => query.get(name)?.split(','));
  if (includes || excludes) found['_source'] = { ...(includes && { includes }), ...(excludes && { excludes }) };
  if (source !== null) found['_source'] = /^(true|false)$/.test(source) ? source === 'true' : source.split(',');
  return found;
}

/** Aborts when the client has gone away. */
export function awayOf(reply: FastifyReply): AbortSignal {
  const away = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) away.abort();
  });
  return away.signal;
}
