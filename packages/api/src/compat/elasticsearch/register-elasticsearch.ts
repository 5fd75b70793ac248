import {
  countDocuments,
  documentBounds,
  globTest,
  knownElasticFields,
  listAttributes,
  listIndices,
  searchDocuments,
  tooMuchArchive,
  withTable,
  type ElasticError,
  type ElasticScope,
  type LogTable,
} from '@sightline/query';
import type { Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { archiveAsked, archiveWarnings, readingFar, type ArchiveAsked } from '../../archive/far-reads.ts';
import { problemOfError } from '../../problem.ts';
import type { ApiDeps } from '../../route.ts';
import { askerOf } from '../prometheus/asker.ts';
import { ApiFault } from '../prometheus/fault.ts';
import { QueryGate } from '../prometheus/gate.ts';
import { cursorId, readCursor, withinCursor, type Cursor } from './cursors.ts';

const prefix = '/elasticsearch';
const bodyLimitBytes = 2 * 1024 * 1024;
const queryTimeoutMs = 30_000;
const mostSearches = 50;

type Body = Record<string, unknown>;

interface Call {
  readonly scope: ElasticScope;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string>>;
  readonly text: string;
  readonly signal: AbortSignal;
  readonly began: number;
  readonly actor: { readonly name: string; readonly address: string };
  readonly archive: ArchiveAsked;
  /** What was read of the archive, for a header of the answer. */
  readonly told: string[];
}

/** An answer that is no JSON. */
class Plain {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
/** What is not there, in the form of what would be. */
class Missing {
  readonly json: object;
  constructor(json: object) {
    this.json = json;
  }
}
class Refusal {
  readonly error: ElasticError;
  constructor(error: ElasticError) {
    this.error = error;
  }
}
const refuse = (status: number, type: string, reason: string): Refusal => new Refusal({ status, type, reason });

/** Elasticsearch's form of a fault. */
function errorJson({ type, reason, status }: ElasticError): object {
  return { error: { root_cause: [{ type, reason }], type, reason }, status };
}

/**
 * Reads of Elasticsearch's API below `/elasticsearch`, as its clients and tools like Kibana ask for logs: `_search`, `_msearch`, `_async_search`, `_count`,
 * `_mapping`, `_field_caps`, `_cat/indices`, `_resolve/index`, scrolls, points in time, single documents, `_terms_enum`. A key with `query` or `operate` (`ApiKey`, bearer or basic), or a session, says whose. What is
 * written, and the handshake, is ingest's.
 */
export async function registerElasticsearch(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  const gate = new QueryGate();
  await app.register((scope, _, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, parsed) => parsed(null, body));
    scope.setErrorHandler((error, request, reply) => {
      const { status, detail } = problemOfError(
        error,
        deps.logger,
        `${request.method} ${request.routeOptions.url ?? ''}`,
      ).problem;
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

    route(both('/_search'), async (call) => {
      const body = bodyOf(call.text);
      if (body instanceof Refusal) return body;
      const asked = withParameters(body, call.query);
      if (call.query.has('scroll')) return beginScroll(call, asked);
      return asked['pit'] === undefined ? search(call, asked) : searchPoint(call, asked);
    });
    // No `:id` in the path, which Elasticsearch too no longer takes.
    route(['/_search/scroll'], async (call) => {
      const body = bodyOf(call.text);
      if (body instanceof Refusal) return body;
      const cursor = readCursor(body['scroll_id'] ?? call.query.get('scroll_id'));
      return cursor?.body
        ? scroll(call, cursor, cursor.body)
        : refuse(404, 'search_context_missing_exception', noCursor);
    });
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
        const hit = await findDocument(call);
        if (hit instanceof Refusal) return hit;
        if (!hit) return new Missing({ _index: call.scope.index, _id: call.params['id'] ?? '', found: false });
        return {
          _index: hit._index,
          _id: hit._id,
          _version: 1,
          _seq_no: 0,
          _primary_term: 1,
          found: true,
          _source: hit._source,
        };
      },
      ['GET'],
    );
    route(
      ['/:index/_source/:id'],
      async (call) => {
        const hit = await findDocument(call);
        const named = `[${call.scope.index}]/[${call.params['id'] ?? ''}]`;
        if (hit instanceof Refusal) return hit;
        return hit ? hit._source : refuse(404, 'resource_not_found_exception', `Document not found ${named}`);
      },
      ['GET'],
    );
    route(['/:index/_terms_enum', '/_terms_enum'], termsEnum);
    route(both('/_async_search'), async (call) => {
      const body = bodyOf(call.text);
      if (body instanceof Refusal) return body;
      const response = await search(call, withParameters(body, call.query));
      if (response instanceof Refusal) return response;
      const now = call.scope.nowMs;
      return {
        is_partial: false,
        is_running: false,
        start_time_in_millis: now,
        expiration_time_in_millis: now,
        completion_status: 200,
        response,
      };
    });
    route(both('/_msearch'), async (call) => {
      const lines = call.text.split('\n').filter((line) => line.trim() !== '');
      if (lines.length === 0 || lines.length % 2 === 1)
        return refuse(400, 'action_request_validation_exception', 'Validation Failed: 1: no requests added;');
      if (lines.length > 2 * mostSearches)
        return refuse(400, 'illegal_argument_exception', `more than ${mostSearches} searches in one request`);
      const responses: object[] = [];
      for (let at = 0; at < lines.length; at += 2) {
        const [header, body] = [bodyOf(lines[at] ?? ''), bodyOf(lines[at + 1] ?? '')];
        if (header instanceof Refusal || body instanceof Refusal) return header instanceof Refusal ? header : body;
        const named = header['index'];
        const index = Array.isArray(named)
          ? named.map(String).join(',')
          : typeof named === 'string'
            ? named
            : call.scope.index;
        const found = await search({ ...call, scope: { ...call.scope, index } }, body);
        responses.push(found instanceof Refusal ? errorJson(found.error) : { ...found, status: 200 });
      }
      return { took: took(call), responses };
    });
    route(both('/_count'), async (call) => {
      const body = bodyOf(call.text);
      if (body instanceof Refusal) return body;
      const found = await far(call, withParameters(body, call.query), countDocuments);
      if (found instanceof Refusal) return found;
      return { count: found, _shards: { total: 1, successful: 1, skipped: 0, failed: 0 } };
    });
    route(both('/_mapping'), async (call) => {
      const [attributes, indices] = await Promise.all([attributesOf(call), indicesOf(call)]);
      const mappings = { properties: properties(attributes) };
      return Object.fromEntries(indices.map(({ name }) => [name, { mappings }]));
    });
    route(both('/_field_caps'), async (call) => {
      const [attributes, indices] = await Promise.all([attributesOf(call), indicesOf(call)]);
      const body = bodyOf(call.text);
      if (body instanceof Refusal) return body;
      const asked =
        call.query.get('fields') ?? (Array.isArray(body['fields']) ? body['fields'].map(String).join(',') : '*');
      const wanted = globTest(
        asked.split(',').map((glob) => glob.trim()),
        false,
      );
      const fields = allFields(attributes).filter(([name]) => wanted(name));
      const caps = fields.map(([name, type]) => [
        name,
        { [type]: { type, metadata_field: false, searchable: true, aggregatable: type !== 'text' } },
      ]);
      return { indices: indices.map(({ name }) => name), fields: Object.fromEntries(caps) };
    });
    route(['/_cat/indices', '/_cat/indices/:index'], async (call) => {
      const rows = (await indicesOf(call)).map(({ name, documents, bytes }) => ({
        health: 'green',
        status: 'open',
        index: name,
        uuid: name,
        pri: '1',
        rep: '0',
        'docs.count': String(documents),
        'docs.deleted': '0',
        'store.size': `${bytes}b`,
        'pri.store.size': `${bytes}b`,
      }));
      if (call.query.get('format') === 'json') return rows;
      return new Plain(rows.map((row) => `${Object.values(row).join(' ')}\n`).join(''));
    });
    route(['/_resolve/index/:index'], async (call) => ({
      indices: (await indicesOf(call)).map(({ name }) => ({ name, attributes: ['open'] })),
      aliases: [],
      data_streams: [],
    }));
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

    async function beginScroll(call: Call, { aggs, aggregations, ...body }: Body): Promise<Refusal | object> {
      if (Number(body['from'] ?? 0) > 0)
        return refuse(
          400,
          'action_request_validation_exception',
          'Validation Failed: 1: using [from] is not allowed in a scroll context;',
        );
      const cursor = { index: call.scope.index, untilMs: call.scope.nowMs, body };
      return scroll(call, cursor, {
        ...body,
        track_total_hits: true,
        ...((aggs ?? aggregations) ? { aggs: aggs ?? aggregations } : {}),
      });
    }
    /** One page of a scroll, and where the next one begins. */
    async function scroll(call: Call, cursor: Cursor, asked: Body): Promise<Refusal | object> {
      const scoped = { ...call, scope: { ...call.scope, index: cursor.index } };
      const counted = cursor.total ? { ...asked, track_total_hits: false } : asked;
      const found = await far(scoped, withinCursor(counted, cursor), searchDocuments);
      if (found instanceof Refusal) return found;
      const hits = found['hits'] as Hits;
      const total = cursor.total ?? hits.total;
      const after = hits.hits.at(-1)?.sort ?? cursor.after;
      const id = cursorId({ ...cursor, ...(total ? { total } : {}), ...(after ? { after } : {}) });
      if (id === undefined) return refuse(400, 'illegal_argument_exception', 'The search is too long to be scrolled.');
      return asAsked(call, { _scroll_id: id, took: took(call), ...found, hits: { ...hits, total } });
    }
    async function searchPoint(call: Call, { pit, ...body }: Body): Promise<Refusal | object> {
      const id = (pit as { id?: unknown } | null)?.id;
      const cursor = readCursor(id);
      if (!cursor || cursor.body) return refuse(404, 'search_context_missing_exception', noCursor);
      if (call.scope.index !== '')
        return refuse(
          400,
          'action_request_validation_exception',
          'Validation Failed: 1: [indices] cannot be used with point in time;',
        );
      const scoped = { ...call, scope: { ...call.scope, index: cursor.index } };
      const found = await search(scoped, withinCursor(body, cursor));
      return found instanceof Refusal ? found : { pit_id: id, ...found };
    }
    /** A document by the id that a search gave it, which begins with its time. */
    async function findDocument(call: Call): Promise<Refusal | Hit | undefined> {
      const id = call.params['id'] ?? '';
      const ns = /^(\d{1,19})-[0-9a-f]{16}$/.exec(id)?.[1];
      if (ns === undefined) return undefined;
      const atMs = Number(BigInt(ns) / 1_000_000n);
      const at = { range: { '@timestamp': { gte: atMs, lte: atMs } } };
      const body = { size: 1, track_total_hits: false, query: { bool: { filter: [at, { ids: { values: [id] } }] } } };
      const found = await far(call, withParameters(body, call.query), searchDocuments);
      return found instanceof Refusal ? found : (found['hits'] as Hits).hits[0];
    }
    async function termsEnum(call: Call): Promise<Refusal | object> {
      const body = bodyOf(call.text);
      if (body instanceof Refusal) return body;
      const { field, string = '', size = 10, case_insensitive: ignoreCase = false, index_filter: filter } = body;
      if (typeof field !== 'string' || typeof string !== 'string')
        return refuse(400, 'action_request_validation_exception', 'Validation Failed: 1: field cannot be null;');
      const complete = { _shards: { total: 1, successful: 1, failed: 0 }, complete: true };
      // Words of a text are no terms here.
      if (knownElasticFields.some(([name, type]) => name === field && type !== 'keyword'))
        return { ...complete, terms: [] };
      const recent = filter ?? { range: { '@timestamp': { gte: call.scope.nowMs - dayMs } } };
      const begins =
        string === ''
          ? { exists: { field } }
          : { prefix: { [field]: { value: string, case_insensitive: ignoreCase } } };
      const asked = {
        size: 0,
        track_total_hits: false,
        query: { bool: { filter: [recent, begins] } },
        aggs: {
          terms: { terms: { field, size: Math.max(1, Math.min(1000, Number(size) || 10)), order: { _key: 'asc' } } },
        },
      };
      const found = await far(call, asked, searchDocuments);
      if (found instanceof Refusal) return found;
      const { buckets } = (found['aggregations'] as { terms: { buckets: { key: string }[] } }).terms;
      return { ...complete, terms: buckets.map(({ key }) => key) };
    }
    /** The total as a number, where a client of old asks for it so. */
    function asAsked(call: Call, answered: Body): object {
      if (call.query.get('rest_total_hits_as_int') !== 'true') return answered;
      const hits = answered['hits'] as Hits;
      return { ...answered, hits: { ...hits, total: hits.total?.value ?? -1 } };
    }

    /** A read of documents, as far as its range reaches; without a lower bound on the time it is the engine's alone. */
    async function far<T>(call: Call, body: Body, read: DocumentsRead<T>): Promise<Refusal | T> {
      const { scope: asked, actor, signal, archive, told } = call;
      const { fromMs = asked.nowMs, toMs = asked.nowMs + dayMs, sites } = documentBounds(body, asked.nowMs);
      const text = `_search ${JSON.stringify(body['query'] ?? {}).slice(0, 300)}`;
      const { organisation, site } = asked;
      const question = { organisation, site, actor, fromMs, toMs, text };
      const found = await readingFar(
        { ...question, siteFits: (one) => sites?.has(one) ?? true },
        { deps, signal, asked: archive },
        async (reaching, own) => {
          const range = { fromNs: nanoseconds(fromMs), toNs: nanoseconds(toMs) };
          const limits = { ...reaching.reach?.limits, signal: own };
          const answer = await withTable(range, reaching.reach, (table) =>
            read(deps.store, asked, body, limits, table),
          );
          if ('tooMuch' in answer) return refuse(400, 'illegal_argument_exception', tooMuchArchive(answer.tooMuch));
          told.push(...archiveWarnings(reaching, answer.archive));
          return answer.value.ok ? answer.value.value : new Refusal(answer.value.error);
        },
      );
      return found instanceof ApiFault ? refuse(found.status, 'es_rejected_execution_exception', found.message) : found;
    }
    async function search(call: Call, body: Body): Promise<Refusal | object> {
      const found = await far(call, body, searchDocuments);
      if (found instanceof Refusal) return found;
      return asAsked(call, { took: took(call), ...found });
    }
    const attributesOf = ({ scope: asked, signal }: Call): Promise<string[]> =>
      listAttributes(deps.store, asked, { signal });
    const indicesOf = ({ scope: asked, signal }: Call): ReturnType<typeof listIndices> =>
      listIndices(deps.store, asked, { signal });
  });
}

