import { RuleRunner } from '@sightline/detect';
import type { FindingSink } from '@sightline/record';
import type { StageParts } from '../stage.ts';

/** What the rules' side of `detect` shows to the rest of the server. */
export interface DetectStage {
  /** True while this server speaks for the organisation's rules. */
  holds(organisation: string): boolean;
  /** Our own figures in Prometheus' text format. */
  metrics(): string;
}

/**
 * Begins to evaluate rules; what they find goes to `sink`. `lagMs`: how long the oldest record that was received here waits for
 * its table.
 */
export function openDetect(
  { stores, reads, clock, logger, closers }: StageParts,
  sink: FindingSink,
  lagMs: () => number,
): DetectStage {
  const rules = new RuleRunner({ control: stores.control, reader: reads, sink, clock, logger, lagMs });
  closers.add('rules', () => rules.close());
  rules.start();
  return { holds: (organisation) => rules.holds(organisation), metrics: () => rules.metrics() };
}
