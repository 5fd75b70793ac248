import { FoldedWatch } from '@sightline/detect';
import type { FindingSink } from '@sightline/record';
import type { StageParts } from '../stage.ts';

/** Watches for metrics that met the limit of series. Begins when it is started. */
export function openFoldedWatch(
  { reads, clock, logger, closers }: Pick<StageParts, 'reads' | 'clock' | 'logger' | 'closers'>,
  findings: FindingSink,
): FoldedWatch {
  const watch = new FoldedWatch({ reads, findings, clock, logger: logger.with({ part: 'limits of series' }) });
  closers.add('watch over limits of series', () => watch.close());
  return watch;
}
