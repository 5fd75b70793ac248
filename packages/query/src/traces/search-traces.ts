import { fail, ok, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { msOf } from '../logs/log-row.ts';
import type { SearchError } from '../search/ast.ts';
import type { CompiledSearch } from '../search/compile.ts';
import { scopeCondition, windowOf, type ReadScope } from '../search/scope.ts';
import { compileSearch } from '../search/search.ts';

export interface TraceSearch extends ReadScope {
  readonly q: string;
  readonly sort: 'newest' | 'slowest';
  readonly limit: number;
  readonly cursor: string;
}

/** A trace of which at least one span matches. Figures are of the whole trace. */
export interface TraceSummary {
  readonly traceId: string;
  readonly rootName: string;
  readonly rootService: string;
  readonly site: string;
  readonly at: number;
  readonly durationMs: number;
  readonly spans: number;
  readonly errors: number;
  readonly services: string[];
}

interface Cursor {
  readonly value: bigint;
  readonly trace: string;
}

/** Spans of a trace are looked for this far around the searched range. */
const aroundNs = 3_600_000_000_000n;

/**
 * Traces with a span that matches: newest matching span first, or longest trace first. Paging loses and repeats none.
 * Throws `StoreError`; a faulty search or cursor is a value.
 */
export async function searchTraces(
  reader: TelemetryReader,
  input: TraceSearch,
  limits: QueryLimits = {},
): Promise<Result<{ traces: TraceSummary[]; next: string }, SearchError>> {
  const search = compileSearch('spans', input.q);
  if (!search.ok) return search;
  const cursor = parseCursor(input.cursor, input.sort);
  if (cursor === null) return fail({ message: 'expected the cursor of a page before', position: { from: 0, to: 0 } });
  const find = input.sort === 'newest' ? newest : slowest;
  const found = await find(reader, input, search.value, cursor, limits);
  const page = found.slice(0, input.limit);
  const last = page.at(-1);
  const summaries = await summarise(
    reader,
    input,
    page.map((row) => row.trace),
    limits,
  );
  return ok({
    traces: page.flatMap((row) => summaries.get(row.trace) ?? []),
    next: found.length > input.limit && last ? `${input.sort}-${last.value}-${last.trace}` : '',
  });
}

interface Found {
  readonly trace: string;
  /** Moment of the newest matching span, or duration of the trace; nanoseconds. */
  readonly value: string;
}

/**
 * Reads the spans from the newest on and keeps the first of each trace, so that reading ends when the page is full. A
 * trace on the page before has a matching span above the cursor and is left out.
 */
async function newest(
  reader: TelemetryReader,
  input: TraceSearch,
  search: CompiledSearch,
  cursor: Cursor | undefined,
  limits: QueryLimits,
): Promise<Found[]> {
  const range = windowOf(input);
  const scope = scopeCondition(input, {
    fromNs: range.fromNs,
    toNs: cursor && cursor.value + 1n < range.toNs ? cursor.value + 1n : range.toNs,
  });
  const found: Found[] = [];
  let from = cursor;
  // Each round drops the traces seen above; few straddle a page, so few rounds are needed. Bounded all the same.
  for (let round = 0; round < 20 && found.length <= input.limit; round++) {
    const rows = await reader.query<Found>(
      `SELECT lower(hex(trace_id)) AS trace, toString(toUnixTimestamp64Nano(ts)) AS value FROM spans
       PREWHERE ${scope.sql} AND ${search.sql}
       WHERE ${from ? '(ts < fromUnixTimestamp64Nano({cursorNs:Int64}) OR (ts = fromUnixTimestamp64Nano({cursorNs:Int64}) AND trace_id < toFixedString(unhex({cursorTrace:String}), 16)))' : '1'}
       ORDER BY toStartOfMinute(ts) DESC, ts DESC, trace_id DESC LIMIT 1 BY trace_id LIMIT {wanted:UInt32}`,
      {
        ...scope.parameters,
        ...search.parameters,
        wanted: input.limit + 1,
        ...(from ? { cursorNs: from.value, cursorTrace: from.trace } : {}),
      },
      limits,
    );
    const above = await seenAbove(reader, input, search, cursor, rows, limits);
    found.push(...rows.filter((row) => !above.has(row.trace) && !found.some((other) => other.trace === row.trace)));
    const last = rows.at(-1);
    if (rows.length <= input.limit || !last) break;
    from = { value: BigInt(last.value), trace: last.trace };
  }
  return found;
}

async function seenAbove(
  reader: TelemetryReader,
  input: TraceSearch,
  search: CompiledSearch,
  cursor: Cursor | undefined,
  rows: readonly Found[],
  limits: QueryLimits,
): Promise<ReadonlySet<string>> {
  if (!cursor || rows.length === 0) return new Set();
  const scope = scopeCondition(input, { fromNs: cursor.value, toNs: windowOf(input).toNs });
  const above = await reader.query<{ trace: string }>(
    `SELECT DISTINCT lower(hex(trace_id)) AS trace FROM spans
     PREWHERE ${scope.sql} AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({traces:Array(String)})), 16)) AND ${search.sql}
     WHERE ts > fromUnixTimestamp64Nano({cursorNs:Int64}) OR trace_id >= toFixedString(unhex({cursorTrace:String}), 16)`,
    {
      ...scope.parameters,
      ...search.parameters,
      traces: rows.map((row) => row.trace),
      cursorNs: cursor.value,
      cursorTrace: cursor.trace,
    },
    limits,
  );
  return new Set(above.map((row) => row.trace));
}

/** Traces considered when the longest are sought: beyond this the search should be narrowed. */
const slowestOf = 200_000;

async function slowest(
  reader: TelemetryReader,
  input: TraceSearch,
  search: CompiledSearch,
  cursor: Cursor | undefined,
  limits: QueryLimits,
): Promise<Found[]> {
  const scope = scopeCondition(input);
  const all = scopeCondition({ ...input, environment: '', site: '', service: '' });
  return reader.query<Found>(
    `SELECT lower(hex(trace_id)) AS trace, toString(lasted) AS value FROM (
       SELECT trace_id, toUInt64(max(toUnixTimestamp64Nano(ts) + toInt64(duration_ns)) - min(toUnixTimestamp64Nano(ts))) AS lasted
       FROM spans PREWHERE ${all.sql}
       AND trace_id IN (SELECT DISTINCT trace_id FROM spans PREWHERE ${scope.sql} AND ${search.sql} LIMIT {most:UInt32})
       GROUP BY trace_id)
     WHERE ${cursor ? '(lasted < {cursorNs:UInt64} OR (lasted = {cursorNs:UInt64} AND trace_id < toFixedString(unhex({cursorTrace:String}), 16)))' : '1'}
     ORDER BY lasted DESC, trace_id DESC LIMIT {wanted:UInt32}`,
    {
      ...all.parameters,
      ...scope.parameters,
      ...search.parameters,
      most: slowestOf,
      wanted: input.limit + 1,
      ...(cursor ? { cursorNs: cursor.value, cursorTrace: cursor.trace } : {}),
    },
    limits,
  );
}

interface SummaryRow {
  readonly trace: string;
  readonly rootName: string;
  readonly rootService: string;
  readonly rootSite: string;
  readonly startNs: string;
  readonly lasted: string;
  readonly total: string;
  readonly failed: string;
  readonly services: string[];
}

/** The figures of whole traces, an hour around the range included. The root is the span without parent, else the first. */
async function summarise(
  reader: TelemetryReader,
  input: ReadScope,
  traces: readonly string[],
  limits: QueryLimits,
): Promise<ReadonlyMap<string, TraceSummary>> {
  if (traces.length === 0) return new Map();
  const range = windowOf(input);
  const scope = scopeCondition(
    { ...input, environment: '', site: '', service: '' },
    { fromNs: range.fromNs > aroundNs ? range.fromNs - aroundNs : 0n, toNs: range.toNs + aroundNs },
  );
  const rows = await reader.query<SummaryRow>(
    `SELECT lower(hex(trace_id)) AS trace, argMin(toString(name), first) AS rootName, argMin(toString(service), first) AS rootService,
       argMin(toString(site), first) AS rootSite, toString(min(startedNs)) AS startNs,
       toString(max(startedNs + toInt64(duration_ns)) - min(startedNs)) AS lasted, toString(count()) AS total,
       toString(countIf(status_code = 2)) AS failed, arraySort(groupUniqArray(100)(toString(service))) AS services
     FROM (SELECT trace_id, name, service, site, duration_ns, status_code, toUnixTimestamp64Nano(ts) AS startedNs,
             (parent_id != toFixedString('', 8), startedNs, span_id) AS first
           FROM spans PREWHERE ${scope.sql} AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({traces:Array(String)})), 16)))
     GROUP BY trace_id`,
    { ...scope.parameters, traces: [...traces] },
    limits,
  );
  return new Map(
    rows.map((row) => [
      row.trace,
      {
        traceId: row.trace,
        rootName: row.rootName,
        rootService: row.rootService,
        site: row.rootSite,
        at: msOf(row.startNs),
        durationMs: Number(row.lasted) / 1e6,
        spans: Number(row.total),
        errors: Number(row.failed),
        services: row.services,
      },
    ]),
  );
}

/** Undefined for a first page, null for what is no cursor of this order. */
function parseCursor(text: string, sort: TraceSearch['sort']): Cursor | undefined | null {
  if (text === '') return undefined;
  const parts = /^(newest|slowest)-(\d{1,19})-([0-9a-f]{32})$/.exec(text);
  if (!parts || parts[1] !== sort) return null;
  const value = BigInt(parts[2] ?? '0');
  return value > 9_000_000_000_000_000_000n ? null : { value, trace: parts[3] ?? '' };
}
