import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { readStretches, type LogReach, type ReachedSoFar } from '../logs/log-reach.ts';
import { hotTable, tableOf } from '../logs/log-table.ts';
import { firstByTime, scopeCondition, type Window } from '../search/scope.ts';
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
  /** How far beyond the engine's table it reads; without one not at all. */
  readonly reach?: LogReach | undefined;
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
  /** How far it came where it reads the archive. */
  readonly reached?: ReachedSoFar;
}

/** Shorter windows are read whole in less time than a question for their newest second takes. */
const longWindowNs = 3_600_000_000_000n;

/**
 * Entries of a log query in order of time. What the engine can decide it decides; the pipeline runs over its rows as they stream.
 * Throws `StoreError`.
 */
export async function runLogQuery(
  reader: TelemetryReader,
  { query, range, direction, limit, organisation, site, reach }: LogQuery,
  limits: QueryLimits = {},
): Promise<FoundLogs> {
  const compiled = compileLog(query);
  const take = rowReader(query);
  const order = direction === 'backward' ? 'DESC' : 'ASC';
  const entries: FoundEntry[] = [];
  let [lines, bytes] = [0, 0];
  let cut = false;
  const reached = await readStretches(
    range,
    direction === 'backward' ? 'newest' : 'oldest',
    { reach, growing: true },
    limits,
    async (window, sources, own) => {
      const scope = scopeCondition({ organisation, fromMs: 0, toMs: 0, environment: '', site, service: '' }, window);
      const most = compiled.exact ? limit - entries.length : logqlBounds.lines - lines;
      const table = reach ? tableOf(sources) : hotTable;
      const found = table.from(`${scope.sql} AND ${compiled.sql}`);
      const long = table === hotTable && window.toNs - window.fromNs > longWindowNs;
      const rows = reader.stream<LogRow>(
        firstByTime(rowColumns, found, order, '{most:UInt32}', long),
        { ...scope.parameters, ...compiled.parameters, ...table.parameters, most },
        { timeoutMs: logqlBounds.timeoutMs, resultRows: most, threads: 2, ...own },
      );
      for await (const row of rows) {
        lines += 1;
        bytes += row.line.length;
        const entry = take(row);
        if (entry) entries.push(entry);
        if (entries.length >= limit) return 'enough';
        if (lines >= logqlBounds.lines || bytes > logqlBounds.bytes) {
          cut = true;
          return 'enough';
        }
      }
      return 'more';
    },
  );
  return { entries, lines, bytes, cut, ...(reached ? { reached } : {}) };
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
