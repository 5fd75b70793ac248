import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition, type ReadScope } from '../search/scope.ts';
import { exampleColumns, toExample, type ExampleColumns, type SpanExample } from './span-example.ts';

export interface EdgeExamplesAsked extends ReadScope {
  readonly caller: string;
  readonly callee: string;
  readonly limit: number;
}

/** Spans of the callee, the newest ones, among which calls of the caller are looked for. */
const spansLookedAt = 20_000;

/** Spans of one service whose parent is a span of another, those that failed and then the slowest first. Throws `StoreError`. */
export async function edgeExamples(
  reader: TelemetryReader,
  asked: EdgeExamplesAsked,
  limits: QueryLimits = {},
): Promise<SpanExample[]> {
  const scope = scopeCondition({ ...asked, service: '' });
  const newest = `FROM spans PREWHERE ${scope.sql} AND service = {callee:String} AND parent_id != toFixedString('', 8)
       ORDER BY toStartOfMinute(ts) DESC LIMIT ${spansLookedAt}`;
  const rows = await reader.query<ExampleColumns>(
    // Parents begin before their children, as a rule in the same minutes: only those are read.
    `SELECT * EXCEPT (trace_id, parent_id) FROM (SELECT ${exampleColumns}, trace_id, parent_id ${newest})
     WHERE (trace_id, parent_id) IN (SELECT trace_id, span_id FROM spans
       PREWHERE organisation = {organisation:String}${asked.boundTo ? ' AND site = {boundTo:String}' : ''} AND service = {caller:String}
         AND toStartOfMinute(ts) >= toStartOfMinute(fromUnixTimestamp64Nano({fromNs:Int64})) - INTERVAL 10 MINUTE
         AND toStartOfMinute(ts) <= toStartOfMinute(fromUnixTimestamp64Nano({toNs:Int64}))
         AND trace_id IN (SELECT trace_id ${newest}))
     ORDER BY failed DESC, toUInt64(lasted) DESC LIMIT {limit:UInt32}`,
    { ...scope.parameters, caller: asked.caller, callee: asked.callee, limit: asked.limit },
    limits,
  );
  return rows.map(toExample);
}
