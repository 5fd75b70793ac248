import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition, type ReadScope } from '../search/scope.ts';
import { bucketSql } from './duration-buckets.ts';
import { courseOf, type RedPoint } from './operations.ts';
import { minutesOf, rolledRows } from './rolled-rows.ts';
import { exampleColumns, toExample, type ExampleColumns, type SpanExample } from './span-example.ts';
import {
  figureColumns,
  figureOrders,
  figuresOf,
  type FigureColumns,
  type FigureOrder,
  type SpanFigures,
} from './span-figures.ts';

export type CallKind = 'db' | 'external' | 'queue' | 'ai';

/** Calls out of a process of one kind, folded. */
export interface CallSummary extends SpanFigures {
  readonly call: CallKind;
  readonly peer: string;
  readonly statement: string;
  readonly action: string;
  /** Callers, at most twenty. */
  readonly services: string[];
}

export interface CallsAsked extends ReadScope {
  readonly call: CallKind;
  /** `peer` folds statements and actions: the database, host or queue as a whole. */
  readonly groupBy: 'statement' | 'peer';
  /** '' for all. */
  readonly peer: string;
  readonly sort: FigureOrder;
  readonly limit: number;
}

/**
 * Database statements, external calls, queues or AI models, folded by the view at receipt. Of external calls those that one of our
 * own services answered are still there: they were made. Throws `StoreError`.
 */
export async function listCalls(
  reader: TelemetryReader,
  asked: CallsAsked,
  limits: QueryLimits = {},
): Promise<CallSummary[]> {
  const { minutes } = minutesOf(asked);
  if (minutes === 0) return [];
  const rows = rolledRows('calls', asked);
  const keys = asked.groupBy === 'peer' ? 'r.peer' : 'r.peer, r.statement, r.action';
  const folded =
    asked.groupBy === 'peer' ? `'' AS statement, '' AS action` : 'r.statement AS statement, r.action AS action';
  const found = await reader.query<
    FigureColumns & { peer: string; statement: string; action: string; services: string[] }
  >(
    `SELECT r.peer AS peer, ${folded}, arraySort(groupUniqArray(20)(toString(r.service))) AS services, ${figureColumns}
     FROM ${rows.sql} AS r WHERE r.call = {call:String} AND ({peer:String} = '' OR r.peer = {peer:String})
     GROUP BY ${keys} ORDER BY ${figureOrders[asked.sort]} DESC, peer, statement, action LIMIT {most:UInt32}`,
    { ...rows.parameters, call: asked.call, peer: asked.peer, most: asked.limit },
    limits,
  );
  return found.map((row) => ({
    call: asked.call,
    peer: row.peer,
    statement: row.statement,
    action: row.action,
    services: row.services,
    ...figuresOf(row, minutes),
  }));
}

export interface CallDetail {
  readonly sites: ({ readonly site: string } & SpanFigures)[];
  readonly callers: { readonly service: string; readonly operation: string; readonly calls: number }[];
  readonly stepMs: number;
  readonly points: RedPoint[];
  readonly examples: SpanExample[];
  /** A statement as it was sent. */
  readonly sample: string;
}

export interface CallDetailAsked extends ReadScope {
  readonly call: CallKind;
  /** '' for any. */
  readonly peer: string;
  readonly statement: string;
}

const most = { sites: 200, callers: 50, pairs: 5000, examples: 20 } as const;

/** One statement, host, queue or model looked at closely, from the spans themselves. Throws `StoreError`. */
export async function readCall(
  reader: TelemetryReader,
  asked: CallDetailAsked,
  limits: QueryLimits = {},
): Promise<CallDetail> {
  const scope = scopeCondition(asked);
  const { minutes } = minutesOf(asked);
  const parameters = { call: asked.call, peer: asked.peer, statement: asked.statement };
  const fits = (of: string): string =>
    `${of}call = {call:String} AND ({peer:String} = '' OR ${of}peer = {peer:String}) AND ({statement:String} = '' OR ${of}statement = {statement:String})`;
  const bound = { ...scope.parameters, ...parameters };
  // Who is bound to a site learns nothing of callers at another.
  const seen = asked.boundTo ? ' AND site = {boundTo:String}' : '';
  const [sites, callers, examples, course] = await Promise.all([
    reader.query<FigureColumns & { site: string }>(
      `SELECT r.site AS site, ${figureColumns} FROM (SELECT site, ${bucketSql} AS bucket, toUInt64(1) AS calls, toUInt64(status_code = 2) AS errors, duration_ns
         FROM spans PREWHERE ${scope.sql} AND ${fits('')}) AS r GROUP BY r.site ORDER BY sum(r.duration_ns) DESC LIMIT {most:UInt32}`,
      { ...bound, most: most.sites },
      limits,
    ),
    reader.query<{ service: string; name: string; total: string }>(
      // Parents begin before their children, as a rule in the same minutes: only those are read.
      `SELECT service, name, toString(sum(n)) AS total FROM (
         SELECT trace_id, span_id AS id, any(service) AS service, any(name) AS name FROM spans
         PREWHERE organisation = {organisation:String}${seen} AND toStartOfMinute(ts) >= toStartOfMinute(fromUnixTimestamp64Nano({fromNs:Int64})) - INTERVAL 10 MINUTE
           AND toStartOfMinute(ts) <= toStartOfMinute(fromUnixTimestamp64Nano({toNs:Int64}))
           AND trace_id IN (SELECT trace_id FROM spans PREWHERE ${scope.sql} AND ${fits('')} ORDER BY toStartOfMinute(ts) DESC LIMIT {pairs:UInt32})
         GROUP BY trace_id, id) AS parents
       INNER JOIN (SELECT trace_id, parent_id AS id, count() AS n FROM (
           SELECT trace_id, parent_id FROM spans PREWHERE ${scope.sql} AND ${fits('')} ORDER BY toStartOfMinute(ts) DESC LIMIT {pairs:UInt32}) GROUP BY trace_id, id) AS children
       USING (trace_id, id) GROUP BY service, name ORDER BY sum(n) DESC, service, name LIMIT {callers:UInt32}`,
      { ...bound, pairs: most.pairs, callers: most.callers },
      limits,
    ),
    reader.query<ExampleColumns & { sample: string }>(
      `SELECT ${exampleColumns}, if(attrs['db.query.text'] != '', attrs['db.query.text'], attrs['db.statement']) AS sample
       FROM spans PREWHERE ${scope.sql} AND ${fits('')} ORDER BY duration_ns DESC, ts DESC LIMIT {most:UInt32}`,
      { ...bound, most: most.examples },
      limits,
    ),
    courseOf(reader, 'calls', { ...asked, points: 60 }, { sql: fits('r.'), parameters }, limits),
  ]);
  return {
    sites: sites.map((row) => ({ site: row.site, ...figuresOf(row, minutes) })),
    callers: callers.map(({ service, name, total }) => ({ service, operation: name, calls: Number(total) })),
    ...course,
    examples: examples.map(toExample),
    sample: examples.find(({ sample }) => sample !== '')?.sample ?? '',
  };
}
