import { randomBytes } from 'node:crypto';
import { isObject } from '../../errors/json-reader.ts';
import type { Ending, ProtocolReply, ProtocolRequest } from '../../protocol.ts';

type BareRequest = Omit<ProtocolRequest, 'scope'>;

/** How one action of a `_bulk` request ended. */
export interface ItemAnswer {
  readonly _index: string;
  readonly _id: string | null;
  readonly _version?: number;
  readonly result?: 'created' | 'updated' | 'not_found';
  readonly _shards?: { readonly total: number; readonly successful: number; readonly failed: number };
  readonly error?: { readonly type: string; readonly reason: string };
  readonly status: number;
}

export function docError(index: string, id: string, status: number, type: string, reason: string): ItemAnswer {
  return { _index: index, _id: id === '' ? null : id, status, error: { type, reason } };
}

/** Makes ids of 20 characters, as Elasticsearch's are, for the documents of one request. They lead to no document: a search gives those that do. */
export function documentIds(): () => string {
  const request = randomBytes(9).toString('base64url');
  let n = 0;
  return () => request + (n++).toString(36).padStart(8, '0');
}

/**
 * JSON in the media type that the client asks for. The product header is what official clients look for in every answer
 * before they go on.
 */
export function json(
  status: number,
  text: string,
  request: BareRequest,
  more: Record<string, string> = {},
): ProtocolReply {
  const compatible = /application\/vnd\.elasticsearch\+json;\s*compatible-with=(\d{1,2})/.exec(
    request.headers['accept'] ?? '',
  );
  const contentType = compatible
    ? `application/vnd.elasticsearch+json;compatible-with=${compatible[1]}`
    : 'application/json';
  return {
    status,
    headers: { 'content-type': contentType, 'x-elastic-product': 'Elasticsearch', ...more },
    body: text,
  };
}

const faultTypes: Readonly<Record<number, string>> = {
  400: 'illegal_argument_exception',
  401: 'security_exception',
  403: 'security_exception',
  409: 'version_conflict_engine_exception',
  413: 'content_too_long_exception',
  415: 'media_type_header_exception',
  429: 'es_rejected_execution_exception',
  503: 'es_rejected_execution_exception',
};

/** A request refused whole, in Elasticsearch's words. */
export function fault(status: number, reason: string, request: BareRequest): ProtocolReply {
  const error = { type: faultTypes[status] ?? 'exception', reason };
  const more: Record<string, string> =
    status === 401 ? { 'www-authenticate': 'Basic realm="security", charset="UTF-8", ApiKey, Bearer' } : {};
  return json(status, JSON.stringify({ error: { root_cause: [error], ...error }, status }), request, more);
}

/** The answer that a check wrote, cut to `filter_path` where the client names one. */
export function writtenReply(status: number): (ending: Ending, request: BareRequest) => ProtocolReply {
  return (ending, request) => {
    if (ending.kind === 'refused') return fault(ending.status, ending.message, request);
    const text = ending.body ?? '{}';
    const filter = request.query.get('filter_path');
    if (filter === null || filter === '') return json(status, text, request);
    const kept = filterPaths(JSON.parse(text), filter.split(',').slice(0, 20));
    return json(status, JSON.stringify(kept ?? {}), request);
  };
}

/** What of a JSON value lies on one of these paths (`items.*.error`, `errors`, `**.status`); undefined when nothing does. */
export function filterPaths(value: unknown, paths: readonly string[]): unknown {
  return filtered(
    value,
    paths.map((path) => path.split('.').slice(0, 20)),
  );
}

function filtered(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.some((path) => path.length === 0)) return value;
  if (Array.isArray(value)) {
    const kept = value.map((item) => filtered(item, paths)).filter((item) => item !== undefined);
    return kept.length === 0 ? undefined : kept;
  }
  if (!isObject(value)) return undefined;
  const kept: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const rest = paths.flatMap(([step = '', ...after]) => {
      if (step === '**') return [after[0] !== undefined && matches(after[0], name) ? after.slice(1) : [step, ...after]];
      return matches(step, name) ? [after] : [];
    });
    const within = rest.length === 0 ? undefined : filtered(item, rest);
    if (within !== undefined) kept[name] = within;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** `*` stands for any characters. */
function matches(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const parts = pattern.split('*');
  let at = 0;
  for (const [n, part] of parts.entries()) {
    const found = n === parts.length - 1 && part !== '' ? name.lastIndexOf(part) : name.indexOf(part, at);
    if (found < at || (n === 0 && found !== 0)) return false;
    at = found + part.length;
  }
  return parts.at(-1) === '' || at === name.length;
}
