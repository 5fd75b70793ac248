import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { timeGrid } from '../metrics/time-grid.ts';
import { minuteCondition, type ReadScope } from '../search/scope.ts';

/** What was seen of a release within a range. */
export interface ReleaseHealth {
  readonly release: string;
  readonly sessions: number;
  readonly crashedSessions: number;
  /** Sessions with an error that did not end them. */
  readonly erroredSessions: number;
  /** People, estimated beyond some thousands. */
  readonly users: number;
  readonly crashedUsers: number;
  /** Error events. */
  readonly errors: number;
  /** Issues that began with this release within the range. */
  readonly newIssues: number;
  /** Milliseconds since the epoch; 0 where only its issues are known. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** Where its sessions were, those with most first, at most 50. */
  readonly spread: readonly { readonly environment: string; readonly service: string; readonly sessions: number }[];
}

export interface ReleasePoint {
  readonly at: number;
  readonly sessions: number;
  readonly crashedSessions: number;
}

/** An issue that a release brought. */
export interface NewIssue {
  readonly issue: string;
  readonly type: string;
  readonly message: string;
  readonly events: number;
  readonly firstSeenAt: number;
}

const releasesAtMost = 500;
const issuesAtMost = 50;
const points = 60;

/** Milliseconds inside what the tables can hold (2106). */
const within = (ms: number): number => Math.trunc(Math.max(0, Math.min(ms, 4_294_944_000_000)));

const rangeParameters = (scope: ReadScope): Record<string, ParameterValue> => ({
  organisation: scope.organisation,
  fromMs: within(scope.fromMs),
  toMs: within(scope.toMs),
  environment: scope.environment,
  site: scope.site,
  service: scope.service,
});

/** The table's order begins with the hour: the condition on it lets the engine skip to the range. */
function sessionCondition(scope: ReadScope): string {
  const named = (['environment', 'site', 'service'] as const).filter((name) => scope[name] !== '');
  return [
    'organisation = {organisation:String}',
    'toStartOfHour(ts) >= toStartOfHour(fromUnixTimestamp64Milli({fromMs:Int64}))',
    'ts >= fromUnixTimestamp64Milli({fromMs:Int64})',
    'ts < fromUnixTimestamp64Milli({toMs:Int64})',
    "release != ''",
    ...named.map((name) => `${name} = {${name}:String}`),
  ].join(' AND ');
}

const crashes = "('crashed')";
const troubles = "('errored', 'crashed', 'abnormal', 'unhandled')";

const place = "concat(toString(environment), '\\n', toString(service))";

/**
 * Sessions as rows of (release, user, n, crashed, errored, began, ended, place): of a session with an id all its updates are one, and what it went
 * through stays with it; sessions that the client counted itself come as they were counted.
 */
const sessionRows = (
  condition: string,
): string => `SELECT toString(release) AS release, any(user_id) AS user, toUInt64(1) AS n,
    max(status IN ${crashes}) AS crashed, max(status IN ${troubles} OR errors > 0) AS errored, min(ts) AS began, max(ts) AS ended,
    any(${place}) AS place
  FROM sessions WHERE ${condition} AND session_id != '' GROUP BY release, session_id
  UNION ALL
  SELECT toString(release) AS release, user_id AS user, toUInt64(sessions) AS n, status IN ${crashes} AS crashed,
    status IN ${troubles} AS errored, ts AS began, ts AS ended, ${place} AS place
  FROM sessions WHERE ${condition} AND session_id = ''`;

type SessionSums = Pick<
  ReleaseHealth,
  | 'release'
  | 'sessions'
  | 'crashedSessions'
  | 'erroredSessions'
  | 'users'
  | 'crashedUsers'
  | 'firstSeenAt'
  | 'lastSeenAt'
> & { readonly places: readonly string[]; readonly placeSessions: readonly number[] };

