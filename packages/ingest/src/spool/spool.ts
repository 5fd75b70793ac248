import type { Clock, Logger, Result } from '@sightline/base';
import type { KeyScope } from '@sightline/record';
import type { Frame, Refusal } from '../protocol.ts';
import { DiskSpool } from './disk-spool.ts';
import type { SpooledRecord, SpoolMeta } from './spooled.ts';

/** Bounds of a spool. */
export interface SpoolLimits {
  /** Bytes in all segments together. Default 8 GB. */
  readonly totalBytes: number;
  /** Free bytes that must stay on the disk. Default 2 GB, or 5 % of the disk where that is less. */
  readonly freeDiskBytes?: number;
  /** A segment is closed at this size. Default 64 MB. */
  readonly segmentBytes: number;
  /** Lanes whose segments are closed at another size: what a load takes of memory grows with it, by how much is the lane's. */
  readonly segmentBytesOf?: Readonly<Record<string, number>>;
  /** A segment is closed at this number of records. Default 250,000. */
  readonly segmentRecords: number;
  /** A segment younger than this is left open, so that loads stay large and few: each costs the engine as much planning as work. Default 1,300. */
  readonly sealAfterMs: number;
  /**
   * How soon after its answer a record is to be found. Segments that take long to load are closed earlier for it; where a
   * lane is behind all the same, answers are held back. Less than promised, because loads vary. Default 1,400.
   */
  readonly findableAfterMs: number;
  /** Longest time an answer is held back for a lane that is behind: well below the patience of clients. Default 2,000. */
  readonly holdMs: number;
  /** Bytes of requests whose answers are held back; beyond, answers go out at once. Default 64 MB. */
  readonly heldBytes: number;
  /** Bytes that may wait for one group commit. Default 256 MB. */
  readonly pendingBytes: number;
}

export const defaultSpoolLimits: SpoolLimits = {
  totalBytes: 8e9,
  segmentBytes: 64e6,
  segmentRecords: 250_000,
  sealAfterMs: 1300,
  findableAfterMs: 1400,
  holdMs: 2000,
  heldBytes: 64e6,
  pendingBytes: 256e6,
};

/** Why nothing was kept. */
export type SpoolRefusal =
  | { readonly kind: 'spool-full'; readonly message: string; readonly retryAfterS: number }
  | { readonly kind: 'disk-full'; readonly message: string; readonly retryAfterS: number };

/** A closed segment, waiting to be loaded. `name` is unique for ever: it is the load's deduplication token. */
export interface Segment {
  readonly lane: string;
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly records: number;
  /** When its first frame came, milliseconds since the epoch. */
  readonly openedAtMs: number;
}

export interface SpoolStatus {
  readonly bytes: number;
  readonly limitBytes: number;
  /** Records not yet removed by a loader. */
  readonly records: number;
  /** When the oldest waiting frame came; undefined when nothing waits. */
  readonly oldestAtMs: number | undefined;
}

/** Received bytes, kept on disk until they are loaded. One folder per lane, one growing segment in each. */
export interface Spool {
  /**
   * Keeps the frames of one request. Resolves once they are durable (one `fdatasync` serves all that wait), and later,
   * within a bound, while their lane is behind: a client that waits for its answer sends no faster than is loaded. What is
   * refused was not kept. The frames' bytes must not change until then. Throws only on our own bugs.
   */
  append(
    frames: readonly Frame[],
    scope: KeyScope,
    meta: SpoolMeta,
    refused?: readonly Refusal[],
  ): Promise<Result<undefined, SpoolRefusal>>;
  /** Whether an append would be refused now: asked before a body is worked on. */
  refusal(): SpoolRefusal | undefined;
  /** Lanes that have ever held a frame. */
  lanes(): readonly string[];
  /** The oldest closed segment of a lane, to be loaded now; closes the growing one when it is due. Call it again after `remove`. */
  next(lane: string, anyAge?: boolean): Promise<Segment | undefined>;
  /**
   * All closed segments of a lane, oldest first, for whoever works on several at a time. The growing one is closed first: when
   * it is due (default), in any case, or not at all.
   */
  segments(lane: string, close?: 'due' | 'any' | 'none'): Promise<readonly Segment[]>;
  /** Forgets a segment that was loaded. */
  remove(segment: Segment): Promise<void>;
  status(): SpoolStatus;
  /** Waits for what is being written, then closes all files. Appends after it are refused. */
  close(): Promise<void>;
}

/** Opens a spool in `folder`, cuts torn tails that were never acknowledged, and finds the segments that wait. */
export async function openSpool(options: {
  readonly folder: string;
  readonly limits?: Partial<SpoolLimits>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of every frame that an earlier run left behind. */
  readonly recovered?: (frame: SpooledRecord) => void;
}): Promise<Spool> {
  const { folder, clock, logger, recovered } = options;
  return DiskSpool.open(folder, { ...defaultSpoolLimits, ...options.limits }, clock, logger, recovered);
}
