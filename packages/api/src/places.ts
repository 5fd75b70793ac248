import type { ApiDeps } from './route.ts';

/** How many calls of a kind that last may be open at a time. */
interface PlaceLimits {
  readonly server: number;
  readonly organisation: number;
}

/** Counts the open calls of one kind, for each server and within it for each organisation: one cannot take all places. */
export class Places {
  readonly #limits: PlaceLimits;
  readonly #open = new WeakMap<ApiDeps, Map<string, number>>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** False when there are too many already; else `leave` must follow. */
  enter(deps: ApiDeps, organisation: string): boolean {
    const open = this.#open.get(deps) ?? new Map<string, number>();
    this.#open.set(deps, open);
    const own = open.get(organisation) ?? 0;
    const all = [...open.values()].reduce((sum, count) => sum + count, 0);
    if (own >= this.#limits.organisation || all >= this.#limits.server) return false;
    open.set(organisation, own + 1);
    return true;
  }

  leave(deps: ApiDeps, organisation: string): void {
    const open = this.#open.get(deps);
    const own = open?.get(organisation) ?? 0;
    if (own > 1) open?.set(organisation, own - 1);
    else open?.delete(organisation);
  }
}
