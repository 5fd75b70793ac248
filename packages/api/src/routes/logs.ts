import { Readable } from 'node:stream';
import {
  exportPath,
  logContext,
  logFacets as facetsEndpoint,
  logFields,
  logFoundFields,
  logHistogram as histogramEndpoint,
  logPatterns as patternsEndpoint,
  logPatternValues as patternValuesEndpoint,
  scopeQuery,
  searchLogs as searchEndpoint,
  tailPath,
} from '@sightline/contract';
import {
  completeSearch,
  ExportBrokenOff,
  exportLogs,
  foundLogFields,
  getLogContext,
  knownSince,
  logFacets,
  logHistogram,
  logPatterns,
  logPatternValues,
  searchLogs,
  tailLogs,
  tooMuchArchive,
  type Facet,
  type LogContext,
  type LogRecord,
  type MinedPatterns,
  type PatternValues,
  type ReachedSoFar,
  type ReadScope,
} from '@sightline/query';
import type { QueryLimits } from '@sightline/store/port';
import { z } from 'zod';
import { exportReach, readingArchive, restoredIn, withReach } from '../archive/page-reads.ts';
import { Places } from '../places.ts';
import { scopeOf } from '../read-scope.ts';
import { answer, ProblemReply, refuse, stream, type CallContext, type Route } from '../route.ts';
import { reading, searchFault } from '../store-fault.ts';
import { exportFormats } from './log-export.ts';
import { openTail, tails } from './log-tail.ts';

const limitsOf = (context: CallContext): QueryLimits => ({ signal: context.signal, timeoutMs: 15_000 });

/** A read of the engine alone, or one that goes on in the archive. */
async function asFarAs<T extends { readonly reached?: ReachedSoFar }>(
  query: z.output<typeof scopeQuery> & { readonly q: string; readonly archive: 'true' | 'false' },
  context: CallContext,
  read: (scope: ReadScope, limits: QueryLimits) => Promise<T | ProblemReply>,
): Promise<T | ProblemReply> {
  const scope = scopeOf(query, context);
  if (query.archive !== 'true') return read({ ...scope, reach: await restoredIn(scope, context) }, limitsOf(context));
  return readingArchive({ ...scope, q: query.q }, context, (far, signal) =>
    read(far, { ...limitsOf(context), signal }),
  );
}

/** The day of the record with this id, as the audit trail names it. */
function dayOf(id: string): { from: number; to: number } {
  const [, seconds = '0'] = /^(\d{1,10})\d{9}-/.exec(id) ?? [];
  const from = Math.floor(Number(seconds) / 86_400) * 86_400_000;
  return { from, to: from + 86_400_000 };
}

type FoundInArchive = { readonly bytes: number; readonly missing: readonly string[] };

/** So long after its first line a pattern is called new. */
const newForMs = 86_400_000;

/** A file for a spreadsheet ends somewhere. */
const exportRows = 1_000_000;
/** Of archived files, that one export reads. */
const exportArchiveBytes = 4 * 1024 * 1024 * 1024;
/** No new stretch of the archive is begun after this: then the export breaks off, as where a file is missing. */
const exportArchiveMs = 30 * 60_000;
/** Those that read the archive take the engine's time from searches. */
const archiveExports = new Places({ server: 2, organisation: 1 });
/** Each holds one of the store's connections for as long as its reader takes: reads and loads need the others. */
const openExports = new Places({ server: 8, organisation: 4 });

const exportQuery = scopeQuery.extend({
  q: z.string().max(4000).default(''),
  order: z.enum(['newest', 'oldest']).default('newest'),
  format: z.enum(['csv', 'ndjson']).default('csv'),
  archive: z.enum(['true', 'false']).default('false'),
  missing: z.enum(['fail', 'skip']).default('fail'),
});

const tailQuery = scopeQuery.omit({ from: true, to: true }).extend({ q: z.string().max(4000).default('') });

