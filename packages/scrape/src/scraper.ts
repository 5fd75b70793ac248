import dns from 'node:dns/promises';
import type { Clock, Logger } from '@sightline/base';
import type { ScrapeConfig } from './config/read-config.ts';
import type { ScrapeJob, TargetGroup } from './config/scrape-job.ts';
import { discover, type DiscoverParts } from './discovery/discover.ts';
import type { DnsLookup } from './discovery/dns.ts';
import { type AddressGuard, HttpClient } from './http/http-client.ts';
import type { ScrapeSink } from './targets/scrape-sink.ts';
import { type Target, targetsOf } from './targets/target.ts';
import { type LoopParts, TargetLoop, type TargetState } from './targets/target-loop.ts';

export interface ActiveTarget extends TargetState {
  readonly job: string;
  readonly url: string;
  readonly discovered: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface DroppedTarget {
  readonly job: string;
  readonly discovered: ReadonlyMap<string, string>;
}

/** What is scraped, and how it stands. */
export interface TargetList {
  readonly active: readonly ActiveTarget[];
  /** At most 1,000 of a job; `droppedCounts` has them all. */
  readonly dropped: readonly DroppedTarget[];
  readonly droppedCounts: Readonly<Record<string, number>>;
}

export interface Scraper {
  targets(): TargetList;
  /** Goes on with another configuration: targets that stay keep their series, those that are gone get marks of their end. */
  configure(config: ScrapeConfig): Promise<void>;
  /** Stops asking. Series are not marked as ended, since another start goes on with them, but for what is `gone` for good. */
  close(gone?: boolean): Promise<void>;
}

export interface ScraperOptions {
  readonly sink: ScrapeSink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** Asks name servers. Default: this machine's. */
  readonly dns?: DnsLookup;
  /** For configurations of people who may not make this machine ask every address. */
  readonly guard?: AddressGuard;
}

/** Targets of one job that are asked; those beyond are left out, and it is logged. */
const targetsLimit = 20_000;
const droppedLimit = 1000;

/** Time after which what the configuration before scraped and this one did not find is taken to be gone. */
const carriedForMs = 60_000;

/** Starts to scrape what `config` says. */
export function startScraper(config: ScrapeConfig, options: ScraperOptions): Scraper {
  const parts: LoopParts & DiscoverParts = { ...options, dns: options.dns ?? dns };
  /** Loops of configurations before, by target: whoever finds the target again goes on with its series. */
  const carried = new Map<string, TargetLoop>();
  let pools: readonly JobPool[] = [];
  let ending = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const begin = (jobs: readonly ScrapeJob[]): void => {
    pools = jobs.map((job) => new JobPool(job, parts, carried));
    for (const pool of pools) pool.start();
  };
  const stop = async (): Promise<void> => {
    ending.abort();
    await ended;
    for (const loops of await Promise.all(pools.map((pool) => pool.stop())))
      for (const loop of loops) carried.set(loop.target.key, loop);
  };
  const endCarried = async (signal: AbortSignal): Promise<void> => {
    await parts.clock.sleep(carriedForMs, signal);
    if (!signal.aborted) await endAll();
  };
  const endAll = async (): Promise<void> => {
    for (const [key, loop] of carried) {
      carried.delete(key);
      await loop.close(true);
    }
  };
  begin(config.jobs);
  return {
    targets: () => ({
      active: pools.flatMap((pool) => pool.active()),
      dropped: pools.flatMap((pool) => pool.dropped.slice(0, droppedLimit)),
      droppedCounts: Object.fromEntries(pools.map((pool) => [pool.job.name, pool.dropped.length])),
    }),
    configure: async (next) => {
      await stop();
      ending = new AbortController();
      begin(next.jobs);
      ended = endCarried(ending.signal);
    },
    close: async (gone = false) => {
      await stop();
      if (gone) await endAll();
    },
  };
}

/** The targets of one job. */
class JobPool {
  readonly job: ScrapeJob;
  readonly #parts: LoopParts & DiscoverParts;
  readonly #client: HttpClient;
  readonly #stop = new AbortController();
  readonly #groups = new Map<number, readonly TargetGroup[]>();
  /** Loops of the configuration before, by target; shared by all jobs, each takes its own. */
  readonly #carried: Map<string, TargetLoop>;
  readonly #loops = new Map<string, TargetLoop>();
  readonly #working = new Set<Promise<unknown>>();
  dropped: readonly DroppedTarget[] = [];

  constructor(job: ScrapeJob, parts: LoopParts & DiscoverParts, carried: Map<string, TargetLoop>) {
    this.job = job;
    this.#parts = parts;
    this.#carried = carried;
    this.#client = new HttpClient(job.http, parts.guard);
  }

  start(): void {
    const { signal } = this.#stop;
    for (const [n, discovery] of this.job.discoveries.entries()) {
      const found = (groups: readonly TargetGroup[]): void => {
        this.#groups.set(n, groups);
        this.#settle();
      };
      this.#track(discover(discovery, this.#parts, found, signal));
    }
  }

  active(): readonly ActiveTarget[] {
    return [...this.#loops.values()].map((loop) => {
      const { url, discovered, labels, intervalMs, timeoutMs } = loop.target;
      return { job: this.job.name, url, discovered, labels, intervalMs, timeoutMs, ...loop.state };
    });
  }

  /** Ends all loops without marks; they are handed out for another pool to go on. */
  async stop(): Promise<readonly TargetLoop[]> {
    this.#stop.abort();
    const loops = [...this.#loops.values()];
    await Promise.all(loops.map((loop) => loop.close(false)));
    await Promise.all(this.#working);
    this.#client.close();
    return loops;
  }

  /** Starts what is new and ends what is gone. */
  #settle(): void {
    if (this.#stop.signal.aborted) return;
    const wanted = new Map<string, Target>();
    const dropped: DroppedTarget[] = [];
    for (const found of [...this.#groups.values()].flat().flatMap((group) => targetsOf(this.job, group))) {
      if (found.kind === 'target') wanted.set(found.target.key, found.target);
      else if (found.kind === 'dropped') dropped.push({ job: this.job.name, discovered: found.discovered });
      else this.#parts.logger.warn('a target is left out', { job: this.job.name, why: found.why });
    }
    this.dropped = dropped;
    const limit = Math.min(targetsLimit, this.job.limits.targets);
    if (wanted.size > limit) {
      this.#parts.logger.error('a job has too many targets', { job: this.job.name, targets: wanted.size, limit });
      // All of them, as with Prometheus: some would be a choice that nobody made.
      wanted.clear();
    }
    for (const [key, loop] of this.#loops) {
      if (wanted.has(key)) continue;
      this.#loops.delete(key);
      this.#track(loop.close(true));
    }
    for (const [key, target] of wanted) if (!this.#loops.has(key)) this.#begin(target);
  }

  #begin(target: Target): void {
    const loop = new TargetLoop(this.job, target, this.#client, this.#parts);
    const before = this.#carried.get(target.key);
    this.#carried.delete(target.key);
    if (before) loop.maker.carryOn(before.maker);
    this.#loops.set(target.key, loop);
    loop.start();
  }

  #track(work: Promise<unknown>): void {
    const tracked = work
      .catch((error: unknown) => this.#parts.logger.error('scraping failed', { job: this.job.name, error }))
      .finally(() => this.#working.delete(tracked));
    this.#working.add(tracked);
  }
}
