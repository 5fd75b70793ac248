import { type Clock, LruCache } from '@sightline/base';

const windowMs = 10 * 60_000;
const remembered = 10_000;

/** Failed tries allowed within ten minutes. An address may stand for a whole office. */
export const triesPerSubject = 10;
export const triesPerAddress = 60;

/** Spelt as accounts are looked up, or each space would give another ten tries. */
const subjectKey = (subject: string): string => `subject ${subject.trim().toLowerCase()}`;

interface Tries {
  count: number;
  readonly until: number;
}

/**
 * Slows guessing of passwords and tokens, by address and by what is guessed at (an e-mail address, a person). Each try is
 * counted before its outcome is known, so that many at once get no further; `succeeded` gives it back. Bounded in memory.
 */
export class SignInLimiter {
  readonly #tries: LruCache<string, Tries>;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tries = new LruCache(remembered, windowMs, clock);
  }

  /** Seconds to wait; 0 when the try may go on, and is then counted. */
  begin(address: string, subject: string): number {
    const bounds = [
      { key: `address ${address}`, limit: triesPerAddress },
      { key: subjectKey(subject), limit: triesPerSubject },
    ];
    for (const { key, limit } of bounds) {
      const tries = this.#tries.get(key);
      if (tries && tries.count >= limit) return Math.max(1, Math.ceil((tries.until - this.#clock.now()) / 1000));
    }
    for (const { key } of bounds) {
      const tries = this.#tries.get(key);
      if (tries) tries.count++;
      else this.#tries.set(key, { count: 1, until: this.#clock.now() + windowMs });
    }
    return 0;
  }

  /** The try was right: the subject starts afresh and the address gets it back. */
  succeeded(address: string, subject: string): void {
    this.#tries.delete(subjectKey(subject));
    const tries = this.#tries.get(`address ${address}`);
    if (tries) tries.count = Math.max(0, tries.count - 1);
  }
}
