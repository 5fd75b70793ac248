/** Samples of one series as bytes: see README.md in this folder for the form. */
import type { SampleColumns } from '@sightline/query/promql';
import type { SampleBuffer } from './sample-buffer.ts';

/** Most samples in one chunk; more are a caller's bug. */
export const maxChunkSamples = 1_000_000;

/**
 * Writes the samples `start` to `end` (excluded) as one chunk: times in order and exact to the millisecond, values bit by bit,
 * staleness marks, start times and native histograms included. At least one sample.
 */
export function encodeChunk(samples: SampleColumns, start = 0, end = samples.count): Uint8Array {
  void [samples, start, end];
  throw new Error('the codec follows in the next slice');
}

/**
 * Appends a chunk's samples to `into`. Returns undefined, or in a sentence what is wrong with the bytes; `into` is then as it was.
 * Never reads beyond `bytes`.
 */
export function appendChunk(bytes: Uint8Array, into: SampleBuffer): string | undefined {
  void [bytes, into];
  throw new Error('the codec follows in the next slice');
}
