import { useSyncExternalStore } from 'react';

const everyMs = 10_000;
const listeners = new Set<() => void>();
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const tell of listeners) tell();
  }, everyMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The moment for "3 min ago": one clock for the whole page, ms since the epoch, moved every 10 s. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => {
    // Nobody listened for a while: the kept moment is old.
    if (timer === undefined && Date.now() - nowMs > everyMs) nowMs = Date.now();
    return nowMs;
  });
}
