import { CanaryRunner } from '@sightline/detect';
import { receiveOwn, type ReceiverParts } from '@sightline/ingest';
import type { FindingSink } from '@sightline/record';
import type { StageParts } from '../stage.ts';

/** Canaries of the scrubber, where records are received. */
export function openCanaries(
  { stores, clock, logger, closers }: Pick<StageParts, 'stores' | 'clock' | 'logger' | 'closers'>,
  findings: FindingSink,
  receiver: ReceiverParts,
  waitingSinceMs: () => number | undefined,
): CanaryRunner {
  const runner = new CanaryRunner({
    control: stores.control,
    store: stores.store,
    findings,
    plant: async (organisation, requests) => {
      for (const request of requests) if (!(await receiveOwn(receiver, organisation, request))) return false;
      return true;
    },
    waitingSinceMs,
    clock,
    logger: logger.with({ part: 'canaries' }),
  });
  closers.add('canaries of the scrubber', () => runner.close());
  return runner;
}
