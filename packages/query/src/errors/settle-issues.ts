import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { issueHex } from './issue-columns.ts';
import { issueNumber, mergedColumn, type MergedIssues } from './merged-issues.ts';
import { isNewerRelease } from './newer-release.ts';

export type ShownStatus = 'unresolved' | 'resolved' | 'ignored' | 'regressed';
export type IssuePriority = 'low' | 'medium' | 'high';

/** What people decided about an issue; times in ms. Issues nobody touched have none. */
export interface IssueDecision {
  readonly issue: string;
  readonly status: 'unresolved' | 'resolved' | 'ignored';
  readonly resolvedAt: number | null;
  readonly resolution?: 'now' | 'next-release' | 'release' | 'commit';
  readonly resolvedIn?: string;
  readonly ignoredUntil?: 'forever' | 'time' | 'events' | 'users' | 'escalating';
  readonly ignoredLimit?: number | null;
  readonly ignoredAt?: number | null;
  readonly priority?: IssuePriority | '';
  readonly assignee: string;
}

/** What became of a decision since. */
export interface SettledIssue {
  readonly status: ShownStatus;
  readonly assignee: string;
  readonly priority: IssuePriority | '';
  /** The release in which it came back, and when: '' and null unless it has regressed. */
  readonly regressedIn: string;
  readonly regressedAt: number | null;
  /** Why an issue that was archived is open again; '' when it is not so. */
  readonly woke: '' | 'time' | 'events' | 'users' | 'escalating';
}

export interface SettleAsked {
  readonly organisation: string;
  readonly nowMs: number;
  readonly decisions: Iterable<IssueDecision>;
  readonly merged: MergedIssues;
}

const hourMs = 3_600_000;
const baselineMs = 7 * 24 * hourMs;
/** An hour escalates with more events than this, and more than so many times the usual hour before it was archived. */
const leastEscalation = 10;
const escalationTimes = 5;

/**
 * What people see of what was decided: a resolved issue with a later event has regressed, in the way it was resolved; an
 * archived one wakes when its limit is reached. Reads only what the decisions ask for. Throws `StoreError`.
 */
export async function settleIssues(
  reader: TelemetryReader,
  { organisation, nowMs, decisions, merged }: SettleAsked,
  limits: QueryLimits = {},
): Promise<Map<string, SettledIssue>> {
  const all = [...decisions];
  const asked = { organisation, merged };
  const watched = all.filter(
    (one) =>
      one.status === 'resolved' ||
      (one.status === 'ignored' && (one.ignoredUntil === 'events' || one.ignoredUntil === 'escalating')),
  );
  const counted = all.filter((one) => one.status === 'ignored' && one.ignoredUntil === 'users');
  const [since, users, last] = await Promise.all([
    eventsSince(
      reader,
      { ...asked, issues: watched.map((one) => ({ issue: one.issue, fromMs: fromOf(one), atMs: atOf(one) })) },
      limits,
    ),
    usersSince(
      reader,
      { ...asked, issues: counted.map((one) => ({ issue: one.issue, fromMs: one.ignoredAt ?? nowMs })) },
      limits,
    ),
    lastSeen(
      reader,
      { ...asked, issues: all.filter((one) => one.status === 'resolved').map((one) => one.issue) },
      limits,
    ),
  ]);
  return new Map(
    all.map((decision) => {
      const rows = since.get(decision.issue) ?? [];
      return [
        decision.issue,
        settled(decision, { rows, users: users.get(decision.issue) ?? 0, lastMs: last.get(decision.issue), nowMs }),
      ];
    }),
  );
}

/** Escalation is judged against the week before. */
function fromOf(decision: IssueDecision): number {
  const at = atOf(decision);
  return decision.ignoredUntil === 'escalating' && decision.status === 'ignored' ? at - baselineMs : at;
}

const atOf = (decision: IssueDecision): number => decision.resolvedAt ?? decision.ignoredAt ?? 0;

