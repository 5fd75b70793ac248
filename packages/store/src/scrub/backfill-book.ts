/** What was removed, counted; never what it was. */
export interface BackfillCount {
  readonly signal: string;
  readonly rule: string;
  readonly service: string;
  readonly site: string;
  readonly removed: number;
}

/** What one batch of rows came to. */
export interface BackfillBatch {
  /** Place in the run: batches of a run are counted from 0. */
  readonly number: number;
  /** The unit it is of, and from which minute (s) on its rest is still to be done; the next unit begins where that is null. */
  readonly unit: string;
  readonly next: number | null;
  /** Rows looked at, changed, and left because of a legal hold. */
  readonly seen: number;
  readonly changed: number;
  readonly held: number;
  /** The legal holds that were asked, as one word. */
  readonly holds: string;
  readonly counts: readonly BackfillCount[];
  /** Logs that changed, by their day of receipt: the archive goes by it. */
  readonly days: Readonly<Record<string, number>>;
  /** Texts around what was found, as they become; of a preview alone. */
  readonly examples: readonly { readonly signal: string; readonly rule: string; readonly text: string }[];
  /** Where it goes on in a unit that has no minutes. */
  readonly cursor?: string;
  /** What holds personal data and cannot be rewritten, by kind. */
  readonly stays?: readonly { readonly what: string; readonly n: number }[];
}

export interface TextToScrub {
  /** As rules name it. */
  readonly field: string;
  readonly text: string;
}
export interface ScrubbedText {
  readonly text: string;
  /** Finds by rule. */
  readonly removed: Readonly<Record<string, number>>;
  /** Some words around a find, as they become. */
  readonly shown: readonly { readonly rule: string; readonly text: string }[];
}

/** A page of texts that people and rules wrote about what is stored: incidents, their time lines, comments. */
export interface TextsPage {
  readonly id: string;
  readonly organisation: string;
  readonly kind: 'preview' | 'run';
  readonly fromDay: string;
  readonly toDay: string;
  readonly unit: string;
  /** '' at the beginning; else what the page before answered. */
  readonly after: string;
  /** Number of the batch that it is. */
  readonly number: () => number;
  /** One for each, in the same order. */
  readonly scrub: (texts: readonly TextToScrub[]) => Promise<readonly ScrubbedText[]>;
}

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
  readonly pending: BackfillBatch | null;
}

/** Where runs are noted. */
export interface BackfillBook {
  /** A run that is due, nobody else's for `claimMs`. */
  claim(claimMs: number): Promise<BackfillRun | undefined>;
  /** Keeps it; answers false once somebody wants it to stop or it is not to be gone on with. */
  renew(id: string, claimMs: number): Promise<boolean>;
  begin(id: string, rows: number): Promise<void>;
  /** null: it is not to be written. */
  pending(id: string, batch: BackfillBatch | null): Promise<void>;
  /** Counts a batch, once, and moves on. */
  advance(id: string, batch: BackfillBatch): Promise<void>;
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
  texts(page: TextsPage): Promise<string | null>;
}
