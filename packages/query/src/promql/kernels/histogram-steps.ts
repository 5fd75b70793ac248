import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { addHistograms, subtractHistograms, type Combined } from '../histogram/histogram.ts';
import { boundsReconciled, mixedSchemas } from './histogram-notes.ts';
import type { KernelNotes } from './kernel.ts';

/** `a + b`, said what is to be said; `undefined`, with a warning, where they cannot be put together. Hints are not compared. */
export function addNoted(a: FloatHistogram, b: FloatHistogram, notes: KernelNotes): FloatHistogram | undefined {
  return noted(addHistograms(a, b), 'addition', notes);
}

export function subtractNoted(a: FloatHistogram, b: FloatHistogram, notes: KernelNotes): FloatHistogram | undefined {
  return noted(subtractHistograms(a, b), 'subtraction', notes);
}

function noted(
  combined: Combined | undefined,
  during: 'addition' | 'subtraction',
  notes: KernelNotes,
): FloatHistogram | undefined {
  if (combined === undefined) {
    notes.warn(mixedSchemas(notes.metric));
    return undefined;
  }
  if (combined.boundsReconciled) notes.info(boundsReconciled(during));
  return combined.histogram;
}
