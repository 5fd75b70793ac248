/** What the main thread and a query thread say to each other. Structured-cloneable. */
import type { MessagePort } from 'node:worker_threads';
import type { Matcher, QueryBounds, QueryFault } from '@sightline/query/promql';
import type { Result } from '@sightline/base';
import type { RollupState } from '../rollup/rollup-state.ts';
import type { EngineAddress } from './engine-address.ts';
import type { PackedAnswer } from './packed-answer.ts';

export interface ThreadSettings {
  readonly engine: EngineAddress;
  /** True for the thread that takes the lower half of the fingerprints. */
  readonly lower: boolean;
  /** Chunks that are kept compressed, bytes. */
  readonly cacheBytes: number;
  readonly cacheFolder: string | undefined;
}

/** A query as a thread gets it. */
export interface QueryJob {
  readonly organisation: string;
  readonly expression: string;
  readonly lookbackMs: number;
  readonly bounds: QueryBounds;
  readonly enforced: readonly Matcher[];
  /** Refused where the newest samples are missing. */
  readonly whole: boolean;
  readonly staleMarks: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** Undefined for an instant query at `startMs`. */
  readonly stepMs: number | undefined;
  /** What is rolled up; undefined where nothing is. */
  readonly rollups: RollupState | undefined;
}

export type ToThread =
  | {
      readonly kind: 'query';
      readonly id: number;
      readonly job: QueryJob;
      /** Wall time at which the query ends, milliseconds since the epoch. */
      readonly deadlineMs: number;
      /** Shared: 1 once it is cancelled. */
      readonly cancelled: Int32Array;
    }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'index' | 'peer'; readonly port: MessagePort };

export type FromThread =
  | { readonly kind: 'answer'; readonly id: number; readonly result: Result<PackedAnswer, QueryFault> }
  | { readonly kind: 'damaged'; readonly message: string };
