import { fail, ok, type Result } from '@sightline/base';
import { severityName, type SeverityName } from '@sightline/record';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { timeGrid } from '../metrics/time-grid.ts';
import type { SearchError } from '../search/ast.ts';
import { compile } from '../search/compile.ts';
import { parseSearch } from '../search/parse.ts';
import { minuteCondition, scopeCondition, type Condition, type ReadScope } from '../search/scope.ts';
import { issueColumns, issueHex } from './issue-columns.ts';
import { moneyRows, readMoney, readOrderStep, type IssueMoney } from './issue-money.ts';
import { readIssueTerms } from './issue-terms.ts';
import { issueNumber, mergedColumn, type MergedColumn, type MergedIssues } from './merged-issues.ts';
import {
  settleIssues,
  type IssueDecision,
  type IssuePriority,
  type SettledIssue,
  type ShownStatus,
} from './settle-issues.ts';

export type IssueSort = 'last-seen' | 'first-seen' | 'events' | 'sites' | 'users' | 'money' | 'priority';
export type StatusFilter = ShownStatus | 'open' | 'all';

export interface IssueRow {
  readonly issue: string;
  readonly type: string;
  readonly message: string;
  readonly culprit: string;
  readonly platform: string;
  readonly service: string;
  readonly severity: SeverityName | '';
  readonly status: ShownStatus;
  readonly priority: IssuePriority;
  /** The release in which a resolved issue came back; '' otherwise. */
  readonly regressedIn: string;
  /** Why an archived issue is open again; '' where it is not so. */
  readonly woke: SettledIssue['woke'];
  readonly assignee: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly firstRelease: string;
  readonly lastRelease: string;
  readonly events: number;
  readonly eventsTotal: number;
  readonly users: number;
  readonly sites: number;
  /** What failed sales were worth in the range, by currency, the greatest first. */
  readonly money: IssueMoney[];
  /** True where `money` is reckoned from a part of the orders. */
  readonly moneyAbout: boolean;
  readonly trend: { at: number; value: number }[];
}

export interface IssueQuery {
  readonly scope: ReadScope;
  /** A search over error events and issues (`issue-terms.ts`); '' finds all. */
  readonly q: string;
  /** E-mail address of who asks, for `assigned:me`. */
  readonly me: string;
  /** Slugs of the teams of who asks, for `assigned:me` and `assigned:my_teams`. */
  readonly myTeams?: readonly string[];
  readonly nowMs: number;
  readonly status: StatusFilter;
  readonly sort: IssueSort;
  readonly limit: number;
  /** `next` of the page before, '' to begin. */
  readonly cursor: string;
  readonly decisions: ReadonlyMap<string, IssueDecision>;
  readonly merged: MergedIssues;
}

export type IssueFault = { readonly kind: 'search'; readonly error: SearchError } | { readonly kind: 'cursor' };

const trendPoints = 30;
const sortValue: Readonly<Record<IssueSort, string>> = {
  'last-seen': 'lastSeenAt',
  'first-seen': 'firstSeenAt',
  events: 'events',
  sites: 'sites',
  users: 'users',
  // Currencies are not converted: an issue is worth what it is worth in its greatest.
  money: 'money',
  // The priority, and within it what was seen last.
  priority: "indexOf(['low', 'medium', 'high'], shownPriority) * 10000000000000 + lastSeenAt",
};

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
  const parsed = parseSearch(query.q);
  if (!parsed.ok) return fail({ kind: 'search', error: parsed.error });
  const settled = await settleIssues(
    reader,
    { ...query, organisation: query.scope.organisation, decisions: query.decisions.values() },
    limits,
  );
  const columns = decidedColumns(settled);
  const terms = readIssueTerms(
    parsed.value,
    { ...columns.sql, fromMs: '{rangeFromMs:Float64}' },
    {
      me: query.me,
      myTeams: query.myTeams ?? [],
    },
  );
  if (!terms.ok) return fail({ kind: 'search', error: terms.error });
  const search = compile('errors', terms.value.events);
  if (!search.ok) return fail({ kind: 'search', error: search.error });
  const merged = mergedColumn(query.merged);
  const source =
    terms.value.events.kind === 'everything'
      ? volumeSource(query.scope, merged)
      : errorSource(errorCondition(query.scope, search.value), merged);
  const status: Condition =
    query.status === 'all' || terms.value.asksState
      ? { sql: '1', parameters: {} }
      : query.status === 'open'
        ? { sql: `${columns.sql.status} IN ('unresolved', 'regressed')`, parameters: {} }
        : { sql: `${columns.sql.status} = {status:String}`, parameters: { status: query.status } };
  const conditions = [status, ...terms.value.conditions];
  const where: Condition = {
    sql: conditions.map(({ sql }) => sql).join(' AND '),
    parameters: Object.assign(
      { rangeFromMs: query.scope.fromMs, ...columns.parameters },
      ...conditions.map(({ parameters }) => parameters),
    ) as Condition['parameters'],
  };
  const events = errorCondition(query.scope, search.value);
  const byMoney = query.sort === 'money' || terms.value.asksMoney;
  const page = { source, merged, where, columns, money: byMoney ? events : undefined };
  const rows = await readPage(reader, query, page, after, limits);
  const shown = rows.slice(0, query.limit);
  const [trends, money] = await Promise.all([
    readTrends(reader, source, shown, query.scope, limits),
    readMoney(reader, { issues: shown.map(({ issue }) => issue), merged: query.merged, events }, limits),
  ]);
  const issues = shown.map((row) => ({
    ...issueRow(row, settled.get(row.issue), trends.get(row.issue) ?? []),
    money: money.byIssue.get(row.issue) ?? [],
    moneyAbout: money.about,
  }));
  const last = shown.at(-1);
  const next = rows.length > query.limit && last ? writeCursor(last.sortedBy, last.issue) : '';
  return ok({ issues, next });
}

