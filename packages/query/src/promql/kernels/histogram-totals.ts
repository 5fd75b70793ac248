import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { HistogramMean, HistogramSum } from '../histogram/histogram.ts';
import { boundsReconciled, hintsCollide, mixedKinds, mixedSchemas } from './histogram-notes.ts';
import type { KernelNotes, MixedWindow } from './kernel.ts';

/** `sum_over_time` and `avg_over_time` of a window with histograms. */
export function histogramTotal(
  { floats, histograms: { values } }: MixedWindow,
  notes: KernelNotes,
  Total: typeof HistogramSum | typeof HistogramMean,
): FloatHistogram | undefined {
  const [first, ...others] = values;
  if (first === undefined) return undefined;
  if (floats.values.length > 0) {
    notes.warn(mixedKinds(notes.metric));
    return undefined;
  }
  const total = new Total(first);
  let reconciled = false;
  for (const histogram of others) {
    const combined = total.add(histogram);
    if (combined === undefined) {
      notes.warn(mixedSchemas(notes.metric));
      return undefined;
    }
    reconciled ||= combined.boundsReconciled;
  }
  const hints = new Set(values.map((histogram) => histogram.counterResetHint));
  if (hints.has(1) && hints.has(2)) notes.warn(hintsCollide('aggregation'));
  if (reconciled) notes.info(boundsReconciled('aggregation'));
  return total.value();
}
