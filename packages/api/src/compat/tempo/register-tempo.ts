import type { Result } from '@sightline/base';
import { ProtobufWriter } from '@sightline/ingest';
import {
  listSpanTags,
  listTagValues,
  readFullTrace,
  searchTraceql,
  tagFilter,
  traceqlMetrics,
  type FoundTags,
  type ReadScope,
  type TagScope,
  type TraceqlError,
} from '@sightline/query';
import type { FastifyInstance } from 'fastify';
import type { ApiDeps } from '../../route.ts';
import { durationNs } from '../duration.ts';
import { traceIdOf } from '../read-traces.ts';
import { Fault, traceCalls, type TraceCall } from '../trace-call.ts';
import { traceJson, traceProtobuf } from '../otlp-trace.ts';
import { readCount, readRange, readStepMs, tagsQuery } from './parameters.ts';
import { instantReply, rangeReply, searchReply } from './replies.ts';

const prefix = '/tempo/api';
/** The version of Tempo whose API this speaks; Grafana chooses by it what to ask. */
const speaks = '2.7.0';
const mostTraces = 1000;
/** Names of a scope, and values of a tag. */
const mostTags = 1000;
/** Exemplars of an answer; also how many there are where nothing is said, as in Tempo. */
const mostExemplars = 100;

const intrinsicNames = [
  'duration',
  'event:name',
  'event:timeSinceStart',
  'instrumentation:name',
  'kind',
  'link:spanID',
  'link:traceID',
  'name',
  'rootName',
  'rootServiceName',
  'span:childCount',
  'span:duration',
  'span:id',
  'span:kind',
  'span:name',
  'span:parentID',
  'span:status',
  'span:statusMessage',
  'status',
  'statusMessage',
  'trace:duration',
  'trace:id',
  'trace:rootName',
  'trace:rootService',
  'traceDuration',
];
const wantsProtobuf = ({ accept }: TraceCall): boolean => accept.includes('application/protobuf');
const fixedValues: Readonly<Record<string, readonly string[]>> = {
  status: ['error', 'ok', 'unset'],
  kind: ['internal', 'server', 'client', 'producer', 'consumer', 'unspecified'],
};

/**
 * Tempo's HTTP API below `/tempo`, as Grafana's data source uses it (https://grafana.com/docs/tempo/latest/api_docs/): traces by id, TraceQL search, tags and
 * their values, metrics queries. A key with `query` or `operate`, as bearer token or password of basic auth, or a session, says whose
 * traces; a key that is bound to a site sees the spans of that site, as if there were no others.
 */
