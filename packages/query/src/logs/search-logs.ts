import { fail, ok, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { SearchError } from '../search/ast.ts';
import type { CompiledSearch } from '../search/compile.ts';
import { indexesFirst } from '../search/indexed.ts';
import { compileSearch } from '../search/search.ts';
import { firstByTime, logsByTime, scopeCondition, windowOf, type ReadScope } from '../search/scope.ts';
import {
  fromSource,
  parametersOf,
  readStretches,
  type LogReach,
  type LogSource,
  type ReachedSoFar,
} from './log-reach.ts';
import {
  logColumns,
  logCursor,
  parseLogCursor,
  parseLogId,
  toLog,
  type LogColumns,
  type LogCursor,
  type LogRecord,
} from './log-row.ts';

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
  /** How far the page came that reads the archive. A page that is not full has a `next` where a bound ended it. */
  readonly reached?: ReachedSoFar;
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
  const moment = reachedCursor(input.cursor);
  const cursor = moment === undefined && input.cursor !== '' ? parseLogCursor(input.cursor) : undefined;
  if (input.cursor !== '' && moment === undefined && !cursor)
    return fail({ message: 'expected the cursor of a page before', position: { from: 0, to: 0 } });
  const down = input.order === 'newest';
  const range = windowOf(input);
  const from = cursor?.ns ?? moment ?? range.fromNs;
  const to = cursor ? cursor.ns + 1n : (moment ?? range.toNs);
  const begin = !down && from > range.fromNs ? from : range.fromNs;
  const end = down && to < range.toNs ? to : range.toNs;
  const rows: LogColumns[] = [];
  let skip = cursor?.skip ?? 0;
  const reached = await readStretches(
    { fromNs: begin, toNs: end },
    input.order,
    // Who goes on where a bound ended the call before wants more than the first few minutes.
    { reach: input.reach, growing: moment === undefined },
    limits,
    async (window, sources, own) => {
      const scope = scopeCondition(input, window);
      const wanted = input.limit + 1 - rows.length;
      const condition = `${scope.sql} AND ${search.value.sql}`;
      const found = await reader.query<LogColumns>(
        pageOf(sources, condition, cursor ? after(down) : '1', down),
        {
          ...scope.parameters,
          ...search.value.parameters,
          ...parametersOf(sources),
          wanted,
          skip,
          both: wanted + skip,
          ...(cursor ? { cursorNs: cursor.ns, cursorHash: cursor.hash, cursorReceivedNs: cursor.receivedNs } : {}),
        },
        search.value.indexed ? { ...own, settings: { ...indexesFirst, ...own.settings } } : own,
      );
      rows.push(...found);
      // The rows to skip all stand at the cursor's own moment, and so in the first stretch.
      skip = 0;
      if (rows.length > input.limit) return 'enough';
      // The next stretch is ten times as long; where it would not fill the page either, it is read with the one behind it.
      return search.value.indexed && 10 * rows.length <= input.limit ? 'far' : 'more';
    },
  );
  const page = rows.slice(0, input.limit);
  const ended = reached && !reached.done ? `@${reached.reachedNs}` : '';
  return ok({
    rows: page.map(toLog),
    next: rows.length > input.limit ? nextCursor(page, cursor) : ended,
    words: [...search.value.words],
    ...(reached ? { reached } : {}),
  });
}

/** The rows of all sources in order; from one table alone the engine reads no more than it needs. */
function pageOf(sources: readonly LogSource[], condition: string, behind: string, down: boolean): string {
  const direction = down ? 'DESC' : 'ASC';
  const order = `ORDER BY ${logsByTime(direction)}, id ${direction}`;
  const of = (source: LogSource, columns: string): string => {
    const place = source.place === '' ? '' : `, '${source.place}' AS place`;
    // A condition of its own, so that the first one alone decides what is read.
    return `SELECT ${logColumns}${place}${columns} ${fromSource(source, condition)} ${source.filter === 'PREWHERE' ? 'WHERE' : 'AND'} ${behind} ${order}`;
  };
  const [only] = sources;
  if (sources.length === 1 && only) return `${of(only, '')} LIMIT {wanted:UInt32} OFFSET {skip:UInt32}`;
  const all = sources.map(
    (source) =>
      `SELECT * FROM (${of(source, `${source.place === '' ? `, '' AS place` : ''}, ts AS orderTs, received_at AS orderReceived, id AS orderId`)} LIMIT {both:UInt32})`,
  );
  return `SELECT * EXCEPT (orderTs, orderReceived, orderId) FROM (${all.join(' UNION ALL ')}) ORDER BY orderTs ${direction}, orderReceived ${direction}, orderId ${direction} LIMIT {wanted:UInt32} OFFSET {skip:UInt32}`;
}

/** Where a page ended that was not full, in nanoseconds. */
function reachedCursor(text: string): bigint | undefined {
  const [, ns] = /^@(\d{1,19})$/.exec(text) ?? [];
  return ns === undefined || BigInt(ns) > 9_000_000_000_000_000_000n ? undefined : BigInt(ns);
}

/** What comes behind the cursor, in the order of `pageOf`, and the rows that are the same in all of it. */
function after(down: boolean): string {
  const behind = down ? '<' : '>';
  const [ns, received] = ['cursorNs', 'cursorReceivedNs'].map((name) => `fromUnixTimestamp64Nano({${name}:Int64})`);
  const ofReceipt = `received_at ${behind} ${received} OR (received_at = ${received} AND id ${behind}= {cursorHash:UInt64})`;
  return `(ts ${behind} ${ns} OR (ts = ${ns} AND (${ofReceipt})))`;
}

