import type { ParameterValue } from '@sightline/store/port';
import type { Window } from '../search/scope.ts';
import {
  fromSource,
  parametersOf,
  type ArchiveBound,
  type LeftOut,
  type LogReach,
  type LogSource,
} from './log-reach.ts';

/** The logs of a range as one table, wherever they lie. */
export interface LogTable {
  /** `FROM …` of the records that meet a condition; a further one may follow as WHERE. */
  from(condition: string): string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** The engine's own table. */
export const hotTable: LogTable = { from: (condition) => `FROM logs PREWHERE ${condition}`, parameters: {} };

const columns = `organisation, site, device, environment, service, release, ts, received_at, severity, severity_text, event_name, body, trace_id, span_id,
  flags, correlation_id, scope_name, res, attrs, class, id`;

/** All sources as one: each filters for itself, so that none reads more than it would alone. */
export function tableOf(sources: readonly LogSource[]): LogTable {
  const all = (condition: string): string =>
    sources.map((source) => `SELECT ${columns} ${fromSource(source, condition)}`).join(' UNION ALL ');
  return { from: (condition) => `FROM (${all(condition)}) AS logs`, parameters: parametersOf(sources) };
}

/** What a read of a whole range took from the archive. */
export interface FromArchive {
  readonly bytes: number;
  /** Why files could not be read, in words. */
  readonly missing: readonly string[];
  /** What of the range's archive was more than such a read takes: nothing before `fromMs` was read. */
  readonly leftOut?: LeftOut;
}

/** A read that would take more from the archive than a call may. */
export interface TooMuchArchive {
  readonly bytes: number;
  readonly mostBytes: number;
}

/**
 * Hands a whole range as one table to `read`. `spentBytes` of what the call may read are gone already. A value where the range would take
 * more than is left: then nothing was read.
 */
export async function withTable<T>(
  range: Window,
  reach: LogReach | undefined,
  read: (table: LogTable) => Promise<T>,
  spentBytes = 0,
): Promise<{ readonly value: T; readonly archive: FromArchive } | { readonly tooMuch: TooMuchArchive }> {
  if (!reach) return { value: await read(hotTable), archive: nothingRead };
  const whole = await reach.whole(range);
  const bytes = whole.archivedBytes;
  if (spentBytes + bytes > reach.budgetBytes)
    return { tooMuch: { bytes: spentBytes + bytes, mostBytes: reach.budgetBytes } };
  const opened = await whole.open();
  try {
    return { value: await read(tableOf(opened.sources)), archive: { bytes, missing: opened.missing } };
  } finally {
    await opened.close();
  }
}

/**
 * As `withTable`, for reads that answer in part rather than not at all: where the archive holds more of the range than `most`, its newest
 * whole days that fit are handed to `read`, with the window that they are of.
 */
export async function withNewestTable<T>(
  range: Window,
  reach: LogReach | undefined,
  most: ArchiveBound,
  read: (table: LogTable, window: Window) => Promise<T>,
): Promise<{ readonly value: T; readonly archive: FromArchive }> {
  if (!reach) return { value: await read(hotTable, range), archive: nothingRead };
  const newest = await reach.whole(range, most);
  const { window, archivedBytes: bytes, leftOut } = newest;
  const opened = await newest.open();
  try {
    const value = await read(tableOf(opened.sources), window);
    return { value, archive: { bytes, missing: opened.missing, ...(leftOut ? { leftOut } : {}) } };
  } finally {
    await opened.close();
  }
}

export const nothingRead: FromArchive = { bytes: 0, missing: [] };

/** The bound, as a person would say it. */
export function tooMuchArchive({ bytes, mostBytes }: TooMuchArchive): string {
  const mb = (of: number): string => `${Math.ceil(of / 1e6).toLocaleString('en-US')} MB`;
  return `this range would read ${mb(bytes)} of the archive, and a call may read ${mb(mostBytes)}: shorten it, name a site, restore those days, or ask with archive=off for what the engine holds`;
}
