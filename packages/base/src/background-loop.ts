import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export interface BackgroundLoopParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** From the end of a round to the begin of the next, ms. */
  readonly everyMs: number;
  /** Does what is due. Answers true where more is due already: then the next round begins at once. */
  readonly round: () => Promise<boolean>;
  /** Logged as a warning with what a round threw; the next round tries again. */
  readonly fault: string;
  /** Told of each round that threw, for counters. */
  readonly failed?: () => void;
}

/** Runs rounds of work one after the other until it is closed. A round that throws ends no other. */
export class BackgroundLoop {
  readonly #parts: BackgroundLoopParts;
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: BackgroundLoopParts) {
    this.#parts = parts;
  }

  /** Aborted by `close`: to be handed to whatever a round waits for. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Begins the first round; does nothing the second time. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Aborts `signal` and waits for the round that is under way. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger, everyMs, round, fault, failed } = this.#parts;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      let more = false;
      try {
        more = await round();
      } catch (error) {
        failed?.();
        if (!signal.aborted) logger.warn(fault, { error });
      }
      if (!more) await clock.sleep(everyMs, signal);
    }
  }
}
