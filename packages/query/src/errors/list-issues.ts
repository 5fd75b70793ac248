import { fail, ok, type Result } from '@sightline/base';
import { severityName, type SeverityName } from '@sightline/record';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { timeGrid } from '../metrics/time-grid.ts';
import type { SearchError } from '../search/ast.ts';
import { minuteCondition, scopeCondition, type Condition, type ReadScope } from '../search/scope.ts';
import { compileSearch } from '../search/search.ts';

export type IssueSort = 'last-seen' | 'first-seen' | 'events' | 'sites' | 'users';
export type ShownStatus = 'unresolved' | 'resolved' | 'ignored' | 'regressed';
export type StatusFilter = ShownStatus | 'open' | 'all';

/** What people decided about an issue; `resolvedAt` in ms. Issues nobody touched have none. */
export interface IssueDecision {
  readonly issue: string;
  readonly status: 'unresolved' | 'resolved' | 'ignored';
  readonly resolvedAt: number | null;
  readonly assignee: string;
}

export interface IssueRow {
  readonly issue: string;
  readonly type: string;
  readonly message: string;
  readonly culprit: string;
  readonly platform: string;
  readonly service: string;
  readonly severity: SeverityName | '';
  readonly status: ShownStatus;
  readonly assignee: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly firstRelease: string;
  readonly lastRelease: string;
  readonly events: number;
  readonly eventsTotal: number;
  readonly users: number;
  readonly sites: number;
  readonly amount: number;
  readonly trend: { at: number; value: number }[];
}

export interface IssueQuery {
  readonly scope: ReadScope;
  /** A search over error events; '' finds all. */
  readonly q: string;
  readonly status: StatusFilter;
  readonly sort: IssueSort;
  readonly limit: number;
  /** `next` of the page before, '' to begin. */
  readonly cursor: string;
  readonly decisions: ReadonlyMap<string, IssueDecision>;
}

export type IssueFault = { readonly kind: 'search'; readonly error: SearchError } | { readonly kind: 'cursor' };

const trendPoints = 30;
const sortValue: Readonly<Record<IssueSort, string>> = {
  'last-seen': 'lastSeenAt',
  'first-seen': 'firstSeenAt',
  events: 'events',
  sites: 'sites',
  users: 'users',
};

/** The status a person sees: a resolved issue with an event after that has regressed. */
export function shownStatus(decision: IssueDecision | undefined, lastSeenAt: number): ShownStatus {
  if (!decision) return 'unresolved';
  if (decision.status === 'resolved' && decision.resolvedAt !== null && lastSeenAt > decision.resolvedAt)
    return 'regressed';
  return decision.status;
}

/**
 * One page of the issues with events in the range and scope, ordered by the sort's number (greatest first) and id. Paging
 * is by key: issues that come in between never shift a page. Throws `StoreError`.
 */
export async function listIssues(
  reader: TelemetryReader,
  query: IssueQuery,
  limits: QueryLimits = {},
): Promise<Result<{ issues: IssueRow[]; next: string }, IssueFault>> {
  const after = readCursor(query.cursor);
  if (after === undefined) return fail({ kind: 'cursor' });
  const search = compileSearch('errors', query.q);
  if (!search.ok) return fail({ kind: 'search', error: search.error });
  const source =
    query.q.trim() === ''
      ? volumeSource(query.scope)
      : errorSource(query.scope, search.value.sql, search.value.parameters);
  const rows = await readPage(reader, query, source, after, limits);
  const shown = rows.slice(0, query.limit);
  const trends = await readTrends(reader, source, shown, query.scope, limits);
  const issues = shown.map((row) => issueRow(row, query.decisions.get(row.issue), trends.get(row.issue) ?? []));
  const last = shown.at(-1);
  const next = rows.length > query.limit && last ? writeCursor(last.sortedBy, last.issue) : '';
  return ok({ issues, next });
}

