import type { FloatHistogram } from '../histogram/float-histogram.ts';
import type { MixedWindow } from './kernel.ts';

export interface MixedSample {
  readonly atMs: number;
  readonly startMs: number;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

/** Floats and histograms of a window as one list. */
export function samplesInOrder({ floats, histograms, floatStarts, histogramStarts }: MixedWindow): MixedSample[] {
  const samples: MixedSample[] = [];
  let i = 0;
  let j = 0;
  while (i < floats.times.length || j < histograms.times.length) {
    if ((floats.times[i] ?? Infinity) < (histograms.times[j] ?? Infinity)) {
      const value = floats.values[i] ?? Number.NaN;
      samples.push({ atMs: floats.times[i]!, startMs: floatStarts[i] ?? 0, value, histogram: undefined });
      i++;
    } else {
      const histogram = histograms.values[j];
      samples.push({ atMs: histograms.times[j]!, startMs: histogramStarts[j] ?? 0, value: Number.NaN, histogram });
      j++;
    }
  }
  return samples;
}