export function registerTempo(scope: FastifyInstance, deps: ApiDeps): void {
  const { store, clock } = deps;
  // Tempo answers faults as text.
  const route = traceCalls(scope, deps, prefix, (answered, reply) => {
    if (answered instanceof Fault)
      return reply.code(answered.status).type('text/plain; charset=utf-8').send(answered.message);
    if (Buffer.isBuffer(answered)) return reply.type('application/protobuf').send(answered);
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(answered));
  });

  scope.get(`${prefix}/echo`, (_, reply) => reply.type('text/plain; charset=utf-8').send('echo'));
  route('/status/buildinfo', () =>
    Promise.resolve({
      version: speaks,
      revision: deps.settings.version,
      branch: '',
      buildDate: '',
      buildUser: 'sightline',
      goVersion: '',
    }),
  );
  route('/traces/:id', async (call) => {
    const spans = await spansOf(call);
    if (spans instanceof Fault) return spans;
    return wantsProtobuf(call) ? traceProtobuf(spans) : { batches: traceJson(spans, 'tempo') };
  });
  route('/v2/traces/:id', async (call) => {
    const spans = await spansOf(call);
    if (spans instanceof Fault) return spans;
    if (!wantsProtobuf(call)) return { trace: { resourceSpans: traceJson(spans, 'tempo') }, metrics: {} };
    const writer = new ProtobufWriter();
    writer.bytes(1, traceProtobuf(spans));
    return writer.finish();
  });
  route('/search', async ({ seen, query, signal }) => {
    const range = readRange(query, clock.now());
    if (!range.ok) return new Fault(400, range.error);
    const limit = readCount(query, 'limit', 20, mostTraces);
    if (!limit.ok) return new Fault(400, limit.error);
    const spansPerSet = readCount(query, 'spss', 3, 100);
    if (!spansPerSet.ok) return new Fault(400, spansPerSet.error);
    const traceql = query.get('q')
      ? { ok: true as const, value: query.get('q') ?? '' }
      : tagsQuery(query.get('tags') ?? '');
    if (!traceql.ok) return new Fault(400, traceql.error);
    const bounds: { minMs?: number; maxMs?: number } = {};
    for (const [name, key] of [
      ['minDuration', 'minMs'],
      ['maxDuration', 'maxMs'],
    ] as const) {
      const text = query.get(name) ?? '';
      if (text === '') continue;
      const ns = durationNs(text);
      if (ns === undefined) return new Fault(400, `invalid ${name}: expected a duration such as 100ms`);
      bounds[key] = ns / 1e6;
    }
    const found = await searchTraceql(
      store,
      {
        ...seen,
        ...range.value,
        query: traceql.value,
        limit: limit.value,
        spansPerSet: spansPerSet.value,
        ...bounds,
      },
      { signal },
    );
    return found.ok ? searchReply(found.value) : badQuery(found.error);
  });
  route('/search/tags', async (call) => {
    const tags = await tagsOf(call);
    if (tags instanceof Fault) return tags;
    const names = tags.found.flatMap(({ tags: own }) => own);
    return { tagNames: [...new Set(names)].toSorted(), metrics: jobs(tags.complete) };
  });
  route('/v2/search/tags', async (call) => {
    const tags = await tagsOf(call);
    return tags instanceof Fault ? tags : { scopes: tags.found, metrics: jobs(tags.complete) };
  });
  route('/search/tag/:tag/values', async (call) => {
    const values = await valuesOf(call);
    return values instanceof Fault ? values : { tagValues: values.found, metrics: jobs(values.complete) };
  });
  route('/v2/search/tag/:tag/values', async (call) => {
    const values = await valuesOf(call);
    if (values instanceof Fault) return values;
    const type = fixedValuesOf(call.params['tag'] ?? '') ? 'keyword' : 'string';
    return { tagValues: values.found.map((value) => ({ type, value })), metrics: jobs(values.complete) };
  });
  route('/metrics/query_range', async ({ seen, query, signal }) => {
    const range = readRange(query, clock.now());
    if (!range.ok) return new Fault(400, range.error);
    const step = readStepMs(query, range.value);
    if (!step.ok) return new Fault(400, step.error);
    // Nought stands for "not said" in Tempo's own requests: without exemplars is `with (exemplars=false)`.
    const exemplars =
      query.get('exemplars') === '0'
        ? { ok: true as const, value: mostExemplars }
        : readCount(query, 'exemplars', mostExemplars, mostExemplars);
    if (!exemplars.ok) return new Fault(400, exemplars.error);
    const asked = {
      ...seen,
      ...range.value,
      stepMs: step.value,
      exemplars: exemplars.value,
      query: query.get('q') ?? query.get('query') ?? '',
    };
    const found = await traceqlMetrics(store, asked, { signal });
    return found.ok ? rangeReply(found.value) : badQuery(found.error);
  });
  route('/metrics/query', async ({ seen, query, signal }) => {
    const range = readRange(query, clock.now());
    if (!range.ok) return new Fault(400, range.error);
    const { fromMs, toMs } = range.value;
    // One step as long as the range; steps begin at multiples of their length, so it is moved to one.
    const stepMs = Math.ceil(toMs - fromMs);
    const found = await traceqlMetrics(
      store,
      { ...seen, fromMs, toMs, stepMs, query: query.get('q') ?? query.get('query') ?? '', whole: true },
      { signal },
    );
    return found.ok ? instantReply(found.value) : badQuery(found.error);
  });
  scope.get('/tempo/ready', (_, reply) => reply.type('text/plain; charset=utf-8').send('ready'));

  async function spansOf({ seen, params, signal }: TraceCall) {
    const id = traceIdOf(params['id'] ?? '');
    if (id === undefined) return new Fault(400, 'trace IDs can only contain hex characters, at most 32 of them');
    const spans = await readFullTrace(store, seen, id, { signal });
    return spans.length === 0 ? new Fault(404, 'trace not found') : spans;
  }

  function scopeOf({ seen, query }: TraceCall): Result<ReadScope, string> {
    const range = readRange(query, clock.now());
    return range.ok
      ? { ok: true, value: { ...seen, ...range.value, environment: '', boundTo: seen.site, service: '' } }
      : range;
  }

  async function tagsOf(call: TraceCall): Promise<Fault | FoundTags<{ name: string; tags: string[] }[]>> {
    const read = scopeOf(call);
    if (!read.ok) return new Fault(400, read.error);
    const most = readCount(call.query, 'limit', mostTags, mostTags);
    if (!most.ok) return new Fault(400, most.error);
    const wanted = call.query.get('scope') ?? '';
    if (!tagScopes.has(wanted))
      return new Fault(
        400,
        `invalid scope: expected one of ${[...tagScopes].filter((name) => name !== '').join(', ')}`,
      );
    const { found, complete } =
      wanted === 'intrinsic' || wanted === 'instrumentation'
        ? { found: { span: [], resource: [], event: [], link: [] }, complete: true }
        : await listSpanTags(
            store,
            read.value,
            { filter: tagFilter(call.query.get('q') ?? ''), most: most.value },
            { signal: call.signal },
          );
    const all = [
      { name: 'resource', tags: [...new Set(['service.name', ...found.resource])].toSorted() },
      { name: 'span', tags: found.span },
      { name: 'intrinsic', tags: [...intrinsicNames] },
      ...(['event', 'link'] as const)
        .map((name) => ({ name, tags: found[name] }))
        .filter(({ name, tags }) => tags.length > 0 || name === wanted),
    ];
    return { found: all.filter(({ name }) => wanted === '' || wanted === 'none' || name === wanted), complete };
  }

  async function valuesOf(call: TraceCall): Promise<Fault | FoundTags<readonly string[]>> {
    const tag = call.params['tag'] ?? '';
    const fixed = fixedValuesOf(tag);
    if (fixed) return { found: fixed, complete: true };
    const read = scopeOf(call);
    if (!read.ok) return new Fault(400, read.error);
    const most = readCount(call.query, 'limit', mostTags, mostTags);
    if (!most.ok) return new Fault(400, most.error);
    const of = placeOf(tag);
    if (!of) return { found: [], complete: true };
    const asked = { filter: tagFilter(call.query.get('q') ?? ''), most: most.value };
    return listTagValues(store, read.value, of, asked, { signal: call.signal });
  }
}

