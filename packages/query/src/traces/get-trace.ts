import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
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
  const read = <Row>(columns: string, table: string, most: number): Promise<Row[]> =>
    reader.query<Row>(
      `SELECT ${columns} FROM ${table} PREWHERE organisation = {organisation:String}
       AND trace_id = toFixedString(unhex({trace:String}), 16) ORDER BY ts, span_id LIMIT {most:UInt32}`,
      { ...bound, most: most + 1 },
      limits,
    );
  const [spans, logs, errors] = await Promise.all([
    read<SpanColumns>(spanColumns, 'spans', bounds.spans),
    read<LogColumns>(logColumns, 'logs', bounds.logs),
    read<ErrorColumns>(errorColumns, 'errors', bounds.errors),
  ]);
  return {
    spans: spans.slice(0, bounds.spans).map(toSpan),
    logs: logs.slice(0, bounds.logs).map(toLog),
    errors: errors.slice(0, bounds.errors).map(toError),
    truncated: spans.length > bounds.spans || logs.length > bounds.logs || errors.length > bounds.errors,
  };
}
