import { readJson, type Result } from '@sightline/base';
import type { ErrorPayload, GroupingPart } from '@sightline/record';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import type { SearchError } from '../search/ast.ts';
import { compile } from '../search/compile.ts';
import { parseSearch } from '../search/parse.ts';
import type { Condition } from '../search/scope.ts';
import { errorColumns, toError, type ErrorColumns, type ErrorRecord } from '../traces/error-record.ts';
import { issueColumns, issueHex } from './issue-columns.ts';
import { readMoney } from './issue-money.ts';
import { readTag, readTags, tagsOverAtMost, type TagInFull, type TagValues } from './issue-tags.ts';
import { eventTerms } from './issue-terms.ts';
import { issueRow, type IssueRow } from './list-issues.ts';
import { issueNumber, membersOf, mergedColumn, type MergedIssues } from './merged-issues.ts';
import type { SettledIssue } from './settle-issues.ts';

/** An event in a list; read and shaped as everywhere else. */
export type ErrorRow = ErrorRecord;

/** The payload read from its text belongs to the reader alone: nothing in it needs protection. */
type Writable<T> = T extends readonly (infer Entry)[]
  ? Writable<Entry>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Writable<T[Key]> }
    : T;
export type StoredPayload = Writable<Omit<ErrorPayload, 'version'>>;

/** A breadcrumb as people read it; `at` in milliseconds since the epoch, null when unknown. */
export type Breadcrumb = Omit<StoredPayload['breadcrumbs'][number], 'at'> & { at: number | null };

/** One event as the issue page shows it (`errorEvent` of the contract). */
export interface ErrorEvent
  extends ErrorRow, Omit<StoredPayload, 'grouping' | 'groupingParts' | 'breadcrumbs' | 'threads'> {
  readonly threads: NonNullable<StoredPayload['threads']>;
  readonly threadsOmitted: number;
  readonly breadcrumbs: Breadcrumb[];
  readonly handled: boolean;
  readonly platform: string;
  readonly transaction: string;
  readonly tags: Record<string, string>;
  readonly attachments: AttachmentInfo[];
  readonly dist: string;
  /** Read with source maps that came after it: its issue is the one it had before. */
  readonly mappedLater: boolean;
}
export interface AttachmentInfo {
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
}
export interface IssuePage {
  readonly issue: IssueRow;
  /** Null when its events are older than what is kept, or the asked event is not of this issue. */
  readonly event: ErrorEvent | null;
  readonly previousEvent: string;
  readonly nextEvent: string;
  /** The first and the last event that are kept and match. */
  readonly oldestEvent: string;
  readonly newestEvent: string;
  /** Events that are kept, and those of them that match. */
  readonly kept: number;
  readonly matching: number;
  /** Of the events that are kept. */
  readonly touched: { readonly orders: number; readonly terminals: number };
  /** Of the newest `tagsOver` events that match. */
  readonly tags: TagValues[];
  readonly tagsOver: number;
  /** Empty where its newest event is no longer kept. */
  readonly grouping: GroupingPart[];
}

export interface IssueKey {
  readonly organisation: string;
  /** Sixteen hexadecimal digits. */
  readonly issue: string;
  readonly merged: MergedIssues;
}

/** Events of one issue between its first and last second; `firstMs` and `lastMs` prune the days to read. */
const eventsOfIssue = `organisation = {organisation:String} AND issue IN {issues:Array(UInt64)}
  AND ts >= fromUnixTimestamp64Milli({firstMs:Int64}) AND ts < fromUnixTimestamp64Milli({lastMs:Int64} + 1)`;
const newestFirst = 'toStartOfMinute(ts) DESC, ts DESC, event_id DESC';

/**
 * An issue and one event of it: the asked one, or the newest that matches, or where none does the newest. Neighbours and
 * tags are of what matches. Undefined for an issue the organisation does not have. Throws `StoreError`.
 */
