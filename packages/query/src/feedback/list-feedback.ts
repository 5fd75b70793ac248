import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { toNs, type Condition, type ReadScope } from '../search/scope.ts';
import {
  completed,
  decidedColumns,
  placesCondition,
  wordsCondition,
  writtenColumns,
  type FeedbackDecisions,
  type FeedbackRow,
  type FeedbackStatus,
  type WrittenRow,
} from './feedback-rows.ts';

export interface FeedbackAsked {
  readonly scope: ReadScope;
  /** Words that all stand in what was written, by whom or where, ignoring case; '' for all. */
  readonly q: string;
  /** The issue whose errors it is about, with what is merged into it; empty for all. */
  readonly issues: readonly string[];
  readonly status: FeedbackStatus | 'all';
  /** Whose it is, '' among them for nobody; undefined for all. */
  readonly assignees?: readonly string[] | undefined;
  /** Only what nobody opened. */
  readonly unread: boolean;
  /** What was decided about feedback of the range. */
  readonly decisions: FeedbackDecisions;
  readonly limit: number;
  /** `next` of the page before, '' to begin. */
  readonly cursor: string;
}

export interface FeedbackCounts {
  readonly unresolved: number;
  readonly resolved: number;
  readonly spam: number;
  /** Of what is unresolved. */
  readonly unread: number;
}

export interface FeedbackPage {
  readonly feedback: FeedbackRow[];
  readonly next: string;
  /** Of all that is asked for, whatever its state. */
  readonly counts: FeedbackCounts;
}

/** One page of the feedback of the range, newest first; undefined for a cursor that is none. Throws `StoreError`. */
export async function listFeedback(
  reader: TelemetryReader,
  asked: FeedbackAsked,
  limits: QueryLimits = {},
): Promise<FeedbackPage | undefined> {
  const { scope, cursor, limit, decisions } = asked;
  const after = cursor === '' ? undefined : /^(\d{1,15})-(.{0,64})$/su.exec(cursor);
  if (after === null) return undefined;
  const decided = decidedColumns(decisions);
  const found = foundBy(asked, decided.sql.assignee);
  const parameters = { ...found.parameters, ...decided.parameters };
  const conditions = [
    found.sql,
    ...(asked.status === 'all' ? [] : [`${decided.sql.status} = {status:String}`]),
    ...(asked.unread ? [`NOT ${decided.sql.read}`] : []),
    ...(after ? ['(ts, event_id) < (fromUnixTimestamp64Milli({afterMs:Int64}), {afterEvent:String})'] : []),
  ];
  const [rows, [counts]] = await Promise.all([
    ask<WrittenRow>(
      reader,
      `SELECT ${writtenColumns} FROM feedback WHERE ${conditions.join(' AND ')} ORDER BY ts DESC, event_id DESC LIMIT {limit:UInt32}`,
      {
        ...parameters,
        status: asked.status,
        ...(after ? { afterMs: BigInt(after[1] ?? '0'), afterEvent: after[2] ?? '' } : {}),
        limit: limit + 1,
      },
      limits,
    ),
    ask<FeedbackCounts>(
      reader,
      `SELECT ${(['unresolved', 'resolved', 'spam'] as const).map((one) => `toFloat64(countIf(s = '${one}')) AS ${one}`).join(', ')},
         toFloat64(countIf(s = 'unresolved' AND NOT r)) AS unread
       FROM (SELECT ${decided.sql.status} AS s, ${decided.sql.read} AS r FROM feedback WHERE ${found.sql})`,
      parameters,
      limits,
    ),
  ]);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    feedback: await completed(reader, scope, page, decisions, limits),
    next: rows.length > limit && last ? `${last.at}-${last.eventId}` : '',
    counts: counts ?? { unresolved: 0, resolved: 0, spam: 0, unread: 0 },
  };
}

/** All that is asked for, whatever its state. */
function foundBy({ scope, q, issues, assignees }: FeedbackAsked, assignee: string): Condition {
  const places = placesCondition(scope);
  const words = wordsCondition(q);
  // Feedback is little beside errors: the errors that it is about are looked up, never all of an issue.
  const ofIssues = `associated_event_id IN (SELECT event_id FROM errors WHERE organisation = {organisation:String} AND issue IN {issues:Array(UInt64)}
    AND event_id IN (SELECT associated_event_id FROM feedback WHERE organisation = {organisation:String} AND associated_event_id != ''))`;
  const conditions = [
    'organisation = {organisation:String}',
    'ts >= fromUnixTimestamp64Nano({fromNs:Int64})',
    'ts < fromUnixTimestamp64Nano({toNs:Int64})',
    places.sql,
    words.sql,
    ...(issues.length > 0 ? [ofIssues] : []),
    ...(assignees === undefined ? [] : [`${assignee} IN {assignees:Array(String)}`]),
  ];
  return {
    sql: conditions.join(' AND '),
    parameters: {
      organisation: scope.organisation,
      fromNs: toNs(scope.fromMs),
      toNs: toNs(scope.toMs),
      ...places.parameters,
      ...words.parameters,
      ...(issues.length > 0 ? { issues: issues.map((issue) => BigInt(`0x${issue}`)) } : {}),
      ...(assignees === undefined ? {} : { assignees: [...assignees] }),
    },
  };
}
