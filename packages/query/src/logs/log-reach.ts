import type { ParameterValue, QueryLimits } from '@sightline/store/port';
import { growingWindows, type Window } from '../search/scope.ts';

/** Where a record was read, other than in the engine's own table. */
export type LogPlace = 'archive' | 'restored';

/** A table like `logs`, and which of its records count. */
export interface LogSource {
  /** What follows FROM. */
  readonly table: string;
  /** Tables of the engine filter before they read the other columns. */
  readonly filter: 'PREWHERE' | 'WHERE';
  /** Beside scope and search; '1' for all. */
  readonly condition: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly place: LogPlace | '';
}

export interface OpenSources {
  readonly sources: readonly LogSource[];
  /** Why archived files could not be read, in words. */
  readonly missing: readonly string[];
  close(): Promise<void>;
}

/** A part of a search's time range that is read in one statement. */
export interface Stretch {
  readonly window: Window;
  /** Of archived files that the statement may have to read. */
  readonly archivedBytes: number;
  /** Known before it is opened, for the engine's own tables: neighbours of the same may be read as one. */
  readonly tables?: readonly LogSource[];
  /** What is read; no record stands in two of the sources. The caller closes. */
  open(): Promise<OpenSources>;
}

/** What one read takes of archived files. */
export interface ArchiveBound {
  readonly bytes: number;
  readonly files: number;
}

/** Archived files that lie in a range and before what was read of it. */
export interface LeftOut extends ArchiveBound {
  /** Begin of what was read, ms. */
  readonly fromMs: number;
}

/** How far a search of logs reaches beyond the engine's own table. */
export interface LogReach {
  /** Whether it reads archived files: only then a read says how far it came. */
  readonly archive: boolean;
  /**
   * Cuts a range into stretches in the order in which they are read. With `growing` the first ones are small, for reads that are
   * over once a page is full.
   */
  plan(range: Window, order: 'newest' | 'oldest', growing: boolean): Promise<readonly Stretch[]>;
  /**
   * The whole range as one stretch, for reads that cannot be put together from parts; with `most`, of its archive the newest days that fit.
   * Then the window is shorter, and `leftOut` says what lies before it.
   */
  whole(range: Window, most?: ArchiveBound): Promise<Stretch & { readonly leftOut?: LeftOut }>;
  /** Sites that the archive holds of a range, by its catalogue; undefined where the files alone can tell. */
  sites(range: Window): Promise<ReadonlySet<string> | undefined>;
  /** Archived bytes that one call may read: then it says how far it came. Its first stretch is read in any case. */
  readonly budgetBytes: number;
  /** False once the call has taken its time. */
  mayGoOn(): boolean;
  /** For the statements that read archived files. */
  readonly limits: QueryLimits;
  /** From here on the views of volume still know every record, ms. */
  readonly volumeFromMs: number;
}

/** How far a call came that reads the archive. */
export interface ReachedSoFar {
  /** Nanoseconds; everything of the range on the side where the call began, up to here, has been read. */
  readonly reachedNs: bigint;
  /** True when that is the whole range. */
  readonly done: boolean;
  readonly archivedBytes: number;
  readonly missing: readonly string[];
}

export const hotLogs: LogSource = { table: 'logs', filter: 'PREWHERE', condition: '1', parameters: {}, place: '' };

/** The engine's own table alone. */
export const hotStretches = (range: Window, order: 'newest' | 'oldest', growing: boolean): Stretch[] =>
  (growing ? [...growingWindows(range, order)] : [range]).map((window) => onlyFrom(window, hotLogs));

export const onlyFrom = (window: Window, source: LogSource): Stretch => stretchOf(window, [source]);

/** A stretch of the engine's tables. */
export function stretchOf(window: Window, sources: readonly LogSource[]): Stretch {
  const opened: OpenSources = { sources, missing: [], close: async () => undefined };
  return { window, archivedBytes: 0, tables: sources, open: async () => opened };
}

