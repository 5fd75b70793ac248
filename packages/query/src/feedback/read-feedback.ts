import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { hexId } from '../logs/log-row.ts';
import {
  completed,
  placesCondition,
  writtenColumns,
  type FeedbackDecisions,
  type FeedbackRow,
  type WrittenRow,
} from './feedback-rows.ts';

/** Whose feedback; `site` '' for that of every site. */
interface FeedbackKey {
  readonly organisation: string;
  readonly site: string;
}

const earlierAtMost = 20;

/** When feedback of these ids was written last, milliseconds since the epoch; what is not there is left out. Throws `StoreError`. */
export async function feedbackTimes(
  reader: TelemetryReader,
  { organisation, site }: FeedbackKey,
  ids: readonly string[],
  limits: QueryLimits = {},
): Promise<{ id: string; at: number }[]> {
  const places = placesCondition({ site, service: '', environment: '' });
  return ask<{ id: string; at: number }>(
    reader,
    `SELECT event_id AS id, toFloat64(toUnixTimestamp64Milli(max(ts))) AS at FROM feedback
     WHERE organisation = {organisation:String} AND event_id IN {ids:Array(String)} AND ${places.sql}
     GROUP BY event_id ORDER BY id LIMIT 1000`,
    { organisation, ...places.parameters, ids: [...ids] },
    limits,
  );
}

/** The error that feedback is about. */
export interface FeedbackSubject {
  readonly type: string;
  readonly message: string;
  readonly culprit: string;
  readonly at: number;
  readonly traceId: string;
  readonly correlationId: string;
}

/**
 * The feedback of one id, newest first (reports about one error share its id), at most 21, and the error that it is about; null
 * where it is about none or that is kept no longer. Undefined where there is none. Throws `StoreError`.
 */
export async function readFeedback(
  reader: TelemetryReader,
  { organisation, site }: FeedbackKey,
  id: string,
  decisions: FeedbackDecisions,
  limits: QueryLimits = {},
): Promise<{ feedback: FeedbackRow; earlier: FeedbackRow[]; about: FeedbackSubject | null } | undefined> {
  const places = placesCondition({ site, service: '', environment: '' });
  const rows = await ask<WrittenRow>(
    reader,
    `SELECT ${writtenColumns} FROM feedback
     WHERE organisation = {organisation:String} AND event_id = {id:String} AND ${places.sql}
     ORDER BY ts DESC LIMIT ${earlierAtMost + 1}`,
    { organisation, ...places.parameters, id },
    limits,
  );
  const [feedback, ...earlier] = await completed(reader, { organisation }, rows, decisions, limits);
  if (!feedback) return undefined;
  if (feedback.issue === '') return { feedback, earlier, about: null };
  const [about] = await ask<FeedbackSubject>(
    reader,
    `SELECT type, message, culprit, toFloat64(toUnixTimestamp64Milli(ts)) AS at, ${hexId('trace_id', 16)} AS traceId, toString(correlation_id) AS correlationId
     FROM errors WHERE organisation = {organisation:String} AND event_id = {event:String} LIMIT 1`,
    { organisation, event: feedback.aboutEvent },
    limits,
  );
  return { feedback, earlier, about: about ?? null };
}
