import { customBucketsSchema } from './float-histogram.ts';

/**
 * How far below `2 ** (i / 256 - 1)` each bound of schema 8 stands, in units of the last place, plus one. Prometheus evaluates over
 * a table that was computed differently; with the same doubles two bounds agree to the last digit wherever they are compared.
 */
const units =
  '1111112111211111112311222222222211211121122111221122112211221222111111222232213211211121112111111122101121331122112111211133122211222133223212322122223333332244212111212233213222332222223322323243223233433333333333444455435422323233324422333243323333543344';

const boundsOfSchema8 = Float64Array.from(
  { length: 256 },
  (_, index) => 2 ** (index / 256 - 1) - (units.charCodeAt(index) - 49) * 2 ** -53,
);

/**
 * Upper bound of bucket `index` of an exponential schema. The last bucket of finite numbers ends at the greatest double, the one
 * after it at infinity (https://prometheus.io/docs/specs/native_histograms/#schema).
 */
export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent;
  }
  const steps = 2 ** schema;
  const exponent = Math.floor(index / steps) + 1;
  const fraction = boundsOfSchema8[(index - (exponent - 1) * steps) * (256 / steps)] ?? Number.NaN;
  if (fraction === 0.5 && exponent === 1025) return Number.MAX_VALUE;
  // Two factors: 2 ** 1024 is no double, and neither is 2 ** -1080.
  const half = Math.trunc(exponent / 2);
  return fraction * 2 ** half * 2 ** (exponent - half);
}

/** Upper bound of bucket `index`; of custom buckets -Inf for -1 and +Inf behind the last bound. */
export function bucketBound(index: number, schema: number, customValues: readonly number[]): number {
  if (schema !== customBucketsSchema) return exponentialBound(index, schema);
  if (index < 0) return -Infinity;
  return customValues[index] ?? Infinity;
}

/** The bucket of a coarser schema that holds bucket `index` of `schema`. */
export function indexAtSchema(index: number, schema: number, target: number): number {
  // No negative zero.
  return Math.ceil(index / 2 ** (schema - target)) + 0;
}
