import { fail, ok, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { SearchError } from '../search/ast.ts';
import { compileSearch } from '../search/search.ts';
import { growingWindows, scopeCondition, windowOf, type ReadScope } from '../search/scope.ts';
import { logColumns, parseLogCursor, toLog, type LogColumns, type LogCursor, type LogRecord } from './log-row.ts';

export interface LogSearch extends ReadScope {
  /** The search language. */
  readonly q: string;
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
  /** `next` of the page before; '' for the first. */
  readonly cursor: string;
}

export interface LogPage {
  readonly rows: LogRecord[];
  /** Cursor of the next page; '' when this was the last. */
  readonly next: string;
  /** What to light up in the bodies, lower case. */
  readonly words: string[];
}

/**
 * A page of logs. Reads stretches of time that grow from the range's near end until the page is full. Pages neither lose
 * nor repeat a record, however many share one nanosecond. Throws `StoreError`; a faulty search or cursor is a value.
 */
export async function searchLogs(
  reader: TelemetryReader,
  input: LogSearch,
  limits: QueryLimits = {},
): Promise<Result<LogPage, SearchError>> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  const cursor = input.cursor === '' ? undefined : parseLogCursor(input.cursor);
  if (input.cursor !== '' && !cursor)
    return fail({ message: 'expected the cursor of a page before', position: { from: 0, to: 0 } });
  const down = input.order === 'newest';
  const range = windowOf(input);
  const begin = cursor && !down && cursor.ns > range.fromNs ? cursor.ns : range.fromNs;
  const end = cursor && down && cursor.ns + 1n < range.toNs ? cursor.ns + 1n : range.toNs;
  const rows: LogColumns[] = [];
  let skip = cursor?.skip ?? 0;
  for (const window of growingWindows({ fromNs: begin, toNs: end }, input.order)) {
    const scope = scopeCondition(input, window);
    const wanted = input.limit + 1 - rows.length;
    const direction = down ? 'DESC' : 'ASC';
    const found = await reader.query<LogColumns>(
      `SELECT ${logColumns} FROM logs
       PREWHERE ${scope.sql} AND ${search.value.sql}
       WHERE ${cursor ? after(down) : '1'}
       ORDER BY toStartOfMinute(ts) ${direction}, ts ${direction}, id ${direction} LIMIT {wanted:UInt32} OFFSET {skip:UInt32}`,
      {
        ...scope.parameters,
        ...search.value.parameters,
        wanted,
        skip,
        ...(cursor ? { cursorNs: cursor.ns, cursorHash: cursor.hash } : {}),
      },
      limits,
    );
    rows.push(...found);
    // The rows to skip all stand at the cursor's own moment, and so in the first stretch.
    skip = 0;
    if (rows.length > input.limit) break;
  }
  const page = rows.slice(0, input.limit).map(toLog);
  return ok({
    rows: page,
    next: rows.length > input.limit ? nextCursor(page, cursor) : '',
    words: [...search.value.words],
  });
}

const after = (down: boolean): string =>
  `(ts ${down ? '<' : '>'} fromUnixTimestamp64Nano({cursorNs:Int64}) OR (ts = fromUnixTimestamp64Nano({cursorNs:Int64}) AND id ${down ? '<=' : '>='} {cursorHash:UInt64}))`;

function nextCursor(page: readonly LogRecord[], before: LogCursor | undefined): string {
  const last = page.at(-1);
  if (!last) return '';
  const same = page.filter((row) => row.id === last.id).length;
  const given = parseLogCursor(last.id);
  const carried = before && given && before.ns === given.ns && before.hash === given.hash ? before.skip : 0;
  return `${last.id}-${same + carried}`;
}

