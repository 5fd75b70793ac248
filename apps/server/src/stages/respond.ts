import { openRespond, type Respond, type RespondLoops, startRespondLoops } from '@sightline/respond';
import type { StageParts } from '../stage.ts';
import { evidenceSource } from './evidence.ts';

/** Incidents of this server. Findings may be told from the moment it is opened. */
export interface RespondStage {
  readonly respond: Respond;
  /** Starts the loops of the role `detect`: escalation, what is due, evidence. */
  start(): void;
}

/** Opens `respond`. `onMessages` is called when messages may wait in the queue of notifications. */
export function openRespondStage(parts: StageParts, onMessages: () => void): RespondStage {
  const { stores, reads, clock, logger, closers } = parts;
  let loops: RespondLoops | undefined;
  const respond = openRespond({
    control: stores.control,
    clock,
    logger,
    onMessages,
    onDue: () => loops?.wake(),
  });
  return {
    respond,
    start: () => {
      loops = startRespondLoops({
        control: stores.control,
        clock,
        logger,
        onMessages,
        evidence: evidenceSource(reads, stores.control, clock),
      });
      const started = loops;
      closers.add('escalation', () => started.close());
    },
  };
}
