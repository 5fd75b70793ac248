import type { Project, Release, ReleaseCommit, ReleaseDeploy } from '@sightline/control';
import { projectJson } from './caller.ts';

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function releaseJson(
  release: Release,
  projects: readonly Project[],
  counts: { readonly commits?: number; readonly deploys?: readonly ReleaseDeploy[] } = {},
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
    firstEvent: null,
    lastEvent: null,
    newGroups: 0,
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
