import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

/** What people and build machines said of a release. */
export interface Release {
  readonly version: string;
  readonly url: string;
  /** The commit or branch it was built from; '' when unknown. */
  readonly ref: string;
  readonly archived: boolean;
  readonly createdAt: number;
  /** When it was finalised; null while it is being prepared. */
  readonly releasedAt: number | null;
}

export interface ReleaseChange {
  readonly url?: string | undefined;
  readonly ref?: string | undefined;
  readonly archived?: boolean | undefined;
  readonly releasedAt?: number | undefined;
}

export interface ReleaseCommit {
  readonly id: string;
  readonly repository: string;
  readonly author: string;
  readonly message: string;
  readonly at: number | null;
  /** Paths that it changed, at most 200; empty where nobody told. */
  readonly files: readonly string[];
}

export interface ReleaseDeploy {
  readonly id: string;
  readonly version: string;
  readonly environment: string;
  readonly name: string;
  readonly url: string;
  readonly startedAt: number | null;
  readonly finishedAt: number;
}

export interface Releases {
  /** Newest first, at most `limit` (1,000). */
  list(organisation: string, limit?: number): Promise<Release[]>;
  find(organisation: string, version: string): Promise<Release | undefined>;
  /** The release as it is after the change; made where it was not known. Refuses versions that are empty or overlong. */
  put(
    organisation: string,
    version: string,
    change: ReleaseChange,
  ): Promise<Result<{ readonly release: Release; readonly created: boolean }, Refused>>;
  /** False where there was none. Uploaded files that were named after it go with it. */
  remove(organisation: string, version: string): Promise<boolean>;
  /** Replaces its commits, newest first; at most 1,000 are kept. */
  setCommits(organisation: string, version: string, commits: readonly ReleaseCommit[]): Promise<void>;
  commits(organisation: string, version: string): Promise<ReleaseCommit[]>;
  /** Refuses a release that is not known. */
  deploy(
    organisation: string,
    version: string,
    deploy: Omit<ReleaseDeploy, 'id' | 'version' | 'finishedAt'> & { readonly finishedAt: number | null },
  ): Promise<Result<ReleaseDeploy, Refused>>;
  /** Newest first, at most 200; of one version, or of all where `version` is ''. */
  deploys(organisation: string, version: string): Promise<ReleaseDeploy[]>;
}

export const artifactKinds = ['source_map', 'minified_source', 'source', 'other'] as const;
export type ArtifactKind = (typeof artifactKinds)[number];

/** A file that was uploaded; its bytes are the blob's. */
export interface Artifact {
  readonly bundle: string;
  readonly path: string;
  readonly kind: ArtifactKind;
  /** `~/assets/index.js`, or a whole address. */
  readonly url: string;
  readonly debugId: string;
  readonly mapReference: string;
  readonly version: string;
  readonly dist: string;
  readonly blob: string;
  readonly sizeBytes: number;
}

export interface Artifacts {
  /** Keeps the files of a bundle; those of the same bundle, release and distribution are replaced. At most 50,000. */
  put(organisation: string, files: readonly Artifact[]): Promise<Result<undefined, Refused>>;
  /** Files of these debug ids, newest upload first; at most 500. */
  ofDebugIds(organisation: string, debugIds: readonly string[]): Promise<Artifact[]>;
  /** Files of a release by their addresses, newest upload first; at most 500. */
  ofUrls(organisation: string, version: string, urls: readonly string[]): Promise<Artifact[]>;
  /** The newest script of a release whose address ends in this file name, wherever it was uploaded to. */
  named(organisation: string, version: string, fileName: string): Promise<Artifact | undefined>;
  /** Files of a release by address, at most 1,000. */
  ofRelease(organisation: string, version: string): Promise<Artifact[]>;
  /** Whether any file was uploaded under this release's name. */
  hasRelease(organisation: string, version: string): Promise<boolean>;
  /** They were needed: their age begins again. */
  used(organisation: string, blobs: readonly string[]): Promise<void>;
  /** Forgets files that were not needed since; answers how many. */
  forget(beforeMs: number): Promise<number>;
}
