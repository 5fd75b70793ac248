import type { Clock, Logger } from '@sightline/base';
import type { ContainerState } from '@sightline/fleet/messages';
import { inParallel, inspectContainer, listContainers, stateOf, type Inspected } from './containers.ts';
import type { DockerEngine } from './engine.ts';

/** Events come at once; this catches what they missed (health that changed without one, an engine that restarted). */
const pollMs = 30_000;
/** Changes of one restart come in a burst; one look is enough for all. */
const settleMs = 300;
/** Wait after the stream of events broke, while no engine answers. */
const reconnectMs = 5000;

/** Events after which a container may be another than before. */
const telling =
  /^(create|start|restart|die|stop|kill|oom|pause|unpause|destroy|remove|rename|update|init|cleanup|health_status.*)$/;

export interface ContainerWatch {
  /** As seen last; empty while no engine answers. */
  containers(): readonly ContainerState[];
  /** What answers, '' for nothing: "Docker Engine 27.3.1". */
  engine(): string;
  close(): Promise<void>;
}

/**
 * Keeps looking at the containers through the engine's events and a slow poll, and calls `changed` whenever one differs
 * from before in more than its age. Goes on when the engine restarts, or is installed later.
 */
export function watchContainers(
  engine: DockerEngine,
  clock: Clock,
  logger: Logger,
  changed: (containers: readonly ContainerState[]) => void,
): ContainerWatch {
  return new RunningWatch(engine, clock, logger, changed);
}

class RunningWatch implements ContainerWatch {
  readonly #engine: DockerEngine;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changed: (containers: readonly ContainerState[]) => void;
  readonly #stop = new AbortController();
  readonly #loops: Promise<unknown>;
  #wake = new AbortController();
  #containers: readonly ContainerState[] = [];
  #told = '';
  #name = '';
  /** Inspections by container, good until its listed state changes or an event names it. */
  readonly #details = new Map<string, { readonly state: string; readonly detail: Inspected }>();

  constructor(
    engine: DockerEngine,
    clock: Clock,
    logger: Logger,
    changed: (containers: readonly ContainerState[]) => void,
  ) {
    this.#engine = engine;
    this.#clock = clock;
    this.#logger = logger;
    this.#changed = changed;
    this.#loops = Promise.all([this.#look(), this.#listen()]);
  }

  containers(): readonly ContainerState[] {
    return this.#containers;
  }

  engine(): string {
    return this.#name;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#loops;
  }

  /** Reads the containers now, after each event, and every half minute. */
  async #look(): Promise<void> {
    const signal = this.#stop.signal;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      await this.#read(signal);
      await this.#clock.sleep(pollMs, AbortSignal.any([signal, this.#wake.signal]));
      if (this.#wake.signal.aborted) await this.#clock.sleep(settleMs, signal);
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const session = await this.#engine.session(signal);
    const list = session.ok ? await listContainers(this.#engine, signal) : session;
    if (signal.aborted) return;
    if (!list.ok) {
      if (this.#name) this.#logger.warn('the container engine no longer answers', { why: list.error.message });
      this.#name = '';
      this.#details.clear();
      return this.#tell([]);
    }
    const name = session.ok ? session.value.name : '';
    if (name !== this.#name) this.#logger.info('container engine found', { engine: name });
    this.#name = name;
    const states = await inParallel(list.value, 4, async (container) => {
      const state = `${container.State} ${/\((healthy|unhealthy|health: starting)\)/.exec(container.Status ?? '')?.[1]}`;
      const known = this.#details.get(container.Id);
      if (known?.state === state) return stateOf(container, known.detail);
      const detail = await inspectContainer(this.#engine, container.Id, signal);
      if (detail.ok) this.#details.set(container.Id, { state, detail: detail.value });
      return stateOf(container, detail.ok ? detail.value : undefined);
    });
    const there = new Set(list.value.map((container) => container.Id));
    for (const id of this.#details.keys()) if (!there.has(id)) this.#details.delete(id);
    if (!signal.aborted) this.#tell(states);
  }

  #tell(containers: readonly ContainerState[]): void {
    this.#containers = containers;
    // "Up 3 minutes" grows by itself and is no change.
    const text = JSON.stringify(containers.map((container) => ({ ...container, status: '' })));
    if (text === this.#told || (this.#told === '' && containers.length === 0)) return;
    this.#told = text;
    this.#changed(containers);
  }

  /** Follows the engine's events, again and again. */
  async #listen(): Promise<void> {
    const signal = this.#stop.signal;
    const query = { filters: JSON.stringify({ type: ['container'] }) };
    while (!signal.aborted) {
      // What happened while nobody listened is not known from the list alone: a restart leaves no trace there.
      this.#details.clear();
      const events = await this.#engine.open({ path: '/events', query, timeoutMs: 0, signal });
      if (events.ok) {
        this.#details.clear();
        this.#wake.abort();
        await this.#follow(events.value);
        this.#wake.abort();
      }
      await this.#clock.sleep(reconnectMs, signal);
    }
  }

  /** Events are JSON objects, one a line. */
  async #follow(events: AsyncIterable<Buffer>): Promise<void> {
    let rest = '';
    try {
      for await (const chunk of events) {
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = (lines.pop() ?? '').slice(-65_536);
        for (const line of lines) this.#take(line);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted)
        this.#logger.debug('the stream of container events broke', { why: (error as Error).message });
    }
  }

  #take(line: string): void {
    try {
      const event = JSON.parse(line) as { Action?: string; status?: string; id?: string; Actor?: { ID?: string } };
      if (!telling.test(event.Action ?? event.status ?? '')) return;
      this.#details.delete(event.Actor?.ID ?? event.id ?? '');
      this.#wake.abort();
    } catch {
      // Not an event we understand; the poll sees what it was about.
    }
  }
}
