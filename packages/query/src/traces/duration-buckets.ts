/** Buckets in an octave: each is 9 % wide, its middle at most 4.5 % off. The schema's views count by the same ones. */
export const bucketsPerOctave = 8;

/** SQL of the bucket of a duration, as the views compute it. */
export const bucketSql = 'toInt16(floor(log2(greatest(toFloat64(duration_ns), 1)) * 8))';

/** Middle of a bucket, milliseconds. */
export function middleMs(bucket: number): number {
  return 2 ** ((bucket + 0.5) / bucketsPerOctave) / 1e6;
}
