import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { hexId } from '../logs/log-row.ts';
import { ask } from '../metrics/ask.ts';
import { around, between } from '../search/key-range.ts';
import type { ReadScope } from '../search/scope.ts';

/** What was recorded of a program's stacks: the contract's row. */
export interface ProfileRow {
  /** 32 hexadecimal digits. */
  readonly profile: string;
  /** Of a continuous profile, the run that its chunks belong to; '' otherwise. */
  readonly profiler: string;
  readonly kind: 'transaction' | 'chunk';
  readonly at: number;
  readonly durationMs: number;
  readonly samples: number;
  readonly platform: string;
  readonly transaction: string;
  readonly traceId: string;
  readonly sizeBytes: number;
  readonly site: string;
  readonly service: string;
  readonly environment: string;
  readonly release: string;
}

export interface ProfileQuery {
  readonly scope: ReadScope;
  /** A part of the transaction's name, the service or the release; '' finds all. */
  readonly text: string;
  /** 32 hexadecimal digits of a trace; '' finds all. */
  readonly trace: string;
  readonly limit: number;
  /** `next` of the page before, '' to begin. */
  readonly cursor: string;
}

export interface ProfileKey {
  readonly organisation: string;
  /** The site that it must be of; '' for any. */
  readonly site: string;
  /** Id of a profile, or of a profiler: then of its chunks those in the time. 32 hexadecimal digits. */
  readonly id: string;
  /** Milliseconds since the epoch, both included. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** A stored file of samples. */
export interface ProfilePart extends ProfileRow {
  readonly blob: string;
}

/** A request that ran while it was profiled. */
export interface ProfiledSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  readonly at: number;
  readonly durationMs: number;
}

/** Chunks that one answer joins: an SDK sends one a minute. */
const mostParts = 20;
const mostSpans = 50;
const mostProfilers = 100;
/** A chunk begins this long before what it still covers, at most. */
const longestMs = 5 * 60_000;

const columns = `profile_id AS profile, profiler_id AS profiler, toString(kind) AS kind, toFloat64(toUnixTimestamp64Milli(ts)) AS at,
  toFloat64(duration_ms) AS durationMs, toFloat64(samples) AS samples, toString(platform) AS platform, toString(transaction) AS transaction,
  trace_id AS traceId, toFloat64(size_bytes) AS sizeBytes, toString(site) AS site, toString(service) AS service,
  toString(environment) AS environment, toString(release) AS release`;

/**
 * One page of the profiles that began in the range and scope, newest first; of one trace those that its spans name besides.
 * Paging is by key. Undefined for a cursor that is none. Throws `StoreError`.
 */
export async function listProfiles(
  reader: TelemetryReader,
  query: ProfileQuery,
  limits: QueryLimits = {},
): Promise<{ profiles: ProfileRow[]; next: string } | undefined> {
  const after = query.cursor === '' ? undefined : /^(\d{1,15})-([0-9a-f]{0,32})$/.exec(query.cursor);
  if (after === null) return undefined;
  const { scope } = query;
  const running = query.trace === '' ? [] : await profilersOf(reader, scope.organisation, query.trace, limits);
  const conditions = [
    ...(['environment', 'site', 'service'] as const)
      .filter((name) => scope[name] !== '')
      .map((name) => `${name} = {${name}:String}`),
    ...(query.text === ''
      ? []
      : [
          `(positionCaseInsensitiveUTF8(transaction, {text:String}) > 0 OR positionCaseInsensitiveUTF8(service, {text:String}) > 0
            OR positionCaseInsensitiveUTF8(release, {text:String}) > 0)`,
        ]),
    ...(query.trace === ''
      ? []
      : [
          `(trace_id = {trace:String} OR arrayExists((one, begun, ended) -> profiler_id = one AND toUnixTimestamp64Milli(ts) <= ended
            AND toUnixTimestamp64Milli(ts) + duration_ms >= begun, {profilers:Array(String)}, {begun:Array(Int64)}, {ended:Array(Int64)}))`,
        ]),
    ...(after ? ['(toUnixTimestamp64Milli(ts), profile_id) < ({afterMs:Int64}, {afterId:String})'] : []),
  ];
  const rows = await ask<ProfileRow>(
    reader,
    `SELECT ${columns} FROM profiles WHERE ${between('fromMs', 'toMs')} ${conditions.map((one) => `AND ${one}`).join(' ')}
    ORDER BY ts DESC, profile_id DESC LIMIT 1 BY profile_id LIMIT {limit:UInt32}`,
    {
      organisation: scope.organisation,
      environment: scope.environment,
      site: scope.site,
      service: scope.service,
      ...around('fromMs', 'toMs', scope.fromMs - (query.trace === '' ? 0 : longestMs), scope.toMs),
      text: query.text,
      trace: query.trace,
      profilers: running.map(({ profiler }) => profiler),
      begun: running.map(({ begun }) => BigInt(Math.trunc(begun))),
      ended: running.map(({ ended }) => BigInt(Math.ceil(ended))),
      limit: query.limit + 1,
      ...(after ? { afterMs: BigInt(after[1] ?? 0), afterId: after[2] ?? '' } : {}),
    },
    limits,
  );
  const profiles = rows.slice(0, query.limit);
  const last = profiles.at(-1);
  return { profiles, next: rows.length > query.limit && last ? `${last.at}-${last.profile}` : '' };
}