interface Since {
  readonly release: string;
  /** Hours since it was decided, negative before. */
  readonly hour: number;
  readonly firstMs: number;
  readonly events: number;
}

function settled(
  decision: IssueDecision,
  seen: {
    readonly rows: readonly Since[];
    readonly users: number;
    readonly lastMs: number | undefined;
    readonly nowMs: number;
  },
): SettledIssue {
  const plain: SettledIssue = {
    status: decision.status,
    assignee: decision.assignee,
    priority: decision.priority ?? '',
    regressedIn: '',
    regressedAt: null,
    woke: '',
  };
  if (decision.status === 'resolved') return { ...plain, ...regression(decision, seen) };
  if (decision.status !== 'ignored') return plain;
  const limit = decision.ignoredLimit ?? Number.POSITIVE_INFINITY;
  const until = decision.ignoredUntil ?? 'forever';
  if (until === 'forever') return plain;
  const events = seen.rows.reduce((sum, row) => sum + row.events, 0);
  const over =
    (until === 'time' && seen.nowMs >= limit) ||
    (until === 'events' && events >= limit) ||
    (until === 'users' && seen.users >= limit) ||
    (until === 'escalating' && escalates(seen.rows));
  return over ? { ...plain, status: 'unresolved', woke: until } : plain;
}

function regression(
  decision: IssueDecision,
  { rows, lastMs }: { readonly rows: readonly Since[]; readonly lastMs: number | undefined },
): Partial<SettledIssue> {
  const at = decision.resolvedAt ?? Number.POSITIVE_INFINITY;
  const resolution = decision.resolution ?? 'now';
  const resolvedIn = decision.resolvedIn ?? '';
  const later = rows.filter(({ release }) => {
    if (resolution === 'now' || resolvedIn === '') return true;
    if (resolution === 'release') return release === resolvedIn || isNewerRelease(release, resolvedIn);
    return isNewerRelease(release, resolvedIn);
  });
  const first = later.toSorted((a, b) => a.firstMs - b.firstMs)[0];
  const byTime = resolution === 'now' && lastMs !== undefined && lastMs > at;
  if (!first && !byTime) return {};
  // The counts are by minute: an event in the minute of the resolution is told by its time alone.
  if (resolution === 'now' && !byTime) return {};
  return { status: 'regressed', regressedIn: first?.release ?? '', regressedAt: first?.firstMs ?? lastMs ?? null };
}

function escalates(rows: readonly Since[]): boolean {
  const hours = new Map<number, number>();
  let before = 0;
  for (const row of rows) {
    if (row.hour < 0) before += row.events;
    else hours.set(row.hour, (hours.get(row.hour) ?? 0) + row.events);
  }
  const usual = before / (baselineMs / hourMs);
  return [...hours.values()].some((events) => events > leastEscalation && events > escalationTimes * usual);
}

interface Asked<Issue> {
  readonly organisation: string;
  readonly merged: MergedIssues;
  readonly issues: readonly Issue[];
}
interface FromWhen {
  readonly issue: string;
  readonly fromMs: number;
}

/** Asked issues with what is merged into them: what their rows are stored under. */
function storedUnder(issues: readonly string[], merged: MergedIssues): bigint[] {
  const wanted = new Set(issues);
  return [...issues, ...[...merged].flatMap(([from, into]) => (wanted.has(into) ? [from] : []))].map(issueNumber);
}

