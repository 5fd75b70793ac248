import type { Control, LegalHold } from '@sightline/control';
import { rulesApplyAfterMs } from '@sightline/detect';
import { storedScrub } from '@sightline/ingest';
import type { BlobStore } from '@sightline/store/port';
import { type BackfillBook, type BackfillScrubber, BackfillStep, type HeldRows } from '@sightline/store';
import type { StageParts } from '../stage.ts';
import type { Archive } from './archive.ts';
import { heldRows } from './retention.ts';
import { waitingSince } from './spans.ts';

/** Scrubbing of what is stored, where an administrator asks for it. Begins when it is started. */
export function openBackfills(
  { stores, clock, logger, closers }: Pick<StageParts, 'stores' | 'clock' | 'logger' | 'closers'>,
  ingest: { readonly waitingSinceMs: () => number | undefined } | undefined,
  archive: Pick<Archive, 'turns' | 'dayProof'> | undefined,
  files: BlobStore | undefined,
): BackfillStep {
  const { control, store } = stores;
  const step = new BackfillStep({
    store,
    clock,
    logger: logger.with({ part: 'backfills' }),
    waitingSinceMs: waitingSince(clock, ingest),
    book: bookOf(control),
    scrubber: (organisation) => scrubberOf(control, organisation),
    holds: async (organisation) => heldBy(organisation, await control.retention.holds.active(organisation)),
    whileNonePlaced: (organisation, work) =>
      control.retention.holds.whileNonePlaced(organisation, (active) => work(heldBy(organisation, active))),
    files,
    exclusive: (organisation, work) =>
      archive
        ? archive.turns.take(() => archive.dayProof.around(organisation, 'personal data was scrubbed', work))
        : work(),
  });
  closers.add('backfills of the scrubber', () => step.close());
  return step;
}

const heldBy = (organisation: string, holds: readonly LegalHold[]): HeldRows[] =>
  holds.map((hold, i) => heldRows({ ...hold, organisation }, i));

async function scrubberOf({ scrubbing }: Control, organisation: string): Promise<BackfillScrubber> {
  const kept = await scrubbing.find(organisation);
  if (!kept) return { ...storedScrub(undefined, ''), rulesAt: null, appliesAtMs: 0 };
  // Reading the salt may replace one whose days are over.
  const salt = (await scrubbing.active()).find((one) => one.organisation === organisation)?.salt;
  if (salt === undefined) throw new Error('the salt of an organisation cannot be read');
  return {
    ...storedScrub(kept.rules, salt),
    rulesAt: kept.updatedAt,
    appliesAtMs: Math.max(kept.ownSince, kept.updatedAt) + rulesApplyAfterMs,
  };
}

/** What a run came to stands in the audit trail, in the name of who asked for it. */
function bookOf({ scrubBackfills: book, audit }: Control): BackfillBook {
  return {
    claim: async (claimMs) => {
      const run = await book.claim(claimMs);
      return run && { ...run, started: run.startedAt !== null };
    },
    renew: (id, claimMs) => book.renew(id, claimMs),
    begin: (id, rows) => book.begin(id, rows),
    pending: (id, batch) => book.pending(id, batch),
    advance: (id, batch) => book.advance(id, batch),
    later: (id, atMs, detail) => book.later(id, atMs, detail),
    open: () => book.open(),
    texts: (page) => book.texts(page),
    templates: (organisation, scrub, write) => book.templates(organisation, scrub, write),
    end: async (id, state, detail) => {
      const ended = await book.end(id, state, detail);
      if (ended?.kind !== 'run') return;
      const { organisation, requestedBy, rowsChanged, rowsHeld, fromDay, toDay } = ended;
      await audit.append(
        organisation,
        { name: requestedBy, address: '' },
        {
          action: 'personal-data.backfill-end',
          subject: id,
          detail: `${state}: ${fromDay} to ${toDay}, ${rowsChanged} rows changed, ${rowsHeld} kept by a legal hold`,
        },
      );
    },
  };
}
