import type { ScrubBatch, ScrubTextsPage } from '@sightline/record';

export interface BackfillRun {
  readonly id: string;
  readonly organisation: string;
  readonly kind: 'preview' | 'run';
  /** Days of the records' own times, both included, `YYYY-MM-DD` in UTC. */
  readonly fromDay: string;
  readonly toDay: string;
  /** When the rules were saved that it was asked for under; null without rules. */
  readonly rulesAt: number | null;
  readonly started: boolean;
  /** Where it goes on: a unit, and the minute in it; '' at the beginning. */
  readonly unit: string;
  readonly minute: number | null;
  /** Where in a unit without minutes. */
  readonly cursor: string;
  readonly batches: number;
  /** A batch that is being written: noted before, counted afterwards. */
  readonly pending: ScrubBatch | null;
}

/** Where runs are noted. */
export interface BackfillBook {
  /** A run that is due, nobody else's for `claimMs`. */
  claim(claimMs: number): Promise<BackfillRun | undefined>;
  /** Keeps it; answers false once somebody wants it to stop or it is not to be gone on with. */
  renew(id: string, claimMs: number): Promise<boolean>;
  begin(id: string, rows: number): Promise<void>;
  /** null: it is not to be written. */
  pending(id: string, batch: ScrubBatch | null): Promise<void>;
  /** Counts a batch, once, and moves on. */
  advance(id: string, batch: ScrubBatch): Promise<void>;
  end(id: string, state: 'done' | 'stopped' | 'failed', detail: string): Promise<void>;
  /** Lets go of it until then, and says why. */
  later(id: string, atMs: number, detail: string): Promise<void>;
  /** Ids of those that are not over, or have a batch that may be written in part: their tables are needed. */
  open(): Promise<readonly string[]>;
  /** Texts outside the store that came of it: their replacements are found by `scrub`. Answers how many changed. */
  templates(
    organisation: string,
    scrub: (texts: readonly string[]) => Promise<readonly string[]>,
    write: boolean,
  ): Promise<number>;
  /** Scrubs, writes and counts one page in one transaction; answers where it stands, null when there is nothing behind. */
  texts(page: ScrubTextsPage): Promise<string | null>;
}