/** Where events are counted: `from` has the columns issue, at (ms) and events. */
interface EventSource extends Condition {
  readonly from: string;
}

function volumeSource(scope: ReadScope): EventSource {
  const condition = minuteCondition(scope, seconds(scope.fromMs, 60), seconds(scope.toMs + 59_999, 60));
  return {
    ...condition,
    from: `(SELECT issue, toUInt64(toUnixTimestamp(minute)) * 1000 AS at, events FROM issue_volume WHERE ${condition.sql})`,
  };
}

function errorSource(scope: ReadScope, sql: string, parameters: Readonly<Record<string, ParameterValue>>): EventSource {
  const condition = scopeCondition(scope);
  return {
    sql: `${condition.sql} AND (${sql})`,
    parameters: { ...condition.parameters, ...parameters },
    from: `(SELECT issue, toUInt64(toUnixTimestamp64Milli(ts)) AS at, toUInt64(1) AS events FROM errors WHERE ${condition.sql} AND (${sql}))`,
  };
}

/** Whole multiples of `step` seconds, inside what a DateTime holds. */
function seconds(ms: number, step: number): number {
  return Math.floor(Math.min(Math.max(0, ms), 4_294_000_000_000) / 1000 / step) * step;
}

interface PageRow {
  readonly issue: string;
  readonly type: string;
  readonly message: string;
  readonly culprit: string;
  readonly platform: string;
  readonly service: string;
  readonly severity: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly firstRelease: string;
  readonly lastRelease: string;
  readonly events: number;
  readonly eventsTotal: number;
  readonly users: number;
  readonly sites: number;
  readonly amount: number;
  readonly sortedBy: number;
}

/** Aggregates of `issues`, one row an issue, under the names of `PageRow`. */
export const issueColumns = `issue AS id, anyLast(type) AS type, anyLast(message) AS message, anyLast(culprit) AS culprit, anyLast(platform) AS platform,
  anyLast(service) AS service, toUInt8(max(severity)) AS severity, toFloat64(toUnixTimestamp64Milli(min(first_seen))) AS firstSeenAt,
  toFloat64(toUnixTimestamp64Milli(max(last_seen))) AS lastSeenAt, argMinMerge(first_release) AS firstRelease,
  argMaxMerge(last_release) AS lastRelease, toFloat64(sum(events)) AS eventsTotal, toFloat64(uniqMerge(users)) AS users,
  toFloat64(uniqMerge(sites)) AS sites, sum(amount) AS amount`;

/** Sixteen hexadecimal digits, as the contract writes an issue. */
export const issueHex = (column: string): string => `leftPad(lower(hex(${column})), 16, '0')`;

function readPage(
  reader: TelemetryReader,
  query: IssueQuery,
  source: EventSource,
  after: { value: number; issue: bigint } | null,
  limits: QueryLimits,
): Promise<PageRow[]> {
  const status = statusCondition(query.status, query.decisions);
  const key = sortValue[query.sort];
  return ask<PageRow>(
    reader,
    `SELECT ${issueHex('id')} AS issue, i.* EXCEPT (id), toFloat64(here) AS events, ${key} AS sortedBy
    FROM (SELECT ${issueColumns} FROM issues WHERE organisation = {organisation:String}
        AND issue IN (SELECT issue FROM ${source.from}) GROUP BY issue) AS i
    INNER JOIN (SELECT issue AS id, sum(events) AS here FROM ${source.from} GROUP BY issue) AS v USING (id)
    WHERE ${status.sql} ${after ? `AND (${key}, id) < ({afterValue:Float64}, {afterIssue:UInt64})` : ''}
    ORDER BY ${key} DESC, id DESC LIMIT {limit:UInt32}`,
    {
      ...source.parameters,
      ...status.parameters,
      ...(after ? { afterValue: after.value, afterIssue: after.issue } : {}),
      limit: query.limit + 1,
    },
    limits,
  );
}