export async function readIssue(
  reader: TelemetryReader,
  key: IssueKey,
  asked: { event: string; settled: SettledIssue | undefined; matching?: Condition },
  limits: QueryLimits = {},
): Promise<IssuePage | undefined> {
  const row = await readIssueRow(reader, key, asked.settled, limits);
  if (!row) return undefined;
  const all = eventsOf(key, row);
  const matching = asked.matching === undefined ? all : both(all, asked.matching);
  const [event, tags, ends, money] = await Promise.all([
    asked.event === ''
      ? readEvent(reader, matching, '', limits).then((found) => found ?? readEvent(reader, all, '', limits))
      : readEvent(reader, all, asked.event, limits),
    readTags(reader, matching, limits),
    readEnds(reader, all, asked.matching ?? everyEvent, limits),
    readMoney(reader, { issues: [key.issue], merged: key.merged, events: all }, limits),
  ]);
  const issue = { ...row, money: money.byIssue.get(key.issue) ?? [], moneyAbout: money.about };
  const tagsOver = Math.min(ends.matching, tagsOverAtMost);
  if (!event) return { issue, event: null, previousEvent: '', nextEvent: '', ...ends, tags, tagsOver, grouping: [] };
  const [previousEvent, nextEvent, attachments] = await Promise.all([
    readNeighbour(reader, matching, event, 'previous', limits),
    readNeighbour(reader, matching, event, 'next', limits),
    listAttachments(reader, { organisation: key.organisation, eventId: event.eventId }, limits),
  ]);
  const payload = readPayload(event.payload);
  return {
    issue,
    event: errorEvent(event, payload, attachments),
    previousEvent,
    nextEvent,
    ...ends,
    tags,
    tagsOver,
    grouping: payload.groupingParts ?? payload.grouping.map(partOfLine),
  };
}

/** The issue's row with its trend over the last 30 days by day, without its money; undefined when the organisation has no such issue. */
export async function readIssueRow(
  reader: TelemetryReader,
  key: IssueKey,
  settled: SettledIssue | undefined,
  limits: QueryLimits = {},
): Promise<IssueRow | undefined> {
  const merged = mergedColumn(key.merged);
  const parameters = { organisation: key.organisation, issues: membersOf(key.issue, key.merged).map(issueNumber) };
  const [row] = await ask<Parameters<typeof issueRow>[0]>(
    reader,
    `SELECT ${issueHex('id')} AS issue, i.* EXCEPT (id), i.eventsTotal AS events FROM (SELECT ${issueColumns(merged)} FROM issues
      WHERE organisation = {organisation:String} AND issue IN {issues:Array(UInt64)} GROUP BY id) AS i`,
    { ...parameters, ...merged.parameters },
    limits,
  );
  if (!row) return undefined;
  const dayMs = 86_400_000;
  const lastDay = Math.floor(row.lastSeenAt / dayMs) * dayMs;
  const fromMs = Math.max(0, lastDay - 29 * dayMs);
  const days = await ask<{ at: number; value: number }>(
    reader,
    `SELECT toFloat64(intDiv(toUnixTimestamp(minute), 86400) * 86400) * 1000 AS at, toFloat64(sum(events)) AS value FROM issue_volume
    WHERE organisation = {organisation:String} AND issue IN {issues:Array(UInt64)} AND minute >= toDateTime({fromS:UInt32}) GROUP BY at`,
    { ...parameters, fromS: fromMs / 1000 },
    limits,
  );
  const byDay = new Map(days.map((day) => [day.at, day.value]));
  const trend = Array.from({ length: 30 }, (_, i) => fromMs + i * dayMs).map((at) => ({
    at,
    value: byDay.get(at) ?? 0,
  }));
  return issueRow(row, settled, trend);
}

/** The events of an issue that are kept. */
function eventsOf(key: IssueKey, issue: IssueRow): Condition {
  return {
    sql: eventsOfIssue,
    parameters: {
      organisation: key.organisation,
      issues: membersOf(key.issue, key.merged).map(issueNumber),
      firstMs: issue.firstSeenAt,
      lastMs: issue.lastSeenAt,
    },
  };
}

const everyEvent: Condition = { sql: '1', parameters: {} };

function both(one: Condition, other: Condition): Condition {
  return { sql: `${one.sql} AND (${other.sql})`, parameters: { ...one.parameters, ...other.parameters } };
}

/**
 * A search over the events of an issue, in the language of the issue list without what is about issues as such. Never throws.
 */
export function searchEvents(text: string): Result<Condition, SearchError> {
  const parsed = parseSearch(text);
  return parsed.ok ? compile('errors', eventTerms(parsed.value)) : parsed;
}

/** All values of a tag among the events of an issue that match; undefined for an issue that is none. Throws `StoreError`. */
export async function readIssueTag(
  reader: TelemetryReader,
  key: IssueKey,
  asked: { tag: string; matching: Condition },
  limits: QueryLimits = {},
): Promise<TagInFull | undefined> {
  const issue = await readIssueRow(reader, key, undefined, limits);
  return issue && readTag(reader, both(eventsOf(key, issue), asked.matching), asked.tag, limits);
}

