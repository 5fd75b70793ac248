import type { Project, Release, ReleaseCommit, ReleaseDeploy } from '@sightline/control';
import type { ReleaseHealth } from '@sightline/query';
import { projectJson } from './caller.ts';

/** What was seen of a release. */
export type SeenRelease = Pick<ReleaseHealth, 'firstSeenAt' | 'lastSeenAt' | 'newIssues'>;

/**
 * Releases that somebody made known, the newest first, and those that only events or sessions name: to Sentry's clients they are
 * releases alike. At most `most`.
 */
export function releasesJson(
  named: readonly Release[],
  seen: readonly ReleaseHealth[],
  projects: readonly Project[],
  most: number,
): Record<string, unknown>[] {
  const byName = new Map(seen.map((health) => [health.release, health]));
  const known = new Set(named.map(({ version }) => version));
  const heard = seen
    .filter(({ release, firstSeenAt }) => release !== '' && firstSeenAt > 0 && !known.has(release))
    .map(({ release: version, firstSeenAt: createdAt }): Release => {
      return { version, url: '', ref: '', archived: false, createdAt, releasedAt: null };
    });
  return [...named, ...heard]
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(0, most)
    .map((release) => releaseJson(release, projects, { seen: byName.get(release.version) }));
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function releaseJson(
  release: Release,
  projects: readonly Project[],
  counts: {
    readonly commits?: number;
    readonly deploys?: readonly ReleaseDeploy[];
    readonly seen?: SeenRelease | undefined;
  } = {},
): Record<string, unknown> {
  const version = release.version.slice(release.version.lastIndexOf('@') + 1);
  const [lastDeploy] = counts.deploys ?? [];
  return {
    id: release.version,
    version: release.version,
    shortVersion: version,
    status: release.archived ? 'archived' : 'open',
    ref: release.ref === '' ? null : release.ref,
    url: release.url === '' ? null : release.url,
    dateCreated: iso(release.createdAt),
    dateReleased: iso(release.releasedAt),
    firstEvent: iso(counts.seen?.firstSeenAt || null),
    lastEvent: iso(counts.seen?.lastSeenAt || null),
    newGroups: counts.seen?.newIssues ?? 0,
    commitCount: counts.commits ?? 0,
    deployCount: counts.deploys?.length ?? 0,
    lastDeploy: lastDeploy ? deployJson(lastDeploy) : null,
    authors: [],
    data: {},
    projects: projects.map(projectJson),
    versionInfo: { version: { raw: version }, description: version, package: null },
  };
}

export function deployJson(deploy: ReleaseDeploy): Record<string, unknown> {
  return {
    id: deploy.id,
    environment: deploy.environment,
    name: deploy.name,
    url: deploy.url === '' ? null : deploy.url,
    dateStarted: iso(deploy.startedAt),
    dateFinished: iso(deploy.finishedAt),
  };
}

export function commitJson(commit: ReleaseCommit): Record<string, unknown> {
  return {
    id: commit.id,
    message: commit.message,
    dateCreated: iso(commit.at),
    author: { name: commit.author, email: commit.author },
    repository: { name: commit.repository },
  };
}
