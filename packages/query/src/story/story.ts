import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { logColumns, toLog, type LogColumns, type LogRecord } from '../logs/log-row.ts';
import { errorColumns, toError, type ErrorColumns, type ErrorRecord } from '../traces/error-record.ts';
import { spanColumns, toSpan, type SpanColumns, type SpanRecord } from '../traces/span-row.ts';
import { compareNs, depthsOf, orderLanes, spanKey, tellStory } from './tell.ts';

export type StoryEntry =
  | { readonly kind: 'span'; readonly at: number; readonly tsNs: string; readonly span: SpanRecord }
  | { readonly kind: 'log'; readonly at: number; readonly tsNs: string; readonly log: LogRecord }
  | { readonly kind: 'error'; readonly at: number; readonly tsNs: string; readonly error: ErrorRecord };

export interface Story {
  readonly id: string;
  /** Services in causal order: who called comes before who was called. */
  readonly lanes: string[];
  /** In order of time. */
  readonly entries: StoryEntry[];
  /** What happened, in words; '' when there is nothing. */
  readonly sentence: string;
  readonly truncated: boolean;
}

const bounds = { traces: 50, spans: 2000, logs: 2000, errors: 200 } as const;

/**
 * Everything that carries one correlation id, or belongs to a trace of it, across services in order. `id` may also be a
 * trace id; then the correlation ids found on its spans are followed. Throws `StoreError`.
 */
export async function readStory(
  reader: TelemetryReader,
  organisation: string,
  id: string,
  limits: QueryLimits = {},
): Promise<Story> {
  const { correlations, traces } = await resolve(reader, organisation, id, limits);
  const read = <Row>(columns: string, table: string, most: number): Promise<Row[]> =>
    reader.query<Row>(
      `SELECT ${columns} FROM ${table} PREWHERE organisation = {organisation:String} AND (correlation_id IN ({correlations:Array(String)})
         OR trace_id IN (SELECT toFixedString(unhex(arrayJoin({traces:Array(String)})), 16))) ORDER BY ts, span_id LIMIT {most:UInt32}`,
      { organisation, correlations, traces, most: most + 1 },
      limits,
    );
  const [spans, logs, errors] = await Promise.all([
    read<SpanColumns>(spanColumns, 'spans', bounds.spans),
    read<LogColumns>(logColumns, 'logs', bounds.logs),
    read<ErrorColumns>(errorColumns, 'errors', bounds.errors),
  ]);
  const told = spans.slice(0, bounds.spans).map(toSpan);
  const depths = depthsOf(told);
  const depth = (entry: StoryEntry): number =>
    entry.kind === 'span' ? (depths.get(spanKey(entry.span)) ?? 0) : Infinity;
  const entries: StoryEntry[] = [
    ...told.map((span) => ({ kind: 'span' as const, at: span.at, tsNs: span.startNs, span })),
    ...logs
      .slice(0, bounds.logs)
      .map(toLog)
      .map((log) => ({ kind: 'log' as const, at: log.at, tsNs: log.tsNs, log })),
    ...errors
      .slice(0, bounds.errors)
      .map(toError)
      .map((error) => ({ kind: 'error' as const, at: error.at, tsNs: error.tsNs, error })),
  ].sort((a, b) => compareNs(a.tsNs, b.tsNs) || (depth(a) === depth(b) ? 0 : depth(a) - depth(b)));
  return {
    id,
    lanes: orderLanes(entries),
    entries,
    sentence: tellStory(entries),
    truncated:
      spans.length > bounds.spans ||
      logs.length > bounds.logs ||
      errors.length > bounds.errors ||
      traces.length >= bounds.traces,
  };
}

/** The correlation ids and traces that belong together with `id`. */
async function resolve(
  reader: TelemetryReader,
  organisation: string,
  id: string,
  limits: QueryLimits,
): Promise<{ correlations: string[]; traces: string[] }> {
  const correlations = new Set([id]);
  const traces = new Set<string>();
  const hex = id.replaceAll('-', '').toLowerCase();
  if (/^[0-9a-f]{32}$/.test(hex)) {
    traces.add(hex);
    const rows = await reader.query<{ correlation: string }>(
      `SELECT DISTINCT correlation_id AS correlation FROM (${['spans', 'logs', 'errors']
        .map(
          (table) =>
            `SELECT correlation_id FROM ${table} PREWHERE organisation = {organisation:String} AND trace_id = toFixedString(unhex({trace:String}), 16)`,
        )
        .join(' UNION ALL ')}) WHERE correlation_id != '' LIMIT {most:UInt32}`,
      { organisation, trace: hex, most: bounds.traces },
      limits,
    );
    for (const row of rows) correlations.add(row.correlation);
  }
  const rows = await reader.query<{ trace: string }>(
    `SELECT DISTINCT lower(hex(trace_id)) AS trace FROM (${['spans', 'logs', 'errors']
      .map(
        (table) =>
          `SELECT trace_id FROM ${table} PREWHERE organisation = {organisation:String} AND correlation_id IN ({correlations:Array(String)})`,
      )
      .join(' UNION ALL ')}) WHERE trace_id != toFixedString('', 16) LIMIT {most:UInt32}`,
    { organisation, correlations: [...correlations], most: bounds.traces },
    limits,
  );
  for (const row of rows) traces.add(row.trace);
  return { correlations: [...correlations], traces: [...traces] };
}
