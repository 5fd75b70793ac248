import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { growingWindows, logsByTime, scopeCondition, upToSecondOf, type Window } from '../search/scope.ts';
import type { LogExpression } from './ast.ts';
import { type LogqlScope, logqlBounds } from './bounds.ts';
import { compileLog } from './condition-sql.ts';
import { metadataLabels, rowColumns, streamLabels, type Labels, type LogRow } from './labels.ts';
import { compilePipeline, Entry } from './pipeline.ts';

export interface LogQuery extends LogqlScope {
  readonly query: LogExpression;
  /** Nanoseconds, `to` excluded. */
  readonly range: Window;
  readonly direction: 'forward' | 'backward';
  readonly limit: number;
}

/** A line with its labels by where they come from. */
export interface FoundEntry {
  readonly tsNs: string;
  readonly line: string;
  readonly stream: Labels;
  readonly metadata: Labels;
  readonly parsed: Labels;
}

export interface FoundLogs {
  readonly entries: readonly FoundEntry[];
  /** Lines and bytes that came out of the engine. */
  readonly lines: number;
  readonly bytes: number;
  /** True when a bound ended the search before the range or the limit did. */
  readonly cut: boolean;
}

/** Shorter windows are read whole in less time than a question for their newest second takes. */
const longWindowNs = 3_600_000_000_000n;

/**
 * Entries of a log query in order of time. What the engine can decide it decides; the pipeline runs over its rows as they stream.
 * Throws `StoreError`.
 */
export async function runLogQuery(
  reader: TelemetryReader,
  { query, range, direction, limit, organisation, site }: LogQuery,
  limits: QueryLimits = {},
): Promise<FoundLogs> {
  const compiled = compileLog(query);
  const take = rowReader(query);
  const order = direction === 'backward' ? 'DESC' : 'ASC';
  const entries: FoundEntry[] = [];
  let [lines, bytes] = [0, 0];
  for (const window of growingWindows(range, direction === 'backward' ? 'newest' : 'oldest')) {
    const scope = scopeCondition({ organisation, fromMs: 0, toMs: 0, environment: '', site, service: '' }, window);
    const most = compiled.exact ? limit - entries.length : logqlBounds.lines - lines;
    const found = `FROM logs PREWHERE ${scope.sql} AND ${compiled.sql}`;
    const near = window.toNs - window.fromNs > longWindowNs ? `AND ${upToSecondOf(order, found, '{most:UInt32}')}` : '';
    const rows = reader.stream<LogRow>(
      `SELECT ${rowColumns} ${found} ${near}
       ORDER BY ${logsByTime(order)} LIMIT {most:UInt32}`,
      { ...scope.parameters, ...compiled.parameters, most },
      { timeoutMs: logqlBounds.timeoutMs, resultRows: most, threads: 2, ...limits },
    );
    for await (const row of rows) {
      lines += 1;
      bytes += row.line.length;
      const entry = take(row);
      if (entry) entries.push(entry);
      if (entries.length >= limit) return { entries, lines, bytes, cut: false };
      if (lines >= logqlBounds.lines || bytes > logqlBounds.bytes) return { entries, lines, bytes, cut: true };
    }
  }
  return { entries, lines, bytes, cut: false };
}

/** Runs a query's pipeline over rows that its condition let pass; undefined for those that it drops. */
export function rowReader({ stages }: LogExpression): (row: LogRow) => FoundEntry | undefined {
  const pipeline = compilePipeline(stages);
  return (row) => {
    const entry = entryOf(row);
    if (!pipeline(entry)) return undefined;
    return {
      tsNs: row.tsNs,
      line: entry.line,
      stream: Object.fromEntries(entry.stream),
      metadata: Object.fromEntries(entry.metadata),
      parsed: Object.fromEntries(entry.parsed),
    };
  };
}

export function entryOf(row: LogRow): Entry {
  const stream = streamLabels(row);
  return new Entry(BigInt(row.tsNs), row.line, stream, metadataLabels(row, stream));
}
