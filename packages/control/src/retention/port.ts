import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

/** A class of logs; the words are those of `RetentionClass` in the part `record`. */
export interface KeptClass {
  readonly name: string;
  readonly query: string;
  readonly hotDays: number;
  readonly keepDays: number;
}
export interface KeptClasses {
  /** In order: the first whose query takes a record has it. */
  readonly classes: readonly KeptClass[];
  /** Taken out by somebody; what is stored under their names follows their days. */
  readonly retired: readonly KeptClass[];
  readonly updatedAt: number;
  readonly updatedBy: string;
}

/** What is not deleted until the hold is lifted. '' and null: any. */
export interface HoldToPlace {
  readonly name: string;
  readonly reason: string;
  /** In the search language. It narrows what is held in the engine; of the archive whole files are held whatever it says. */
  readonly query: string;
  readonly class: string;
  readonly site: string;
  /** Range of the records' own times, ms; `to` excluded. */
  readonly from: number | null;
  readonly to: number | null;
}
export interface LegalHold extends HoldToPlace {
  readonly id: string;
  readonly createdAt: number;
  readonly createdBy: string;
  /** null while it holds. */
  readonly liftedAt: number | null;
  readonly liftedBy: string;
  readonly liftReason: string;
}

/** A piece of the archive that somebody would delete. */
export interface ArchivedPiece {
  readonly class: string;
  /** As records carry it, '' for those without; null where it holds every site's. */
  readonly site: string | null;
  /** Day of receipt, `YYYY-MM-DD` in UTC. */
  readonly day: string;
  /** The records' own times where they are known, ms: a late record is of another day than the one on which it came. */
  readonly firstMs?: number;
  readonly lastMs?: number;
}

/** Legal holds. They are never edited; each is lifted once, and stays in the list. */
export interface Holds {
  /** Refused as `conflict` where something has been deleted for longer than a person waits; then nothing was placed. */
  place(organisation: string, hold: HoldToPlace, by: string): Promise<Result<LegalHold, Refused>>;
  lift(organisation: string, id: string, reason: string, by: string): Promise<Result<LegalHold, Refused>>;
  /** Those that hold first, then the newest; at most 1,000. */
  list(organisation: string): Promise<LegalHold[]>;
  /** Those that hold, of one organisation or ('') of all. Throws when there are more than 10,000: nothing may be deleted then. */
  active(organisation: string): Promise<(LegalHold & { readonly organisation: string })[]>;
  /**
   * Runs `work` with those that hold, as `active`, while none can be placed: one that comes meanwhile waits for its end. For the moment in
   * which a deletion becomes irrevocable: `work` is done in a few seconds.
   */
  whileNonePlaced<T>(
    organisation: string,
    work: (active: readonly (LegalHold & { readonly organisation: string })[]) => Promise<T>,
  ): Promise<T>;
  /** The hold that keeps a piece of the archive; undefined where it may be deleted. To delete it, ask `whileNonePlaced`. */
  holding(organisation: string, piece: ArchivedPiece): Promise<LegalHold | undefined>;
}

/** Records that left the engine because their class's days were over. */
export interface HotDeletion {
  readonly organisation: string;
  readonly class: string;
  /** Of the records' own times, `YYYY-MM-DD` in UTC. */
  readonly day: string;
  /** Records received before were deleted, ms. */
  readonly until: number;
  readonly rows: number;
  readonly beganAt: number;
  /** null: it was cut off and is carried out again. */
  readonly doneAt: number | null;
}
export interface HotDeletions {
  /** Notes what is about to be deleted; one that is noted already stays as it is. */
  begin(deletions: readonly Omit<HotDeletion, 'beganAt' | 'doneAt'>[]): Promise<void>;
  /** Cut off by a kill, at most 10,000, oldest day first. */
  unfinished(): Promise<HotDeletion[]>;
  /** Carried out; `rows` are those that went. */
  finish(deletion: Pick<HotDeletion, 'organisation' | 'class' | 'day' | 'until'>, rows: number): Promise<void>;
  /** Newest first, at most `limit`; of those that ended in the range where one is given, ms. */
  list(
    organisation: string,
    limit: number,
    range?: { readonly from: number; readonly to: number },
  ): Promise<HotDeletion[]>;
}

export interface Retention {
  /** undefined: nobody changed the built-in classes. */
  find(organisation: string): Promise<KeptClasses | undefined>;
  /** Every organisation with classes of its own, at most 10,000. */
  all(): Promise<(KeptClasses & { readonly organisation: string })[]>;
  /** Replaces the classes; those that are missing now are retired, beginning with `before` where nothing was saved yet. */
  save(
    organisation: string,
    classes: readonly KeptClass[],
    before: readonly KeptClass[],
    by: string,
  ): Promise<Result<KeptClasses, Refused>>;
  readonly holds: Holds;
  readonly deletions: HotDeletions;
}
