import type { BucketSpan, FloatHistogram } from '@sightline/record';

/** Finest and coarsest resolution of a native histogram. */
const [finest, coarsest] = [8, -4];
/** Width of the zero bucket where the client names none, as Prometheus takes it. */
const zeroThreshold = 1e-128;
/** Gaps up to this are written as empty buckets: cheaper than another span. */
const shortGap = 2;

/** Buckets of one side as OTLP has them: bucket `offset + n` holds `counts[n]`. */
export interface ExponentialBuckets {
  offset: number;
  counts: number[];
}

export interface ExponentialPoint {
  readonly scale: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
}

/** Whether the scale has a counterpart among native histograms; finer ones are made coarser. */
export function isNativeScale(scale: number): boolean {
  return scale >= coarsest;
}

/** An exponential histogram as a native one (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#exponential-histograms). */
export function nativeHistogram(point: ExponentialPoint): FloatHistogram {
  const coarser = Math.min(62, Math.max(0, point.scale - finest));
  const positive = spansOf(point.positive, coarser);
  const negative = spansOf(point.negative, coarser);
  return {
    counterResetHint: 0,
    schema: Math.min(point.scale, finest),
    zeroThreshold: point.zeroThreshold > 0 ? point.zeroThreshold : zeroThreshold,
    zeroCount: point.zeroCount,
    count: point.count,
    sum: point.sum,
    positiveSpans: positive.spans,
    negativeSpans: negative.spans,
    positiveBuckets: positive.buckets,
    negativeBuckets: negative.buckets,
    customValues: [],
  };
}

/**
 * Bucket i of OTLP is (base^i, base^(i+1)], of Prometheus (base^(i-1), base^i]; each step down in resolution joins two.
 */
function spansOf(
  { offset, counts }: ExponentialBuckets,
  coarser: number,
): { readonly spans: readonly BucketSpan[]; readonly buckets: readonly number[] } {
  const spans: { offset: number; length: number }[] = [];
  const buckets: number[] = [];
  let end = 0;
  const width = 2 ** coarser;
  for (const [n, count] of counts.entries()) {
    if (count === 0) continue;
    const index = Math.floor((offset + n) / width) + 1;
    const span = spans.at(-1);
    const gap = index - end;
    if (span && gap < 0) {
      buckets[buckets.length - 1] = (buckets.at(-1) ?? 0) + count;
      continue;
    }
    if (span && gap <= shortGap) {
      for (let empty = 0; empty < gap; empty++) buckets.push(0);
      span.length += gap + 1;
    } else spans.push({ offset: span ? gap : index, length: 1 });
    buckets.push(count);
    end = index + 1;
  }
  return { spans, buckets };
}