interface Hit {
  readonly _index: string;
  readonly _id: string;
  readonly _source?: unknown;
  readonly sort?: unknown[];
}
interface Hits {
  readonly total?: { readonly value: number; readonly relation: 'eq' | 'gte' };
  readonly hits: readonly Hit[];
}

const noCursor = 'No search context found for this id.';

type DocumentsRead<T> = (
  reader: TelemetryReader,
  scope: ElasticScope,
  body: Body,
  limits: QueryLimits,
  table: LogTable,
) => Promise<Result<T, ElasticError>>;

const dayMs = 86_400_000;
const nanoseconds = (ms: number): bigint => BigInt(Math.trunc(Math.max(0, Math.min(ms, 8.64e15)))) * 1_000_000n;
/** Sentences as the value of a header. */
const headerText = (sentences: readonly string[]): string =>
  [...new Set(sentences)]
    .join('; ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 1000);

const took = ({ began }: Call): number => Math.round(performance.now() - began);

/** `Authorization: ApiKey <base64 of id:key>` as the bearer token that it holds. */
function takeApiKey(request: FastifyRequest): void {
  const coded = /^\s*apikey\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
  if (coded === undefined) return;
  const pair = Buffer.from(coded, 'base64').toString('latin1');
  const key = /^[\x21-\x7e]*?:([\x21-\x7e]+)$/.exec(pair)?.[1];
  request.headers.authorization = `Bearer ${key ?? coded}`;
}

function bodyOf(text: string): Body | Refusal {
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
function withParameters(body: Body, query: URLSearchParams): Body {
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

function allFields(attributes: readonly string[]): [string, string][] {
  const known = knownElasticFields.map(([name, type]): [string, string] => [name, type]);
  const names = new Set(known.map(([name]) => name));
  const more = attributes.filter((name) => !names.has(name) && name !== 'elasticsearch.index');
  return [...known, ['message.keyword', 'keyword'], ...more.map((name): [string, string] => [name, 'keyword'])];
}

/** A mapping's tree of properties. */
function properties(attributes: readonly string[]): object {
  const root: Body = {};
  for (const [name, type] of allFields(attributes)) {
    if (name === 'message.keyword') continue;
    let place = root;
    const path = name.split('.');
    const last = path.pop() ?? name;
    for (const step of path) {
      const node = (place[step] ??= {}) as Body;
      place = (node['properties'] ??= {}) as Body;
    }
    const node = (place[last] ??= {}) as Body;
    node['type'] = type;
    if (name === 'message') node['fields'] = { keyword: { type: 'keyword' } };
  }
  return root;
}

function send(request: FastifyRequest, reply: FastifyReply, answered: unknown): FastifyReply {
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

/** Aborts when the client has gone away. */
function awayOf(reply: FastifyReply): AbortSignal {
  const away = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) away.abort();
  });
  return away.signal;
}
