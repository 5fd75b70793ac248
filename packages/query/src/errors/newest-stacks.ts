import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { issueHex } from './issue-columns.ts';
import type { IssueRow } from './list-issues.ts';
import { issueNumber, membersOf, mergedColumn, type MergedIssues } from './merged-issues.ts';
import { readPayload, type StoredPayload } from './read-issue.ts';

/** The stack that an issue's culprit was read from. */
export interface NewestStack {
  readonly issue: string;
  readonly release: string;
  readonly dist: string;
  readonly exceptions: StoredPayload['exceptions'];
}

const mostIssues = 20;

/**
 * Stacks of the newest events of the first 20 issues, of those alone that have frames which no source map resolved. An issue is left out where its
 * newest event tells another culprit than its row (merged ones) or is no longer kept. `boundTo`: the site that whoever asks is bound to, or
 * undefined. Throws `StoreError`.
 */
export async function readNewestStacks(
  reader: TelemetryReader,
  asked: {
    readonly organisation: string;
    readonly issues: readonly Pick<IssueRow, 'issue' | 'culprit' | 'lastSeenAt'>[];
    readonly merged: MergedIssues;
    readonly boundTo: string | undefined;
  },
  limits: QueryLimits = {},
): Promise<NewestStack[]> {
  const issues = asked.issues.slice(0, mostIssues);
  if (issues.length === 0) return [];
  const merged = mergedColumn(asked.merged);
  const each = issues.map(
    (_, at) => `(issue IN {issues${at}:Array(UInt64)} AND culprit = {culprit${at}:String}
      AND ts >= fromUnixTimestamp64Milli({lastMs${at}:Int64}) AND ts < fromUnixTimestamp64Milli({lastMs${at}:Int64} + 1))`,
  );
  const parameters = Object.fromEntries(
    issues.flatMap(({ issue, culprit, lastSeenAt }, at) => [
      [`issues${at}`, membersOf(issue, asked.merged).map(issueNumber)],
      [`culprit${at}`, culprit],
      [`lastMs${at}`, lastSeenAt],
    ]),
  );
  const rows = await ask<{ issue: string; release: string; payload: string }>(
    reader,
    `SELECT ${issueHex(merged.sql)} AS issue, release, payload FROM errors
    WHERE organisation = {organisation:String} ${asked.boundTo ? 'AND site = {boundTo:String}' : ''}
      AND ts >= fromUnixTimestamp64Milli({fromMs:Int64}) AND ts < fromUnixTimestamp64Milli({toMs:Int64} + 1)
      AND (${each.join(' OR ')}) AND position(payload, '"unresolved"') > 0
    ORDER BY ts DESC, event_id DESC LIMIT 1 BY issue`,
    {
      ...merged.parameters,
      ...parameters,
      organisation: asked.organisation,
      boundTo: asked.boundTo ?? '',
      fromMs: Math.min(...issues.map(({ lastSeenAt }) => lastSeenAt)),
      toMs: Math.max(...issues.map(({ lastSeenAt }) => lastSeenAt)),
    },
    limits,
  );
  return rows.map(({ issue, release, payload }) => {
    const { exceptions, dist } = readPayload(payload);
    return { issue, release, dist: dist ?? '', exceptions };
  });
}
