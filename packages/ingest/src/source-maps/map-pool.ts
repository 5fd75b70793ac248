import { Worker } from 'node:worker_threads';
import { fail, ok, type Logger, type Result } from '@sightline/base';
import type { GeneratedPlace, OriginalPlace } from './map-reader.ts';
import type { MapAnswer, MapQuestion } from './map-thread.ts';

/** A map larger than this is not read: parsed it takes several times its size. */
export const mapLimitBytes = 128 * 1_048_576;
const keptBytes = 96 * 1_048_576;
const answerMs = 20_000;

type Places = Result<readonly (OriginalPlace | undefined)[], string>;

/** Looks places up in source maps, on a thread of its own that begins with the first question. */
export class MapPool {
  readonly #logger: Logger;
  readonly #waiting = new Map<number, (answer: MapAnswer | undefined) => void>();
  #worker: Worker | undefined;
  #ids = 0;
  #closed = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `read` is asked for the map's bytes where the thread does not hold it; a reason where it cannot be used. */
  async lookUp(
    map: string,
    places: readonly GeneratedPlace[],
    read: () => Promise<Uint8Array | undefined>,
  ): Promise<Places> {
    const first = await this.#ask({ map, places });
    if (first === undefined) return fail('the source map took too long to read');
    if (first.kind !== 'unknown') return placesOf(first);
    const bytes = await read();
    if (bytes === undefined) return fail('the source map is no longer kept; upload it again');
    if (bytes.length > mapLimitBytes)
      return fail(`the source map has ${bytes.length} bytes; at most ${mapLimitBytes} are read`);
    const second = await this.#ask({ map, places, bytes });
    if (second === undefined) return fail('the source map took too long to read');
    return placesOf(second);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  /** Undefined when the thread did not answer in time, or ended. */
  #ask(question: Omit<MapQuestion, 'id'>): Promise<MapAnswer | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#ids;
    return new Promise((resolve) => {
      // A map that keeps the thread busy for so long would keep it busy again: the thread goes, the others ask a new one.
      const timer = setTimeout(() => void worker.terminate(), answerMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      });
      worker.postMessage({ ...question, id } satisfies MapQuestion, []);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('map-thread.ts', import.meta.url), {
      workerData: { keptBytes },
      name: 'source maps',
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    worker.unref();
    worker.on('message', (answer: MapAnswer) => this.#waiting.get(answer.id)?.(answer));
    worker.on('error', (error) => this.#logger.warn('the thread that reads source maps ended', { error }));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const settle of this.#waiting.values()) settle(undefined);
    });
    return worker;
  }
}

function placesOf(answer: MapAnswer): Places {
  if (answer.kind === 'places') return ok(answer.places);
  return fail(
    answer.kind === 'unknown' ? 'the source map could not be kept' : `the source map cannot be read: ${answer.message}`,
  );
}
