import { fixedIssues } from '@sightline/contract';
import type { ReleaseCommit } from '@sightline/control';
import { issuesBeginning, settleIssues } from '@sightline/query';
import type { ApiDeps } from '../route.ts';

const mostFixed = 100;
/** A commit's id may be abbreviated to this many digits. */
const leastDigits = 7;

export interface ReleaseArrival {
  readonly organisation: string;
  readonly version: string;
  /** Those the release did not have before. */
  readonly commits: readonly ReleaseCommit[];
  /** Who told them, for the activity. */
  readonly actor: string;
}

/**
 * Resolves, in this release, the issues that its commits say they fix (`Fixes SIGHTLINE-3F2A91BC`) and those that a person resolved
 * in one of these commits. Issues that are resolved already stay as they are. Answers the issues that changed. Throws `StoreError`:
 * doing it again changes nothing more.
 */
export async function resolveFixed(
  { control, store, clock }: Pick<ApiDeps, 'control' | 'store' | 'clock'>,
  { organisation, version, commits, actor }: ReleaseArrival,
): Promise<readonly string[]> {
  const fixes = commits.flatMap((commit) => fixedIssues(commit.message).map((digits) => ({ commit, digits })));
  const [states, merges] = await Promise.all([
    control.issueStates.list(organisation),
    control.issues.merges.list(organisation),
  ]);
  const merged = new Map(merges.map(({ issue, into }) => [issue, into]));
  const wanted = new Map<string, ReleaseCommit>();
  for (const { commit, digits } of fixes.slice(0, mostFixed)) {
    const found = await issuesBeginning(store, { organisation, digits });
    const [issue] = found;
    // Two that begin alike: nobody knows which is meant.
    if (issue !== undefined && found.length === 1) wanted.set(merged.get(issue) ?? issue, commit);
  }
  for (const state of states.values()) {
    if (state.status !== 'resolved' || state.resolution !== 'commit' || wanted.size >= 2 * mostFixed) continue;
    const commit = commits.find(({ id }) => isCommit(id, state.resolvedIn));
    if (commit) wanted.set(state.issue, commit);
  }
  if (wanted.size === 0) return [];
  const decisions = [...wanted.keys()].flatMap((issue) => states.get(issue) ?? []);
  const settled = await settleIssues(store, { organisation, nowMs: clock.now(), decisions, merged });
  const changed: string[] = [];
  for (const [issue, commit] of wanted) {
    const state = states.get(issue);
    // What was resolved and has not come back stays as it is; a commit that was waited for is a release now.
    if (settled.get(issue)?.status === 'resolved' && state?.resolution !== 'commit') continue;
    const change = {
      status: 'resolved',
      resolution: 'release',
      resolvedIn: version,
      because: wordsOf(commit),
    } as const;
    await control.issueStates.change(organisation, issue, change, actor);
    changed.push(issue);
  }
  return changed;
}

function isCommit(id: string, named: string): boolean {
  const [a, b] = [id.toLowerCase(), named.trim().toLowerCase()];
  return b.length >= leastDigits && (a.startsWith(b) || b.startsWith(a));
}

function wordsOf({ id, author, message }: ReleaseCommit): string {
  const title = (message.split('\n')[0] ?? '').slice(0, 200);
  const by = author === '' ? '' : ` by ${author}`;
  return `commit ${id.slice(0, 8)}${by}${title === '' ? '' : `, "${title}"`}`;
}
