import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition, type Condition, type ReadScope } from '../search/scope.ts';
import { bucketSql } from './duration-buckets.ts';
import { minutesOf, rolledRows } from './rolled-rows.ts';
import { figureColumns, figuresOf, type FigureColumns, type SpanFigures } from './span-figures.ts';

export interface MapNode extends SpanFigures {
  readonly id: string;
  readonly kind: 'service' | 'db' | 'queue' | 'external' | 'ai';
  readonly name: string;
}

export interface MapEdge extends SpanFigures {
  readonly from: string;
  readonly to: string;
  readonly kind: 'request' | 'message';
  readonly lagMs: number;
}

export interface ServiceMap {
  readonly nodes: MapNode[];
  readonly edges: MapEdge[];
  /** Up to when pairs of services are known, ms. */
  readonly knownToMs: number;
  readonly truncated: boolean;
}

const most = 1000;
/** A host of which our own services answered more than this share of calls is one of them, not a stranger. */
const ownShare = 0.5;

type EdgeRow = FigureColumns & { from: string; to: string; message: number; waited: number };
type CallRow = FigureColumns & {
  call: 'db' | 'queue' | 'external' | 'ai';
  peer: string;
  service: string;
  action: string;
};
type NodeRow = FigureColumns & { service: string };

/**
 * Who calls whom, from the views. Pairs of services come from the step that joins parents and children (`knownToMs` says how
 * far it is); databases, hosts, queues and AI from the callers alone. With a site the pairs are joined here, from its spans.
 * The scope's service, where it is named, is shown with its neighbours. Throws `StoreError`.
 */
export async function readServiceMap(
  reader: TelemetryReader,
  scope: ReadScope,
  nowMs: number,
  limits: QueryLimits = {},
): Promise<ServiceMap> {
  const { minutes } = minutesOf(scope);
  if (minutes === 0) return { nodes: [], edges: [], knownToMs: nowMs, truncated: false };
  const wide = { ...scope, service: '' };
  const pairRows = scope.site === '' ? rolledRows('edges', wide) : pairsOfSite(wide);
  const callRows = rolledRows('calls', scope);
  const entryRows = rolledRows('operations', wide);
  const bound = (parameters: Condition['parameters']) => ({ ...parameters, most: most + 1, service: scope.service });
  const [pairs, answered, calls, entries, known] = await Promise.all([
    reader.query<EdgeRow>(
      `SELECT r.caller AS from, r.callee AS to, r.message AS message, sum(r.lag_ns) / sum(r.calls) / 1e6 AS waited, ${figureColumns} FROM ${pairRows.sql} AS r
       WHERE {service:String} = '' OR r.caller = {service:String} OR r.callee = {service:String}
       GROUP BY r.caller, r.callee, r.message ORDER BY sum(r.calls) DESC, from, to LIMIT {most:UInt32}`,
      bound(pairRows.parameters),
      limits,
    ),
    reader.query<{ service: string; peer: string; total: string }>(
      `SELECT r.caller AS service, r.peer AS peer, toString(sum(r.calls)) AS total FROM ${pairRows.sql} AS r WHERE r.peer != '' GROUP BY r.caller, r.peer LIMIT 10000`,
      pairRows.parameters,
      limits,
    ),
    reader.query<CallRow>(
      `SELECT r.call AS call, r.peer AS peer, r.service AS service, multiIf(r.call != 'queue', '', r.action IN ('publish', 'send', 'create'), 'publish', 'process') AS action, ${figureColumns}
       FROM ${callRows.sql} AS r GROUP BY r.call, r.peer, r.service, action ORDER BY sum(r.calls) DESC, call, peer, service LIMIT {most:UInt32}`,
      { ...callRows.parameters, most: most + 1 },
      limits,
    ),
    reader.query<NodeRow>(
      `SELECT r.service AS service, ${figureColumns} FROM ${entryRows.sql} AS r WHERE r.entry = 1 GROUP BY r.service ORDER BY sum(r.calls) DESC, service LIMIT {most:UInt32}`,
      { ...entryRows.parameters, most: most + 1 },
      limits,
    ),
    reader.query<{ doneMs: string }>(
      `SELECT toString(max(toUnixTimestamp64Milli(done_to))) AS doneMs FROM span_steps WHERE step = 'edges'`,
      {},
      limits,
    ),
  ]);
  const own = new Map(answered.map(({ service, peer, total }) => [`${service}\n${peer}`, Number(total)]));
  const strangers = calls
    .slice(0, most)
    .filter(
      ({ call, service, peer, total }) =>
        call !== 'external' || (own.get(`${service}\n${peer}`) ?? 0) < Number(total) * ownShare,
    );
  const edges: MapEdge[] = [
    ...pairs.slice(0, most).map((row): MapEdge => ({
      from: `service:${row.from}`,
      to: `service:${row.to}`,
      kind: row.message === 1 ? 'message' : 'request',
      lagMs: row.message === 1 ? row.waited : 0,
      ...figuresOf(row, minutes),
    })),
    ...strangers.map((row): MapEdge => {
      const [service, peer] = [`service:${row.service}`, `${row.call}:${row.peer}`];
      const [from, to] = row.action === 'process' ? [peer, service] : [service, peer];
      return { from, to, kind: row.call === 'queue' ? 'message' : 'request', lagMs: 0, ...figuresOf(row, minutes) };
    }),
  ];
  return {
    nodes: nodesOf(edges, entries, scope.service, minutes),
    edges,
    knownToMs: scope.site === '' ? Number(known[0]?.doneMs ?? 0) : nowMs,
    truncated: pairs.length > most || calls.length > most || entries.length > most,
  };
}

