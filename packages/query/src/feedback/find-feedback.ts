import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { toNs } from '../search/scope.ts';
import {
  decidedColumns,
  errorsAbout,
  placed,
  placesCondition,
  wordsCondition,
  type FeedbackDecisions,
} from './feedback-rows.ts';

export interface FindFeedback {
  readonly organisation: string;
  /** End of the window (excluded), milliseconds since the epoch. */
  readonly endMs: number;
  readonly windowMs: number;
  /** As in the inbox: words that all stand in what was written; '' for all. */
  readonly q: string;
  /** '' for all. */
  readonly site: string;
  readonly service: string;
  readonly environment: string;
  /** What was decided about feedback of the window. */
  readonly decisions: FeedbackDecisions;
}

export interface FoundFeedback {
  readonly eventId: string;
  readonly site: string;
  readonly service: string;
  readonly name: string;
  readonly message: string;
  readonly url: string;
}

const mostFeedback = 500;

/** Unresolved feedback that was written in a window, newest first, at most 500. Throws `StoreError`. */
export async function findFeedback(
  reader: TelemetryReader,
  { organisation, endMs, windowMs, q, decisions, ...where }: FindFeedback,
  limits: QueryLimits = {},
): Promise<{ feedback: FoundFeedback[]; overflow: boolean }> {
  const words = wordsCondition(q);
  const decided = decidedColumns(decisions);
  const places = placesCondition(where);
  const rows = await ask<FoundFeedback & { readonly aboutEvent: string }>(
    reader,
    `SELECT event_id AS eventId, associated_event_id AS aboutEvent, toString(site) AS site, toString(service) AS service, name, message, url FROM feedback
     WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Nano({fromNs:Int64}) AND ts < fromUnixTimestamp64Nano({toNs:Int64})
       AND ${places.sql} AND ${words.sql} AND ${decided.sql.status} = 'unresolved'
     ORDER BY ts DESC LIMIT ${mostFeedback + 1}`,
    {
      organisation,
      fromNs: toNs(endMs - windowMs),
      toNs: toNs(endMs),
      ...places.parameters,
      ...words.parameters,
      ...decided.parameters,
    },
    limits,
  );
  const feedback = rows.slice(0, mostFeedback);
  const errors = await errorsAbout(reader, organisation, feedback, limits);
  return { feedback: feedback.map((row) => placed(row, errors)), overflow: rows.length > mostFeedback };
}
