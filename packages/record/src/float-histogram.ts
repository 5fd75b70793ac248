/**
 * A native histogram with float counts, as Prometheus evaluates it
 * (https://prometheus.io/docs/specs/native_histograms/).
 */

/** `length` consecutive buckets, `offset` buckets after the end of the span before (the first: the index of its first bucket). */
export interface BucketSpan {
  readonly offset: number;
  readonly length: number;
}

/** 0 unknown, 1 reset, 2 no reset, 3 gauge (prometheus' `CounterResetHint`). */
export type CounterResetHint = 0 | 1 | 2 | 3;

/** Custom buckets (NHCB) have this schema and their upper bounds in `customValues`. */
export const customBucketsSchema = -53;

export interface FloatHistogram {
  readonly counterResetHint: CounterResetHint;
  /** -4 to 8, or `customBucketsSchema`. */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly BucketSpan[];
  readonly negativeSpans: readonly BucketSpan[];
  /** Absolute counts, one for each bucket of the spans. */
  readonly positiveBuckets: readonly number[];
  readonly negativeBuckets: readonly number[];
  /** Upper bounds of custom buckets, ascending, without +Inf; empty for other schemas. */
  readonly customValues: readonly number[];
}
