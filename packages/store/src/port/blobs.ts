import type { Result } from '@sightline/base';

/**
 * What a blob belongs to; each area is kept for a time of its own. Names of folders (disk) or prefixes of keys (object
 * stores): never renamed.
 */
export const blobAreas = ['attachments', 'replays', 'profiles', 'artifacts', 'chunks'] as const;
export type BlobArea = (typeof blobAreas)[number];

/** Where a blob lies: whose it is, what it belongs to, and the hash of its content. */
export interface BlobKey {
  readonly organisation: string;
  readonly area: BlobArea;
  /** Lower-case hexadecimal: SHA-256, or SHA-1 where the client names its pieces so. */
  readonly hash: string;
}

/** How a new blob is named and bounded. */
export interface BlobPut {
  readonly organisation: string;
  readonly area: BlobArea;
  /** Largest size; what is longer is refused and leaves nothing behind. */
  readonly limitBytes: number;
  /** SHA-256 unless told. */
  readonly algorithm?: 'sha256' | 'sha1';
  /** What the content must hash to; another content is refused. */
  readonly expected?: string;
}

/** A blob that is kept. */
export interface KeptBlob {
  readonly hash: string;
  readonly sizeBytes: number;
}

/** Why a blob was not kept; the store itself is well. */
export interface BlobRefusal {
  readonly reason: 'too-large' | 'other-content';
  readonly message: string;
}

/**
 * Files by the hash of their content, per organisation. The same content is kept once. Every call throws the system's error
 * where the disk (or the object store) does not answer; a bad content is a value.
 */
export interface BlobStore {
  /** Resolves once the content is durable. A content that is there already counts as new: its age begins again. */
  put(source: Uint8Array | AsyncIterable<Uint8Array>, put: BlobPut): Promise<Result<KeptBlob, BlobRefusal>>;
  /** The whole content, held against its hash; undefined where there is none, or where the disk has damaged it. */
  read(key: BlobKey): Promise<Buffer | undefined>;
  /** Size in bytes; undefined where there is none. */
  size(key: BlobKey): Promise<number | undefined>;
  /** Pieces of the content in order, held against its hash at the end: throws there when it was damaged. */
  stream(key: BlobKey): AsyncIterable<Buffer>;
  /** Begins the blob's age again; false where there is none. */
  touch(key: BlobKey): Promise<boolean>;
  /** True when there was something to remove. With `beforeMs`: unless it was put or touched since. */
  remove(key: BlobKey, beforeMs?: number): Promise<boolean>;
  /** Removes an organisation's blobs of an area that were neither put nor touched since `beforeMs`; answers how many. */
  sweep(area: BlobArea, beforeMs: number): Promise<number>;
}