/** Events of each issue since its own moment, by release and hour since it was decided. At most 100,000 rows. */
async function eventsSince(
  reader: TelemetryReader,
  { organisation, merged, issues }: Asked<FromWhen & { readonly atMs: number }>,
  limits: QueryLimits,
): Promise<Map<string, Since[]>> {
  if (issues.length === 0) return new Map();
  const column = mergedColumn(merged);
  const rows = await ask<Since & { id: string }>(
    reader,
    `SELECT ${issueHex('i')} AS id, toString(release) AS release, floor((toFloat64(toUnixTimestamp(minute)) - toFloat64(transform(i, {asked:Array(UInt64)}, {ats:Array(UInt32)}, toUInt32(0)))) / 3600) AS hour,
      toFloat64(min(toUnixTimestamp(minute))) * 1000 AS firstMs, toFloat64(sum(events)) AS events
    FROM (SELECT ${column.sql} AS i, release, minute, events FROM issue_volume WHERE organisation = {organisation:String}
      AND has({stored:Array(UInt64)}, issue) AND minute >= toDateTime({least:UInt32}))
    WHERE toUnixTimestamp(minute) >= transform(i, {asked:Array(UInt64)}, {froms:Array(UInt32)}, toUInt32(4294967295))
    GROUP BY i, release, hour ORDER BY hour LIMIT 100000`,
    {
      organisation,
      ...column.parameters,
      stored: storedUnder(
        issues.map(({ issue }) => issue),
        merged,
      ),
      least: seconds(Math.min(...issues.map(({ fromMs }) => fromMs))),
      asked: issues.map(({ issue }) => issueNumber(issue)),
      froms: issues.map(({ fromMs }) => seconds(fromMs)),
      ats: issues.map(({ atMs }) => seconds(atMs)),
    },
    limits,
  );
  const found = new Map<string, Since[]>();
  for (const { id, ...row } of rows) {
    const list = found.get(id);
    if (list) list.push(row);
    else found.set(id, [row]);
  }
  return found;
}

async function usersSince(
  reader: TelemetryReader,
  { organisation, merged, issues }: Asked<FromWhen>,
  limits: QueryLimits,
): Promise<Map<string, number>> {
  if (issues.length === 0) return new Map();
  const column = mergedColumn(merged);
  const rows = await ask<{ id: string; users: number }>(
    reader,
    `SELECT ${issueHex('i')} AS id, toFloat64(uniq(user_id)) AS users FROM (SELECT ${column.sql} AS i, user_id, ts FROM errors
      WHERE organisation = {organisation:String} AND has({stored:Array(UInt64)}, issue) AND user_id != ''
        AND toStartOfMinute(ts) >= toDateTime({least:UInt32}))
    WHERE toUnixTimestamp(ts) >= transform(i, {asked:Array(UInt64)}, {froms:Array(UInt32)}, toUInt32(4294967295)) GROUP BY i`,
    {
      organisation,
      ...column.parameters,
      stored: storedUnder(
        issues.map(({ issue }) => issue),
        merged,
      ),
      least: Math.floor(seconds(Math.min(...issues.map(({ fromMs }) => fromMs))) / 60) * 60,
      asked: issues.map(({ issue }) => issueNumber(issue)),
      froms: issues.map(({ fromMs }) => seconds(fromMs)),
    },
    limits,
  );
  return new Map(rows.map(({ id, users }) => [id, users]));
}

async function lastSeen(
  reader: TelemetryReader,
  { organisation, merged, issues }: Asked<string>,
  limits: QueryLimits,
): Promise<Map<string, number>> {
  if (issues.length === 0) return new Map();
  const column = mergedColumn(merged);
  const rows = await ask<{ id: string; at: number }>(
    reader,
    `SELECT ${issueHex('i')} AS id, toFloat64(toUnixTimestamp64Milli(max(last_seen))) AS at FROM
      (SELECT ${column.sql} AS i, last_seen FROM issues WHERE organisation = {organisation:String} AND issue IN {stored:Array(UInt64)})
    GROUP BY i`,
    { organisation, ...column.parameters, stored: storedUnder(issues, merged) },
    limits,
  );
  return new Map(rows.map(({ id, at }) => [id, at]));
}

/** The first whole second not before a moment, inside what a DateTime holds. */
const seconds = (ms: number): number => Math.ceil(Math.min(Math.max(0, ms), 4_294_000_000_000) / 1000);
