import type { Clock } from '@sightline/base';
import { EdgeStep, SamplingStep } from '@sightline/store';
import type { StageParts } from '../stage.ts';

/** Without ingest in this process nobody here knows what still waits: that much time is left to the others. */
const loadedElsewhereAfterMs = 120_000;

/** Since when the oldest record waits that is not in its table yet, as far as this process can tell. */
export function waitingSince(
  clock: Clock,
  ingest: { readonly waitingSinceMs: () => number | undefined } | undefined,
): () => number | undefined {
  return ingest?.waitingSinceMs ?? (() => clock.now() - loadedElsewhereAfterMs);
}

/** What is made of spans after they were stored: edges between services, then what a sampling policy lets go of them. */
export function openSpanSteps(
  { stores, clock, logger, closers }: StageParts,
  ingest: { readonly waitingSinceMs: () => number | undefined } | undefined,
): { metrics(): string } {
  const waitingSinceMs = waitingSince(clock, ingest);
  const edges = new EdgeStep({ store: stores.store, clock, logger, waitingSinceMs });
  closers.add('edges between services', () => edges.close());
  edges.start();
  const sampling = new SamplingStep({
    store: stores.store,
    clock,
    logger,
    waitingSinceMs,
    policies: () => stores.control.sampling.active(),
  });
  closers.add('sampling of traces', () => sampling.close());
  sampling.start();
  return sampling;
}
