/** What the rest of Sightline may ask about metrics: PromQL and the index. Filled by `packages/metrics`. */
import type { Result } from '@sightline/base';
import type { FloatHistogram } from './histogram/float-histogram.ts';
import type { Matcher } from './ast.ts';
import type { Labels, QueryBounds, QueryFault } from './source.ts';

export interface AskedQuery {
  /** Id of the organisation: the first condition of every read. */
  readonly organisation: string;
  readonly expression: string;
  /** How far an instant selector looks back, milliseconds. Default 300,000. */
  readonly lookbackMs?: number;
  readonly bounds?: Partial<QueryBounds>;
  readonly signal?: AbortSignal;
  /** Added to every selector: scope of a page (`site`, `service`), or of a key that is bound to a site. */
  readonly enforced?: readonly Matcher[];
  /** An answer that would lack the newest samples is a fault (`unavailable`) instead of one with a warning: for who acts on it. */
  readonly whole?: boolean;
  /** Samples of an instant query for a range vector hold the marks that a series has ended, as remote read hands them on. */
  readonly staleMarks?: boolean;
}
export interface InstantQuery extends AskedQuery {
  readonly atMs: number;
}
export interface RangeQuery extends AskedQuery {
  readonly startMs: number;
  /** Included. */
  readonly endMs: number;
  readonly stepMs: number;
}

/** `Histogram` here and below: the form in which the asker gets native histograms. */
export interface VectorSample<Histogram = FloatHistogram> {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: Histogram;
}
/** Values over the query's grid, or raw samples of an instant query for a range vector. */
export interface MatrixSeries<Histogram = FloatHistogram> {
  readonly labels: Labels;
  readonly floats: { readonly times: Float64Array; readonly values: Float64Array };
  readonly histograms: readonly { readonly atMs: number; readonly histogram: Histogram }[];
}

export type QueryValue<Histogram = FloatHistogram> =
  | { readonly type: 'scalar'; readonly atMs: number; readonly value: number }
  | { readonly type: 'string'; readonly atMs: number; readonly value: string }
  | { readonly type: 'vector'; readonly atMs: number; readonly samples: readonly VectorSample<Histogram>[] }
  | { readonly type: 'matrix'; readonly series: readonly MatrixSeries<Histogram>[] };

export interface Answer<Histogram = FloatHistogram> {
  readonly value: QueryValue<Histogram>;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly samples: number;
  /**
   * Frees the value's columns at once, for who has written them out: an answer may be megabytes that no collection looks for soon. The value
   * must not be used afterwards.
   */
  readonly giveBack?: () => void;
}

export interface SeriesQuery {
  readonly organisation: string;
  /** Any of these selectors; none means all series. */
  readonly matchers: readonly (readonly Matcher[])[];
  readonly startMs: number;
  readonly endMs: number;
  /** More are cut off, and the answer says so. 0 for the bound. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}
export interface Limited<T> {
  readonly items: readonly T[];
  readonly cut: boolean;
  /** What the answer lacks, a sentence each. */
  readonly warnings?: readonly string[];
}

/** A metric's name, how many of its series match, and when the last of them had a sample, milliseconds since the epoch. */
export interface MetricName {
  readonly metric: string;
  readonly series: number;
  readonly lastSeenMs: number;
}

export interface MetricMetadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  readonly atMs: number;
}

export interface MetricEngine {
  instant(query: InstantQuery): Promise<Result<Answer, QueryFault>>;
  range(query: RangeQuery): Promise<Result<Answer, QueryFault>>;
  series(query: SeriesQuery): Promise<Result<Limited<Labels>, QueryFault>>;
  /** Names of metrics with a series that matches, in order. From the index alone. */
  metricNames(query: SeriesQuery): Promise<Result<Limited<MetricName>, QueryFault>>;
  labelNames(query: SeriesQuery): Promise<Result<Limited<string>, QueryFault>>;
  labelValues(query: SeriesQuery & { readonly label: string }): Promise<Result<Limited<string>, QueryFault>>;
  /** By metric; `metric` '' for all. */
  metadata(query: {
    readonly organisation: string;
    readonly metric: string;
    readonly limit: number;
  }): Promise<Result<ReadonlyMap<string, readonly MetricMetadata[]>, QueryFault>>;
  exemplars(query: {
    readonly organisation: string;
    readonly expression: string;
    readonly startMs: number;
    readonly endMs: number;
  }): Promise<
    Result<
      {
        readonly series: readonly { readonly labels: Labels; readonly exemplars: readonly Exemplar[] }[];
        readonly warnings: readonly string[];
      },
      QueryFault
    >
  >;
  /** Figures for `/api/v1/status/tsdb`: greatest first. `__name__` is a label like others; a pair is `label=value`. */
  statistics(organisation: string): Promise<{
    readonly series: number;
    readonly byMetric: readonly (readonly [name: string, count: number])[];
    /** Distinct values. */
    readonly byLabel: readonly (readonly [name: string, count: number])[];
    /** Bytes of the values of all series, as if nothing were shared. */
    readonly bytesByLabel: readonly (readonly [name: string, bytes: number])[];
    /** Series that have it. */
    readonly byPair: readonly (readonly [pair: string, count: number])[];
    /** Distinct pairs, those that are not listed too. */
    readonly pairs: number;
    readonly minTimeMs: number;
    readonly maxTimeMs: number;
  }>;
}
