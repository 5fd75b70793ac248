import { type Deliverer, startDeliverer } from '@sightline/respond';
import type { StageParts } from '../stage.ts';

/** Begins to send what waits in the queue of notifications. To be opened once the port is bound: messages hold links. */
export function openNotify({ stores, clock, logger, closers, publicUrl }: StageParts): Deliverer {
  const deliverer = startDeliverer({ control: stores.control, clock, logger, publicUrl });
  closers.add('delivery of notifications', () => deliverer.close());
  return deliverer;
}
