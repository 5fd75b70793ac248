import type { Clock, Logger } from '@sightline/base';
import { CachedGroupingBook, groupingVersion, type GroupingBook } from '@sightline/ingest';
import { knownIssueHashes } from '@sightline/query';
import type { Stores } from '../stage.ts';

/** Rules of organisations from the control plane, issues of earlier ways of grouping from the telemetry store. */
export function openGrouping({ store, control }: Stores, clock: Clock, logger: Logger): GroupingBook {
  return new CachedGroupingBook(
    {
      rules: async (organisation) => {
        const { fingerprint, stack } = await control.issues.rules.read(organisation);
        return { fingerprint: fingerprint.content, stack: stack.content };
      },
      knownIssues: (organisation, limit) =>
        knownIssueHashes(store, { organisation, version: groupingVersion, limit }, { timeoutMs: 10_000 }),
    },
    clock,
    logger.with({ part: 'grouping' }),
  );
}