/** Every release of which something was seen in the range, the one seen last first; at most 500. Throws `StoreError`. */
export async function readReleases(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits = {},
): Promise<ReleaseHealth[]> {
  const parameters = rangeParameters(scope);
  const [sessions, errors, issues] = await Promise.all([
    reader.query<SessionSums>(
      `SELECT release, toFloat64(sum(n)) AS sessions, toFloat64(sumIf(n, crashed)) AS crashedSessions,
         toFloat64(sumIf(n, errored AND NOT crashed)) AS erroredSessions, toFloat64(uniqIf(user, user != '')) AS users,
         toFloat64(uniqIf(user, user != '' AND crashed)) AS crashedUsers,
         toFloat64(toUnixTimestamp64Milli(min(began))) AS firstSeenAt, toFloat64(toUnixTimestamp64Milli(max(ended))) AS lastSeenAt,
         (sumMap([place], [n]) AS byPlace).1 AS places, arrayMap(x -> toFloat64(x), byPlace.2) AS placeSessions
       FROM (${sessionRows(sessionCondition(scope))}) GROUP BY release ORDER BY lastSeenAt DESC LIMIT ${releasesAtMost}`,
      parameters,
      limits,
    ),
    readErrors(reader, scope, limits),
    readNewIssueCounts(reader, scope, limits),
  ]);
  const found = new Map<string, ReleaseHealth>();
  const add = (release: string, more: Partial<ReleaseHealth>): void => {
    const known = found.get(release) ?? nothingSeen(release);
    const firstSeenAt = least(known.firstSeenAt, more.firstSeenAt ?? 0);
    const lastSeenAt = Math.max(known.lastSeenAt, more.lastSeenAt ?? 0);
    found.set(release, { ...known, ...more, firstSeenAt, lastSeenAt });
  };
  for (const { places, placeSessions, ...row } of sessions)
    add(row.release, { ...row, spread: spreadOf(places, placeSessions) });
  for (const row of errors) add(row.release, row);
  for (const { release, newIssues } of issues) add(release, { newIssues });
  return [...found.values()].toSorted((a, b) => b.lastSeenAt - a.lastSeenAt).slice(0, releasesAtMost);
}

/** A release of which nothing was seen. */
export function nothingSeen(release: string): ReleaseHealth {
  const none = { sessions: 0, crashedSessions: 0, erroredSessions: 0, users: 0, crashedUsers: 0 };
  return { release, ...none, errors: 0, newIssues: 0, firstSeenAt: 0, lastSeenAt: 0, spread: [] };
}

const placesAtMost = 50;

function spreadOf(places: readonly string[], sessions: readonly number[]): ReleaseHealth['spread'] {
  return places
    .map((one, i) => {
      const [environment = '', service = ''] = one.split('\n');
      return { environment, service, sessions: sessions[i] ?? 0 };
    })
    .toSorted((a, b) => b.sessions - a.sessions)
    .slice(0, placesAtMost);
}

function least(a: number, b: number): number {
  return a === 0 ? b : b === 0 ? a : Math.min(a, b);
}

async function readErrors(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits,
): Promise<Pick<ReleaseHealth, 'release' | 'errors' | 'firstSeenAt' | 'lastSeenAt'>[]> {
  const minute = (ms: number): number => Math.floor(Math.min(Math.max(0, ms), 4_294_000_000_000) / 60_000) * 60;
  const { sql, parameters } = minuteCondition(scope, minute(scope.fromMs), minute(scope.toMs + 59_999));
  return ask(
    reader,
    `SELECT toString(release) AS release, toFloat64(sum(events)) AS errors, toFloat64(toUnixTimestamp(min(minute))) * 1000 AS firstSeenAt,
       toFloat64(toUnixTimestamp(max(minute))) * 1000 AS lastSeenAt
     FROM issue_volume WHERE ${sql} AND release != '' GROUP BY release ORDER BY lastSeenAt DESC LIMIT ${releasesAtMost}`,
    parameters,
    limits,
  );
}

/**
 * Issues by the release that they were first seen in, of a site those that were seen there; of a scope's environments nothing is known here.
 * Where and how an issue began may be told by another site: who is bound to one is answered none.
 */
