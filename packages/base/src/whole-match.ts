import { createContext, Script } from 'node:vm';
import { type Clock, systemClock } from './clock.ts';
import { LruCache } from './lru-cache.ts';

/** One test may take so long: generous, as a starved machine counts against a good expression too. */
const testLimitMs = 200;
/** Tests that take longer than this are slow; all slow ones together may take so long within a window. */
const slowFromMs = 5;
const slowBudgetMs = 1000;
const windowMs = 10_000;
/** An expression that did not end is not tried again for so long. */
const restMs = 60_000;
const remembered = 10_000;
const rememberedForMs = 3_600_000;

/**
 * Matches texts against regular expressions that people wrote, anchored to the whole text (`.` is any character, as in
 * Alertmanager), in a bounded time however they are written: a single test is stopped, and slow expressions share a budget.
 */
export class WholeMatcher {
  readonly #clock: Clock;
  readonly #sandbox = createContext(Object.create(null));
  readonly #test = new Script('new RegExp(pattern, "s").test(value)');
  readonly #decided: LruCache<string, boolean>;
  readonly #resting: LruCache<string, true>;
  /** Those that were tested without being slow: they are tested also when the budget is spent. */
  readonly #quick: LruCache<string, true>;
  #window = { sinceMs: 0, spentMs: 0 };

  readonly #usedMs: () => number;

  /** `usedMs` tells the processor time this thread has used, so that a busy machine makes no good expression slow. */
  constructor(clock: Clock, usedMs: () => number = threadUsedMs) {
    this.#clock = clock;
    this.#usedMs = usedMs;
    this.#decided = new LruCache(remembered, rememberedForMs, clock);
    this.#resting = new LruCache(remembered, restMs, clock);
    this.#quick = new LruCache(remembered, rememberedForMs, clock);
  }

  /** Whether `pattern` matches all of `value`; undefined when it is no expression or cannot be decided in time. */
  matches(pattern: string, value: string): boolean | undefined {
    const key = JSON.stringify([pattern, value]);
    const known = this.#decided.get(key);
    if (known !== undefined) return known;
    if (this.#resting.get(pattern) || (this.#spent() && !this.#quick.get(pattern))) return undefined;
    const began = this.#usedMs();
    try {
      Object.assign(this.#sandbox, { pattern: `^(?:${pattern})$`, value });
      const result = this.#test.runInContext(this.#sandbox, { timeout: testLimitMs }) === true;
      this.#decided.set(key, result);
      return result;
    } catch {
      // Not an expression, or one that does not end: undecided.
      this.#resting.set(pattern, true);
      return undefined;
    } finally {
      this.#count(pattern, this.#usedMs() - began);
    }
  }

  #spent(): boolean {
    const now = this.#clock.now();
    if (now - this.#window.sinceMs >= windowMs || now < this.#window.sinceMs)
      this.#window = { sinceMs: now, spentMs: 0 };
    return this.#window.spentMs > slowBudgetMs;
  }

  #count(pattern: string, tookMs: number): void {
    if (tookMs > slowFromMs) this.#window.spentMs += tookMs;
    else this.#quick.set(pattern, true);
  }
}

function threadUsedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Made when first asked: browsers load this package too, and have no `node:vm`. */
let shared: WholeMatcher | undefined;

/** As `WholeMatcher.matches`, with one budget for the process. */
export function matchesWhole(pattern: string, value: string): boolean | undefined {
  shared ??= new WholeMatcher(systemClock);
  return shared.matches(pattern, value);
}
