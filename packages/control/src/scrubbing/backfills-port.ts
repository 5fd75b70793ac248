import type { Result } from '@sightline/base';
import type { ScrubBatch, ScrubCount, ScrubExample, ScrubStays, ScrubTextsPage } from '@sightline/record';
import type { Refused } from '../control.ts';

export interface ScrubBackfill {
  readonly id: string;
  readonly organisation: string;
  readonly kind: 'preview' | 'run';
  readonly fromDay: string;
  readonly toDay: string;
  readonly rulesAt: number | null;
  readonly state: 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
  readonly stopping: boolean;
  readonly requestedBy: string;
  readonly requestedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly detail: string;
  readonly unit: string;
  readonly minute: number | null;
  readonly cursor: string;
  readonly batches: number;
  readonly pending: ScrubBatch | null;
  readonly rowsAll: number;
  readonly rowsSeen: number;
  readonly rowsChanged: number;
  readonly rowsHeld: number;
  readonly counts: readonly ScrubCount[];
  readonly days: Readonly<Record<string, number>>;
  readonly examples: readonly ScrubExample[];
  readonly stays: readonly ScrubStays[];
}

/** Runs of the scrubber over what is stored. One at a time in each organisation. */
export interface ScrubBackfills {
  add(
    organisation: string,
    wanted: { readonly kind: 'preview' | 'run'; readonly fromDay: string; readonly toDay: string },
    by: string,
  ): Promise<Result<ScrubBackfill, Refused>>;
  /** The newest first. */
  list(organisation: string, limit: number): Promise<ScrubBackfill[]>;
  /** Ends it after the batch that is under way. */
  stop(organisation: string, id: string): Promise<Result<ScrubBackfill, Refused>>;
  /** One that was stopped goes on where it stood, under the rules that hold now where they are the same. */
  resume(organisation: string, id: string): Promise<Result<ScrubBackfill, Refused>>;
  claim(claimMs: number): Promise<ScrubBackfill | undefined>;
  /** False once it is to stop, or is over. */
  renew(id: string, claimMs: number): Promise<boolean>;
  begin(id: string, rows: number): Promise<void>;
  pending(id: string, batch: ScrubBatch | null): Promise<void>;
  /** Counts a batch once, whoever says so how often. */
  advance(id: string, batch: ScrubBatch): Promise<void>;
  /** Answers it where it was not over before. */
  end(id: string, state: 'done' | 'stopped' | 'failed', detail: string): Promise<ScrubBackfill | undefined>;
  later(id: string, atMs: number, detail: string): Promise<void>;
  /** Ids of those that are not over, or have a batch that is being written. */
  open(): Promise<string[]>;
  /** Puts what `scrub` makes of them in the place of the texts of known templates of logs; answers how many change. */
  templates(
    organisation: string,
    scrub: (texts: readonly string[]) => Promise<readonly string[]>,
    write: boolean,
  ): Promise<number>;
  /** Scrubs, writes and counts one page in one transaction; answers where it stands, null when there is nothing behind. */
  texts(page: ScrubTextsPage): Promise<string | null>;
}
