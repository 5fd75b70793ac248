import type { ReleaseIssues } from '@sightline/contract';
import { readNamedIssues, readNewIssues, settleIssues, type ReadScope } from '@sightline/query';
import type { CallContext } from '../route.ts';

const issuesAtMost = 50;

export interface DecidedIssues {
  /** Issues by the release that they came back in, and by the one that they are resolved in. */
  readonly cameBack: ReadonlyMap<string, readonly string[]>;
  readonly resolved: ReadonlyMap<string, readonly string[]>;
}

/** What became of the issues that people resolved, by release. */
export async function decidedByRelease({ deps, caller, signal }: CallContext): Promise<DecidedIssues> {
  const { organisation } = caller;
  const [states, merges] = await Promise.all([
    deps.control.issueStates.list(organisation),
    deps.control.issues.merges.list(organisation),
  ]);
  const resolved = [...states.values()].filter(({ status }) => status === 'resolved');
  const merged = new Map(merges.map(({ issue, into }) => [issue, into]));
  const settled = await settleIssues(
    deps.store,
    { organisation, nowMs: deps.clock.now(), decisions: resolved, merged },
    { signal },
  );
  const group = (pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, readonly string[]> => {
    const named = pairs.filter(([release]) => release !== '');
    return new Map(
      [...Map.groupBy(named, ([release]) => release)].map(([release, of]) => [release, of.map(([, issue]) => issue)]),
    );
  };
  return {
    cameBack: group([...settled].map(([issue, { regressedIn }]) => [regressedIn, issue])),
    resolved: group(
      resolved
        .filter(({ issue, resolution }) => resolution === 'release' && settled.get(issue)?.status === 'resolved')
        .map(({ issue, resolvedIn }) => [resolvedIn, issue]),
    ),
  };
}

/** What a release did to issues, at most 50 of each kind. */
export async function issuesOf(
  release: string,
  scope: ReadScope,
  { cameBack, resolved }: DecidedIssues,
  { deps, signal }: CallContext,
): Promise<ReleaseIssues> {
  const named = (issues: readonly string[] = []) =>
    readNamedIssues(deps.store, scope, issues.slice(0, issuesAtMost), { signal });
  const [began, back, done] = await Promise.all([
    readNewIssues(deps.store, scope, release, { signal }),
    named(cameBack.get(release)),
    named(resolved.get(release)),
  ]);
  return { began, cameBack: back, resolved: done };
}
