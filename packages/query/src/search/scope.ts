import type { ParameterValue } from '@sightline/store/port';
import type { LogReach } from '../logs/log-reach.ts';

/** Whose records, and which of them: every read starts from this. Empty strings mean "all". */
export interface ReadScope {
  readonly organisation: string;
  /** Milliseconds since the epoch, included. */
  readonly fromMs: number;
  /** Milliseconds since the epoch, excluded. */
  readonly toMs: number;
  readonly environment: string;
  readonly site: string;
  readonly service: string;
  /** The site that whoever asks is bound to; undefined or '' for none. It holds also where a read looks beyond `site`, as for the figures of whole traces. */
  readonly boundTo?: string | undefined;
  /** For logs: how far beyond the engine's table the read reaches; without one not at all. */
  readonly reach?: LogReach | undefined;
}

/** A piece of WHERE with its bound values. */
export interface Condition {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** The last moment the sorting key can hold (2106), nanoseconds. */
const lastNs = 4_294_944_000n * 1_000_000_000n;

/** Milliseconds as nanoseconds, inside what the tables can hold. */
export function toNs(ms: number): bigint {
  const ns = BigInt(Math.trunc(Math.max(0, Math.min(ms, 4_294_944_000_000)))) * 1_000_000n;
  return ns > lastNs ? lastNs : ns;
}

/** `from` included, `to` excluded, nanoseconds. */
export interface Window {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** The range of a scope in nanoseconds. */
export const windowOf = (scope: ReadScope): Window => ({ fromNs: toNs(scope.fromMs), toNs: toNs(scope.toMs) });

/**
 * Organisation first, then the time range, then the dimensions. Parameters: `organisation`, `fromNs`, `toNs`,
 * `environment`, `site`, `service`.
 */
export function scopeCondition(scope: ReadScope, window: Window = windowOf(scope)): Condition {
  return conditionOf(scope, window, (onKey) => onKey);
}

/**
 * As `scopeCondition`, for reads of every line of a range: the sorting key leads to the range, but only the time of a line is compared, which
 * takes an eighth off counting a day.
 */
export function scanCondition(scope: ReadScope, window: Window = windowOf(scope)): Condition {
  return conditionOf(scope, window, (onKey) => `indexHint(${onKey})`);
}

function conditionOf(scope: ReadScope, window: Window, leadTo: (onKey: string) => string): Condition {
  const parameters: Record<string, ParameterValue> = {
    organisation: scope.organisation,
    fromNs: window.fromNs,
    toNs: window.toNs,
  };
  const parts = [
    'organisation = {organisation:String}',
    // The sorting key begins with the minute: only a condition on it lets the engine skip to the range.
    leadTo(
      'toStartOfMinute(ts) >= toStartOfMinute(fromUnixTimestamp64Nano({fromNs:Int64})) AND toStartOfMinute(ts) <= toStartOfMinute(fromUnixTimestamp64Nano({toNs:Int64}))',
    ),
    'ts >= fromUnixTimestamp64Nano({fromNs:Int64})',
    'ts < fromUnixTimestamp64Nano({toNs:Int64})',
    ...dimensions(scope, parameters),
  ];
  return { sql: parts.join(' AND '), parameters };
}

/**
 * Logs in order of time, those of one moment as they came. Their sorting key ends with the second (migration 0017): the engine reads second after second
 * and puts each in order.
 */
export const logsByTime = (direction: 'ASC' | 'DESC'): string =>
  `toStartOfMinute(ts) ${direction}, toDateTime(ts) ${direction}, ts ${direction}, received_at ${direction}`;

/**
 * Leaves out the seconds beyond the one in which the first `limit` logs of `source` (`FROM logs PREWHERE …`) in order of time end. The key does
 * not tell the order within a second, so that over a long range the engine would read far more than it needs (900 instead of 30 ms for the newest
 * hundred with a common word in a day of four million); by seconds alone it stops at once. The bound is of the column's own type: against a `DateTime`
 * the engine (26.7) prunes by `toStartOfMinute(ts) < toStartOfMinute(bound)`, and the last minute is lost.
 */
export const upToSecondOf = (direction: 'ASC' | 'DESC', source: string, limit: string): string => {
  const first = `SELECT ts ${source} ORDER BY toStartOfMinute(ts) ${direction}, toDateTime(ts) ${direction} LIMIT ${limit}`;
  return direction === 'DESC'
    ? `ts >= (SELECT toDateTime64(min(toDateTime(ts)), 9) FROM (${first}))`
    : `ts < (SELECT toDateTime64(max(toDateTime(ts)), 9) FROM (${first})) + INTERVAL 1 SECOND`;
};

/** The first `limit` logs of `source` in order of time. Without `endsEarly` the range is read whole: cheaper where it is short, or where no key leads. */
export const firstByTime = (
  columns: string,
  source: string,
  direction: 'ASC' | 'DESC',
  limit: string,
  endsEarly = true,
): string =>
  `SELECT ${columns} ${source}${endsEarly ? ` AND ${upToSecondOf(direction, source, limit)}` : ''} ORDER BY ${logsByTime(direction)} LIMIT ${limit}`;

/** As `scopeCondition`, for the views by minute. Parameters `fromS` and `toS` instead: the minutes that begin in the range. */
export function minuteCondition(scope: ReadScope, fromS: number, toS: number): Condition {
  const parameters: Record<string, ParameterValue> = { organisation: scope.organisation, fromS, toS };
  const parts = [
    'organisation = {organisation:String}',
    'minute >= toDateTime({fromS:UInt32})',
    'minute < toDateTime({toS:UInt32})',
    ...dimensions(scope, parameters),
  ];
  return { sql: parts.join(' AND '), parameters };
}

function dimensions(scope: ReadScope, parameters: Record<string, ParameterValue>): string[] {
  const { boundTo = '' } = scope;
  if (boundTo !== '') parameters['boundTo'] = boundTo;
  return [
    ...(['environment', 'site', 'service'] as const).flatMap((name) => {
      if (scope[name] === '') return [];
      parameters[name] = scope[name];
      return [`${name} = {${name}:String}`];
    }),
    ...(boundTo === '' ? [] : ['site = {boundTo:String}']),
  ];
}

/**
 * Cuts a range into stretches that grow from its newest end (or its oldest): most searches are answered by the first few
 * minutes, and only those are then read.
 */
export function* growingWindows(range: Window, order: 'newest' | 'oldest'): Generator<Window> {
  const minuteNs = 60_000_000_000n;
  let done = 0n;
  // Each stretch costs a query of its own (some 15 ms): a factor of ten between them answers rare words soonest.
  for (const minutes of [15n, 150n, 1440n]) {
    const reach = minutes * minuteNs;
    const window = stretch(range, order, done, reach);
    if (window.fromNs >= window.toNs) return;
    yield window;
    done = reach;
  }
  const rest = stretch(range, order, done, range.toNs - range.fromNs);
  if (rest.fromNs < rest.toNs) yield rest;
}

function stretch(range: Window, order: 'newest' | 'oldest', done: bigint, reach: bigint): Window {
  const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
  const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  return order === 'newest'
    ? { fromNs: most(range.fromNs, range.toNs - reach), toNs: range.toNs - done }
    : { fromNs: range.fromNs + done, toNs: least(range.toNs, range.fromNs + reach) };
}
