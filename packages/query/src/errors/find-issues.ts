import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import type { SearchError } from '../search/ast.ts';
import { compile } from '../search/compile.ts';
import { parseSearch } from '../search/parse.ts';
import { issueHex } from './issue-columns.ts';
import { readIssueTerms } from './issue-terms.ts';
import { listIssues } from './list-issues.ts';
import { issueNumber, mergedColumn, type MergedIssues } from './merged-issues.ts';
import type { IssueDecision } from './settle-issues.ts';

/** What people decided about the issues of an organisation. */
export interface IssueDecisions {
  readonly decisions: ReadonlyMap<string, IssueDecision>;
  readonly merged: MergedIssues;
}

export interface FoundIssue {
  readonly issue: string;
  readonly type: string;
  readonly service: string;
  /** In the window. */
  readonly events: number;
}

export interface FindIssues extends IssueDecisions {
  readonly organisation: string;
  readonly endMs: number;
  readonly windowMs: number;
  /** First seen in the window; seen in it though resolved; or with many times the events that are usual. */
  readonly what: 'new' | 'regressed' | 'spiking';
  readonly query: string;
  readonly least: number;
  /** With `spiking`: so many times as many events as in a usual window of the day before. */
  readonly times: number;
}

const mostIssues = 500;
const usualMs = 86_400_000;

/** Why an issue search cannot be read; undefined when it can. */
export function issueSearchFault(text: string): SearchError | undefined {
  const parsed = parseSearch(text);
  if (!parsed.ok) return parsed.error;
  const terms = readIssueTerms(
    parsed.value,
    { status: "''", assignee: "''", priority: "''", fromMs: '0' },
    {
      me: '',
      myTeams: [],
    },
  );
  if (!terms.ok) return terms.error;
  const compiled = compile('errors', terms.value.events);
  return compiled.ok ? undefined : compiled.error;
}

/**
 * Issues that are new, came back or spike within a window, those with most events first, at most 500. What people archived
 * counts as little as what is resolved and stays away. The search must have passed `issueSearchFault`. Throws `StoreError`.
 */
export async function findIssues(
  reader: TelemetryReader,
  asked: FindIssues,
  limits: QueryLimits = {},
): Promise<{ issues: FoundIssue[]; overflow: boolean }> {
  const { organisation, endMs, windowMs, what, decisions, merged, least } = asked;
  const scope = { organisation, fromMs: endMs - windowMs, toMs: endMs, environment: '', site: '', service: '' };
  const own = { new: 'is:new ', regressed: '', spiking: '' }[what];
  const found = await listIssues(
    reader,
    {
      scope,
      q: `${own}events:>=${least} ${asked.query}`.trim(),
      status: what === 'regressed' ? 'regressed' : 'open',
      sort: 'events',
      limit: mostIssues,
      cursor: '',
      decisions,
      merged,
      me: '',
      nowMs: endMs,
    },
    limits,
  );
  if (!found.ok) throw new Error('a checked search cannot be read');
  const issues = found.value.issues.map(({ issue, type, service, events }) => ({ issue, type, service, events }));
  const overflow = found.value.next !== '';
  if (what !== 'spiking' || issues.length === 0) return { issues, overflow };
  const before = await eventsBefore(reader, asked, issues, limits);
  const windows = usualMs / windowMs;
  return {
    issues: issues.filter(({ issue, events }) => events > (asked.times * (before.get(issue) ?? 0)) / windows),
    overflow,
  };
}

/** Events of each issue in the day before the window. */
async function eventsBefore(
  reader: TelemetryReader,
  { organisation, endMs, windowMs, merged }: FindIssues,
  issues: readonly FoundIssue[],
  limits: QueryLimits,
): Promise<Map<string, number>> {
  const column = mergedColumn(merged);
  const toS = Math.floor((endMs - windowMs) / 60_000) * 60;
  const rows = await ask<{ issue: string; events: number }>(
    reader,
    `SELECT ${issueHex('i')} AS issue, toFloat64(sum(events)) AS events FROM (SELECT ${column.sql} AS i, events FROM issue_volume
      WHERE organisation = {organisation:String} AND minute >= toDateTime({fromS:UInt32}) AND minute < toDateTime({toS:UInt32}))
    WHERE has({issues:Array(UInt64)}, i) GROUP BY i`,
    {
      organisation,
      ...column.parameters,
      fromS: Math.max(0, toS - usualMs / 1000),
      toS: Math.max(0, toS),
      issues: issues.map(({ issue }) => issueNumber(issue)),
    },
    limits,
  );
  return new Map(rows.map(({ issue, events }) => [issue, events]));
}
