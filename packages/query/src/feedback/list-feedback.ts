import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { toNs, type ReadScope } from '../search/scope.ts';

/** What a person wrote to the makers of a program. */
export interface FeedbackRow {
  readonly eventId: string;
  readonly at: number;
  readonly name: string;
  readonly contact: string;
  readonly message: string;
  readonly url: string;
  readonly site: string;
  readonly service: string;
  readonly environment: string;
  readonly release: string;
  /** The issue of the error that it is about, 16 hexadecimal digits; '' where it is about none, or that is kept no longer. */
  readonly issue: string;
  readonly aboutEvent: string;
  /** The recorded session in which it was written, 32 hexadecimal digits; '' where there is none, or that is kept no longer. */
  readonly replay: string;
  /** Files that came with it: screenshots. */
  readonly files: { name: string; contentType: string }[];
}

export interface FeedbackAsked {
  readonly scope: ReadScope;
  /** Words that all stand in what was written, by whom or where, ignoring case; '' for all. */
  readonly q: string;
  /** The issue whose errors it is about, with what is merged into it; empty for all. */
  readonly issues: readonly string[];
  readonly limit: number;
  /** `next` of the page before, '' to begin. */
  readonly cursor: string;
}

const wordsAtMost = 10;
const written = "concat(message, '\\n', name, '\\n', contact, '\\n', url)";

/** One page of the feedback of the range, newest first; undefined for a cursor that is none. Throws `StoreError`. */
export async function listFeedback(
  reader: TelemetryReader,
  { scope, q, issues: asked, limit, cursor }: FeedbackAsked,
  limits: QueryLimits = {},
): Promise<{ feedback: FeedbackRow[]; next: string } | undefined> {
  const after = cursor === '' ? undefined : /^(\d{1,15})-(.{0,64})$/su.exec(cursor);
  if (after === null) return undefined;
  const named = (['environment', 'site', 'service'] as const).filter((name) => scope[name] !== '');
  const words = q.split(/\s+/u).filter((word) => word !== '');
  // Feedback is little beside errors: the errors that it is about are looked up, never all of an issue.
  const ofIssues = `associated_event_id IN (SELECT event_id FROM errors WHERE organisation = {organisation:String} AND issue IN {issues:Array(UInt64)}
    AND event_id IN (SELECT associated_event_id FROM feedback WHERE organisation = {organisation:String} AND associated_event_id != ''))`;
  const conditions = [
    ...named.map((column) => `${column} = {${column}:String}`),
    ...words.slice(0, wordsAtMost).map((_, i) => `positionCaseInsensitiveUTF8(${written}, {word${i}:String}) > 0`),
    ...(asked.length > 0 ? [ofIssues] : []),
    ...(after ? ['(ts, event_id) < (fromUnixTimestamp64Milli({afterMs:Int64}), {afterEvent:String})'] : []),
  ];
  const found = await ask<Omit<FeedbackRow, 'issue' | 'files'>>(
    reader,
    `SELECT event_id AS eventId, toFloat64(toUnixTimestamp64Milli(ts)) AS at, name, contact, message, url, toString(site) AS site,
       toString(service) AS service, toString(environment) AS environment, toString(release) AS release, associated_event_id AS aboutEvent, replay_id AS replay
     FROM feedback WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Nano({fromNs:Int64}) AND ts < fromUnixTimestamp64Nano({toNs:Int64})
       ${conditions.map((condition) => `AND ${condition}`).join(' ')}
     ORDER BY ts DESC, event_id DESC LIMIT {limit:UInt32}`,
    {
      organisation: scope.organisation,
      fromNs: toNs(scope.fromMs),
      toNs: toNs(scope.toMs),
      environment: scope.environment,
      site: scope.site,
      service: scope.service,
      ...Object.fromEntries(words.slice(0, wordsAtMost).map((word, i) => [`word${i}`, word])),
      ...(asked.length > 0 ? { issues: asked.map((issue) => BigInt(`0x${issue}`)) } : {}),
      ...(after ? { afterMs: BigInt(after[1] ?? '0'), afterEvent: after[2] ?? '' } : {}),
      limit: limit + 1,
    },
    limits,
  );
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const next = found.length > limit && last ? `${last.at}-${last.eventId}` : '';
  if (rows.length === 0) return { feedback: [], next };
  const organisation = scope.organisation;
  const about = [...new Set(rows.map(({ aboutEvent }) => aboutEvent).filter((id) => id !== ''))];
  const recorded = [...new Set(rows.map(({ replay }) => replay).filter((id) => id !== ''))];
  const [issues, files, replays] = await Promise.all([
    about.length === 0
      ? []
      : ask<{ event: string; issue: string }>(
          reader,
          `SELECT event_id AS event, leftPad(lower(hex(any(e.issue))), 16, '0') AS issue FROM errors AS e
           WHERE organisation = {organisation:String} AND event_id IN {events:Array(String)} GROUP BY event LIMIT 1000`,
          { organisation, events: about },
          limits,
        ),
    ask<{ event: string; name: string; contentType: string }>(
      reader,
      `SELECT event_id AS event, name, any(toString(content_type)) AS contentType FROM attachments
       WHERE organisation = {organisation:String} AND event_id IN {events:Array(String)} GROUP BY event, name ORDER BY name LIMIT 1000`,
      { organisation, events: rows.map(({ eventId }) => eventId) },
      limits,
    ),
    recorded.length === 0
      ? []
      : ask<{ id: string }>(
          reader,
          `SELECT DISTINCT replay_id AS id FROM replays WHERE organisation = {organisation:String} AND replay_id IN {recorded:Array(String)} LIMIT 1000`,
          { organisation, recorded },
          limits,
        ),
  ]);
  const isKept = new Set(replays.map(({ id }) => id));
  const issueOf = new Map(issues.map(({ event, issue }) => [event, issue]));
  const feedback = rows.map((row) => ({
    ...row,
    issue: issueOf.get(row.aboutEvent) ?? '',
    replay: isKept.has(row.replay) ? row.replay : '',
    files: files.filter(({ event }) => event === row.eventId).map(({ name, contentType }) => ({ name, contentType })),
  }));
  return { feedback, next };
}
