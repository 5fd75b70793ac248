import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { hexId } from '../logs/log-row.ts';
import { ask } from '../metrics/ask.ts';
import type { ReadScope } from '../search/scope.ts';
import { errorColumns, toError, type ErrorColumns, type ErrorRecord } from '../traces/error-record.ts';
import { around, between } from '../search/key-range.ts';
import { nearby } from './replay-range.ts';

/** A recorded session; the contract's row. */
export interface ReplayRow {
  readonly replay: string;
  readonly kind: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly durationMs: number;
  readonly user: string;
  readonly urls: string[];
  readonly errors: number;
  /** Bursts of clicks on one spot, and clicks that nothing answered, as its SDK told them. */
  readonly rage: number;
  readonly dead: number;
  readonly segments: number;
  readonly platform: string;
  readonly browser: string;
  readonly os: string;
  readonly site: string;
  readonly service: string;
  readonly environment: string;
  readonly release: string;
}

export interface ReplayQuery {
  readonly scope: ReadScope;
  /** A part of the user's id; '' finds all. */
  readonly user: string;
  /** A part of any visited address; '' finds all. */
  readonly url: string;
  readonly errors: 'any' | 'with' | 'without';
  /** With rage clicks, with dead clicks, or whatever was clicked. */
  readonly clicks: 'any' | 'rage' | 'dead';
  readonly atLeastMs: number;
  readonly atMostMs: number;
  readonly limit: number;
  /** `next` of the page before, '' to begin. */
  readonly cursor: string;
}

export interface ReplayKey {
  readonly organisation: string;
  /** 32 hexadecimal digits. */
  readonly replay: string;
}

/** One session and what belongs to it. */
export interface Replay {
  readonly replay: ReplayRow;
  readonly tags: Record<string, string>;
  readonly errors: ErrorRecord[];
  readonly traces: { readonly traceId: string; readonly at: number; readonly endedAt: number; readonly name: string }[];
  readonly segments: { readonly segment: number; readonly sizeBytes: number }[];
  readonly videos: number;
}

/** An SDK ends a session after an hour: this far around a range lies what else belongs to a replay in it. */
const longestMs = 2 * 3_600_000;
const mostUrls = 100;
const mostErrors = 200;
export const mostTraces = 100;
const mostSegments = 1000;

/** One row a replay; each message about it carries what was new since the one before. */
export const replayColumns = `replay_id AS replay, anyLast(toString(kind)) AS kind,
  toFloat64(toUnixTimestamp64Milli(min(started_at))) AS startedAt, toFloat64(toUnixTimestamp64Milli(max(ts))) AS endedAt,
  greatest(0, endedAt - startedAt) AS durationMs, max(user_id) AS user,
  arraySlice(arrayDistinct(arrayFlatten(arrayMap(p -> p.2, arraySort(groupArray(1000)((segment, urls)))))), 1, ${mostUrls}) AS visited,
  toFloat64(length(groupUniqArrayArray(1000)(errors))) AS errorCount, toFloat64(uniqExact(segment)) AS segments,
  max(toString(platform)) AS platform, max(toString(browser)) AS browser, max(toString(os)) AS os, max(toString(site)) AS site,
  max(toString(service)) AS service, max(toString(environment)) AS environment, max(toString(release)) AS release`;

/** What `replayColumns` selects. */
export type ReplayColumns = Omit<ReplayRow, 'urls' | 'errors' | 'rage' | 'dead'> & {
  readonly visited: string[];
  readonly errorCount: number;
};

const toRow = ({ visited, errorCount, ...same }: ReplayColumns, clicks: Clicks | undefined): ReplayRow => ({
  ...same,
  urls: visited,
  errors: errorCount,
  rage: clicks?.rage ?? 0,
  dead: clicks?.dead ?? 0,
});

interface Clicks {
  readonly replay: string;
  readonly rage: number;
  readonly dead: number;
}

