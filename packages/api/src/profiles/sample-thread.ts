import { parentPort, workerData } from 'node:worker_threads';
import { readSamples, type SampledFile } from './read-samples.ts';

/** What the thread is begun with. Bytes arrive as plain arrays of them. */
export interface SampleWork {
  readonly files: readonly { readonly content: Uint8Array; readonly atMs: number }[];
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Reads the samples that it was begun for, answers them and ends. */
const { files, ...range } = workerData as SampleWork;
const asBuffers = files.map(({ content, atMs }): SampledFile => ({
  content: Buffer.from(content.buffer, content.byteOffset, content.byteLength),
  atMs,
}));
parentPort?.postMessage(readSamples(asBuffers, range), []);
