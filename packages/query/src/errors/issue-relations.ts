import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { issueHex } from './issue-columns.ts';
import { issueNumber, membersOf, mergedColumn } from './merged-issues.ts';
import type { IssueKey } from './read-issue.ts';

export interface RelatedIssue {
  readonly issue: string;
  readonly type: string;
  readonly message: string;
  readonly events: number;
  readonly lastSeenAt: number;
}

const relatedColumns = `argMax(type, last_seen) AS type, argMax(message, last_seen) AS message, toFloat64(sum(events)) AS events,
  toFloat64(toUnixTimestamp64Milli(max(last_seen))) AS lastSeenAt`;

/** What is merged into an issue, each as it was; empty where nothing is. */
export function readMembers(reader: TelemetryReader, key: IssueKey, limits: QueryLimits = {}): Promise<RelatedIssue[]> {
  const members = membersOf(key.issue, key.merged).filter((issue) => issue !== key.issue);
  if (members.length === 0) return Promise.resolve([]);
  return ask<RelatedIssue>(
    reader,
    `SELECT ${issueHex('i')} AS issue, * EXCEPT (i) FROM (SELECT issue AS i, ${relatedColumns} FROM issues
      WHERE organisation = {organisation:String} AND issue IN {issues:Array(UInt64)} GROUP BY issue)
    ORDER BY events DESC, issue LIMIT 200`,
    { organisation: key.organisation, issues: members.map(issueNumber) },
    limits,
  );
}

export interface SimilarIssue extends RelatedIssue {
  /** 0 to 1: how much type, place and message are alike. */
  readonly likeness: number;
}

/** Issues that may be the same bug: of the same type or place, with a message that is alike; among the 10,000 seen last. */
export function readSimilar(
  reader: TelemetryReader,
  key: IssueKey,
  issue: { readonly type: string; readonly message: string; readonly culprit: string },
  limits: QueryLimits = {},
): Promise<SimilarIssue[]> {
  const column = mergedColumn(key.merged);
  return ask<SimilarIssue>(
    reader,
    `SELECT ${issueHex('i')} AS issue, type, message, events, lastSeenAt,
      0.4 * (type = {type:String}) + 0.2 * (culprit = {culprit:String} AND culprit != '')
        + 0.4 * (1 - ngramDistanceCaseInsensitive(substring(message, 1, 300), {message:String})) AS likeness
    FROM (SELECT ${column.sql} AS i, ${relatedColumns}, argMax(culprit, last_seen) AS culprit FROM issues
      WHERE organisation = {organisation:String} GROUP BY i ORDER BY lastSeenAt DESC LIMIT 10000)
    WHERE i != {self:UInt64} AND likeness >= 0.6 ORDER BY likeness DESC, events DESC LIMIT 5`,
    {
      organisation: key.organisation,
      ...column.parameters,
      self: issueNumber(key.issue),
      type: issue.type,
      culprit: issue.culprit,
      message: issue.message.slice(0, 300),
    },
    limits,
  );
}

/** The release that may have brought an issue. */
export interface SuspectRelease {
  readonly release: string;
  /** When anything failed in it for the first time, and how long after that the issue came. */
  readonly firstHeardAt: number;
}

const suspectWithinMs = 7 * 86_400_000;

/**
 * The release in which an issue was seen first, where other errors of the service are older than this release: then the
 * issue came with it. Undefined where the issue came later than a week after the release, or no release is known.
 */
export async function readSuspectRelease(
  reader: TelemetryReader,
  key: IssueKey,
  issue: { readonly firstRelease: string; readonly firstSeenAt: number; readonly service: string },
  limits: QueryLimits = {},
): Promise<SuspectRelease | undefined> {
  if (issue.firstRelease === '') return undefined;
  const [row] = await ask<{ here: number; all: number }>(
    reader,
    `SELECT toFloat64(minIf(toUnixTimestamp(minute), release = {release:String})) * 1000 AS here,
      toFloat64(min(toUnixTimestamp(minute))) * 1000 AS all
    FROM issue_volume WHERE organisation = {organisation:String} AND service = {service:String}`,
    { organisation: key.organisation, service: issue.service, release: issue.firstRelease },
    limits,
  );
  if (!row || row.here === 0 || row.here <= row.all) return undefined;
  return issue.firstSeenAt - row.here <= suspectWithinMs
    ? { release: issue.firstRelease, firstHeardAt: row.here }
    : undefined;
}

/** Issues whose ids begin with these 8 to 16 hexadecimal digits, at most two: one is meant only where it is the only one. */
export async function issuesBeginning(
  reader: TelemetryReader,
  of: { readonly organisation: string; readonly digits: string },
  limits: QueryLimits = {},
): Promise<string[]> {
  const rows = await ask<{ id: string }>(
    reader,
    `SELECT DISTINCT ${issueHex('issue')} AS id FROM issues WHERE organisation = {organisation:String}
      AND issue >= {first:UInt64} AND issue <= {last:UInt64} LIMIT 2`,
    {
      organisation: of.organisation,
      first: issueNumber(of.digits.padEnd(16, '0')),
      last: issueNumber(of.digits.padEnd(16, 'f')),
    },
    limits,
  );
  return rows.map(({ id }) => id);
}

/** Issues whose first event came since a moment, the newest first. */
export async function issuesSince(
  reader: TelemetryReader,
  of: { readonly organisation: string; readonly sinceMs: number; readonly limit: number },
  limits: QueryLimits = {},
): Promise<string[]> {
  const rows = await ask<{ id: string }>(
    reader,
    `SELECT ${issueHex('issue')} AS id FROM issues WHERE organisation = {organisation:String} GROUP BY issue
      HAVING min(first_seen) >= fromUnixTimestamp64Milli({sinceMs:Int64}) ORDER BY min(first_seen) DESC LIMIT {limit:UInt32}`,
    { organisation: of.organisation, sinceMs: Math.trunc(of.sinceMs), limit: of.limit },
    limits,
  );
  return rows.map(({ id }) => id);
}

/** The release of a service that was heard first most recently; '' where no release is known. */
export async function newestRelease(
  reader: TelemetryReader,
  of: { readonly organisation: string; readonly service: string },
  limits: QueryLimits = {},
): Promise<string> {
  const [row] = await ask<{ name: string }>(
    reader,
    `SELECT toString(release) AS name FROM issue_volume WHERE organisation = {organisation:String} AND service = {service:String}
      AND release != '' GROUP BY release ORDER BY min(minute) DESC LIMIT 1`,
    of,
    limits,
  );
  return row?.name ?? '';
}
