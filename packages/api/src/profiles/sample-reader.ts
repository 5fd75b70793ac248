import { Worker } from 'node:worker_threads';
import { fail, type Result } from '@sightline/base';
import { readSamples, type SampledFile, type Samples } from './read-samples.ts';
import type { SampleWork } from './sample-thread.ts';

/** Smaller files are read where they are: that takes a few milliseconds, a thread takes longer to begin. */
const apartFromBytes = 512 * 1024;
/** Threads at a time: each may hold several times the bytes of its files. */
const mostAtOnce = 2;
const answerMs = 30_000;

/** Why samples were not read: the files are at fault, or there is no room for them now. */
export interface SamplesFault {
  readonly kind: 'unreadable' | 'busy';
  /** Half a sentence for who asked. */
  readonly message: string;
}

const unreadable = (message: string): SamplesFault => ({ kind: 'unreadable', message });

/** Reads samples of profiles; those of large files on a thread of its own, so that nobody else waits while they are parsed. */
export class SampleReader {
  #running = 0;

  /** As `readSamples`. Refuses while two other profiles are read, and one that takes longer than half a minute. */
  async read(
    files: readonly SampledFile[],
    range: { readonly sinceMs: number; readonly untilMs: number },
    signal?: AbortSignal,
  ): Promise<Result<Samples, SamplesFault>> {
    const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
    if (bytes < apartFromBytes) {
      const read = readSamples(files, range);
      return read.ok ? read : fail(unreadable(read.error));
    }
    if (this.#running >= mostAtOnce) return fail({ kind: 'busy', message: 'other large profiles are being read' });
    this.#running++;
    try {
      return await readApart({ files, ...range }, signal);
    } finally {
      this.#running--;
    }
  }
}

async function readApart(work: SampleWork, signal: AbortSignal | undefined): Promise<Result<Samples, SamplesFault>> {
  const worker = new Worker(new URL('sample-thread.ts', import.meta.url), {
    workerData: work,
    name: 'samples of a profile',
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  });
  worker.unref();
  const stop = (): void => void worker.terminate();
  const timer = setTimeout(stop, answerMs);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise((resolve) => {
      worker.once('message', (read: Result<Samples, string>) => resolve(read.ok ? read : fail(unreadable(read.error))));
      // What ends without an answer took too long, or more memory than it may.
      worker.once('error', () => resolve(fail(unreadable('reading its samples takes more than there is room for'))));
      worker.once('exit', () => resolve(fail(unreadable('reading its samples takes too long'))));
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    stop();
  }
}
