import { addHistograms, type FloatHistogram } from '@sightline/query/promql';
import type { Total } from './transaction.ts';

/** Adds up what is sent as growth (OTLP delta, StatsD), so that each series is a counter. Staged with a transaction, kept once it is durable. */
export class Growth {
  readonly #totals = new Map<number, Total>();
  #staged = new Map<number, Total>();

  /** Begins a transaction; what an earlier one staged and did not keep is forgotten. */
  begin(): void {
    this.#staged = new Map();
  }

  /** The total with this growth in it. */
  add(sid: number, atMs: number, value: number, histogram: FloatHistogram | undefined): Total {
    const before = this.#staged.get(sid) ?? this.#totals.get(sid);
    const sum = histogram && before?.histogram ? addHistograms(before.histogram, histogram) : undefined;
    // Buckets of two kinds cannot be added up: the series begins anew, as after a restart of its client.
    const total = sum
      ? { sid, atMs, value: (before?.value ?? 0) + value, histogram: sum.histogram }
      : { sid, atMs, value: histogram ? value : (before?.value ?? 0) + value, histogram };
    this.#staged.set(sid, total);
    return total;
  }

  /** Totals that the transaction changed, for the log. */
  staged(): Total[] {
    return [...this.#staged.values()];
  }

  /** The transaction is durable. */
  keep(totals: readonly Total[]): void {
    for (const total of totals) this.#totals.set(total.sid, total);
    this.#staged = new Map();
  }

  all(): Total[] {
    return [...this.#totals.values()];
  }

  forget(sid: number): void {
    this.#totals.delete(sid);
  }
}
