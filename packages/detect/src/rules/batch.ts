import type { TelemetryReads } from '@sightline/query';
import type { QueryLimits } from '@sightline/store/port';
import type { Answer } from './questions.ts';

/** More groups than this are not read from one question: a client that invents label values must not fill our memory. */
export const groupLimit = 10_000;

/** Whose records, and the end of all windows (excluded), milliseconds since the epoch. */
export interface AskedAt {
  readonly organisation: string;
  readonly endMs: number;
}

/** Questions that one query answers. */
export interface Batch {
  /** Keys (`questionKey`) of the questions that it answers. */
  readonly answers: readonly string[];
  /** Runs the query. Every key of `answers` has an answer. Throws `StoreError`. */
  ask(reads: TelemetryReads, at: AskedAt, limits: QueryLimits): Promise<ReadonlyMap<string, Answer>>;
  /** Two batches of half the questions each, to find the one that fails; undefined when there is one only. */
  halves(): readonly [Batch, Batch] | undefined;
}