/** The rows with the clicks that their segments tell of; a segment that was sent twice counts once. Throws `StoreError`. */
export async function withClicks(
  reader: TelemetryReader,
  organisation: string,
  rows: readonly ReplayColumns[],
  limits: QueryLimits,
): Promise<ReplayRow[]> {
  if (rows.length === 0) return [];
  const clicks = await ask<Clicks>(
    reader,
    `SELECT id AS replay, toFloat64(sum(bursts)) AS rage, toFloat64(sum(unanswered)) AS dead FROM (
      SELECT replay_id AS id, argMax(rage, ts) AS bursts, argMax(dead, ts) AS unanswered FROM replay_segments
      WHERE organisation = {organisation:String} AND replay_id IN {replays:Array(String)} AND kind = 'recording'
      GROUP BY id, segment) GROUP BY id`,
    { organisation, replays: rows.map(({ replay }) => replay) },
    limits,
  );
  const byReplay = new Map(clicks.map((one) => [one.replay, one]));
  return rows.map((row) => toRow(row, byReplay.get(row.replay)));
}

/**
 * One page of the replays with a message in the range and scope, those that began last first. Paging is by key: replays that
 * come in between never shift a page. Undefined for a cursor that is none. Throws `StoreError`.
 */
export async function listReplays(
  reader: TelemetryReader,
  query: ReplayQuery,
  limits: QueryLimits = {},
): Promise<{ replays: ReplayRow[]; next: string } | undefined> {
  const after = query.cursor === '' ? undefined : /^(\d{1,15})-([0-9a-f]{32})$/.exec(query.cursor);
  if (after === null) return undefined;
  const { scope } = query;
  const having = [
    'durationMs >= {atLeastMs:Float64}',
    'durationMs <= {atMostMs:Float64}',
    ...(query.user === '' ? [] : ['positionCaseInsensitiveUTF8(user, {user:String}) > 0']),
    ...(query.url === '' ? [] : ['arrayExists(u -> positionCaseInsensitiveUTF8(u, {url:String}) > 0, visited)']),
    ...(query.errors === 'any' ? [] : [query.errors === 'with' ? 'errorCount > 0' : 'errorCount = 0']),
    ...(after ? ['(startedAt, replay) < ({afterMs:Float64}, {afterId:String})'] : []),
  ];
  const rows = await ask<ReplayColumns>(
    reader,
    `SELECT * FROM (SELECT ${replayColumns} FROM replays
      WHERE ${between('aroundFrom', 'aroundTo')}${scope.boundTo ? ' AND site = {site:String}' : ''} AND replay_id IN
        (SELECT replay_id FROM replays WHERE ${between('from', 'to')} ${dimensions(scope)})
        ${query.clicks === 'any' ? '' : `AND replay_id IN (SELECT replay_id FROM replay_segments WHERE organisation = {organisation:String} AND ${query.clicks} > 0)`}
      GROUP BY replay_id)
    WHERE ${having.join(' AND ')} ORDER BY startedAt DESC, replay DESC LIMIT {limit:UInt32}`,
    {
      organisation: scope.organisation,
      environment: scope.environment,
      site: scope.site,
      service: scope.service,
      ...around('from', 'to', scope.fromMs, scope.toMs),
      ...around('aroundFrom', 'aroundTo', scope.fromMs - longestMs, scope.toMs + longestMs),
      atLeastMs: query.atLeastMs,
      atMostMs: query.atMostMs,
      user: query.user,
      url: query.url,
      limit: query.limit + 1,
      ...(after ? { afterMs: Number(after[1]), afterId: after[2] ?? '' } : {}),
    },
    limits,
  );
  const shown = await withClicks(reader, scope.organisation, rows.slice(0, query.limit), limits);
  const last = shown.at(-1);
  return { replays: shown, next: rows.length > query.limit && last ? `${last.startedAt}-${last.replay}` : '' };
}

