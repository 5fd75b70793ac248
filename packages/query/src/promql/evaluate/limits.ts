import { type QueryBounds, QueryFailure } from '../source.ts';

export const defaultBounds: QueryBounds = {
  samples: 200_000_000,
  series: 200_000,
  values: 20_000_000,
  steps: 11_000,
  timeoutMs: 120_000,
};

/** How long an evaluation keeps the thread before others get their turn. */
const turnMs = 25;

/** The bounds of one query: counts what it holds, stops it in time, and lets others run in between. */
export class QueryLimits {
  readonly bounds: QueryBounds;
  readonly #signal: AbortSignal | undefined;
  readonly #deadlineMs: number;
  #turnEndsMs: number;
  #samples = 0;

  constructor(bounds: QueryBounds, signal: AbortSignal | undefined) {
    this.bounds = bounds;
    this.#signal = signal;
    const now = performance.now();
    this.#deadlineMs = now + bounds.timeoutMs;
    this.#turnEndsMs = now + turnMs;
  }

  get samples(): number {
    return this.#samples;
  }

  get remainingMs(): number {
    return Math.max(0, this.#deadlineMs - performance.now());
  }

  /** Throws when the query was cancelled or its time is up; cheap enough for every series. */
  check(): void {
    if (this.#signal?.aborted) {
      throw new QueryFailure({ kind: 'canceled', message: 'query was canceled in expression evaluation' });
    }
    if (performance.now() >= this.#deadlineMs) {
      throw new QueryFailure({ kind: 'timeout', message: 'query timed out in expression evaluation' });
    }
  }

  /** The same, and lets the event loop run when this evaluation has had its turn. */
  async pause(): Promise<void> {
    this.check();
    if (performance.now() < this.#turnEndsMs) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#turnEndsMs = performance.now() + turnMs;
    this.check();
  }

  read(samples: number): void {
    this.#samples += samples;
    if (this.#samples > this.bounds.samples) tooMany();
  }

  /** That so many values are about to be held at once. */
  hold(values: number): void {
    if (values > this.bounds.values) tooMany();
  }
}

function tooMany(): never {
  const message = 'query processing would load too many samples into memory in expression evaluation';
  throw new QueryFailure({ kind: 'execution', message });
}
