/** What was removed from stored records, counted; never what it was. */
export interface ScrubCount {
  readonly signal: string;
  readonly rule: string;
  readonly service: string;
  readonly site: string;
  readonly removed: number;
}

/** Words around what was found, as they become; of a preview alone. */
export interface ScrubExample {
  readonly signal: string;
  readonly rule: string;
  readonly text: string;
}

/** What holds personal data and cannot be rewritten, by kind. */
export interface ScrubStays {
  readonly what: string;
  readonly n: number;
}

/** What one batch of rows came to, of a run of the scrubber over what is stored. */
export interface ScrubBatch {
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
  readonly counts: readonly ScrubCount[];
  /** Logs that changed, by their day of receipt: the archive goes by it. */
  readonly days: Readonly<Record<string, number>>;
  readonly examples: readonly ScrubExample[];
  /** Where it goes on in a unit that has no minutes. */
  readonly cursor?: string;
  readonly stays?: readonly ScrubStays[];
}

/** A text that people or rules wrote about what is stored. */
export interface TextToScrub {
  /** As rules name it. */
  readonly field: string;
  readonly text: string;
}
/** What became of it. */
export interface ScrubbedText {
  readonly text: string;
  /** Finds by rule. */
  readonly removed: Readonly<Record<string, number>>;
  /** Some words around a find, as they become. */
  readonly shown: readonly { readonly rule: string; readonly text: string }[];
}

/** One page of the texts of the control plane: incidents, their time lines, findings, comments, notifications. */
export interface ScrubTextsPage {
  readonly id: string;
  readonly organisation: string;
  readonly kind: 'preview' | 'run';
  /** Days of the texts' own times, both included, `YYYY-MM-DD` in UTC. */
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