const hourMs = 3_600_000;
/** As long as the views `volume` and `service_volume` keep a minute. */
const volumeDays = 90;
/** From here on the views of volume still know every record, ms. */
export const volumeFrom = (nowMs: number): number => nowMs - volumeDays * 24 * hourMs + hourMs;

/** One statement over all sources: `select` writes it for one. Its parameters are those of `parametersOf`. */
export const overAll = (sources: readonly LogSource[], select: (source: LogSource) => string): string =>
  sources.map(select).join(' UNION ALL ');

export const parametersOf = (sources: readonly LogSource[]): Record<string, ParameterValue> =>
  Object.assign({}, ...sources.map(({ parameters }) => parameters)) as Record<string, ParameterValue>;

/** `FROM … WHERE …` of a source; `condition` is that of scope and search. */
export const fromSource = (source: LogSource, condition: string): string =>
  `FROM ${source.table} AS logs ${source.filter} ${condition}${source.condition === '1' ? '' : ` AND ${source.condition}`}`;

/** After a stretch: enough was found, more is wanted, or so little was found that the next stretch alone would not do either. */
export type AfterStretch = 'enough' | 'more' | 'far';

/**
 * Reads stretch after stretch until `read` answers `enough`, or until a bound of the reach ends the call. Answers how far it came;
 * `undefined` where there is no reach beyond the engine.
 */
export async function readStretches(
  range: Window,
  order: 'newest' | 'oldest',
  { reach, growing }: { readonly reach: LogReach | undefined; readonly growing: boolean },
  limits: QueryLimits,
  read: (window: Window, sources: readonly LogSource[], limits: QueryLimits) => Promise<AfterStretch>,
): Promise<ReachedSoFar | undefined> {
  const stretches = [...(reach ? await reach.plan(range, order, growing) : hotStretches(range, order, growing))];
  const missing = new Set<string>();
  let archivedBytes = 0;
  let reachedNs = order === 'newest' ? range.toNs : range.fromNs;
  let done = true;
  for (const [n, stretch] of stretches.entries()) {
    if (reach && n > 0 && (archivedBytes + stretch.archivedBytes > reach.budgetBytes || !reach.mayGoOn())) {
      done = false;
      break;
    }
    const opened = await stretch.open();
    try {
      for (const one of opened.missing) missing.add(one);
      const own = stretch.archivedBytes > 0 ? { ...limits, ...reach?.limits } : limits;
      const after = await read(stretch.window, opened.sources, own);
      archivedBytes += stretch.archivedBytes;
      reachedNs = order === 'newest' ? stretch.window.fromNs : stretch.window.toNs;
      if (after === 'enough') {
        done = n === stretches.length - 1;
        break;
      }
      if (after === 'far') joinNext(stretches, n + 1);
    } finally {
      await opened.close();
    }
  }
  if (!reach?.archive) return undefined;
  if (done) reachedNs = order === 'newest' ? range.fromNs : range.toNs;
  return { reachedNs, done, archivedBytes, missing: [...missing] };
}

/** Makes one of the stretches `at` and `at + 1` where they are of the same tables. `stretches.entries()` walks on over the shorter list. */
function joinNext(stretches: Stretch[], at: number): void {
  const [next, further] = [stretches[at], stretches[at + 1]];
  const tables = next?.tables;
  if (!next || !further || !tables || tables.length !== further.tables?.length) return;
  if (!tables.every((table, n) => table === further.tables?.[n])) return;
  const [a, b] = [next.window, further.window];
  if (a.fromNs !== b.toNs && b.fromNs !== a.toNs) return;
  const window: Window = {
    fromNs: a.fromNs < b.fromNs ? a.fromNs : b.fromNs,
    toNs: a.toNs > b.toNs ? a.toNs : b.toNs,
  };
  stretches.splice(at, 2, stretchOf(window, tables));
}
