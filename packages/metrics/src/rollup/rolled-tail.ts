/** Rolls up samples of days that nobody has rolled up yet. */
import {
  kindOf,
  RolledColumns,
  RolledHistograms,
  rollUp,
  rollUpHistograms,
  type SampleColumns,
} from '@sightline/query/promql';
import { HistogramsNotRolled } from './histograms-not-rolled.ts';
import type { ResolutionMs } from './resolutions.ts';
import { encodeRolled } from './rolled-chunk.ts';
import { encodeRolledHistograms } from './rolled-histogram-chunk.ts';

/** Buckets of a series' samples as bytes; undefined where it has none. Throws `HistogramsNotRolled` where it has floats and histograms. */
export function rolledTail(samples: SampleColumns, resolutionMs: ResolutionMs): Uint8Array | undefined {
  const kind = kindOf(samples);
  if (kind === 'both') throw new HistogramsNotRolled();
  if (kind === 'histograms') {
    const rolled = new RolledHistograms();
    rollUpHistograms(samples, resolutionMs, rolled);
    return encodeRolledHistograms(rolled);
  }
  const rolled = new RolledColumns();
  rollUp(samples, resolutionMs, rolled);
  return rolled.count === 0 ? undefined : encodeRolled(rolled);
}

/** The samples from a time on. */
export function since(buffer: SampleColumns, fromMs: number): SampleColumns {
  const { times, values, count, startTimes, histograms } = buffer;
  let from = 0;
  while (from < count && (times[from] ?? 0) < fromMs) from++;
  if (from === 0) return buffer;
  return {
    count: count - from,
    times: times.subarray(from, count),
    values: values.subarray(from, count),
    startTimes: startTimes?.subarray(from, count),
    histograms: histograms?.slice(from, count),
  };
}
