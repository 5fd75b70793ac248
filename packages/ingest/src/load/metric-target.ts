import type { LedgerEntry } from '@sightline/record';
import type { MetricFormat } from '../protocol.ts';

/** A closed segment of a lane of kind `metrics`. */
export interface MetricSegment {
  /** Unique for ever: a segment that comes a second time under its name changes nothing. */
  readonly name: string;
  readonly path: string;
  readonly format: MetricFormat;
}

/** How the records of a segment ended. */
export interface LoadedMetrics {
  /** For the ledger: each record in one outcome. The same each time the segment is handed over. */
  readonly entries: readonly LedgerEntry[];
  /** Frames that could not be read, by their place in the segment. */
  readonly culprits: readonly { readonly index: number; readonly message: string }[];
  /** Bytes of the segment that were frames: less than its size where the disk damaged it. */
  readonly readBytes: number;
}

/** Where segments of metrics are loaded; the metric store fills this port. */
export interface MetricTarget {
  /** Resolves when everything in the segment is durable in the store's own log. Rejects when it cannot be taken now. */
  load(segment: MetricSegment): Promise<LoadedMetrics>;
}
