import { queryLogql, stepFor } from '@sightline/contract';
import {
  parseLogql,
  runLogQuery,
  runMetricQuery,
  toNs,
  type FoundEntry,
  type LogExpression,
  type LogqlMatcher,
  type LogqlQuery,
} from '@sightline/query';
import { metricColumns } from '../metric-columns.ts';
import { refuse, type ProblemReply, type Route } from '../route.ts';
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
  const scope = { organisation: caller.organisation, site };
  if (query.kind === 'log') {
    const found = await runLogQuery(
      deps.store,
      {
        ...scope,
        query,
        range: { fromNs: toNs(from), toNs: toNs(to) },
        direction: order === 'newest' ? 'backward' : 'forward',
        limit,
      },
      { signal },
    );
    const { entries, cut } = found;
    return {
      tookMs: deps.clock.now() - began,
      found: { kind: 'lines' as const, entries: entries.map(shown), more: entries.length >= limit, cut },
    };
  }
  const stepMs = stepFor(to - from, points);
  const startMs = Math.ceil(from / stepMs) * stepMs;
  const endMs = Math.max(startMs, Math.floor(to / stepMs) * stepMs);
  const found = await runMetricQuery(deps.store, { ...scope, query, startMs, endMs, stepMs }, { signal });
  if (!found.ok) return metricFault(found.error);
  const { value, lines } = found.value;
  const columns = metricColumns({ value, warnings: [], infos: [], samples: lines }, mostSeries, {
    startMs,
    stepMs,
    count: Math.round((endMs - startMs) / stepMs) + 1,
  });
  return { tookMs: deps.clock.now() - began, found: { kind: 'metrics' as const, columns } };
});

const shown = ({ tsNs, line, stream, metadata, parsed }: FoundEntry) => ({
  tsNs,
  at: Number(BigInt(tsNs) / 1_000_000n),
  line,
  stream: { ...stream },
  metadata: { ...metadata },
  parsed: { ...parsed },
});

function metricFault({ kind, message }: { readonly kind: string; readonly message: string }): ProblemReply {
  const status = kind === 'bad_data' || kind === 'execution' ? 400 : kind === 'canceled' ? 499 : 503;
  return refuse(status, 'The query cannot be answered', message);
}

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