/** One log by its id; undefined when there is none in this organisation. Throws `StoreError`. */
export async function getLog(
  reader: TelemetryReader,
  organisation: string,
  id: string,
  limits: QueryLimits = {},
): Promise<LogRecord | undefined> {
  const cursor = parseLogCursor(id);
  if (!cursor) return undefined;
  const [row] = await reader.query<LogColumns>(
    `SELECT ${logColumns} FROM logs
     PREWHERE organisation = {organisation:String} AND toStartOfMinute(ts) = toStartOfMinute(fromUnixTimestamp64Nano({ns:Int64}))
       AND ts = fromUnixTimestamp64Nano({ns:Int64})
     WHERE id = {hash:UInt64} LIMIT 1`,
    { organisation, ns: cursor.ns, hash: cursor.hash },
    limits,
  );
  return row && toLog(row);
}

export interface LogContextInput {
  readonly organisation: string;
  readonly id: string;
  /** How many lines on each side that is asked for. */
  readonly lines: number;
  readonly side: 'both' | 'before' | 'after';
  /** With one side: `moreBefore` or `moreAfter` of the answer before; '' begins at the log itself. */
  readonly cursor: string;
}

export interface LogContext {
  readonly row: LogRecord;
  readonly before: LogRecord[];
  readonly after: LogRecord[];
  /** Where the lines before those of `before` begin; '' when there are none, or that side was not asked for. */
  readonly moreBefore: string;
  readonly moreAfter: string;
}

/**
 * The lines before and after one log, in order of time, from the same site, device and service, at most a day away from
 * it however often more are asked for. Undefined when there is no such log. Throws `StoreError`.
 */
export async function getLogContext(
  reader: TelemetryReader,
  input: LogContextInput,
  limits: QueryLimits = {},
): Promise<LogContext | undefined> {
  const row = await getLog(reader, input.organisation, input.id, limits);
  if (!row) return undefined;
  const dayMs = 86_400_000;
  const around = async (order: 'newest' | 'oldest'): Promise<{ rows: LogRecord[]; next: string }> => {
    if (input.side === (order === 'newest' ? 'after' : 'before')) return { rows: [], next: '' };
    const page = await searchLogs(
      reader,
      {
        organisation: input.organisation,
        fromMs: order === 'newest' ? row.at - dayMs : row.at,
        toMs: order === 'newest' ? row.at + 1 : row.at + dayMs,
        environment: '',
        site: '',
        service: '',
        q: `site:${quoted(row.site)} device:${quoted(row.device)} service:${quoted(row.service)}`,
        order,
        limit: input.lines,
        cursor: input.side === 'both' || input.cursor === '' ? `${row.id}-1` : input.cursor,
      },
      limits,
    );
    return page.ok ? page.value : { rows: [], next: '' };
  };
  const [before, after] = [await around('newest'), await around('oldest')];
  return {
    row,
    before: before.rows.toReversed(),
    after: after.rows,
    moreBefore: before.next,
    moreAfter: after.next,
  };
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** The records of a search as a stream, newest first, at most `limit` of them. Throws `StoreError` while it is read. */
export function exportLogs(
  reader: TelemetryReader,
  input: Omit<LogSearch, 'cursor'>,
  limits: QueryLimits = {},
): Result<AsyncIterable<LogRecord>, SearchError> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  const scope = scopeCondition(input);
  const direction = input.order === 'newest' ? 'DESC' : 'ASC';
  const rows = reader.stream<LogColumns>(
    `SELECT ${logColumns} FROM logs PREWHERE ${scope.sql} AND ${search.value.sql}
     ORDER BY toStartOfMinute(ts) ${direction}, ts ${direction} LIMIT {wanted:UInt32}`,
    { ...scope.parameters, ...search.value.parameters, wanted: input.limit },
    { timeoutMs: 600_000, resultRows: input.limit, threads: 1, ...limits },
  );
  return ok(mapRows(rows));
}

async function* mapRows(rows: AsyncIterable<LogColumns>): AsyncGenerator<LogRecord> {
  for await (const row of rows) yield toLog(row);
}
