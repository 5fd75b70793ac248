/** Buckets of native histograms of one series and day as bytes: see README.md in this folder for the form. */
import type { RolledHistograms } from '@sightline/query/promql';
import { appendChunk, encodeChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';

/** The first byte: chunks of samples have 1, buckets of floats 2. */
const version = 4;
const headBytes = 4;

/** Writes all buckets, at least one. */
export function encodeRolledHistograms(rolled: RolledHistograms): Uint8Array {
  const { count, ends, counts, stale, times, starts, histograms } = rolled;
  const buckets = encodeChunk({
    count,
    times: Float64Array.from(ends),
    values: Float64Array.from(counts, (samples, i) => 2 * samples + (stale[i] ?? 0)),
  });
  const kept =
    times.length === 0
      ? new Uint8Array(0)
      : encodeChunk({
          count: times.length,
          times: Float64Array.from(times),
          values: new Float64Array(times.length),
          histograms,
          ...(starts.some((start) => start !== 0) ? { startTimes: Float64Array.from(starts) } : {}),
        });
  const bytes = new Uint8Array(headBytes + buckets.length + kept.length);
  bytes.set([version, buckets.length & 255, (buckets.length >>> 8) & 255, buckets.length >>> 16]);
  bytes.set(buckets, headBytes);
  bytes.set(kept, headBytes + buckets.length);
  return bytes;
}

/** True for the bytes of buckets of histograms. */
export function isRolledHistograms(bytes: Uint8Array): boolean {
  return bytes[0] === version;
}

const buckets = new SampleBuffer(512);
const kept = new SampleBuffer(1024);

/**
 * Appends buckets to `into`, where the first may complete the last one there. Returns undefined, or in a sentence what is wrong with the
 * bytes; `into` is then as it was.
 */
export function appendRolledHistograms(bytes: Uint8Array, into: RolledHistograms): string | undefined {
  const length = (bytes[1] ?? 0) | ((bytes[2] ?? 0) << 8) | ((bytes[3] ?? 0) << 16);
  const at = headBytes + length;
  if (!isRolledHistograms(bytes) || at > bytes.length) return 'A roll-up is damaged: its form is not known';
  buckets.clear();
  kept.clear();
  const wrong =
    appendChunk(bytes.subarray(headBytes, at), buckets) ??
    (at === bytes.length ? undefined : appendChunk(bytes.subarray(at), kept));
  if (wrong !== undefined) return wrong;
  const { times, histograms = [], startTimes } = kept;
  // Each bucket of samples has one that is kept, and each that is kept has a bucket and a histogram.
  for (let i = 0, k = 0; i <= buckets.count; i++) {
    const from = k;
    while (k < kept.count && i < buckets.count && (times[k] ?? 0) <= (buckets.times[i] ?? 0) && histograms[k]) k++;
    const fits = i === buckets.count ? k === kept.count : k > from === (buckets.values[i] ?? 0) > 1;
    if (!fits) return 'A roll-up is damaged: its histograms do not fit its buckets';
  }
  for (let i = 0, k = 0; i < buckets.count; i++) {
    const endMs = buckets.times[i] ?? 0;
    into.add(endMs, Math.floor((buckets.values[i] ?? 0) / 2), (buckets.values[i] ?? 0) % 2);
    for (; k < kept.count && (times[k] ?? 0) <= endMs; k++) {
      const histogram = histograms[k];
      if (histogram) into.keep(times[k] ?? 0, startTimes?.[k] ?? 0, histogram);
    }
  }
  return undefined;
}