export const logRoutes: readonly Route[] = [
  answer(searchEndpoint, ({ query }, context) =>
    reading(async () => {
      const startMs = context.deps.clock.now();
      const { q, order, limit, cursor } = query;
      const page = await asFarAs(query, context, async (scope, limits) => {
        const found = await searchLogs(context.deps.store, { ...scope, q, order, limit, cursor }, limits);
        return found.ok ? found.value : searchFault(found.error);
      });
      if (page instanceof ProblemReply) return page;
      return { ...withReach(page), tookMs: context.deps.clock.now() - startMs };
    }),
  ),
  answer(histogramEndpoint, ({ query }, context) =>
    reading(async () => {
      const { q, buckets } = query;
      const histogram = await asFarAs(query, context, async (scope, limits) => {
        const counted = await logHistogram(context.deps.store, { ...scope, q, buckets }, limits);
        return counted.ok ? counted.value : searchFault(counted.error);
      });
      return histogram instanceof ProblemReply ? histogram : withReach(histogram);
    }),
  ),
  answer(patternsEndpoint, ({ query }, context) =>
    reading(async () => {
      const startMs = context.deps.clock.now();
      const { q, limit } = query;
      const mined = await asFarAs<MinedPatterns & { readonly reached?: ReachedSoFar }>(
        query,
        context,
        async (scope, limits) => {
          const found = await logPatterns(context.deps.store, { ...scope, q, limit }, limits);
          if (!found.ok) return searchFault(found.error);
          if ('tooMuch' in found.value) return tooMuch(found.value.tooMuch);
          const { archive, ...patterns } = found.value;
          return { ...patterns, ...wholeReach(scope, archive) };
        },
      );
      if (mined instanceof ProblemReply) return mined;
      const { deps, caller } = context;
      const young = await deps.store.templates?.bornSince(caller.organisation, deps.clock.now() - newForMs);
      return {
        ...withReach(mined),
        patterns: mined.patterns.map((pattern) => ({
          ...pattern,
          trend: [...pattern.trend],
          phrases: [...pattern.phrases],
          newSince: knownSince(pattern.example, young ?? []) ?? null,
        })),
        tookMs: context.deps.clock.now() - startMs,
      };
    }),
  ),
  answer(patternValuesEndpoint, ({ query }, context) =>
    reading(async () => {
      const { q, template } = query;
      const found = await asFarAs<PatternValues & { readonly reached?: ReachedSoFar }>(
        query,
        context,
        async (scope, limits) => {
          const values = await logPatternValues(context.deps.store, { ...scope, q, template }, limits);
          if (!values.ok) return searchFault(values.error);
          if ('tooMuch' in values.value) return tooMuch(values.value.tooMuch);
          const { archive, ...rest } = values.value;
          return { ...rest, ...wholeReach(scope, archive) };
        },
      );
      if (found instanceof ProblemReply) return found;
      return {
        ...withReach(found),
        variables: found.variables.map((variable) => ({ ...variable, top: [...variable.top] })),
      };
    }),
  ),
  answer(facetsEndpoint, ({ query }, context) =>
    reading(async () => {
      const fields = query.fields.split(',').map((field) => field.trim());
      return asFarAs<{ facets: Facet[]; reached?: never }>(query, context, async (scope, limits) => {
        const input = { ...scope, q: query.q, fields, most: query.most };
        const facets = await logFacets(context.deps.store, input, limits);
        return facets.ok ? { facets: facets.value } : searchFault(facets.error);
      });
    }),
  ),
  answer(logFoundFields, ({ query }, context) =>
    reading(async () => {
      const found = await foundLogFields(
        context.deps.store,
        { ...scopeOf(query, context), q: query.q },
        limitsOf(context),
      );
      return found.ok ? found.value : searchFault(found.error);
    }),
  ),
  answer(logFields, ({ query }, context) =>
    reading(() => {
      const { field, prefix } = query;
      return completeSearch(
        context.deps.store,
        'logs',
        { ...scopeOf(query, context), field, prefix },
        limitsOf(context),
      );
    }),
  ),
  answer(logContext, ({ params, query }, context) =>
    reading(async () => {
      const { archive, ...asked } = query;
      const of = { ...dayOf(params.id), archive, environment: '', site: '', service: '', q: '' };
      const found = await asFarAs<{ context: LogContext | undefined; reached?: never }>(
        of,
        context,
        async ({ organisation, reach }, limits) => ({
          context: await getLogContext(context.deps.store, { organisation, reach, id: params.id, ...asked }, limits),
        }),
      );
      if (found instanceof ProblemReply) return found;
      return found.context ?? refuse(404, 'No such record', 'It does not exist, or its retention has ended.');
    }),
  ),
  stream(
    {
      method: 'GET',
      path: exportPath,
      permission: 'viewer',
      summary: 'Export logs as CSV or NDJSON, at most a million',
      query: exportQuery,
    },
    async ({ query }, context, reply) => {
      const { deps, caller } = context;
      const { q, order, format } = query;
      const scope = scopeOf(query, context);
      const far = query.archive === 'true';
      const reach = far
        ? await exportReach({ ...scope, q }, context, { mostBytes: exportArchiveBytes, mostMs: exportArchiveMs })
        : await restoredIn(scope, context);
      if (reach instanceof ProblemReply) return reach;
      const input = { ...scope, reach, q, order, limit: exportRows, skipMissing: query.missing === 'skip' };
      const rows = exportLogs(deps.store, input, { signal: context.signal });
      if (!rows.ok) return searchFault(rows.error);
      const places = far ? archiveExports : openExports;
      if (!places.enter(deps, caller.organisation))
        return refuse(503, 'Too many exports', 'Let another one end and try again.', {
          headers: { 'retry-after': '30' },
        });
      try {
        // The first record is awaited, so that a store that refuses still gets a proper answer.
        const iterator = rows.value[Symbol.asyncIterator]();
        const first = await reading(() => firstOf(iterator));
        if (first instanceof ProblemReply) return first;
        const { contentType, lines } = exportFormats[format];
        const name = `logs-${new Date(deps.clock.now()).toISOString().slice(0, 19).replaceAll(':', '')}.${format}`;
        reply.header('content-type', contentType).header('content-disposition', `attachment; filename="${name}"`);
        const body = lines(resume(first, iterator));
        await reply.send(Readable.from(body, { objectMode: false, highWaterMark: 64 * 1024 }));
      } finally {
        places.leave(deps, caller.organisation);
      }
      return undefined;
    },
  ),
  stream(
    {
      method: 'GET',
      path: tailPath,
      permission: 'viewer',
      summary: 'Follow logs as they arrive (server-sent events)',
      query: tailQuery,
    },
    async ({ query }, context, reply) => {
      const { deps, signal } = context;
      const input = {
        ...scopeOf({ ...query, from: 0, to: 0 }, context),
        q: query.q,
        sinceReceivedMs: deps.clock.now(),
      };
      const batches = tailLogs(deps.store, deps.clock, input, signal);
      if (!batches.ok) return searchFault(batches.error);
      if (!tails.enter(deps, context.caller.organisation))
        return refuse(503, 'Too many live tails', 'Close another one and try again.', {
          headers: { 'retry-after': '30' },
        });
      try {
        reply.hijack();
        await openTail(reply.raw, batches.value, deps, signal, { stillMay: context.stillMay });
      } finally {
        tails.leave(deps, context.caller.organisation);
      }
    },
  ),
];

/** What a read of a whole range took from the archive; nothing where it did not reach there. */
function wholeReach(scope: ReadScope, { bytes, missing }: FoundInArchive): { readonly reached?: ReachedSoFar } {
  if (!scope.reach?.archive) return {};
  const reachedNs = BigInt(Math.trunc(scope.fromMs)) * 1_000_000n;
  return { reached: { reachedNs, done: true, archivedBytes: bytes, missing } };
}

const tooMuch = (of: Parameters<typeof tooMuchArchive>[0]): ProblemReply =>
  refuse(422, 'Too much of the archive', `${tooMuchArchive(of).replace(/^./, (first) => first.toUpperCase())}.`);

/** The first record, or a refusal where a file of the archive cannot be read. */
async function firstOf(iterator: AsyncIterator<LogRecord>): Promise<IteratorResult<LogRecord> | ProblemReply> {
  try {
    return await iterator.next();
  } catch (error) {
    if (!(error instanceof ExportBrokenOff)) throw error;
    return refuse(409, 'The archive is not whole', `${error.message} With missing=skip the rest is exported.`);
  }
}

async function* resume(first: IteratorResult<LogRecord>, rest: AsyncIterator<LogRecord>): AsyncGenerator<LogRecord> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