/**
 * The files of a profile, oldest first: one, or the chunks of a profiler in the time, at most twenty; `left` counts those beyond.
 * Throws `StoreError`.
 */
export async function findProfileParts(
  reader: TelemetryReader,
  { organisation, site, id, fromMs, toMs }: ProfileKey,
  limits: QueryLimits = {},
): Promise<{ readonly parts: ProfilePart[]; readonly left: number }> {
  const rows = await ask<ProfilePart>(
    reader,
    `SELECT ${columns}, blob FROM profiles WHERE organisation = {organisation:String} ${site === '' ? '' : 'AND site = {site:String}'}
      AND (profile_id = {id:String} OR (profiler_id = {id:String} AND ts <= fromUnixTimestamp64Milli({toMs:Int64})
        AND toUnixTimestamp64Milli(ts) + duration_ms >= {fromMs:Int64}))
    ORDER BY ts, received_at DESC LIMIT 1 BY profile_id LIMIT 1000`,
    { organisation, site, id, ...around('fromMs', 'toMs', fromMs, toMs) },
    limits,
  );
  return { parts: rows.slice(0, mostParts), left: Math.max(0, rows.length - mostParts) };
}

/** Spans that name one of these files as their own, in the order of their starts, at most fifty. Throws `StoreError`. */
export function findProfiledSpans(
  reader: TelemetryReader,
  organisation: string,
  parts: readonly ProfileRow[],
  limits: QueryLimits = {},
): Promise<ProfiledSpan[]> {
  const ids = (name: 'profile' | 'profiler' | 'traceId'): string[] => [
    ...new Set(parts.map((part) => part[name]).filter((one) => one !== '')),
  ];
  const [from, to] = [
    Math.min(...parts.map(({ at }) => at)),
    Math.max(...parts.map(({ at, durationMs }) => at + durationMs)),
  ];
  return ask<ProfiledSpan>(
    reader,
    `SELECT ${hexId('trace_id', 16)} AS traceId, ${hexId('span_id', 8)} AS spanId, toString(name) AS name,
      toFloat64(toUnixTimestamp64Nano(ts)) / 1e6 AS at, toFloat64(duration_ns) / 1e6 AS durationMs
    FROM spans WHERE organisation = {organisation:String}
      AND toStartOfMinute(ts) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}))
      AND toStartOfMinute(ts) <= toStartOfMinute(fromUnixTimestamp64Milli({toMs:Int64}))
      AND (attrs['sentry.profile_id'] IN {profiles:Array(String)} OR attrs['sentry.profiler_id'] IN {profilers:Array(String)})
      AND toUnixTimestamp64Milli(ts) <= {toMs:Int64} AND toFloat64(toUnixTimestamp64Nano(ts) + duration_ns) / 1e6 >= {coveredMs:Int64}
    ORDER BY ts, span_id LIMIT 1 BY trace_id, span_id LIMIT ${mostSpans}`,
    {
      organisation,
      ...around('fromMs', 'toMs', from - longestMs, to + 1),
      coveredMs: BigInt(Math.trunc(from)),
      profiles: ids('profile'),
      profilers: ids('profiler'),
    },
    limits,
  );
}

/** The profilers that ran while spans of a trace did, and when. */
function profilersOf(
  reader: TelemetryReader,
  organisation: string,
  trace: string,
  limits: QueryLimits,
): Promise<{ profiler: string; begun: number; ended: number }[]> {
  return ask(
    reader,
    `SELECT attrs['sentry.profiler_id'] AS profiler, toFloat64(min(toUnixTimestamp64Nano(ts))) / 1e6 AS begun,
      toFloat64(max(toUnixTimestamp64Nano(ts) + duration_ns)) / 1e6 AS ended
    FROM spans WHERE organisation = {organisation:String} AND trace_id = toFixedString(unhex({trace:String}), 16)
      AND attrs['sentry.profiler_id'] != ''
    GROUP BY profiler LIMIT ${mostProfilers}`,
    { organisation, trace },
    limits,
  );
}
