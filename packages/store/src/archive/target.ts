/** One file of an archive, by its name below the archive's root: `org_1/2026-10-05/default/STORE_1-0001.parquet`. */
export interface ArchiveEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

/** Part of a file. */
export interface ByteRange {
  readonly from: number;
  readonly length: number;
}

/**
 * Where an archive lies: a folder, or a bucket. Names are relative, with `/` between parts. Every call throws the system's
 * error where the disk or the object store does not answer; what is not there is a value.
 */
export interface ArchiveTarget {
  /** As people write it: a path, or `s3://bucket/prefix`. */
  readonly name: string;
  /** Text that goes into each new file's name, so that two writers never write the same one; '' where none sees another's. */
  readonly writerMark: string;
  /** Whether a day without a manifest may be one that was not finished, rather than one that was damaged. */
  readonly leavesHalfDays: boolean;
  /** Makes the place ready and removes what an earlier run did not finish. Throws where it cannot be written. */
  prepare(): Promise<void>;
  /** A new and empty folder on this machine, for the files of one day. */
  begin(): Promise<string>;
  /**
   * Puts all files of a begun folder into `place`, `manifest.json` last: nobody sees it before everything else is durable.
   * False where `place` had a manifest already: then nothing of it changed.
   */
  commit(begun: string, place: string): Promise<boolean>;
  /** Removes a begun folder, committed or not. */
  discard(begun: string): Promise<void>;
  /** Writes one small file durably. False where there is one of this name; with `replace` it is exchanged. */
  put(name: string, bytes: Uint8Array, replace?: boolean): Promise<boolean>;
  /** A small file whole; undefined where there is none, or where it is longer than `limitBytes`. */
  get(name: string, limitBytes: number): Promise<Buffer | undefined>;
  /** Length in bytes; undefined where there is no such file. */
  size(name: string): Promise<number | undefined>;
  /** Pieces of a file, or of a part of it, in order. Throws where there is none. */
  read(name: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** The path of the file on this machine; undefined where it lies elsewhere. */
  localPath(name: string): string | undefined;
  /** Names of the folders right below `folder` ('' is the root), sorted; none where there is no such folder. */
  folders(folder: string): Promise<string[]>;
  /** Every file below `folder`, at any depth. */
  list(folder: string): AsyncIterable<ArchiveEntry>;
  /** True when there was something to remove. */
  delete(name: string): Promise<boolean>;
}
