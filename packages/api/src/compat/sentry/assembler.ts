import { createHash } from 'node:crypto';
import type { Clock, Logger } from '@sightline/base';
import { LruCache } from '@sightline/base';
import type { Control } from '@sightline/control';
import type { BlobStore } from '@sightline/store/port';
import { type BundleNames, readBundle } from './bundle-files.ts';

/** Pieces in which clients upload. */
export const chunkBytes = 8 * 1_048_576;
/** Bytes of a packed bundle at most. */
export const bundleLimitBytes = 512 * 1_048_576;
const jobsAtOnce = 2;
const answerAfterMs = 10_000;
const keptAnswers = 1000;
const keptMs = 600_000;

/** What Sentry's clients are told (they ask again while it is `assembling`). */
export interface AssembleState {
  readonly state: 'ok' | 'not_found' | 'assembling' | 'error';
  readonly missingChunks: readonly string[];
  readonly detail: string | null;
}

export interface AssembleRequest extends BundleNames {
  readonly chunks: readonly string[];
}

const state = (name: AssembleState['state'], detail: string | null = null): AssembleState => ({
  state: name,
  missingChunks: [],
  detail,
});

/** Puts uploaded pieces together to bundles, a bounded number at a time. */
export class Assembler {
  readonly #parts: { readonly control: Pick<Control, 'artifacts' | 'releases'>; readonly blobs: BlobStore };
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #running = new Map<string, Promise<AssembleState>>();
  readonly #done: LruCache<string, AssembleState>;

  constructor(
    parts: { readonly control: Pick<Control, 'artifacts' | 'releases'>; readonly blobs: BlobStore },
    clock: Clock,
    logger: Logger,
  ) {
    this.#parts = parts;
    this.#clock = clock;
    this.#logger = logger;
    this.#done = new LruCache(keptAnswers, keptMs, clock);
  }

  /** How a bundle stands: begun where all its pieces are there, else told what is missing. */
  async ask(request: AssembleRequest): Promise<AssembleState> {
    const { organisation, bundle, version, dist, chunks } = request;
    const key = JSON.stringify([organisation, bundle, version, dist]);
    const done = this.#done.get(key);
    if (done) return done;
    let job = this.#running.get(key);
    if (!job) {
      const missing: string[] = [];
      for (const hash of new Set(chunks)) {
        if (!(await this.#parts.blobs.touch({ organisation, area: 'chunks', hash }))) missing.push(hash);
      }
      if (missing.length > 0) return { ...state('not_found'), missingChunks: missing };
      // A second ask may have begun it meanwhile.
      job = this.#running.get(key);
      if (!job && this.#running.size >= jobsAtOnce) return state('assembling');
      job ??= this.#begin(key, request);
    }
    const late = new AbortController();
    const waited = this.#clock.sleep(answerAfterMs, late.signal).then(() => state('assembling'));
    return Promise.race([job, waited]).finally(() => late.abort());
  }

  #begin(key: string, request: AssembleRequest): Promise<AssembleState> {
    const job = this.#assemble(request)
      .catch((error: unknown) => {
        this.#logger.error('an upload could not be put together', { bundle: request.bundle, error });
        return state('error', 'the upload could not be put together now; try again');
      })
      .then((ended) => {
        // What failed may be tried again at once.
        if (ended.state === 'ok') this.#done.set(key, ended);
        return ended;
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, job);
    return job;
  }

  async #assemble(request: AssembleRequest): Promise<AssembleState> {
    const { control, blobs } = this.#parts;
    const { organisation, bundle, version, chunks } = request;
    const hash = createHash('sha1');
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      let sizeBytes = 0;
      for (const chunk of chunks) {
        for await (const piece of blobs.stream({ organisation, area: 'chunks', hash: chunk })) {
          sizeBytes += piece.length;
          if (sizeBytes > bundleLimitBytes) return;
          hash.update(piece);
          yield piece;
        }
      }
    };
    const read = await readBundle(pieces(), request, blobs);
    if (!read.ok) return state('error', read.error);
    if (hash.digest('hex') !== bundle) return state('error', 'the pieces together are not the bundle of this checksum');
    if (version !== '') {
      const release = await control.releases.put(organisation, version, {});
      if (!release.ok) return state('error', release.error.message);
    }
    const put = await control.artifacts.put(organisation, read.value);
    return put.ok ? state('ok') : state('error', put.error.message);
  }
}
