import { queryLogql, stepFor } from '@sightline/contract';
import {
  logsOfMetric,
  parseLogql,
  runLogQuery,
  runMetricQuery,
  siteFits,
  toNs,
  type FoundEntry,
  type LogExpression,
  type LogqlMatcher,
  type LogqlQuery,
  type TelemetryReads,
} from '@sightline/query';
import type { z } from 'zod';
import { archiveWarnings, readingFar, type Far } from '../archive/far-reads.ts';
import { ApiFault } from '../compat/prometheus/fault.ts';
import { metricColumns } from '../metric-columns.ts';
import { ProblemReply, refuse, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';

/** Series that a chart and its table have room for. */
const mostSeries = 500;

const runLogql = answerRead(queryLogql, async ({ query: asked }, { deps, caller, signal }) => {
  const { from, to, environment, site, service, q, order, limit, points } = asked;
  if (from >= to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
  const began = deps.clock.now();
  const parsed = parseLogql(q);
  // Loki's words name line and column themselves.
  if (!parsed.ok)
    return refuse(400, 'The query cannot be read', parsed.error.message, { position: parsed.error.position });
  const query = scoped(parsed.value, [
    ...(environment === '' ? [] : [{ label: 'environment', op: '=' as const, value: environment }]),
    ...(service === '' ? [] : [{ label: 'service_name', op: '=' as const, value: service }]),
  ]);
  const stepMs = stepFor(to - from, points);
  const startMs = Math.ceil(from / stepMs) * stepMs;
  const endMs = Math.max(startMs, Math.floor(to / stepMs) * stepMs);
  const of = query.kind === 'log' ? { fromMs: from, toMs: to, logs: [query] } : logsOfMetric(query, startMs, endMs);
  const scope = { organisation: caller.organisation, site };
  const question = {
    ...scope,
    actor: { name: caller.actor, address: caller.address },
    fromMs: of.fromMs,
    toMs: of.toMs,
    text: `LogQL ${q.slice(0, 300)}`,
    siteFits: (one: string) => of.logs.some((log) => siteFits(log.matchers, one)),
  };
  const answered = await readingFar(
    question,
    { deps, signal, asked: asked.archive === 'true' ? 'on' : 'off' },
    (far, own): Promise<Answered | ProblemReply> =>
      query.kind === 'log'
        ? linesOf(
            deps.store,
            {
              ...scope,
              query,
              range: { fromNs: toNs(from), toNs: toNs(to) },
              direction: order === 'newest' ? 'backward' : 'forward',
              limit,
            },
            { far, signal: own },
          )
        : seriesOf(deps.store, { ...scope, query, startMs, endMs, stepMs }, { far, signal: own }),
  );
  if (answered instanceof ApiFault) return queryFault(answered.status, answered.message);
  if (answered instanceof ProblemReply) return answered;
  return { tookMs: deps.clock.now() - began, ...answered };
});

type Answered = Omit<z.input<typeof queryLogql.reply>, 'tookMs'>;

interface Reading {
  readonly far: Far;
  readonly signal: AbortSignal;
}

async function linesOf(
  store: TelemetryReads,
  asked: Parameters<typeof runLogQuery>[1],
  { far, signal }: Reading,
): Promise<Answered> {
  const { entries, cut, reached } = await runLogQuery(store, { ...asked, reach: far.reach }, { signal });
  const full = entries.length >= asked.limit;
  const archive = { bytes: reached?.archivedBytes ?? 0, missing: reached?.missing ?? [] };
  return {
    found: { kind: 'lines' as const, entries: entries.map(shown), more: full, cut },
    // A full page needs no more.
    warnings: archiveWarnings(far, { ...archive, done: reached?.done !== false || full || cut }),
  };
}

async function seriesOf(
  store: TelemetryReads,
  asked: Parameters<typeof runMetricQuery>[1],
  { far, signal }: Reading,
): Promise<Answered | ProblemReply> {
  const answer = await runMetricQuery(store, { ...asked, reach: far.reach }, { signal });
  if (!answer.ok) {
    const { kind, message } = answer.error;
    return queryFault(kind === 'bad_data' || kind === 'execution' ? 400 : new ApiFault(kind, '').status, message);
  }
  const { startMs, endMs, stepMs } = asked;
  const { value, lines, archive } = answer.value;
  const columns = metricColumns({ value, warnings: [], infos: [], samples: lines }, mostSeries, {
    startMs,
    stepMs,
    count: Math.round((endMs - startMs) / stepMs) + 1,
  });
  return { found: { kind: 'metrics' as const, columns }, warnings: archiveWarnings(far, archive) };
}

const shown = ({ tsNs, line, stream, metadata, parsed }: FoundEntry) => ({
  tsNs,
  at: Number(BigInt(tsNs) / 1_000_000n),
  line,
  stream: { ...stream },
  metadata: { ...metadata },
  parsed: { ...parsed },
});

const queryFault = (status: number, message: string): ProblemReply =>
  refuse(status, 'The query cannot be answered', message);

/** A query with the page's scope in each of its selectors. */
function scoped<Query extends LogqlQuery>(query: Query, matchers: readonly LogqlMatcher[]): Query;
function scoped(query: LogqlQuery, matchers: readonly LogqlMatcher[]): LogqlQuery {
  const bound = (log: LogExpression): LogExpression => ({ ...log, matchers: [...matchers, ...log.matchers] });
  switch (query.kind) {
    case 'log':
      return bound(query);
    case 'range':
      return { ...query, log: bound(query.log) };
    case 'vector-aggregation':
    case 'label_replace':
      return { ...query, inner: scoped(query.inner, matchers) };
    case 'binary':
      return { ...query, left: scoped(query.left, matchers), right: scoped(query.right, matchers) };
    case 'number':
    case 'vector':
      return query;
  }
}

/** LogQL for the interface: the same engine as behind Loki's API, in the page's scope. */
export const logqlRoutes: readonly Route[] = [runLogql];