interface EventRow extends ErrorColumns {
  readonly handled: number;
  readonly platform: string;
  readonly transaction: string;
  readonly tags: Record<string, string>;
  readonly payload: string;
}

async function readEvent(
  reader: TelemetryReader,
  of: Condition,
  eventId: string,
  limits: QueryLimits,
): Promise<EventRow | undefined> {
  const [row] = await ask<EventRow>(
    reader,
    `SELECT ${errorColumns}, handled, toString(platform) AS platform, toString(transaction) AS transaction, tags, payload
    FROM errors WHERE ${of.sql} ${eventId === '' ? '' : 'AND event_id = {event:String}'} ORDER BY ${newestFirst} LIMIT 1`,
    { ...of.parameters, event: eventId },
    limits,
  );
  return row;
}

async function readEnds(
  reader: TelemetryReader,
  all: Condition,
  matching: Condition,
  limits: QueryLimits,
): Promise<Pick<IssuePage, 'oldestEvent' | 'newestEvent' | 'kept' | 'matching' | 'touched'>> {
  type Ends = Pick<IssuePage, 'oldestEvent' | 'newestEvent' | 'kept' | 'matching'> & IssuePage['touched'];
  const [row] = await ask<Ends>(
    reader,
    `SELECT argMinIf(event_id, (ts, event_id), matches) AS oldestEvent, argMaxIf(event_id, (ts, event_id), matches) AS newestEvent,
      toFloat64(count()) AS kept, toFloat64(countIf(matches)) AS matching,
      toFloat64(uniqIf(order_id, order_id != '')) AS orders, toFloat64(uniqIf(device, device != '')) AS terminals
    FROM (SELECT event_id, ts, order_id, device, toBool(${matching.sql}) AS matches FROM errors WHERE ${all.sql})`,
    { ...all.parameters, ...matching.parameters },
    limits,
  );
  const { orders = 0, terminals = 0, oldestEvent = '', newestEvent = '', kept = 0, matching: found = 0 } = row ?? {};
  return { oldestEvent, newestEvent, kept, matching: found, touched: { orders, terminals } };
}

async function readNeighbour(
  reader: TelemetryReader,
  of: Condition,
  event: EventRow,
  side: 'previous' | 'next',
  limits: QueryLimits,
): Promise<string> {
  const [sign, order] = side === 'previous' ? ['<', newestFirst] : ['>', newestFirst.replaceAll('DESC', 'ASC')];
  const [row] = await ask<{ eventId: string }>(
    reader,
    `SELECT event_id AS eventId FROM errors WHERE ${of.sql}
      AND (ts, event_id) ${sign} (fromUnixTimestamp64Nano({tsNs:Int64}), {event:String}) ORDER BY ${order} LIMIT 1`,
    { ...of.parameters, tsNs: BigInt(event.tsNs), event: event.eventId },
    limits,
  );
  return row?.eventId ?? '';
}

const emptyPayload = (): StoredPayload => ({
  exceptions: [],
  breadcrumbs: [],
  groups: [],
  contexts: {},
  extra: {},
  sdk: '',
  grouping: [],
});

const lineKinds: readonly (readonly [GroupingPart['kind'], string])[] = [
  ['type', 'exception type '],
  ['type', 'type '],
  ['cause', 'caused by '],
  ['frame', 'frame '],
  ['line', 'source line '],
  ['message', 'message '],
  ['culprit', 'culprit '],
  ['fingerprint', 'fingerprint '],
];

/** A line of an event that was stored before what did not count was told. */
function partOfLine(line: string): GroupingPart {
  const [kind, prefix] = lineKinds.find(([, begin]) => line.startsWith(begin)) ?? ['rule', ''];
  return { kind, value: line.slice(prefix.length), used: true, why: '' };
}

/** The payload as it was stored. What an older or newer writer left out is empty; text that is no JSON object is empty whole. */
export function readPayload(text: string): StoredPayload {
  if (text === '') return emptyPayload();
  try {
    const value: unknown = readJson(text);
    return typeof value === 'object' && value !== null ? { ...emptyPayload(), ...value } : emptyPayload();
  } catch {
    // Scrubbing may cut into the text; columns still tell what happened.
    return emptyPayload();
  }
}