function nextCursor(page: readonly LogColumns[], before: LogCursor | undefined): string {
  const last = page.at(-1);
  if (!last) return '';
  const here = logCursor(last, 0);
  const same = page.filter((row) => logCursor(row, 0) === here);
  const given = parseLogCursor(here);
  const again =
    before && given && before.ns === given.ns && before.receivedNs === given.receivedNs && before.hash === given.hash;
  return logCursor(last, same.length + (again ? before.skip : 0));
}

/** One log by its id; undefined when there is none in this organisation. Throws `StoreError`. */
export async function getLog(
  reader: TelemetryReader,
  organisation: string,
  id: string,
  limits: QueryLimits = {},
  reach?: LogReach,
): Promise<LogRecord | undefined> {
  const found = await findLog(reader, organisation, id, limits, reach);
  return found && toLog(found);
}

async function findLog(
  reader: TelemetryReader,
  organisation: string,
  id: string,
  limits: QueryLimits,
  reach: LogReach | undefined,
): Promise<LogColumns | undefined> {
  const key = parseLogId(id);
  if (!key) return undefined;
  let found: LogColumns | undefined;
  const condition = `organisation = {organisation:String} AND toStartOfMinute(ts) = toStartOfMinute(fromUnixTimestamp64Nano({ns:Int64}))
    AND ts = fromUnixTimestamp64Nano({ns:Int64})`;
  const moment = { fromNs: key.ns, toNs: key.ns + 1n };
  await readStretches(moment, 'newest', { reach, growing: false }, limits, async (_, sources, own) => {
    [found] = await reader.query<LogColumns>(
      pageOf(sources, condition, 'id = {hash:UInt64}', true),
      { organisation, ns: key.ns, hash: key.hash, ...parametersOf(sources), wanted: 1, skip: 0, both: 1 },
      own,
    );
    return found === undefined ? 'more' : 'enough';
  });
  return found;
}

export interface LogContextInput {
  readonly organisation: string;
  readonly id: string;
  /** How many lines on each side that is asked for. */
  readonly lines: number;
  readonly side: 'both' | 'before' | 'after';
  /** With one side: `moreBefore` or `moreAfter` of the answer before; '' begins at the log itself. */
  readonly cursor: string;
  readonly reach?: LogReach | undefined;
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
  const found = await findLog(reader, input.organisation, input.id, limits, input.reach);
  if (!found) return undefined;
  const row = toLog(found);
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
        reach: input.reach,
        limit: input.lines,
        cursor: input.side === 'both' || input.cursor === '' ? logCursor(found, 1) : input.cursor,
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

/** An export that ended before its range: a file of the archive could not be read, or a bound was met. The message is a sentence. */
export class ExportBrokenOff extends Error {
  override readonly name = 'ExportBrokenOff';
}

interface LogExport extends Omit<LogSearch, 'cursor'> {
  /** Whether archived files that cannot be read are left out. */
  readonly skipMissing?: boolean;
}

/**
 * The records of a search as a stream, newest first, at most `limit` of them. Throws `StoreError` while it is read, and `ExportBrokenOff`
 * where it would be less than it seems.
 */
export function exportLogs(
  reader: TelemetryReader,
  input: LogExport,
  limits: QueryLimits = {},
): Result<AsyncIterable<LogRecord>, SearchError> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  const scope = scopeCondition(input);
  const direction = input.order === 'newest' ? 'DESC' : 'ASC';
  const own = { timeoutMs: 600_000, resultRows: input.limit, threads: 1, ...limits };
  if (input.reach) return ok(exportStretches(reader, input, input.reach, search.value, own));
  const found = `FROM logs PREWHERE ${scope.sql} AND ${search.value.sql}`;
  const rows = reader.stream<LogColumns>(
    firstByTime(logColumns, found, direction, '{wanted:UInt32}'),
    { ...scope.parameters, ...search.value.parameters, wanted: input.limit },
    own,
  );
  return ok(mapRows(rows));
}

/** Stretch after stretch, as they lie in order of time. */
async function* exportStretches(
  reader: TelemetryReader,
  input: LogExport,
  reach: LogReach,
  search: CompiledSearch,
  limits: QueryLimits,
): AsyncGenerator<LogRecord> {
  const down = input.order === 'newest';
  let left = input.limit;
  let archivedBytes = 0;
  for (const [n, stretch] of (await reach.plan(windowOf(input), input.order, false)).entries()) {
    archivedBytes += stretch.archivedBytes;
    if (left <= 0) return;
    if (n > 0 && (archivedBytes > reach.budgetBytes || !reach.mayGoOn()))
      throw new ExportBrokenOff('The export took more time, or more of the archive, than it may.');
    const opened = await stretch.open();
    const { sources, missing } = opened;
    try {
      if (missing[0] !== undefined && input.skipMissing !== true)
        throw new ExportBrokenOff(`${missing.length} archived files cannot be read: ${missing[0]}`);
      const scope = scopeCondition(input, stretch.window);
      const rows = reader.stream<LogColumns>(
        pageOf(sources, `${scope.sql} AND ${search.sql}`, '1', down),
        { ...scope.parameters, ...search.parameters, ...parametersOf(sources), wanted: left, skip: 0, both: left },
        stretch.archivedBytes > 0 ? { ...limits, ...reach.limits } : limits,
      );
      for await (const row of rows) {
        left--;
        yield toLog(row);
      }
    } finally {
      await opened.close();
    }
  }
}

async function* mapRows(rows: AsyncIterable<LogColumns>): AsyncGenerator<LogRecord> {
  for await (const row of rows) yield toLog(row);
}
