/**
 * What the evaluator asks of whoever holds the samples. A range query reads each selector once, for all of its steps: the
 * source runs the kernel (`rate`, `last`, …) where the samples are, so that samples never travel.
 */
import type { FloatHistogram } from './histogram/float-histogram.ts';
import type { Matcher } from './ast.ts';

/** Labels by name, `__name__` among them; no empty values. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Samples of one series in order of time. `times` are milliseconds since the epoch. A staleness mark is a NaN in `values` whose
 * bits are `0x7ff0000000000002`; copy values by typed arrays only, so that the bits stay. Where `histograms` has an entry the
 * sample is a native histogram and its `values` entry says nothing (unless it is a staleness mark).
 */
export interface SampleColumns {
  readonly count: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** Sparse: undefined when the series holds floats alone. */
  readonly histograms?: readonly (FloatHistogram | undefined)[] | undefined;
  /** Start timestamps (created), milliseconds, 0 where not known; undefined when none is known. */
  readonly startTimes?: Float64Array | undefined;
  /** True where it is known that no value is a NaN, so that there are no staleness marks. */
  readonly numbersAlone?: boolean;
  /** True where it is known that no value is lower than the one before. */
  readonly rising?: boolean;
}

/** Evaluation times: `startMs + i * stepMs`, i from 0 to `count - 1`. An instant query has one; `stepMs` is then 0 or more. */
export interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** One series over a grid. `present[i]` is 1 where it has a value at step i; `histograms[i]` is set where that value is one. */
export interface SeriesValues {
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly histograms?: (FloatHistogram | undefined)[];
  /** Of the kernel `samples` alone: the window's samples themselves, staleness marks left out unless asked for (`x[5m]` as an instant query). */
  readonly samples?: SampleColumns;
}

/** What is computed of the samples of each series at each step; `name` is one of `kernels/all.ts`. Structured-cloneable. */
export interface KernelCall {
  readonly name: string;
  /** Width of the window in milliseconds: the lookback of a vector selector, the range of a matrix selector. Left-open. */
  readonly rangeMs: number;
  /** Further scalars, one number each or one a step (`quantile_over_time(scalar(x), …)`). */
  readonly parameters: readonly (number | Float64Array)[];
  /**
   * Extended range selectors look beyond the window: samples after `startMs - rangeMs - lookbackMs` are needed, and for
   * `smoothed` those up to `lookbackMs` after the last step as well.
   */
  readonly extended?: 'anchored' | 'smoothed';
  readonly lookbackMs?: number;
  /** Of `samples` alone: staleness marks among them. */
  readonly staleMarks?: true;
  /** True where nothing but count, sum and resets of native histograms is asked for. */
  readonly statistics?: true;
}

/** Aggregation that can be computed in parts and merged. Floats alone: a source that meets a histogram leaves it undone. */
export interface Reduction {
  readonly operator: 'sum' | 'avg' | 'count' | 'min' | 'max' | 'group';
  readonly grouping: readonly string[];
  readonly without: boolean;
  /** True where the kernel drops the metric's name (all but `last` and the like). The evaluator never groups by a name then. */
  readonly dropName: boolean;
}

export interface ScanRequest {
  readonly matchers: readonly Matcher[];
  /** The times at which the kernel is evaluated, offset and `@` already applied. */
  readonly grid: Grid;
  readonly kernel: KernelCall;
  readonly reduction?: Reduction;
}

/** A series, with all of its labels (`__name__` too, whatever the kernel), or a group of them. Leave out what has no value at all. */
export interface ScannedSeries extends SeriesValues {
  readonly labels: Labels;
}

export interface ScanResult {
  readonly series: readonly ScannedSeries[];
  /** True when `reduction` was done: `series` are groups then. */
  readonly reduced: boolean;
  /** Samples that were looked at, for limits and statistics. */
  readonly samples: number;
  /** Warnings and infos of the kernels, `PromQL warning: …` without position. */
  readonly annotations: readonly ScanAnnotation[];
}
export interface ScanAnnotation {
  readonly level: 'warning' | 'info';
  readonly message: string;
  /** How often, of those that are counted. */
  readonly count?: number;
}

/** Why a query ended without a value. `kind` is the Prometheus API's `errorType`. */
export interface QueryFault {
  readonly kind: 'bad_data' | 'execution' | 'timeout' | 'canceled' | 'unavailable' | 'internal';
  readonly message: string;
}

/** Thrown through the evaluator by sources and limits; the evaluator's door turns it into a value. */
export class QueryFailure extends Error {
  override readonly name = 'QueryFailure';
  readonly fault: QueryFault;
  constructor(fault: QueryFault) {
    super(fault.message);
    this.fault = fault;
  }
}

export interface QueryBounds {
  /** Samples that all selectors of a query may look at. Default 200,000,000. */
  readonly samples: number;
  /** Series that one selector may match. Default 200,000. */
  readonly series: number;
  /** Values (series × steps) that may be held at a time. Default 20,000,000. */
  readonly values: number;
  /** Steps of a range query. Default 11,000, as Prometheus. */
  readonly steps: number;
  readonly timeoutMs: number;
}

export interface SeriesSource {
  /** Reads, runs the kernel and, where asked and possible, reduces. Throws `QueryFailure`. */
  scan(request: ScanRequest): Promise<ScanResult>;
}
