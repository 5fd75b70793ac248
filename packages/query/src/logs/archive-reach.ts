import type { ArchivedDay, ArchivedLogFile, ArchivedLogs, OpenArchive, ParameterValue } from '@sightline/store/port';
import { growingWindows, type Window } from '../search/scope.ts';
import { cut, newestThatFit } from './archive-cuts.ts';
import {
  hotLogs,
  onlyFrom,
  volumeFrom,
  type LogReach,
  type LogSource,
  type OpenSources,
  type Stretch,
} from './log-reach.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const msNs = 1_000_000n;

/** Days that the engine keeps records of a class, by the record's own time. */
export interface HotDays {
  readonly usual: number;
  readonly byClass: Readonly<Record<string, number>>;
}

export interface ArchiveReachParts {
  readonly archive: ArchivedLogs;
  readonly organisation: string;
  readonly nowMs: number;
  readonly hot: HotDays;
  /** False for files that cannot hold what is asked for. */
  readonly mayHold: (file: { readonly site: string | null; readonly class: string }) => boolean;
}

/** The archive's part in a search, before any of it is read. */
export interface ArchivedPart {
  readonly files: readonly ArchivedLogFile[];
  /** Records before this moment are read from the archive, ms. */
  readonly hotFromMs: number;
  readonly firstDay: string;
  readonly lastDay: string;
}

/**
 * The moment from which the engine certainly holds every record of a class. Records leave it some time after their days are over:
 * an hour earlier than that, so that none leaves while a search runs.
 */
const hotFrom = ({ hot, nowMs }: Pick<ArchiveReachParts, 'hot' | 'nowMs'>, of: string): number =>
  Math.ceil(nowMs - (hot.byClass[of] ?? hot.usual) * dayMs + hourMs);

export const latestHotFrom = (parts: Pick<ArchiveReachParts, 'hot' | 'nowMs'>): number =>
  Math.max(...['', ...Object.keys(parts.hot.byClass)].map((of) => hotFrom(parts, of)));

/** Whether the engine certainly holds a record, as SQL over its class and time. */
export function hotTerms(parts: Pick<ArchiveReachParts, 'hot' | 'nowMs'>): {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
} {
  const names = Object.keys(parts.hot.byClass);
  return {
    sql: 'toUnixTimestamp64Milli(ts) >= transform(toString(class), {hotClasses:Array(String)}, {hotFroms:Array(Int64)}, {hotUsual:Int64})',
    parameters: {
      // An empty list has no type of its own: a class that cannot be stands for it.
      hotClasses: ['\0', ...names],
      hotFroms: [0, ...names.map((name) => hotFrom(parts, name))],
      hotUsual: hotFrom(parts, ''),
    },
  };
}

/** The files that a search over a range has to read. */
export async function archivedPart(parts: ArchiveReachParts, fromMs: number, toMs: number): Promise<ArchivedPart> {
  const { archive, organisation, mayHold } = parts;
  const hotFromMs = latestHotFrom(parts);
  const days = await archive.days(organisation);
  const between =
    fromMs < Math.min(toMs, hotFromMs)
      ? await archive.filesBetween(organisation, fromMs, Math.min(toMs, hotFromMs))
      : [];
  return {
    files: between.filter((file) => mayHold(file) && file.firstMs < hotFrom(parts, file.class)),
    hotFromMs,
    firstDay: days[0]?.day ?? '',
    lastDay: days.at(-1)?.day ?? '',
  };
}

/**
 * A search that reaches into the archive. A record is read in the engine when its class still has its days there, or when the day
 * on which it came is not archived; else from that day's file: so none is read twice, and late ones are not missed.
 */
