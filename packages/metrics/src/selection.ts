/**
 * What the head thread answers to query threads: which series match, how they group, and their samples that are not yet in the
 * engine. A query thread asks first and reads the engine's chunks afterwards, so that a block which is cut in between is seen
 * twice rather than never; samples of the same time count once.
 */
import type { Result } from '@sightline/base';
import type {
  Labels,
  Limited,
  Matcher,
  MetricEngine,
  MetricName,
  QueryFault,
  SeriesQuery,
} from '@sightline/query/promql';

export interface SelectionRequest {
  readonly organisation: string;
  /** All of them must match; an absent label is ''. */
  readonly matchers: readonly Matcher[];
  /** Samples later than this and up to `endMs` are wanted, milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Groups instead of labels: for reductions, so that labels need not travel. `dropName` takes `__name__` away before grouping. */
  readonly grouping?: {
    readonly labels: readonly string[];
    readonly without: boolean;
    readonly dropName: boolean;
  };
  /** More series are a fault of kind `execution`. */
  readonly limit: number;
  /** No samples are wanted, labels alone. */
  readonly labelsOnly?: true;
}

/** Labels of many series: each text once. Series i has the pairs (name, value in turn) `pairs[ends[i-1] … ends[i]]`. */
export interface LabelTable {
  readonly texts: readonly string[];
  readonly pairs: Uint32Array;
  readonly ends: Uint32Array;
}

/** Where samples of the head lie: pieces of one series together and in order of time; `series`, the series of each, ascends. */
export interface HeadPieces {
  readonly series: Uint32Array;
  /**
   * Four words for each piece: the number of its page, where it begins, its length, its capacity. With capacity 0 it is a chunk
   * (`encodeChunk`) of `length` bytes. Else `length` samples, counted in doubles of the page: times from the beginning on, values
   * `capacity` doubles behind them.
   */
  readonly places: Uint32Array;
  /** The head's own memory, shared; chunks that were made for this selection stand alone. */
  readonly pages: readonly (SharedArrayBuffer | Uint8Array)[];
}

/** Series in order of metric and fingerprint (unsigned). Typed arrays are transferred: they belong to the receiver. */
export interface Selection {
  readonly fps: BigUint64Array;
  readonly metrics: readonly string[];
  /** Series of `metrics[i]` end before index `metricEnds[i]`. */
  readonly metricEnds: Uint32Array;
  /** Series that these metrics have altogether, whether or not they match; helps to choose how chunks are read. */
  readonly family?: number;
  /** Without `grouping`: labels of each series, `__name__` among them. */
  readonly labels?: LabelTable;
  /** With `grouping`: labels of each group, and the group of each series. */
  readonly groups?: { readonly labels: readonly Labels[]; readonly of: Uint32Array };
  /** Every sample of the range that the engine may not have yet; a few outside the range do no harm. */
  readonly head: HeadPieces;
  /** To be ended (`endLease`) when nobody reads `head` any more; absent where `head` stays as it is by itself. */
  readonly lease?: number;
  /** Blocks in which the engine has chunks of this organisation. Nothing outside is read. Absent: not known, the engine is asked. */
  readonly stored?: {
    /** Start of the first and of the last such block, milliseconds; NaN when there is none. */
    readonly firstMs: number;
    readonly lastMs: number;
    /**
     * Blocks that got chunks since this process started, and how often: cached bytes of a block are good as long as its number
     * is the same. A block that is not named has number 0.
     */
    readonly changedMs: Float64Array;
    readonly changes: Uint32Array;
    /** Which process counted, where it is another than this one: numbers of two processes say nothing of each other. */
    readonly process?: string;
  };
  /** Why the newest samples are not among these, as a sentence; absent where they are. */
  readonly incomplete?: string;
}

export type IndexQuery = Omit<SeriesQuery, 'signal'>;
export type Statistics = Awaited<ReturnType<MetricEngine['statistics']>>;

/** Filled by whoever holds the series index: the head thread, or the engine's own tables where there is no head. */
export interface SeriesIndex {
  select(request: SelectionRequest): Promise<Result<Selection, QueryFault>> | Result<Selection, QueryFault>;
  series(query: IndexQuery): Promise<Limited<Labels>> | Limited<Labels>;
  metricNames(query: IndexQuery): Promise<Limited<MetricName>> | Limited<MetricName>;
  labelNames(query: IndexQuery): Promise<Limited<string>> | Limited<string>;
  labelValues(query: IndexQuery & { readonly label: string }): Promise<Limited<string>> | Limited<string>;
  statistics(organisation: string): Promise<Statistics> | Statistics;
  /** The memory that a selection named may be used for something else. */
  endLease(lease: number): void;
}

/** What a selection has of the head where it has nothing. */
export const noPieces: HeadPieces = { series: new Uint32Array(0), places: new Uint32Array(0), pages: [] };

/** Buffers of a selection, to be transferred with it. Buffers that are shared stay. */
export function buffersOf(selection: Selection): ArrayBuffer[] {
  const { fps, metricEnds, labels, groups, head, stored } = selection;
  // What nobody else sees may go: `noPieces` is everybody's.
  const own = head === noPieces ? undefined : head;
  const arrays = [
    fps,
    metricEnds,
    labels?.pairs,
    labels?.ends,
    groups?.of,
    own?.series,
    own?.places,
    stored?.changedMs,
    stored?.changes,
  ];
  const buffers = arrays.map((array) => array?.buffer).filter((buffer) => buffer instanceof ArrayBuffer);
  return [...new Set(buffers)];
}

/** Labels of series `i`. */
export function labelsAt(table: LabelTable, i: number): Labels {
  const labels: Record<string, string> = {};
  const end = table.ends[i] ?? 0;
  for (let p = i === 0 ? 0 : (table.ends[i - 1] ?? 0); p < end; p += 2) {
    labels[table.texts[table.pairs[p] ?? 0] ?? ''] = table.texts[table.pairs[p + 1] ?? 0] ?? '';
  }
  return labels;
}

/** The labels of many series with each text once. */
export function tableOf(all: readonly Labels[]): LabelTable {
  const numbers = new Map<string, number>();
  const number = (text: string): number => {
    let known = numbers.get(text);
    if (known === undefined) numbers.set(text, (known = numbers.size));
    return known;
  };
  let pairs = new Uint32Array(16 * all.length);
  const ends = new Uint32Array(all.length);
  let end = 0;
  for (let i = 0; i < all.length; i++) {
    const labels = all[i] ?? {};
    const names = Object.keys(labels);
    if (end + 2 * names.length > pairs.length) {
      const wider = new Uint32Array(2 * (end + 2 * names.length));
      wider.set(pairs);
      pairs = wider;
    }
    for (const name of names) {
      pairs[end++] = number(name);
      pairs[end++] = number(labels[name] ?? '');
    }
    ends[i] = end;
  }
  return { texts: [...numbers.keys()], pairs: pairs.slice(0, end), ends };
}
