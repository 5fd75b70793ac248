import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export interface BackgroundLoopParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** From the end of a round to the begin of the next, ms. */
  readonly everyMs: number;
  /** True where the first round too has that pause before it; else it begins at the start. */
  readonly pausesFirst?: boolean;
  /** Does what is due. Answers true where more is due already: then the next round begins at once. */
  readonly round: () => Promise<boolean | void>;
  /** Logged as a warning with what a round threw, or called with it; the next round tries again. */
  readonly fault: string | ((error: unknown) => void);
  /** Told of each round that threw, for counters. */
  readonly failed?: () => void;
}

/** Runs rounds of work one after the other until it is closed. A round that throws ends no other. */
export class BackgroundLoop {
  readonly #parts: BackgroundLoopParts;
  readonly #ending = new AbortController();
  #pause = new AbortController();
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

  /** Ends the pause, or lets the one after the round that is under way fall out: what is due is seen at once. */
  wake(): void {
    this.#pause.abort();
  }

  /** Aborts `signal` and waits for the round that is under way. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger, everyMs, pausesFirst = false, round, fault, failed } = this.#parts;
    const { signal } = this.#ending;
    if (pausesFirst) await clock.sleep(everyMs, this.#pause.signal);
    while (!signal.aborted) {
      this.#pause = new AbortController();
      let more = false;
      try {
        more = (await round()) === true;
      } catch (error) {
        failed?.();
        if (signal.aborted) return;
        if (typeof fault === 'string') logger.warn(fault, { error });
        else fault(error);
      }
      if (!more && !signal.aborted) await clock.sleep(everyMs, this.#pause.signal);
    }
  }
}
