import { QueryFailure } from '../promql/source.ts';

/** Bounds of one query, on top of the engine's own of time and memory. */
export const logqlBounds = {
  /** Lines that a pipeline outside the engine may look at. */
  lines: 2_000_000,
  /** Bytes of those lines. */
  bytes: 1024 * 1024 * 1024,
  /** Series of one range aggregation. */
  series: 5000,
  /** Numbers (series × buckets) that one range aggregation may hold. */
  values: 8_000_000,
  buckets: 100_000,
  /** Entries of a log query. */
  entries: 5000,
  steps: 11_000,
  timeoutMs: 60_000,
} as const;

/** Whose logs: a key that is bound to a site sees that alone. */
export interface LogqlScope {
  readonly organisation: string;
  readonly site: string;
}

export function tooManySeries(): QueryFailure {
  const message = `maximum of series (${logqlBounds.series}) reached for a single query`;
  return new QueryFailure({ kind: 'bad_data', message });
}

export function tooManyLines(): QueryFailure {
  const message = `the query would look at more than ${logqlBounds.lines} lines outside the engine; narrow its selector, add a line filter or shorten its range`;
  return new QueryFailure({ kind: 'bad_data', message });
}
