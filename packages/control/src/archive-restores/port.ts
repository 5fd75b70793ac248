import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

/** Which archived records are wanted back, and for how long. */
export interface RestoreToMake {
  /** Days of receipt, `YYYY-MM-DD` in UTC, both included. */
  readonly fromDay: string;
  readonly toDay: string;
  /** '' for any. */
  readonly site: string;
  readonly class: string;
  readonly leavesAt: number;
}

export interface ArchiveRestore extends RestoreToMake {
  readonly id: string;
  readonly organisation: string;
  readonly createdAt: number;
  readonly createdBy: string;
  /** null until all of it is there. */
  readonly readyAt: number | null;
  /** null until its rows were removed. */
  readonly goneAt: number | null;
  readonly files: number;
  readonly filesDone: number;
  readonly rows: number;
  readonly lastFile: string;
  /** What went wrong last, in words. */
  readonly detail: string;
}

/** What was brought back from the archive. */
export interface ArchiveRestores {
  /** Those that are still there first, then the newest; at most 100. */
  list(organisation: string): Promise<ArchiveRestore[]>;
  /** Refuses what meets another one that is still there, and more than twenty at a time. */
  add(organisation: string, restore: RestoreToMake, by: string): Promise<Result<ArchiveRestore, Refused>>;
  /** Lets one leave now. */
  end(organisation: string, id: string): Promise<Result<ArchiveRestore, Refused>>;
  /** Of all organisations, those whose rows are not removed yet, oldest first, at most 1,000. */
  open(): Promise<ArchiveRestore[]>;
  progress(
    id: string,
    change: Partial<Pick<ArchiveRestore, 'files' | 'filesDone' | 'rows' | 'lastFile' | 'detail'>>,
  ): Promise<void>;
  ready(id: string): Promise<void>;
  gone(id: string): Promise<void>;
}
