import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { toNs } from '../search/scope.ts';
import { decidedColumns, wordsCondition, type FeedbackDecisions } from './feedback-rows.ts';

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
  readonly id: string;
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
  const named = (['environment', 'site', 'service'] as const).filter((name) => where[name] !== '');
  const rows = await ask<FoundFeedback>(
    reader,
    `SELECT event_id AS id, toString(site) AS site, toString(service) AS service, name, message, url FROM feedback
     WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Nano({fromNs:Int64}) AND ts < fromUnixTimestamp64Nano({toNs:Int64})
       ${named.map((column) => `AND ${column} = {${column}:String}`).join(' ')} AND ${words.sql} AND ${decided.sql.status} = 'unresolved'
     ORDER BY ts DESC LIMIT ${mostFeedback + 1}`,
    {
      organisation,
      fromNs: toNs(endMs - windowMs),
      toNs: toNs(endMs),
      ...Object.fromEntries(named.map((name) => [name, where[name]])),
      ...words.parameters,
      ...decided.parameters,
    },
    limits,
  );
  return { feedback: rows.slice(0, mostFeedback), overflow: rows.length > mostFeedback };
}
