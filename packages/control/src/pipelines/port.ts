import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

/** Pipelines of an organisation as they were saved; their words are those of `Pipeline` in the part `record`. */
export interface KeptPipelines {
  readonly organisation: string;
  /** Counts up with each change. */
  readonly version: number;
  /** They treat what is received from then on. */
  readonly takesEffectAt: number;
  readonly savedAt: number;
  readonly savedBy: string;
  readonly pipelines: readonly unknown[];
}

export interface Pipelines {
  /** undefined: nobody has saved any. */
  find(organisation: string): Promise<KeptPipelines | undefined>;
  /**
   * Puts `pipelines` in the place of those of version `before` (0: none yet), in force `settleMs` from now. Refuses where somebody else
   * has changed them since, and more changes than are remembered.
   */
  save(
    organisation: string,
    pipelines: readonly unknown[],
    before: number,
    by: string,
    settleMs: number,
  ): Promise<Result<KeptPipelines, Refused>>;
  /** Versions of all organisations that were saved at that time or later, and from 0 all that are kept; at most 10,000. */
  savedSince(fromMs: number): Promise<KeptPipelines[]>;
}