/** What people decided, as SQL over the column `id`. */
function decidedColumns(settled: ReadonlyMap<string, SettledIssue>): {
  readonly sql: Readonly<Record<'status' | 'assignee' | 'priority', string>>;
  readonly parameters: Condition['parameters'];
} {
  const decided = [...settled].filter(
    ([, one]) => one.status !== 'unresolved' || one.assignee !== '' || one.priority !== '',
  );
  if (decided.length === 0)
    return { sql: { status: "'unresolved'", assignee: "''", priority: 'shownPriority' }, parameters: {} };
  const of = (name: string, otherwise: string): string =>
    `transform(id, {decided:Array(UInt64)}, {${name}:Array(String)}, ${otherwise})`;
  return {
    sql: {
      status: of('decidedStatus', "'unresolved'"),
      assignee: of('decidedAssignee', "''"),
      priority: 'shownPriority',
    },
    parameters: {
      decided: decided.map(([issue]) => issueNumber(issue)),
      decidedStatus: decided.map(([, one]) => one.status),
      decidedAssignee: decided.map(([, one]) => one.assignee),
      decidedPriority: decided.map(([, one]) => one.priority),
    },
  };
}

/** Where events are counted: `from` has the columns id (of the issue people see), at (ms) and events. */
interface EventSource extends Condition {
  readonly from: string;
}

function volumeSource(scope: ReadScope, merged: MergedColumn): EventSource {
  const condition = minuteCondition(scope, seconds(scope.fromMs, 60), seconds(scope.toMs + 59_999, 60));
  return {
    sql: condition.sql,
    parameters: { ...condition.parameters, ...merged.parameters },
    from: `(SELECT ${merged.sql} AS id, toUInt64(toUnixTimestamp(minute)) * 1000 AS at, events FROM issue_volume WHERE ${condition.sql})`,
  };
}

function errorSource({ sql, parameters }: Condition, merged: MergedColumn): EventSource {
  return {
    sql,
    parameters: { ...parameters, ...merged.parameters },
    from: `(SELECT ${merged.sql} AS id, toUInt64(toUnixTimestamp64Milli(ts)) AS at, toUInt64(1) AS events FROM errors WHERE ${sql})`,
  };
}

