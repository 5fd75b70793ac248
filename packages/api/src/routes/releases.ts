import { getRelease, listReleases, type ReleaseRow } from '@sightline/contract';
import type { Release, ReleaseDeploy } from '@sightline/control';
import { nothingSeen, readReleases, readReleaseTrend, type ReleaseHealth } from '@sightline/query';
import { refuse, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';
import { adoptionOf, packageOf } from './release-adoption.ts';
import { decidedByRelease, issuesOf } from './release-issues.ts';
import { scopeOf } from '../read-scope.ts';

const list = answerRead(listReleases, async ({ query }, context) => {
  const { deps, caller, signal } = context;
  const { organisation } = caller;
  const [seen, named, deploys] = await Promise.all([
    readReleases(deps.store, scopeOf(query, context), { signal }),
    deps.control.releases.list(organisation),
    deps.control.releases.deploys(organisation, ''),
  ]);
  return { releases: rowsOf(seen, named, deploys, query.from) };
});

/** What was seen, with what people said of it; then what was made known or deployed in the range and not seen yet. */
function rowsOf(
  seen: readonly ReleaseHealth[],
  named: readonly Release[],
  deploys: readonly ReleaseDeploy[],
  fromMs: number,
): ReleaseRow[] {
  const adoption = adoptionOf(seen);
  const known = new Map(named.map((release) => [release.version, release]));
  const deployed = new Map(deploys.toReversed().map(({ version, finishedAt }) => [version, finishedAt]));
  const seenNames = new Set(seen.map(({ release }) => release));
  const unseen = named.filter(
    ({ version, createdAt }) => !seenNames.has(version) && Math.max(createdAt, deployed.get(version) ?? 0) >= fromMs,
  );
  return [...seen, ...unseen.map(({ version }) => nothingSeen(version))]
    .map(({ spread: _spread, ...health }): ReleaseRow => {
      const release = known.get(health.release);
      const adopted = adoption.get(health.release);
      return {
        ...health,
        adoption: adopted?.adoption ?? null,
        environments: adopted?.environments ?? [],
        createdAt: release?.createdAt ?? null,
        releasedAt: release?.releasedAt ?? null,
        archived: release?.archived ?? false,
        deployedAt: deployed.get(health.release) ?? null,
      };
    })
    .toSorted((a, b) => momentOf(b) - momentOf(a));
}

/** What puts releases in order: when each was first there. */
function momentOf(row: ReleaseRow): number {
  return row.deployedAt ?? row.releasedAt ?? (row.firstSeenAt > 0 ? row.firstSeenAt : (row.createdAt ?? 0));
}

const show = answerRead(getRelease, async ({ params, query }, context) => {
  const { deps, caller, signal } = context;
  const { organisation } = caller;
  const { releases, artifacts } = deps.control;
  const scope = scopeOf(query, context);
  const [seen, named, allDeploys, trend, decided, deploys, commits, files] = await Promise.all([
    readReleases(deps.store, scope, { signal }),
    releases.list(organisation),
    releases.deploys(organisation, ''),
    readReleaseTrend(deps.store, scope, params.release, { signal }),
    decidedByRelease(context),
    releases.deploys(organisation, params.release),
    releases.commits(organisation, params.release),
    artifacts.ofRelease(organisation, params.release),
  ]);
  const known = named.find(({ version }) => version === params.release);
  const rows = rowsOf(seen, named, allDeploys, query.from);
  const own =
    rows.find(({ release }) => release === params.release) ??
    (known &&
      rowsOf([...seen, nothingSeen(params.release)], named, allDeploys, query.from).find(
        ({ release }) => release === params.release,
      ));
  if (!own) {
    const detail = `Nothing was seen of the release ${params.release} in this time range, and nobody made it known.`;
    return refuse(404, 'No such release', detail);
  }
  const others = rows.filter(({ release }) => release !== params.release);
  const other =
    query.with === ''
      ? others.find((row) => packageOf(row.release) === packageOf(params.release) && momentOf(row) <= momentOf(own))
      : others.find(({ release }) => release === query.with);
  const [issues, otherIssues] = await Promise.all([
    issuesOf(params.release, scope, decided, context),
    other ? issuesOf(other.release, scope, decided, context) : null,
  ]);
  return {
    release: own,
    other: other ?? null,
    others: others.map(({ release }) => release).slice(0, 100),
    trend,
    issues,
    otherIssues,
    url: known?.url ?? '',
    deploys: deploys.map(({ environment, name, url, finishedAt }) => ({ environment, name, url, finishedAt })),
    commits: commits
      .slice(0, 200)
      .map(({ id, repository, author, message, at }) => ({ id, repository, author, message, at })),
    files: {
      sources: files.filter(({ kind }) => kind === 'minified_source').length,
      sourceMaps: files.filter(({ kind }) => kind === 'source_map').length,
    },
  };
});

export const releaseRoutes: readonly Route[] = [list, show];
