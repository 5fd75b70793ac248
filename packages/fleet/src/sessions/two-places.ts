import { type Clock, LruCache } from '@sightline/base';

const rememberedAgents = 10_000;
const rememberedForMs = 600_000;
const rememberedRuns = 8;
/** A run's start is told by the site's clock, which may be moved a little. */
const sameStartMs = 2000;

interface Run {
  readonly host: string;
  readonly startedAt: number;
  readonly address: string;
}

/**
 * Sees whether one token is used by two agents at a time. A restarted agent never goes back to an earlier start, and a
 * moved one keeps its own: only two that take the link from each other make runs alternate.
 */
export class TwoPlaces {
  readonly #runs: LruCache<string, readonly Run[]>;

  constructor(clock: Clock) {
    this.#runs = new LruCache(rememberedAgents, rememberedForMs, clock);
  }

  /** Notes that `run` has the agent's link; answers the other place when the two take it in turns. */
  seen(agent: string, run: Run): Run | undefined {
    const before = this.#runs.get(agent) ?? [];
    const same = (one: Run): boolean => one.host === run.host && Math.abs(one.startedAt - run.startedAt) < sameStartMs;
    const last = before.at(-1);
    if (last && same(last)) return undefined;
    this.#runs.set(agent, [...before, run].slice(-rememberedRuns));
    return before.some(same) ? last : undefined;
  }
}
