import type { ParameterValue } from '../port/index.ts';

interface Leaves {
  readonly pieces: readonly string[];
  readonly fields: readonly string[];
  readonly quoted: readonly boolean[];
  readonly texts: readonly string[];
}

/** The scrubber of one organisation, for what is stored (part `ingest` makes it). */
export interface BackfillScrubber {
  /** For a statement's WITH: `own_texts(fields, texts)` and `own_given_texts`. */
  readonly functions: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** How JSON is taken apart and put together; undefined where it is scrubbed as a text. */
  readonly json:
    | {
        leavesOf(json: string): Leaves;
        jsonOf(leaves: Leaves, pieces: readonly string[], texts: readonly string[]): string;
      }
    | undefined;
  /** When the rules were saved; null without rules. */
  readonly rulesAt: number | null;
  /** What was received before this moment may still come into the tables as other rules left it, ms. */
  readonly appliesAtMs: number;
}