/** Error events of a scope that a search finds. */
function errorCondition(scope: ReadScope, search: Condition): Condition {
  const condition = scopeCondition(scope);
  return {
    sql: `${condition.sql} AND (${search.sql})`,
    parameters: { ...condition.parameters, ...search.parameters },
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
  /** Of all events that ever were; whether it is none decides the priority. */
  readonly amount: number;
  readonly sortedBy: number;
}

async function readPage(
  reader: TelemetryReader,
  query: IssueQuery,
  of: {
    readonly source: EventSource;
    readonly merged: MergedColumn;
    readonly where: Condition;
    readonly columns: ReturnType<typeof decidedColumns>;
    /** The events whose money is asked for or ordered by; undefined where neither is. */
    readonly money: Condition | undefined;
  },
  after: { value: number; issue: bigint } | null,
  limits: QueryLimits,
): Promise<PageRow[]> {
  const { source, merged, where, columns, money } = of;
  const key = sortValue[query.sort];
  const told = query.scope.boundTo ? issuesOfSite(query.scope) : { sql: 'issues', parameters: {} };
  const given =
    columns.parameters['decidedPriority'] === undefined
      ? "''"
      : "transform(i.id, {decided:Array(UInt64)}, {decidedPriority:Array(String)}, '')";
  const orderStep = money === undefined ? 1 : await readOrderStep(reader, money, limits);
  const events = `SELECT id, sum(events) AS here FROM ${source.from} GROUP BY id`;
  const counted =
    money === undefined
      ? `SELECT id, here, toFloat64(0) AS worth FROM (${events})`
      : `SELECT id, here, worth FROM (${events}) AS e
        LEFT JOIN (SELECT id, max(amount) AS worth FROM (${moneyRows(money.sql, merged.sql)}) GROUP BY id) AS m USING (id)`;
  return ask<PageRow>(
    reader,
    `SELECT ${issueHex('id')} AS issue, * EXCEPT (id, here, shownPriority, money), toFloat64(here) AS events, toFloat64(${key}) AS sortedBy
    FROM (SELECT i.*, here, worth AS money, if(${given} != '', ${given}, ${derivedPriority}) AS shownPriority
      FROM (SELECT ${issueColumns(merged)} FROM ${told.sql} WHERE organisation = {organisation:String}
        AND ${merged.sql} IN (SELECT id FROM ${source.from}) GROUP BY id) AS i
      INNER JOIN (${counted}) AS v USING (id))
    WHERE ${where.sql} ${after ? `AND (toFloat64(${key}), id) < ({afterValue:Float64}, {afterIssue:UInt64})` : ''}
    ORDER BY sortedBy DESC, id DESC LIMIT {limit:UInt32}`,
    {
      ...told.parameters,
      ...source.parameters,
      ...merged.parameters,
      ...where.parameters,
      ...(money === undefined ? {} : { ...money.parameters, orderStep }),
      ...(after ? { afterValue: after.value, afterIssue: after.issue } : {}),
      limit: query.limit + 1,
    },
    limits,
  );
}

/** Issues as the events of the scope alone tell of them: the table holds what every site said. */
function issuesOfSite(scope: ReadScope): Condition {
  const { sql, parameters } = scopeCondition(scope);
  return {
    sql: `(SELECT organisation, issue, argMax(toString(e.type), e.ts) AS type, argMax(e.message, e.ts) AS message, argMax(toString(e.culprit), e.ts) AS culprit,
        argMax(toString(e.platform), e.ts) AS platform, argMax(toString(e.service), e.ts) AS service, max(e.severity) AS severity, count() AS events,
        min(toDateTime64(e.ts, 3)) AS first_seen, max(toDateTime64(e.ts, 3)) AS last_seen,
        argMinState(toString(e.release), toDateTime64(e.ts, 3)) AS first_release, argMaxState(toString(e.release), toDateTime64(e.ts, 3)) AS last_release,
        uniqStateIf(e.user_id, e.user_id != '') AS users, uniqState(toString(e.site)) AS sites, sum(e.amount) AS amount
      FROM errors AS e WHERE ${sql} GROUP BY organisation, issue)`,
    parameters,
  };
}

/** The priority of an issue that nobody gave one: what stops a sale or the program comes first. */
const derivedPriority = "multiIf(severity >= 21 OR amount > 0, 'high', severity >= 17, 'medium', 'low')";

function priorityOf(row: Pick<PageRow, 'severity' | 'amount'>): IssuePriority {
  if (row.severity >= 21 || row.amount > 0) return 'high';
  return row.severity >= 17 ? 'medium' : 'low';
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
  const rows = await ask<{ issue: string; bucket: number; value: number }>(
    reader,
    `SELECT ${issueHex('id')} AS issue, toFloat64(intDiv(at, {stepMs:UInt64}) * {stepMs:UInt64}) AS bucket, toFloat64(sum(events)) AS value
    FROM ${source.from} WHERE has({issues:Array(UInt64)}, id) GROUP BY id, bucket`,
    { ...source.parameters, issues: issues.map((row) => BigInt(`0x${row.issue}`)), stepMs: grid.stepMs },
    limits,
  );
  const values = new Map(rows.map((row) => [`${row.issue}:${row.bucket}`, row.value]));
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

/** The contract's row out of the engine's; its money is read apart. */
export function issueRow(
  row: Omit<PageRow, 'sortedBy'>,
  settled: SettledIssue | undefined,
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
    status: settled?.status ?? 'unresolved',
    priority: settled?.priority || priorityOf(row),
    regressedIn: settled?.regressedIn ?? '',
    woke: settled?.woke ?? '',
    assignee: settled?.assignee ?? '',
    firstSeenAt: row.firstSeenAt,
    lastSeenAt: row.lastSeenAt,
    firstRelease: row.firstRelease,
    lastRelease: row.lastRelease,
    events: row.events,
    eventsTotal: row.eventsTotal,
    users: row.users,
    sites: row.sites,
    money: [],
    moneyAbout: false,
    trend,
  };
}

function writeCursor(value: number, issue: string): string {
  return `${value}-${issue}`;
}

/** Null for the first page, undefined for a text that is no cursor. */
function readCursor(cursor: string): { value: number; issue: bigint } | null | undefined {
  if (cursor === '') return null;
  const found = /^(\d{1,16}(?:\.\d{1,12})?)-([0-9a-f]{16})$/.exec(cursor);
  return found ? { value: Number(found[1]), issue: BigInt(`0x${found[2]}`) } : undefined;
}
