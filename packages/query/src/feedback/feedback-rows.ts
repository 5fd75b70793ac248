import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { hexId } from '../logs/log-row.ts';
import { ask } from '../metrics/ask.ts';
import type { Condition, ReadScope } from '../search/scope.ts';

export type FeedbackStatus = 'unresolved' | 'resolved' | 'spam';

/** What people decided about one piece of feedback; what nobody touched is unresolved, nobody's and unread. */
export interface FeedbackDecision {
  readonly status: FeedbackStatus;
  readonly assignee: string;
  readonly readAt: number | null;
}
export type FeedbackDecisions = ReadonlyMap<string, FeedbackDecision>;

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
  /** The trace in which it was written, 32 hexadecimal digits; '' where the client told none. */
  readonly traceId: string;
  /** Files that came with it: screenshots. */
  readonly files: { name: string; contentType: string }[];
  readonly status: FeedbackStatus;
  readonly assignee: string;
  readonly read: boolean;
}

/** A row as it lies in the table. */
export type WrittenRow = Omit<FeedbackRow, 'issue' | 'files' | 'status' | 'assignee' | 'read'>;

export const writtenColumns = `event_id AS eventId, toFloat64(toUnixTimestamp64Milli(ts)) AS at, name, contact, message, url, toString(site) AS site,
  toString(service) AS service, toString(environment) AS environment, toString(release) AS release, associated_event_id AS aboutEvent, replay_id AS replay, ${hexId('trace_id', 16)} AS traceId`;

const wordsAtMost = 10;
const written = "concat(message, '\\n', name, '\\n', contact, '\\n', url)";

/** That all words stand in what was written, by whom or where, ignoring case; of more than ten words the first ten. */
export function wordsCondition(q: string): Condition {
  const words = q
    .split(/\s+/u)
    .filter((word) => word !== '')
    .slice(0, wordsAtMost);
  return {
    sql: ['1', ...words.map((_, i) => `positionCaseInsensitiveUTF8(${written}, {word${i}:String}) > 0`)].join(' AND '),
    parameters: Object.fromEntries(words.map((word, i) => [`word${i}`, word])),
  };
}

/** A server takes parameters of at most 128 KiB. */
const idsPerParameter = 3000;

/** What people decided, as SQL over the column `event_id`: status, assignee ('' for nobody) and read (0 or 1). */
export function decidedColumns(decisions: FeedbackDecisions): {
  readonly sql: Readonly<Record<'status' | 'assignee' | 'read', string>>;
  readonly parameters: Condition['parameters'];
} {
  const decided = [...decisions];
  if (decided.length === 0) return { sql: { status: "'unresolved'", assignee: "''", read: '0' }, parameters: {} };
  const parameters: Record<string, ParameterValue> = {};
  const array = (name: string, values: readonly string[]): string => {
    const parts: string[] = [];
    for (let i = 0; i < values.length; i += idsPerParameter) {
      parameters[`${name}${i}`] = values.slice(i, i + idsPerParameter);
      parts.push(`{${name}${i}:Array(String)}`);
    }
    return parts.length === 1 ? (parts[0] ?? '') : `arrayConcat(${parts.join(', ')})`;
  };
  const ids = array(
    'decided',
    decided.map(([id]) => id),
  );
  const of = (name: string, values: readonly string[], otherwise: string): string =>
    `transform(event_id, ${ids}, ${array(name, values)}, ${otherwise})`;
  return {
    sql: {
      status: of(
        'decidedStatus',
        decided.map(([, { status }]) => status),
        "'unresolved'",
      ),
      assignee: of(
        'decidedAssignee',
        decided.map(([, { assignee }]) => assignee),
        "''",
      ),
      read: `${of(
        'decidedRead',
        decided.map(([, { readAt }]) => (readAt === null ? '' : '1')),
        "''",
      )} = '1'`,
    },
    parameters,
  };
}

const places = ['site', 'service', 'environment'] as const;

/**
 * That feedback is of the places that are named ('' for all), as parameters of their names. A report in the older form, by the
 * dialog too, says only which error it is about: it is of the error's places.
 */
export function placesCondition(named: Readonly<Record<(typeof places)[number], string>>): Condition {
  const given = places.filter((name) => named[name] !== '');
  return {
    sql: [
      '1',
      ...given.map(
        (name) => `(${name} = {${name}:String} OR event_id = associated_event_id AND event_id IN (
          SELECT event_id FROM errors WHERE organisation = {organisation:String} AND ${name} = {${name}:String}
            AND event_id IN (SELECT event_id FROM feedback WHERE organisation = {organisation:String} AND event_id = associated_event_id)))`,
      ),
    ].join(' AND '),
    parameters: Object.fromEntries(given.map((name) => [name, named[name]])),
  };
}

/** The error that feedback is about, as far as a list shows it. */
interface AboutError {
  readonly event: string;
  readonly issue: string;
  readonly site: string;
  readonly service: string;
  readonly environment: string;
  readonly release: string;
}

/** The errors that feedback is about, by event. Throws `StoreError`. */
export async function errorsAbout(
  reader: TelemetryReader,
  organisation: string,
  rows: readonly { readonly aboutEvent: string }[],
  limits: QueryLimits,
): Promise<Map<string, AboutError>> {
  const events = [...new Set(rows.map(({ aboutEvent }) => aboutEvent).filter((id) => id !== ''))];
  if (events.length === 0) return new Map();
  const found = await ask<AboutError>(
    reader,
    `SELECT event_id AS event, leftPad(lower(hex(any(e.issue))), 16, '0') AS issue,
       ${[...places, 'release'].map((name) => `any(toString(e.${name})) AS ${name}`).join(', ')} FROM errors AS e
     WHERE organisation = {organisation:String} AND event_id IN {events:Array(String)} GROUP BY event LIMIT 1000`,
    { organisation, events },
    limits,
  );
  return new Map(found.map((row) => [row.event, row]));
}

/** A row in the places of the error that it is about, where it says none of its own. */
export function placed<Row extends { readonly eventId: string; readonly aboutEvent: string }>(
  row: Row,
  errors: ReadonlyMap<string, AboutError>,
): Row {
  const error = row.eventId === row.aboutEvent ? errors.get(row.aboutEvent) : undefined;
  if (!error) return row;
  const { site, service, environment, release } = error;
  return { ...row, site, service, environment, release };
}

/** Rows with the issue of their error, its places where they say none, their files, and what was decided; a replay that is kept no longer is taken out. Throws `StoreError`. */
export async function completed(
  reader: TelemetryReader,
  { organisation }: Pick<ReadScope, 'organisation'>,
  rows: readonly WrittenRow[],
  decisions: FeedbackDecisions,
  limits: QueryLimits,
): Promise<FeedbackRow[]> {
  if (rows.length === 0) return [];
  const recorded = [...new Set(rows.map(({ replay }) => replay).filter((id) => id !== ''))];
  const [errors, files, replays] = await Promise.all([
    errorsAbout(reader, organisation, rows, limits),
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
  return rows.map((row) => {
    const { status = 'unresolved', assignee = '', readAt = null } = decisions.get(row.eventId) ?? {};
    return {
      ...placed(row, errors),
      issue: errors.get(row.aboutEvent)?.issue ?? '',
      replay: isKept.has(row.replay) ? row.replay : '',
      files: files.filter(({ event }) => event === row.eventId).map(({ name, contentType }) => ({ name, contentType })),
      status,
      assignee,
      read: readAt !== null,
    };
  });
}
