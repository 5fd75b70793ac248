import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { indexesFirst } from '../search/indexed.ts';
import { logColumns, toLog, type LogColumns, type LogRecord } from '../logs/log-row.ts';
import { errorColumns, toError, type ErrorColumns, type ErrorRecord } from './error-record.ts';
import { spanColumns, toSpan, type SpanColumns, type SpanRecord } from './span-row.ts';

export interface Trace {
  /** In order of their start. */
  readonly spans: SpanRecord[];
  readonly logs: LogRecord[];
  readonly errors: ErrorRecord[];
  /** True when there is more than what is here. */
  readonly truncated: boolean;
}

const bounds = { spans: 10_000, logs: 2000, errors: 500 } as const;

/**
 * Everything of one trace (32 hexadecimal digits). The indexes on the trace id prune, so it is looked for in all that is
 * kept. Empty when there is none in this organisation. Throws `StoreError`.
 */
export async function getTrace(
  reader: TelemetryReader,
  organisation: string,
  traceId: string,
  limits: QueryLimits = {},
): Promise<Trace> {
  const bound = { organisation, trace: traceId.toLowerCase() };
  // WHERE, not PREWHERE: then the engine remembers where the trace is for the next question about it.
  const read = async <Row extends { readonly spanHex: string }>(
    columns: string,
    table: string,
    most: number,
    startOf: (row: Row) => string,
  ): Promise<Row[]> => {
    const found = (order: string): Promise<Row[]> =>
      reader.query<Row>(
        `SELECT ${columns} FROM ${table} WHERE organisation = {organisation:String}
         AND trace_id = toFixedString(unhex({trace:String}), 16) ${order} LIMIT {most:UInt32}`,
        { ...bound, most: most + 1 },
        { ...limits, settings: { ...indexesFirst, ...limits.settings } },
      );
    const rows = await found('');
    // To plan an order costs more than to read a trace; of one that is too long the engine must say what comes first.
    if (rows.length > most) return found('ORDER BY ts, span_id');
    return rows.sort((a, b) => compareTexts(startOf(a), startOf(b)) || compareTexts(a.spanHex, b.spanHex));
  };
  const [spans, logs, errors] = await Promise.all([
    read<SpanColumns>(spanColumns, 'spans', bounds.spans, ({ startNs }) => startNs),
    read<LogColumns>(logColumns, 'logs', bounds.logs, ({ tsNs }) => tsNs),
    read<ErrorColumns>(errorColumns, 'errors', bounds.errors, ({ tsNs }) => tsNs),
  ]);
  return {
    spans: spans.slice(0, bounds.spans).map(toSpan),
    logs: logs.slice(0, bounds.logs).map(toLog),
    errors: errors.slice(0, bounds.errors).map(toError),
    truncated: spans.length > bounds.spans || logs.length > bounds.logs || errors.length > bounds.errors,
  };
}

/** Whole numbers by their size, ids of one length by their bytes. */
const compareTexts = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
