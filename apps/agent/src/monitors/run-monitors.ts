import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { AgentMessage, MonitorOrder, MonitorResult } from '@sightline/fleet/messages';
import type { CheckOrder, CheckResult } from '@sightline/monitors';
import { KeptResults } from './kept-results.ts';

/** Checks at work at once; a site is not to be drowned by its own monitors. */
const mostAtOnce = 8;
const saveEveryMs = 5000;

export interface MonitorsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where results wait for the link. */
  readonly file: string;
  readonly send: (message: AgentMessage) => boolean;
  readonly runCheck: (order: CheckOrder, clock: Clock, signal: AbortSignal) => Promise<CheckResult>;
}

/** Monitors that run here, as the server ordered them. */
export interface RunningMonitors {
  /** The whole list: what is not in it stops, what is the same goes on. */
  order(orders: readonly MonitorOrder[]): void;
  checked(batch: number): void;
  /** The link is up: what waits may go. */
  linkUp(): void;
  linkDown(): void;
  close(): Promise<void>;
}

export function startMonitors(options: MonitorsOptions): RunningMonitors {
  return new Runner(options);
}

class Runner implements RunningMonitors {
  readonly #options: MonitorsOptions;
  readonly #kept: KeptResults;
  readonly #stop = new AbortController();
  readonly #saving: BackgroundLoop;
  readonly #loops = new Map<string, { readonly text: string; readonly stop: AbortController }>();
  readonly #running = new Set<Promise<void>>();
  readonly #free: (() => void)[] = [];
  #atWork = 0;

  constructor(options: MonitorsOptions) {
    this.#options = options;
    this.#kept = new KeptResults(options.file, options.clock);
    const { clock, logger } = options;
    this.#saving = new BackgroundLoop({
      clock,
      logger,
      everyMs: saveEveryMs,
      pausesFirst: true,
      round: async () => this.#kept.save(),
      fault: (error) => logger.error('results of monitors could not be kept', { error }),
    });
    this.#saving.start();
  }

  order(orders: readonly MonitorOrder[]): void {
    const wanted = new Map(orders.map((order) => [order.id, { order, text: JSON.stringify(order) }]));
    for (const [id, loop] of this.#loops) {
      if (wanted.get(id)?.text === loop.text) continue;
      loop.stop.abort();
      this.#loops.delete(id);
    }
    for (const [id, { order, text }] of wanted) {
      if (this.#loops.has(id)) continue;
      const stop = new AbortController();
      this.#loops.set(id, { text, stop });
      this.#track(this.#repeat(order, AbortSignal.any([this.#stop.signal, stop.signal])));
    }
    this.#options.logger.info('monitors ordered', { count: orders.length });
  }

  checked(batch: number): void {
    this.#kept.checked(batch);
    this.#sendNext();
  }

  linkUp(): void {
    this.#sendNext();
  }

  linkDown(): void {
    this.#kept.unsent();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const wake of this.#free.splice(0)) wake();
    await Promise.all([...this.#running, this.#saving.close()]);
    this.#kept.save();
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  /** The first run comes at a random moment, so that a site's monitors do not all start together. */
  async #repeat(order: MonitorOrder, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(Math.random() * Math.min(order.everyMs, 5000), signal);
    let dueMs = clock.now();
    while (!signal.aborted) {
      await this.#run(order, signal);
      dueMs += order.everyMs;
      // A clock that jumped, or a check longer than its interval: from now on again.
      const now = clock.now();
      if (dueMs <= now || dueMs > now + order.everyMs) dueMs = now + order.everyMs;
      await clock.sleep(dueMs - now, signal);
    }
  }

  async #run(order: MonitorOrder, signal: AbortSignal): Promise<void> {
    await this.#turn();
    const { clock, runCheck, logger } = this.#options;
    const at = clock.now();
    try {
      if (signal.aborted) return;
      const { up, message, durationMs, attempts } = await runCheck(order, clock, signal);
      // Cut by our own stopping, a check says nothing about what it looked at.
      if (signal.aborted) return;
      this.#keep({ monitor: order.id, at, up, message: message.slice(0, 1000), durationMs, attempts });
    } catch (error) {
      logger.error('a monitor failed unexpectedly', { monitor: order.id, error });
    } finally {
      this.#atWork--;
      this.#free.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#atWork >= mostAtOnce && !this.#stop.signal.aborted)
      await new Promise<void>((resolve) => this.#free.push(resolve));
    this.#atWork++;
  }

  #keep(result: MonitorResult): void {
    this.#kept.add(result);
    this.#sendNext();
  }

  #sendNext(): void {
    const batch = this.#kept.next();
    if (batch && !this.#options.send(batch)) this.#kept.unsent();
  }
}
