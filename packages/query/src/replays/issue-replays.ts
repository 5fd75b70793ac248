import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { readIssueRow, type IssueKey } from '../errors/read-issue.ts';
import { issueNumber, membersOf } from '../errors/merged-issues.ts';
import { ask } from '../metrics/ask.ts';
import { around, between } from '../search/key-range.ts';
import { replayColumns, withClicks, type ReplayColumns, type ReplayRow } from './replays.ts';

/** A replay in which an issue's error happened, and when it did so last in it, milliseconds since the epoch. */
export type IssueReplay = ReplayRow & { readonly at: number };

/** Of the newest events of the issue the replays are sought. */
const mostEvents = 2000;
const mostReplays = 20;
/** Sessions end after an hour; their messages lie so far around an event at most. */
const longestMs = 2 * 3_600_000;

/**
 * Replays in which an error of the issue happened, those that began last first, at most 20: such as its newest 2,000 events name, and such
 * as name one of these events. `left` counts further ones. Undefined where the organisation has no such issue. Throws `StoreError`.
 */
export async function readIssueReplays(
  reader: TelemetryReader,
  key: IssueKey,
  limits: QueryLimits = {},
): Promise<{ readonly replays: IssueReplay[]; readonly left: number } | undefined> {
  const issue = await readIssueRow(reader, key, undefined, limits);
  if (!issue) return undefined;
  const { organisation } = key;
  const events = await ask<{ event: string; named: string; at: number }>(
    reader,
    `SELECT event_id AS event, lower(replaceAll(tags['replayId'], '-', '')) AS named, toFloat64(toUnixTimestamp64Milli(ts)) AS at FROM errors
    WHERE ${between('from', 'to', 9)} AND issue IN {issues:Array(UInt64)} ORDER BY toStartOfMinute(ts) DESC, ts DESC LIMIT ${mostEvents}`,
    {
      organisation,
      issues: membersOf(key.issue, key.merged).map(issueNumber),
      ...around('from', 'to', issue.firstSeenAt, issue.lastSeenAt + 1),
    },
    limits,
  );
  const [newest, oldest] = [events[0], events.at(-1)];
  if (!newest || !oldest) return { replays: [], left: 0 };
  const rows = await ask<ReplayColumns & { told: string[]; total: number }>(
    reader,
    `SELECT *, toFloat64(count() OVER ()) AS total FROM (SELECT ${replayColumns}, groupUniqArrayArray(1000)(errors) AS told FROM replays
      WHERE ${between('from', 'to')} AND replay_id IN (SELECT replay_id FROM replays
        WHERE ${between('from', 'to')} AND (replay_id IN {named:Array(String)} OR hasAny(errors, {events:Array(String)})))
      GROUP BY replay_id)
    ORDER BY startedAt DESC, replay DESC LIMIT ${mostReplays}`,
    {
      organisation,
      named: events.flatMap(({ named }) => (named === '' ? [] : [named])),
      events: events.map(({ event }) => event),
      ...around('from', 'to', oldest.at - longestMs, newest.at + longestMs),
    },
    limits,
  );
  const told = new Map<string, ReadonlySet<string>>();
  const columns: ReplayColumns[] = [];
  let all = 0;
  for (const { told: named, total, ...row } of rows) {
    told.set(row.replay, new Set(named));
    columns.push(row);
    all = total;
  }
  const replays = await withClicks(reader, organisation, columns, limits);
  return {
    // Events are in order, the newest first.
    replays: replays.map((row) => {
      const inIt = events.find(({ event, named }) => named === row.replay || told.get(row.replay)?.has(event));
      return { ...row, at: inIt?.at ?? row.startedAt };
    }),
    left: all - rows.length,
  };
}
