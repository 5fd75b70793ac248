import type { IssueChange } from '@sightline/contract';
import { teamOwner, teamSlugOf } from '@sightline/control';
import { refuse, type CallContext, type ProblemReply } from '../route.ts';

/**
 * A change as it is kept, with words for the audit trail; a refusal where it says nothing, half of something, or names a team
 * that is not there. A team is named `#payments`, or `team:payments` as in Sentry's API.
 */
export async function readChange(
  change: IssueChange,
  { deps, caller }: Pick<CallContext, 'deps' | 'caller'>,
): Promise<{ readonly change: IssueChange; readonly words: string } | ProblemReply> {
  if (change.status === undefined && change.assignee === undefined && change.priority === undefined)
    return refuse(400, 'Nothing to change', 'Give `status`, `assignee`, `priority` or several of them.');
  if ((change.resolution === 'release' || change.resolution === 'commit') && (change.resolvedIn ?? '') === '')
    return refuse(400, 'What it is resolved in is missing', 'Name the release or the commit in `resolvedIn`.');
  if (['time', 'events', 'users'].includes(change.ignoredUntil ?? '') && change.ignoredLimit === undefined)
    return refuse(400, 'A limit is missing', 'Say in `ignoredLimit` until when, or for how many more events or users.');
  const slug = teamSlugOf(change.assignee ?? '');
  if (slug !== undefined && !(await deps.control.teams.find(caller.organisation, slug)))
    return refuse(422, 'No such team', `There is no team #${slug} in this organisation.`, {
      fields: { assignee: `There is no team #${slug}` },
    });
  const kept = slug === undefined ? change : { ...change, assignee: teamOwner(slug) };
  const words = Object.entries(kept).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value === '' ? 'nobody' : String(value)}`],
  );
  return { change: kept, words: words.join(', ') };
}
