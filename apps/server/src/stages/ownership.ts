import { OwnerAssigner } from '@sightline/api';
import type { StageParts } from '../stage.ts';

/** Begins to assign new issues by the ownership rules; `onMessages` is called when their owners are to be told. */
export function openOwnership({ stores, reads, clock, logger, closers }: StageParts, onMessages: () => void): void {
  const owners = new OwnerAssigner({ control: stores.control, store: reads, clock, logger, onMessages });
  closers.add('owners of issues', () => owners.close());
  owners.start();
}