/** Every end of an edge, and services without one. A service's figures are those of what it serves, another node's the sum of its edges. */
function nodesOf(edges: readonly MapEdge[], entries: readonly NodeRow[], only: string, minutes: number): MapNode[] {
  const served = new Map(entries.map((row) => [`service:${row.service}`, figuresOf(row, minutes)]));
  const ids = new Set(edges.flatMap(({ from, to }) => [from, to]));
  for (const id of served.keys()) if (only === '' || id === `service:${only}`) ids.add(id);
  return [...ids].map((id): MapNode => {
    const kind = id.slice(0, id.indexOf(':')) as MapNode['kind'];
    const figures =
      served.get(id) ?? sumOf(edges.filter((edge) => edge.to === id || (kind === 'queue' && edge.from === id)));
    return { id, kind, name: id.slice(kind.length + 1), ...figures };
  });
}

function sumOf(edges: readonly SpanFigures[]): SpanFigures {
  const sum = (of: (edge: SpanFigures) => number): number => edges.reduce((total, edge) => total + of(edge), 0);
  const calls = sum((edge) => edge.calls);
  const errors = sum((edge) => edge.errors);
  // Without the buckets at hand: the quantiles of the edges, weighted by their calls.
  const mean = (of: (edge: SpanFigures) => number): number =>
    calls === 0 ? 0 : sum((edge) => of(edge) * edge.calls) / calls;
  return {
    calls,
    callsPerMin: sum((edge) => edge.callsPerMin),
    errors,
    errorRate: calls === 0 ? 0 : errors / calls,
    p50Ms: mean((edge) => edge.p50Ms),
    p95Ms: mean((edge) => edge.p95Ms),
    p99Ms: mean((edge) => edge.p99Ms),
    totalMs: sum((edge) => edge.totalMs),
  };
}

/**
 * Pairs of one site, joined from its spans (a hundredth of all): children with their parents, and consumers with the producers that they link
 * to, of their first 128 links. As `packages/store`'s step does it for all sites.
 */
export function pairsOfSite(scope: ReadScope): Condition {
  const condition = scopeCondition(scope);
  const childColumns = `ts, service, kind, ${bucketSql} AS bucket, toUInt64(status_code = 2) AS errors, duration_ns, toUnixTimestamp64Nano(ts) AS began`;
  const pairColumns = `toStartOfMinute(child.ts) AS minute, parent.service AS caller, child.service AS callee, toUInt8(child.kind = 5) AS message, parent.peer AS peer, child.bucket AS bucket,
        toUInt64(1) AS calls, child.errors AS errors, child.duration_ns AS duration_ns, if(child.kind = 5, toUInt64(greatest(0, child.began - parent.ended)), 0) AS lag_ns`;
  return {
    sql: `(SELECT ${pairColumns}
      FROM (SELECT trace_id, parent_id, ${childColumns} FROM spans PREWHERE ${condition.sql} WHERE parent_id != toFixedString('', 8)) AS child
      INNER JOIN (SELECT trace_id, span_id, service, if(call IN ('external', 'queue'), peer, '') AS peer, toUnixTimestamp64Nano(ts) + toInt64(duration_ns) AS ended
            FROM spans PREWHERE ${condition.sql}) AS parent
      ON child.trace_id = parent.trace_id AND child.parent_id = parent.span_id
      WHERE child.service != parent.service
      UNION ALL SELECT ${pairColumns}
      FROM (SELECT link.1 AS trace_id, link.2 AS parent_id, ts, service, kind, bucket, errors, duration_ns, began
            FROM (SELECT trace_id AS own_trace, parent_id AS own_parent, links.trace_id AS traces, links.span_id AS ids, ${childColumns}
                  FROM spans PREWHERE ${condition.sql} AND kind = 5
                  WHERE notEmpty(links.trace_id) AND attrs['messaging.operation.type'] != 'receive' AND attrs['messaging.operation'] != 'receive')
            ARRAY JOIN arrayDistinct(arrayZip(arraySlice(traces, 1, 128), arraySlice(ids, 1, 128))) AS link
            WHERE NOT (own_trace = link.1 AND own_parent = link.2)) AS child
      INNER JOIN (SELECT trace_id, span_id, service, peer, toUnixTimestamp64Nano(ts) + toInt64(duration_ns) AS ended
            FROM spans PREWHERE ${condition.sql} AND kind IN (3, 4) WHERE call = 'queue') AS parent
      ON child.trace_id = parent.trace_id AND child.parent_id = parent.span_id
      WHERE child.service != parent.service)`,
    parameters: condition.parameters,
  };
}
