import { EdgeStep } from '@sightline/store';
import type { StageParts } from '../stage.ts';

/** Without ingest in this process nobody here knows what still waits: that much time is left to the others. */
const loadedElsewhereAfterMs = 120_000;

/** What is made of spans after they were stored: edges between services. */
export function openSpanSteps(
  { stores, clock, logger, closers }: StageParts,
  ingest: { readonly waitingSinceMs: () => number | undefined } | undefined,
): void {
  const edges = new EdgeStep({
    store: stores.store,
    clock,
    logger,
    waitingSinceMs: ingest?.waitingSinceMs ?? (() => clock.now() - loadedElsewhereAfterMs),
  });
  closers.add('edges between services', () => edges.close());
  edges.start();
}
