import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger, Result } from '@sightline/base';
import type { Limited, QueryFault } from '@sightline/query/promql';
import type { IndexQuery, Selection, SelectionRequest, SeriesIndex } from '../selection.ts';
import { frame } from './frames.ts';
import { pieceBytes, selectionFrames } from './selection-frames.ts';

export const headMethods = ['select', 'series', 'metricNames', 'labelNames', 'labelValues', 'statistics'] as const;
export type HeadMethod = (typeof headMethods)[number];
export const isHeadMethod = (name: string): name is HeadMethod => (headMethods as readonly string[]).includes(name);

/** Most items of an answer in JSON, and items in a frame. */
export const mostRemoteItems = 100_000;
const frameItems = 1000;

export interface HeadServiceOptions {
  readonly index: SeriesIndex;
  /** Names this run of the process: numbers of changes begin anew with each. */
  readonly process: string;
  readonly logger: Logger;
  /** Answers at a time, and questions that wait for their turn; more are refused. Default 8 and 64. */
  readonly concurrency?: number;
  readonly waiting?: number;
  /** Samples of one answer, bytes. Default 256 MB. */
  readonly answerBytes?: number;
  /** Time that one answer may take, from its turn until its last byte is taken, milliseconds. Default 60 s. */
  readonly answerMs?: number;
}

/** Answers the series index to other processes, as bytes. Who asks is the caller's to check. */
export class HeadService {
  readonly #options: HeadServiceOptions;
  readonly #turns: (() => void)[] = [];
  #running = 0;

  constructor(options: HeadServiceOptions) {
    this.#options = options;
  }

  /**
   * The answer to `method` with `argument` as a stream of frames, made as it is read: who reads slowly is waited for. Undefined where too many
   * questions wait. What is held for an answer is let go when its stream is closed, by its end, its reader or its time limit.
   */
  async answer(method: HeadMethod, argument: unknown): Promise<Readable | undefined> {
    const { concurrency = 8, waiting = 64, answerMs = 60_000, logger } = this.#options;
    if (this.#running >= concurrency) {
      if (this.#turns.length >= waiting) return undefined;
      await new Promise<void>((resolve) => this.#turns.push(resolve));
    } else this.#running++;
    const stream = Readable.from(this.#frames(method, argument), { objectMode: false });
    const timer = setTimeout(() => stream.destroy(new Error('the answer took too long')), answerMs);
    stream.on('error', (error) => logger.warn('An answer of the metric head was not sent', { method, error }));
    stream.once('close', () => {
      clearTimeout(timer);
      const next = this.#turns.shift();
      if (next) next();
      else this.#running--;
    });
    return stream;
  }

  async *#frames(method: HeadMethod, argument: unknown): AsyncGenerator<Uint8Array> {
    const { index, process } = this.#options;
    if (method === 'select') {
      const request = argument as SelectionRequest;
      yield* this.#selected(await index.select(request), request);
    } else {
      yield frame('json', JSON.stringify({ process }));
      if (method === 'statistics') yield frame('json', JSON.stringify(await index.statistics(argument as string)));
      else yield* listFrames(await this.#list(method, argument as IndexQuery));
    }
    yield frame('end', '');
  }

  async *#selected(selected: Result<Selection, QueryFault>, request: SelectionRequest): AsyncGenerator<Uint8Array> {
    const { index, process, answerBytes = 256_000_000 } = this.#options;
    if (!selected.ok) {
      yield frame('json', JSON.stringify({ process, fault: selected.error }));
      return;
    }
    // However the stream ends, it ends here.
    try {
      const bytes = pieceBytes(selected.value.head);
      const fault = bytes > answerBytes ? tooLarge(bytes, answerBytes) : undefined;
      yield frame('json', JSON.stringify({ process, ...(fault ? { fault } : {}) }));
      if (!fault) yield* selectionFrames(selected.value, request);
    } finally {
      if (selected.value.lease !== undefined) index.endLease(selected.value.lease);
    }
  }

  async #list(method: Exclude<HeadMethod, 'select' | 'statistics'>, query: IndexQuery): Promise<Limited<unknown>> {
    const limit = query.limit > 0 ? Math.min(query.limit, mostRemoteItems) : mostRemoteItems;
    return this.#options.index[method]({ ...query, limit } as IndexQuery & { label: string });
  }
}

async function* listFrames({ items, cut }: Limited<unknown>): AsyncGenerator<Uint8Array> {
  yield frame('json', JSON.stringify({ cut }));
  for (let from = 0; from < items.length; from += frameItems) {
    yield frame('items', JSON.stringify(items.slice(from, from + frameItems)));
    await nextTurn();
  }
}

const tooLarge = (bytes: number, most: number): QueryFault => ({
  kind: 'execution',
  message: `the newest samples of the selector are ${Math.ceil(bytes / 1e6)} MB, more than the ${Math.floor(most / 1e6)} MB that may be asked of another process: choose fewer series`,
});
