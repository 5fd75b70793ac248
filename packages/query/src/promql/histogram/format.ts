import { negativeBuckets, positiveBuckets, zeroBucket, type Bucket } from './buckets.ts';
import { compactHistogram } from './compact.ts';
import { customBucketsSchema, type BucketSpan, type FloatHistogram } from './float-histogram.ts';

/** A number as Go prints it (`%g` and `%v`): shortest digits, with an exponent below 1e-4 and from 1e+06 on. */
export function formatGoNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  if (value === 0) return '0';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 6) {
    const sign = power < 0 ? '-' : '+';
    return `${digits}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return plainDigits(value);
}

/** Shortest digits without an exponent, as the samples of Prometheus' API are written. */
export function plainDigits(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(exponent) + 1;
  const sign = value < 0 ? '-' : '';
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + '0'.repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** `{count:3, sum:4, (1,2]:3}`: as Prometheus prints a histogram, empty buckets left out. */
export function formatHistogram(histogram: FloatHistogram): string {
  const populated = (buckets: readonly Bucket[]) => buckets.filter((bucket) => bucket.count !== 0).map(formatBucket);
  const custom = histogram.schema === customBucketsSchema;
  const parts = [
    `count:${formatGoNumber(histogram.count)}`,
    `sum:${formatGoNumber(histogram.sum)}`,
    ...(custom ? [] : populated(negativeBuckets(histogram)).toReversed()),
    ...(!custom && histogram.zeroCount !== 0 ? [formatBucket(zeroBucket(histogram))] : []),
    ...populated(positiveBuckets(histogram)),
  ];
  return `{${parts.join(', ')}}`;
}

function formatBucket(bucket: Bucket): string {
  const from = bucket.lowerIncluded ? '[' : '(';
  const to = bucket.upperIncluded ? ']' : ')';
  return `${from}${formatGoNumber(bucket.lower)},${formatGoNumber(bucket.upper)}${to}:${formatGoNumber(bucket.count)}`;
}

const hintWords = ['', 'reset', 'not_reset', 'gauge'] as const;

/**
 * `{{schema:1 count:3 sum:4 buckets:[1 2]}}`: as histograms stand in promqltest scripts and in promtool's unit tests
 * (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series).
 */
export function formatTestHistogram(histogram: FloatHistogram): string {
  const compacted = compactHistogram(histogram, Infinity);
  const parts: string[] = [];
  const add = (name: string, value: number) => {
    if (value !== 0) parts.push(`${name}:${formatGoNumber(value)}`);
  };
  add('schema', compacted.schema);
  add('count', compacted.count);
  add('sum', compacted.sum);
  add('z_bucket', compacted.zeroCount);
  add('z_bucket_w', compacted.zeroThreshold);
  if (compacted.schema === customBucketsSchema) parts.push(`custom_values:${list(compacted.customValues)}`);
  if (compacted.counterResetHint !== 0) parts.push(`counter_reset_hint:${hintWords[compacted.counterResetHint]}`);
  const addSide = (offset: string, buckets: string, spans: readonly BucketSpan[], counts: readonly number[]) => {
    add(offset, spans[0]?.offset ?? 0);
    if (counts.length > 0) parts.push(`${buckets}:${list(counts)}`);
  };
  addSide('offset', 'buckets', compacted.positiveSpans, compacted.positiveBuckets);
  addSide('n_offset', 'n_buckets', compacted.negativeSpans, compacted.negativeBuckets);
  return `{{${parts.join(' ')}}}`;
}

function list(values: readonly number[]): string {
  return `[${values.map(formatGoNumber).join(' ')}]`;
}