const newIssues = (
  scope: ReadScope,
): string => `SELECT issue AS id, argMinMerge(first_release) AS began, min(first_seen) AS seen, any(i.type) AS kind,
    any(i.message) AS said, any(i.service) AS owner, sum(i.events) AS n
  FROM issues AS i WHERE organisation = {organisation:String}${scope.site === '' ? '' : ' AND issue IN (SELECT issue FROM issue_volume WHERE organisation = {organisation:String} AND site = {site:String})'} GROUP BY id
  HAVING seen >= fromUnixTimestamp64Milli({fromMs:Int64}) AND seen < fromUnixTimestamp64Milli({toMs:Int64}) AND began != ''
    ${scope.service === '' ? '' : 'AND owner = {service:String}'}`;

function readNewIssueCounts(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits,
): Promise<{ release: string; newIssues: number }[]> {
  if (scope.boundTo) return Promise.resolve([]);
  return reader.query(
    `SELECT began AS release, toFloat64(count()) AS newIssues FROM (${newIssues(scope)}) GROUP BY release ORDER BY newIssues DESC LIMIT ${releasesAtMost}`,
    rangeParameters(scope),
    limits,
  );
}

/** Issues that began with a release within the range, those with most events first; at most 50. Throws `StoreError`. */
export function readNewIssues(
  reader: TelemetryReader,
  scope: ReadScope,
  release: string,
  limits: QueryLimits = {},
): Promise<NewIssue[]> {
  if (scope.boundTo) return Promise.resolve([]);
  return reader.query(
    `SELECT leftPad(lower(hex(id)), 16, '0') AS issue, kind AS type, said AS message, toFloat64(n) AS events,
       toFloat64(toUnixTimestamp64Milli(seen)) AS firstSeenAt
     FROM (${newIssues(scope)}) WHERE began = {release:String} ORDER BY events DESC, issue LIMIT ${issuesAtMost}`,
    { ...rangeParameters(scope), release },
    limits,
  );
}

/** These issues as they are named, those with most events first; at most 100 are read. Throws `StoreError`. */
export function readNamedIssues(
  reader: TelemetryReader,
  scope: ReadScope,
  issues: readonly string[],
  limits: QueryLimits = {},
): Promise<NewIssue[]> {
  // A key that is bound to a site is told of no issue as such: its texts may be another site's.
  if (scope.boundTo || issues.length === 0) return Promise.resolve([]);
  return reader.query(
    `SELECT leftPad(lower(hex(id)), 16, '0') AS issue, kind AS type, said AS message, toFloat64(n) AS events,
       toFloat64(toUnixTimestamp64Milli(seen)) AS firstSeenAt
     FROM (SELECT issue AS id, min(first_seen) AS seen, any(i.type) AS kind, any(i.message) AS said, any(i.service) AS owner, sum(i.events) AS n
       FROM issues AS i WHERE organisation = {organisation:String} AND issue IN {issues:Array(UInt64)} GROUP BY id
       ${scope.service === '' ? '' : 'HAVING owner = {service:String}'})
     ORDER BY events DESC, issue LIMIT 100`,
    { ...rangeParameters(scope), issues: issues.slice(0, 100).map((issue) => BigInt(`0x${issue}`)) },
    limits,
  );
}

/** Sessions of a release over the range, where they began; buckets without any are zero. Throws `StoreError`. */
export async function readReleaseTrend(
  reader: TelemetryReader,
  scope: ReadScope,
  release: string,
  limits: QueryLimits = {},
): Promise<ReleasePoint[]> {
  const grid = timeGrid(scope, points, 60_000);
  const condition = `${sessionCondition(scope)} AND release = {release:String}`;
  const rows = await reader.query<ReleasePoint>(
    `SELECT toFloat64(intDiv(toUnixTimestamp64Milli(began), {stepMs:Int64}) * {stepMs:Int64}) AS at, toFloat64(sum(n)) AS sessions,
       toFloat64(sumIf(n, crashed)) AS crashedSessions
     FROM (${sessionRows(condition)}) GROUP BY at`,
    { ...rangeParameters(scope), release, stepMs: grid.stepMs },
    limits,
  );
  const byTime = new Map(rows.map((row) => [row.at, row]));
  return Array.from({ length: grid.count }, (_, i) => grid.firstMs + i * grid.stepMs).map(
    (at) => byTime.get(at) ?? { at, sessions: 0, crashedSessions: 0 },
  );
}