/** Milliseconds of a payload's time: ISO 8601, or milliseconds as number or text in what earlier versions stored. Null when it is none. */
export function momentOf(at: unknown): number | null {
  if (typeof at !== 'string' && typeof at !== 'number') return null;
  const numeric = typeof at === 'number' || /^\d{1,16}(?:\.\d+)?$/.test(at);
  const ms = numeric ? Number(at) : Date.parse(at);
  return Number.isFinite(ms) ? ms : null;
}

function errorEvent(row: EventRow, payload: StoredPayload, attachments: AttachmentInfo[]): ErrorEvent {
  // The stored text stays here: what is answered of it is read below.
  const { handled, platform, transaction, tags, payload: _stored, ...listed } = row;
  return {
    ...toError(listed),
    handled: handled === 1,
    platform,
    transaction,
    exceptions: payload.exceptions,
    threads: payload.threads ?? [],
    threadsOmitted: payload.threadsOmitted ?? 0,
    breadcrumbs: payload.breadcrumbs.map((crumb) => ({ ...crumb, at: momentOf(crumb.at) })),
    groups: payload.groups,
    tags,
    contexts: payload.contexts,
    extra: payload.extra,
    attachments,
    sdk: payload.sdk,
    dist: payload.dist ?? '',
    mappedLater: false,
  };
}

/** One page of an issue's events that match, newest first; undefined for a cursor that is none. Throws `StoreError`. */
export async function listIssueEvents(
  reader: TelemetryReader,
  key: IssueKey,
  page: { limit: number; cursor: string; matching?: Condition },
  limits: QueryLimits = {},
): Promise<{ events: ErrorRow[]; next: string } | undefined> {
  const after = page.cursor === '' ? undefined : /^(\d{1,19})-(.{0,64})$/su.exec(page.cursor);
  if (after === null || (after && BigInt(after[1] ?? '0') > 9_223_372_036_854_775_807n)) return undefined;
  const issue = await readIssueRow(reader, key, undefined, limits);
  if (!issue) return { events: [], next: '' };
  const of = both(eventsOf(key, issue), page.matching ?? everyEvent);
  const rows = await ask<ErrorColumns>(
    reader,
    `SELECT ${errorColumns} FROM errors WHERE ${of.sql}
      ${after ? 'AND (ts, event_id) < (fromUnixTimestamp64Nano({afterNs:Int64}), {afterEvent:String})' : ''}
    ORDER BY ${newestFirst} LIMIT {limit:UInt32}`,
    {
      ...of.parameters,
      ...(after ? { afterNs: BigInt(after[1] ?? '0'), afterEvent: after[2] ?? '' } : {}),
      limit: page.limit + 1,
    },
    limits,
  );
  const events = rows.slice(0, page.limit).map(toError);
  const last = events.at(-1);
  return { events, next: rows.length > page.limit && last ? `${last.tsNs}-${last.eventId}` : '' };
}

/** Attachments of one event by name, at most 50. */
export function listAttachments(
  reader: TelemetryReader,
  key: { organisation: string; eventId: string },
  limits: QueryLimits = {},
): Promise<AttachmentInfo[]> {
  return ask<AttachmentInfo>(
    reader,
    `SELECT name, any(toString(content_type)) AS contentType, toFloat64(max(size_bytes)) AS sizeBytes FROM attachments
    WHERE organisation = {organisation:String} AND event_id = {event:String} GROUP BY name ORDER BY name LIMIT 50`,
    { organisation: key.organisation, event: key.eventId },
    limits,
  );
}

/** An attachment with its bytes, or with the hash of the blob that holds them ('' where the row itself does). */
export interface StoredAttachment {
  readonly name: string;
  readonly contentType: string;
  readonly content: Buffer;
  readonly blob: string;
}

/** One attachment with its bytes; undefined when the organisation has none of that event and name. */
export async function readAttachment(
  reader: TelemetryReader,
  key: { organisation: string; eventId: string; name: string },
  limits: QueryLimits = {},
): Promise<StoredAttachment | undefined> {
  const [row] = await ask<Omit<StoredAttachment, 'content'> & { content: string }>(
    reader,
    `SELECT name, toString(content_type) AS contentType, base64Encode(content) AS content, blob FROM attachments
    WHERE organisation = {organisation:String} AND event_id = {event:String} AND name = {name:String} ORDER BY ts DESC LIMIT 1`,
    { organisation: key.organisation, event: key.eventId, name: key.name },
    limits,
  );
  return row && { ...row, content: Buffer.from(row.content, 'base64') };
}
