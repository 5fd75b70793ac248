import {
  countDocuments,
  documentBounds,
  knownElasticFields,
  searchDocuments,
  tooMuchArchive,
  withTable,
  type ElasticError,
  type ElasticScope,
  type LogTable,
} from '@sightline/query';
import type { Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { archiveWarnings, readingFar } from '../../archive/far-reads.ts';
import type { ApiDeps } from '../../route.ts';
import { ApiFault } from '../prometheus/fault.ts';
import { errorJson, Refusal, refuse } from './answers.ts';
import { type Body, bodyOf, type Call, took, withParameters } from './call.ts';
import { cursorId, readCursor, withinCursor, type Cursor } from './cursors.ts';

const dayMs = 86_400_000;
const mostSearches = 50;
const noCursor = 'No search context found for this id.';

export interface Hit {
  readonly _index: string;
  readonly _id: string;
  readonly _source?: unknown;
  readonly sort?: unknown[];
}

interface Hits {
  readonly total?: { readonly value: number; readonly relation: 'eq' | 'gte' };
  readonly hits: readonly Hit[];
}

/** How documents are read: from the engine, or with what lies in the archive. */
type DocumentsRead<T> = (
  reader: TelemetryReader,
  scope: ElasticScope,
  body: Body,
  limits: QueryLimits,
  table: LogTable,
) => Promise<Result<T, ElasticError>>;

const nanoseconds = (ms: number): bigint => BigInt(Math.trunc(Math.max(0, Math.min(ms, 8.64e15)))) * 1_000_000n;

const namedIndex = (named: unknown): string | undefined =>
  Array.isArray(named) ? named.map(String).join(',') : typeof named === 'string' ? named : undefined;

/** Searches of documents in all the forms in which clients ask for them. */
export class Searches {
  readonly #deps: ApiDeps;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
  }

  /** `_search`: one page, the first of a scroll, or a page of a point in time. */
  async answer(call: Call): Promise<Refusal | object> {
    const body = bodyOf(call.text);
    if (body instanceof Refusal) return body;
    const asked = withParameters(body, call.query);
    if (call.query.has('scroll')) return this.#beginScroll(call, asked);
    return asked['pit'] === undefined ? this.#search(call, asked) : this.#searchPoint(call, asked);
  }

  /** `_search/scroll`: the next page. */
  async nextPage(call: Call): Promise<Refusal | object> {
    const body = bodyOf(call.text);
    if (body instanceof Refusal) return body;
    const cursor = readCursor(body['scroll_id'] ?? call.query.get('scroll_id'));
    return cursor?.body
      ? this.#scroll(call, cursor, cursor.body)
      : refuse(404, 'search_context_missing_exception', noCursor);
  }

  /** `_async_search`: answered at once, as one that was quick. */
  async answerAsync(call: Call): Promise<Refusal | object> {
    const body = bodyOf(call.text);
    if (body instanceof Refusal) return body;
    const response = await this.#search(call, withParameters(body, call.query));
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
  }

  /** `_msearch`: pairs of lines, one after the other; the fault of one is its own answer. */
  async answerMany(call: Call): Promise<Refusal | object> {
    const lines = call.text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length === 0 || lines.length % 2 === 1)
      return refuse(400, 'action_request_validation_exception', 'Validation Failed: 1: no requests added;');
    if (lines.length > 2 * mostSearches)
      return refuse(400, 'illegal_argument_exception', `more than ${mostSearches} searches in one request`);
    const responses: object[] = [];
    for (let at = 0; at < lines.length; at += 2) {
      const [header, body] = [bodyOf(lines[at] ?? ''), bodyOf(lines[at + 1] ?? '')];
      if (header instanceof Refusal || body instanceof Refusal) return header instanceof Refusal ? header : body;
      const index = namedIndex(header['index']) ?? call.scope.index;
      const found = await this.#search({ ...call, scope: { ...call.scope, index } }, body);
      responses.push(found instanceof Refusal ? errorJson(found.error) : { ...found, status: 200 });
    }
    return { took: took(call), responses };
  }

  /** `_count`. */
  async count(call: Call): Promise<Refusal | object> {
    const body = bodyOf(call.text);
    if (body instanceof Refusal) return body;
    const found = await this.#far(call, withParameters(body, call.query), countDocuments);
    if (found instanceof Refusal) return found;
    return { count: found, _shards: { total: 1, successful: 1, skipped: 0, failed: 0 } };
  }

  async #beginScroll(call: Call, { aggs, aggregations, ...body }: Body): Promise<Refusal | object> {
    if (Number(body['from'] ?? 0) > 0)
      return refuse(
        400,
        'action_request_validation_exception',
        'Validation Failed: 1: using [from] is not allowed in a scroll context;',
      );
    const cursor = { index: call.scope.index, untilMs: call.scope.nowMs, body };
    return this.#scroll(call, cursor, {
      ...body,
      track_total_hits: true,
      ...((aggs ?? aggregations) ? { aggs: aggs ?? aggregations } : {}),
    });
  }

  /** One page of a scroll, and where the next one begins. */
  async #scroll(call: Call, cursor: Cursor, asked: Body): Promise<Refusal | object> {
    const scoped = { ...call, scope: { ...call.scope, index: cursor.index } };
    const counted = cursor.total ? { ...asked, track_total_hits: false } : asked;
    const found = await this.#far(scoped, withinCursor(counted, cursor), searchDocuments);
    if (found instanceof Refusal) return found;
    const hits = found['hits'] as Hits;
    const total = cursor.total ?? hits.total;
    const after = hits.hits.at(-1)?.sort ?? cursor.after;
    const id = cursorId({ ...cursor, ...(total ? { total } : {}), ...(after ? { after } : {}) });
    if (id === undefined) return refuse(400, 'illegal_argument_exception', 'The search is too long to be scrolled.');
    return this.#asAsked(call, { _scroll_id: id, took: took(call), ...found, hits: { ...hits, total } });
  }

  async #searchPoint(call: Call, { pit, ...body }: Body): Promise<Refusal | object> {
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
    const found = await this.#search(scoped, withinCursor(body, cursor));
    return found instanceof Refusal ? found : { pit_id: id, ...found };
  }

  /** A document by the id that a search gave it, which begins with its time, or that its client gave it: of several the one that came last. */
  async document(call: Call, source: { readonly _source?: unknown } = {}): Promise<Refusal | Hit | undefined> {
    const id = call.params['id'] ?? '';
    const ns = /^(\d{1,19})-[0-9a-f]{16}$/.exec(id)?.[1];
    const atMs = ns === undefined ? undefined : Number(BigInt(ns) / 1_000_000n);
    const at = atMs === undefined ? [] : [{ range: { '@timestamp': { gte: atMs, lte: atMs } } }];
    const body = {
      size: 1,
      track_total_hits: false,
      sort: [{ 'event.ingested': 'desc' }, { _shard_doc: 'desc' }],
      query: { bool: { filter: [...at, { ids: { values: [id] } }] } },
    };
    const found = await this.#far(call, { ...withParameters(body, call.query), ...source }, searchDocuments);
    return found instanceof Refusal ? found : (found['hits'] as Hits).hits[0];
  }

  /** `_terms_enum`: values of a field that begin with a text, of the last day where no filter is given. */
  async termsEnum(call: Call): Promise<Refusal | object> {
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
      string === '' ? { exists: { field } } : { prefix: { [field]: { value: string, case_insensitive: ignoreCase } } };
    const asked = {
      size: 0,
      track_total_hits: false,
      query: { bool: { filter: [recent, begins] } },
      aggs: {
        terms: { terms: { field, size: Math.max(1, Math.min(1000, Number(size) || 10)), order: { _key: 'asc' } } },
      },
    };
    const found = await this.#far(call, asked, searchDocuments);
    if (found instanceof Refusal) return found;
    const { buckets } = (found['aggregations'] as { terms: { buckets: { key: string }[] } }).terms;
    return { ...complete, terms: buckets.map(({ key }) => key) };
  }

  /** The total as a number, where a client of old asks for it so. */
  #asAsked(call: Call, answered: Body): object {
    if (call.query.get('rest_total_hits_as_int') !== 'true') return answered;
    const hits = answered['hits'] as Hits;
    return { ...answered, hits: { ...hits, total: hits.total?.value ?? -1 } };
  }

  /** A read of documents, as far as its range reaches; without a lower bound on the time it is the engine's alone. */
  async #far<T>(call: Call, body: Body, read: DocumentsRead<T>): Promise<Refusal | T> {
    const { scope: asked, actor, signal, archive, told } = call;
    const { fromMs = asked.nowMs, toMs = asked.nowMs + dayMs, sites } = documentBounds(body, asked.nowMs);
    const text = `_search ${JSON.stringify(body['query'] ?? {}).slice(0, 300)}`;
    const { organisation, site } = asked;
    const question = { organisation, site, actor, fromMs, toMs, text };
    const found = await readingFar(
      { ...question, siteFits: (one) => sites?.has(one) ?? true },
      { deps: this.#deps, signal, asked: archive },
      async (reaching, own) => {
        const range = { fromNs: nanoseconds(fromMs), toNs: nanoseconds(toMs) };
        const limits = { ...reaching.reach?.limits, signal: own };
        const answer = await withTable(range, reaching.reach, (table) =>
          read(this.#deps.store, asked, body, limits, table),
        );
        if ('tooMuch' in answer) return refuse(400, 'illegal_argument_exception', tooMuchArchive(answer.tooMuch));
        told.push(...archiveWarnings(reaching, answer.archive));
        return answer.value.ok ? answer.value.value : new Refusal(answer.value.error);
      },
    );
    return found instanceof ApiFault ? refuse(found.status, 'es_rejected_execution_exception', found.message) : found;
  }

  async #search(call: Call, body: Body): Promise<Refusal | object> {
    const found = await this.#far(call, body, searchDocuments);
    if (found instanceof Refusal) return found;
    return this.#asAsked(call, { took: took(call), ...found });
  }
}
