import type { Clock, Logger } from '@sightline/base';
import { CachedScrubBook, type ScrubBook } from '@sightline/ingest';
import type { Stores } from '../stage.ts';

/** Rules of organisations from the control plane. */
export function openScrubbing({ store, control }: Stores, clock: Clock, logger: Logger): ScrubBook {
  return new CachedScrubBook(() => control.scrubbing.active(), store, clock, logger.with({ part: 'scrubbing' }));
}
