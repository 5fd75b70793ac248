import type { Result } from '@sightline/base';

/** What somebody asks to be ended. */
export interface Destruction {
  readonly organisation: string;
  /** '' for every class. */
  readonly class: string;
  /** Who asks; it stands in the signed record. */
  readonly by: string;
  readonly reason: string;
}

/** What was done of it. */
export interface Destroyed {
  /** Number of the signed record. */
  readonly record: number;
  readonly atMs: number;
  readonly keys: number;
  /** Encrypted files that stay and cannot be read any more. */
  readonly unreadable: { readonly files: number; readonly rows: number };
  /** Files that were plain Parquet and were deleted. */
  readonly deletedFiles: number;
  /** Logs that were still in the engine and were deleted. */
  readonly deletedLogs: number;
}

/** Ends classes of an archive for good. */
export interface KeyDestruction {
  /**
   * Destroys the keys of a class, or of all, of one organisation; deletes its plain files and what the engine still holds of
   * it. Refuses while a legal hold keeps any of it. Throws where the archive or the engine does not answer: what the signed
   * record says is then carried out later.
   */
  destroy(request: Destruction): Promise<Result<Destroyed, { readonly reason: 'held'; readonly message: string }>>;
}