/** The status is derived in SQL, so that pages are full whatever is filtered. */
function statusCondition(status: StatusFilter, decisions: ReadonlyMap<string, IssueDecision>): Condition {
  if (status === 'all') return { sql: '1', parameters: {} };
  const resolved = [...decisions.values()].filter((d) => d.status === 'resolved');
  const parameters = {
    resolved: resolved.map((d) => BigInt(`0x${d.issue}`)),
    resolvedAt: resolved.map((d) => d.resolvedAt ?? Number.MAX_SAFE_INTEGER),
    ignored: [...decisions.values()].filter((d) => d.status === 'ignored').map((d) => BigInt(`0x${d.issue}`)),
  };
  const shown = `multiIf(has({ignored:Array(UInt64)}, id), 'ignored', NOT has({resolved:Array(UInt64)}, id), 'unresolved',
    lastSeenAt > arrayElement({resolvedAt:Array(Float64)}, indexOf({resolved:Array(UInt64)}, id)), 'regressed', 'resolved')`;
  if (status === 'open') return { sql: `${shown} IN ('unresolved', 'regressed')`, parameters };
  return { sql: `${shown} = {status:String}`, parameters: { ...parameters, status } };
}

async function readTrends(
  reader: TelemetryReader,
  source: EventSource,
  issues: readonly PageRow[],
  scope: ReadScope,
  limits: QueryLimits,
): Promise<Map<string, { at: number; value: number }[]>> {
  const trends = new Map<string, { at: number; value: number }[]>();
  const grid = timeGrid(scope, trendPoints, 60_000);
  if (issues.length === 0 || grid.count === 0) return trends;
  const rows = await ask<{ id: string; bucket: number; value: number }>(
    reader,
    `SELECT ${issueHex('issue')} AS id, toFloat64(intDiv(at, {stepMs:UInt64}) * {stepMs:UInt64}) AS bucket, toFloat64(sum(events)) AS value
    FROM ${source.from} WHERE has({issues:Array(UInt64)}, issue) GROUP BY issue, bucket`,
    { ...source.parameters, issues: issues.map((row) => BigInt(`0x${row.issue}`)), stepMs: grid.stepMs },
    limits,
  );
  const values = new Map(rows.map((row) => [`${row.id}:${row.bucket}`, row.value]));
  for (const { issue } of issues)
    trends.set(
      issue,
      Array.from({ length: grid.count }, (_, i) => {
        const at = grid.firstMs + i * grid.stepMs;
        return { at, value: values.get(`${issue}:${at}`) ?? 0 };
      }),
    );
  return trends;
}

/** The contract's row out of the engine's. */
export function issueRow(
  row: Omit<PageRow, 'sortedBy'>,
  decision: IssueDecision | undefined,
  trend: { at: number; value: number }[],
): IssueRow {
  return {
    issue: row.issue,
    type: row.type,
    message: row.message,
    culprit: row.culprit,
    platform: row.platform,
    service: row.service,
    severity: severityName(row.severity),
    status: shownStatus(decision, row.lastSeenAt),
    assignee: decision?.assignee ?? '',
    firstSeenAt: row.firstSeenAt,
    lastSeenAt: row.lastSeenAt,
    firstRelease: row.firstRelease,
    lastRelease: row.lastRelease,
    events: row.events,
    eventsTotal: row.eventsTotal,
    users: row.users,
    sites: row.sites,
    amount: row.amount,
    trend,
  };
}

function writeCursor(value: number, issue: string): string {
  return `${value}-${issue}`;
}

/** Null for the first page, undefined for a text that is no cursor. */
function readCursor(cursor: string): { value: number; issue: bigint } | null | undefined {
  if (cursor === '') return null;
  const found = /^(\d{1,16}(?:\.\d{1,6})?)-([0-9a-f]{16})$/.exec(cursor);
  return found ? { value: Number(found[1]), issue: BigInt(`0x${found[2]}`) } : undefined;
}
