import { useSyncExternalStore } from 'react';

/** Since when no call was answered, ms since the epoch; undefined while the server answers. One for the page. */
let lostAt: number | undefined;
const listeners = new Set<() => void>();

function become(next: number | undefined): void {
  if ((next === undefined) === (lostAt === undefined)) return;
  lostAt = next;
  for (const tell of listeners) tell();
}

/** A call was answered, whatever the answer said. */
export function tellReached(): void {
  become(undefined);
}

/** A call was not answered. `now`: ms since the epoch; the first of several counts. */
export function tellLost(now: number): void {
  become(now);
}

/** Hears of each change between reached and lost; answers how to stop. */
export function onReach(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Since when the server does not answer. */
export function lostSince(): number | undefined {
  return lostAt;
}

/** The same, for a component. */
export function useLostSince(): number | undefined {
  return useSyncExternalStore(onReach, lostSince);
}
