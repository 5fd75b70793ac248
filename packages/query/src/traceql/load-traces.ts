import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { treeOf } from '../traces/analyse/trace-tree.ts';
import { atHand, type TraceAtHand } from './evaluate.ts';
import { fullSpanColumns, toFullSpan, type FullSpan, type FullSpanColumns } from './full-span.ts';

/** Spans of a trace are looked for this far around the searched range. */
export const aroundMs = 3_600_000;
/** Spans that are loaded at once. */
export const mostSpans = 50_000;
/** Spans of one trace that are looked at. */
const mostOfTrace = 10_000;

/** The traces with these ids (32 hexadecimal digits), as far as they lie around the range; their spans are bounded. Throws `StoreError`. */
export async function loadTraces(
  reader: TelemetryReader,
  range: {
    readonly organisation: string;
    readonly site?: string | undefined;
    readonly environment?: string | undefined;
    readonly fromMs: number;
    readonly toMs: number;
  },
  ids: readonly string[],
  limits: QueryLimits,
): Promise<ReadonlyMap<string, TraceAtHand>> {
  if (ids.length === 0) return new Map();
  const rows = await reader.query<FullSpanColumns>(
    `SELECT ${fullSpanColumns} FROM spans PREWHERE organisation = {organisation:String}
       AND toStartOfMinute(ts) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64})) AND toStartOfMinute(ts) <= toStartOfMinute(fromUnixTimestamp64Milli({toMs:Int64}))
       AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))${ofSite(range.site)}${(range.environment ?? '') === '' ? '' : ' AND environment = {environment:String}'}
     LIMIT {ofTrace:UInt32} BY trace_id LIMIT {most:UInt32}`,
    {
      organisation: range.organisation,
      site: range.site ?? '',
      environment: range.environment ?? '',
      fromMs: Math.max(0, Math.trunc(range.fromMs) - aroundMs),
      toMs: Math.min(4_294_944_000_000, Math.trunc(range.toMs) + aroundMs),
      ids: [...ids],
      ofTrace: mostOfTrace,
      most: mostSpans,
    },
    limits,
  );
  const spans = new Map<string, FullSpan[]>();
  for (const row of rows) {
    const span = toFullSpan(row);
    const list = spans.get(span.traceId);
    if (list) list.push(span);
    else spans.set(span.traceId, [span]);
  }
  return new Map([...spans].map(([id, list]) => [id, atHand(treeOf(list))]));
}

const ofSite = (site = ''): string => (site === '' ? '' : ' AND site = {site:String}');

/** All spans of one trace, or those of one site, wherever it lies, the first ten thousand. Throws `StoreError`. */
export async function readFullTrace(
  reader: TelemetryReader,
  { organisation, site }: { readonly organisation: string; readonly site?: string | undefined },
  traceId: string,
  limits: QueryLimits = {},
): Promise<FullSpan[]> {
  const rows = await reader.query<FullSpanColumns>(
    `SELECT ${fullSpanColumns} FROM spans PREWHERE organisation = {organisation:String} AND trace_id = toFixedString(unhex({trace:String}), 16)${ofSite(site)}
     ORDER BY ts, span_id LIMIT {most:UInt32}`,
    { organisation, site: site ?? '', trace: traceId.toLowerCase(), most: mostOfTrace },
    limits,
  );
  return rows.map(toFullSpan);
}