export function archiveReach(
  parts: ArchiveReachParts,
  bounds: Pick<LogReach, 'budgetBytes' | 'mayGoOn' | 'limits'>,
): LogReach {
  return {
    ...bounds,
    archive: true,
    volumeFromMs: volumeFrom(parts.nowMs),
    plan: async (range, order, growing) => {
      const hotFromNs = BigInt(latestHotFrom(parts)) * msNs;
      const recent: Window = { fromNs: most(range.fromNs, hotFromNs), toNs: range.toNs };
      const old: Window = { fromNs: range.fromNs, toNs: least(range.toNs, hotFromNs) };
      const hot = recent.fromNs < recent.toNs ? (growing ? [...growingWindows(recent, order)] : [recent]) : [];
      const hotStretches = hot.map((window) => onlyFrom(window, hotLogs));
      const oldStretches = old.fromNs < old.toNs ? await archivedStretches(parts, old, order, growing) : [];
      return order === 'newest' ? [...hotStretches, ...oldStretches] : [...oldStretches, ...hotStretches];
    },
    whole: async (range, most) => {
      const [fromMs, toMs] = boundsOf(range);
      const { files, hotFromMs } = await archivedPart(parts, fromMs, toMs);
      const stayed = notArchived(parts, await parts.archive.days(parts.organisation));
      const fit = most ? newestThatFit(files, fromMs, Math.min(toMs, hotFromMs), most) : { files, leftOut: undefined };
      const window = fit.leftOut ? { ...range, fromNs: least(range.toNs, BigInt(fit.leftOut.fromMs) * msNs) } : range;
      return {
        window,
        archivedBytes: fit.files.reduce((sum, { bytes }) => sum + bytes, 0),
        open: () => openSources(parts, fit.files, stayed),
        ...(fit.leftOut ? { leftOut: fit.leftOut } : {}),
      };
    },
    sites: async (range) => {
      const { files } = await archivedPart(parts, ...boundsOf(range));
      const sites = files.map(({ site }) => site);
      return sites.includes(null) ? undefined : new Set(sites.filter((site) => site !== null));
    },
  };
}

async function archivedStretches(
  parts: ArchiveReachParts,
  range: Window,
  order: 'newest' | 'oldest',
  growing: boolean,
): Promise<Stretch[]> {
  const [fromMs, toMs] = boundsOf(range);
  const { files } = await archivedPart(parts, fromMs, toMs);
  const stayed = notArchived(parts, await parts.archive.days(parts.organisation));
  return cut(files, fromMs, toMs, order, growing).map(({ from, to, bytes }): Stretch => {
    const window: Window = {
      fromNs: most(range.fromNs, BigInt(from) * msNs),
      toNs: least(range.toNs, BigInt(to) * msNs),
    };
    const own = files.filter(({ firstMs, lastMs }) => firstMs < to && lastMs >= from);
    return { window, archivedBytes: bytes, open: () => openSources(parts, own, stayed) };
  });
}

/** Classes whose days in the engine end at the same moment are one table. */
async function openSources(
  parts: ArchiveReachParts,
  files: readonly ArchivedLogFile[],
  stayed: LogSource,
): Promise<OpenSources> {
  const byEnd = new Map<number, ArchivedLogFile[]>();
  for (const file of files) {
    const end = hotFrom(parts, file.class);
    byEnd.set(end, [...(byEnd.get(end) ?? []), file]);
  }
  const opened: OpenArchive[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened) await one.close();
  };
  const sources: LogSource[] = [stayed];
  try {
    for (const [endMs, own] of byEnd) {
      const name = `archive${'abcdefghijklmnopqrstuvwxyz'[opened.length] ?? `z${opened.length}`}`;
      const one = await parts.archive.open(parts.organisation, own, name);
      opened.push(one);
      if (one.table === undefined) continue;
      sources.push({
        table: one.table,
        filter: 'WHERE',
        condition: `ts < fromUnixTimestamp64Milli({${name}End:Int64})`,
        parameters: { ...one.parameters, [`${name}End`]: endMs },
        place: 'archive',
      });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { sources, missing: opened.flatMap(({ missing }) => missing), close };
}

/** What is read in the engine of the time before `latestHotFrom`. */
function notArchived(parts: ArchiveReachParts, days: readonly ArchivedDay[]): LogSource {
  const spans: { from: number; to: number }[] = [];
  for (const { day } of days) {
    const from = Date.parse(day);
    const last = spans.at(-1);
    if (last?.to === from) last.to += dayMs;
    else spans.push({ from, to: from + dayMs });
  }
  if (spans.length === 0) return hotLogs;
  const terms = hotTerms(parts);
  const parameters: Record<string, ParameterValue> = {
    archivedFrom: spans.map(({ from }) => from),
    archivedTo: spans.map(({ to }) => to),
    ...terms.parameters,
  };
  const came = 'toUnixTimestamp64Milli(received_at)';
  const condition = `(${terms.sql}
    OR NOT arrayExists((a, b) -> ${came} >= a AND ${came} < b, {archivedFrom:Array(Int64)}, {archivedTo:Array(Int64)}))`;
  return { ...hotLogs, condition, parameters };
}

/** Whole milliseconds around a range. */
const boundsOf = ({ fromNs, toNs }: Window): [fromMs: number, toMs: number] => [
  Number(fromNs / msNs),
  Number((toNs + msNs - 1n) / msNs),
];
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