/** One replay with its errors, traces and segments; undefined where the organisation has none of this id. Throws `StoreError`. */
export async function readReplay(
  reader: TelemetryReader,
  key: ReplayKey,
  limits: QueryLimits = {},
): Promise<Replay | undefined> {
  const [[found], segments] = await Promise.all([
    ask<ReplayColumns & { told: string[]; traceIds: string[]; tags: Record<string, string> }>(
      reader,
      `SELECT ${replayColumns}, groupUniqArrayArray(${mostErrors})(errors) AS told, groupUniqArrayArray(${mostTraces})(traces) AS traceIds,
      argMax(tags, segment) AS tags
    FROM replays WHERE organisation = {organisation:String} AND replay_id = {replay:String} GROUP BY replay_id`,
      { ...key },
      limits,
    ),
    readSegments(reader, key, limits),
  ]);
  if (!found) return undefined;
  const { told, traceIds, tags, ...columns } = found;
  const [row] = await withClicks(reader, key.organisation, [columns], limits);
  if (!row) return undefined;
  const [errors, traces] = await Promise.all([
    readErrors(reader, key, row, told, limits),
    readTraces(reader, key, row, traceIds, limits),
  ]);
  return {
    replay: row,
    tags,
    errors,
    traces,
    segments: segments
      .filter(({ kind }) => kind === 'recording')
      .slice(0, mostSegments)
      .map(({ segment, sizeBytes }) => ({ segment, sizeBytes })),
    videos: segments.filter(({ kind }) => kind === 'video').length,
  };
}

/** The hash and size of a recorded segment; undefined where there is none. What was sent twice counts once. Throws `StoreError`. */
export async function readReplaySegment(
  reader: TelemetryReader,
  key: ReplayKey & { readonly segment: number; readonly kind: 'recording' | 'video' },
  limits: QueryLimits = {},
): Promise<{ readonly blob: string; readonly sizeBytes: number } | undefined> {
  const [row] = await ask<{ blob: string; sizeBytes: number }>(
    reader,
    `SELECT blob, toFloat64(size_bytes) AS sizeBytes FROM replay_segments WHERE organisation = {organisation:String}
      AND replay_id = {replay:String} AND segment = {segment:UInt32} AND kind = {kind:String} ORDER BY ts DESC LIMIT 1`,
    { organisation: key.organisation, replay: key.replay, segment: key.segment, kind: key.kind },
    limits,
  );
  return row;
}

/** Errors that the client named, and those that name the replay themselves. */
async function readErrors(
  reader: TelemetryReader,
  key: ReplayKey,
  row: ReplayRow,
  told: readonly string[],
  limits: QueryLimits,
): Promise<ErrorRecord[]> {
  const rows = await ask<ErrorColumns>(
    reader,
    `SELECT ${errorColumns} FROM errors WHERE ${between('from', 'to', 9)}
      AND (has({told:Array(String)}, event_id) OR tags['replayId'] = {replay:String})
    ORDER BY ts, event_id LIMIT 1 BY event_id LIMIT ${mostErrors}`,
    { ...key, told: [...told], ...nearby(row) },
    limits,
  );
  return rows.map(toError);
}

function readTraces(
  reader: TelemetryReader,
  key: ReplayKey,
  row: ReplayRow,
  traceIds: readonly string[],
  limits: QueryLimits,
): Promise<Replay['traces']> {
  if (traceIds.length === 0) return Promise.resolve([]);
  return ask(
    reader,
    `SELECT ${hexId('trace_id', 16)} AS traceId, toFloat64(toUnixTimestamp64Milli(min(ts))) AS at,
      toFloat64(max(toUnixTimestamp64Nano(ts) + duration_ns)) / 1e6 AS endedAt, argMin(toString(name), ts) AS name
    FROM spans WHERE ${between('from', 'to', 9)} AND trace_id IN (SELECT unhex(arrayJoin({traceIds:Array(String)})))
    GROUP BY trace_id ORDER BY at, traceId`,
    { ...key, traceIds: [...traceIds], ...nearby(row) },
    limits,
  );
}

function readSegments(
  reader: TelemetryReader,
  key: ReplayKey,
  limits: QueryLimits,
): Promise<{ segment: number; kind: string; sizeBytes: number }[]> {
  return ask(
    reader,
    `SELECT segment, toString(kind) AS kind, toFloat64(argMax(size_bytes, ts)) AS sizeBytes FROM replay_segments
    WHERE organisation = {organisation:String} AND replay_id = {replay:String}
    GROUP BY segment, kind ORDER BY segment LIMIT ${2 * mostSegments}`,
    { ...key },
    limits,
  );
}

function dimensions(scope: ReadScope): string {
  return (['environment', 'site', 'service'] as const)
    .filter((name) => scope[name] !== '')
    .map((name) => `AND ${name} = {${name}:String}`)
    .join(' ');
}