/** Scopes of tags that may be asked for; nothing is known of `instrumentation` but names, which are intrinsic. */
const tagScopes = new Set(['', 'none', 'span', 'resource', 'intrinsic', 'event', 'link', 'instrumentation']);

const fixedValuesOf = (tag: string): readonly string[] | undefined => fixedValues[tag.replace(/^span:/, '')];

/** Where a read ended at a bound, the part that was not looked at is a job that is not done. */
const jobs = (complete: boolean): object => ({ completedJobs: complete ? 1 : 0, totalJobs: 1 });

type Place = Parameters<typeof listTagValues>[2];

const columnsOfTags: Readonly<Record<string, Extract<Place, { column: unknown }>['column']>> = {
  name: 'name',
  'span:name': 'name',
  rootName: 'name',
  'trace:rootName': 'name',
  rootServiceName: 'service',
  'trace:rootService': 'service',
  'resource.service.name': 'service',
  '.service.name': 'service',
  'service.name': 'service',
  statusMessage: 'status_message',
  'span:statusMessage': 'status_message',
  'event:name': 'event_name',
  'instrumentation:name': 'scope_name',
};

/** Where the values of a tag stand; undefined where there is no list of them (durations, ids, what is not stored). */
function placeOf(tag: string): Place | undefined {
  const column = columnsOfTags[tag];
  if (column) return { column };
  if (intrinsicNames.includes(tag) || tag.startsWith('instrumentation.')) return undefined;
  const [, scoped, key = tag] = /^(span|resource|event|link)?\.(.+)$/s.exec(tag) ?? [];
  return { key, places: scoped === undefined ? ['span', 'resource'] : [scoped as TagScope] };
}

function badQuery({ message, position }: TraceqlError): Fault {
  return new Fault(400, `invalid TraceQL query: parse error at line 1, col ${position.from + 1}: ${message}`);
}
