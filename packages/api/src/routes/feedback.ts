import { changeFeedback, commentFeedback, getFeedback, listFeedback } from '@sightline/contract';
import { teamOwner, teamSlugOf } from '@sightline/control';
import { feedbackTimes, listFeedback as readFeedbackPage, membersOf, readFeedback } from '@sightline/query';
import { myTeams } from '../issues/my-teams.ts';
import { readChange } from '../issues/read-change.ts';
import { scopeOf } from '../read-scope.ts';
import { doneReply, ProblemReply, refuse, type CallContext, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';
import { badCursor, mergedOf } from './errors.ts';

const noFeedback = (): ProblemReply =>
  refuse(404, 'No such feedback', 'There is no feedback of this id in this organisation, or it is kept no longer.');

/** Whose feedback a caller sees: of a key that is bound to a site, that site's alone. */
const keyOf = ({ caller }: CallContext) => ({ organisation: caller.organisation, site: caller.keySite ?? '' });

/** Whom `assigned` means, as states name them; undefined for everybody. */
async function assigneesOf(assigned: string, context: CallContext): Promise<string[] | undefined> {
  if (assigned === '') return undefined;
  if (assigned === 'nobody') return [''];
  if (assigned === 'me') return [context.caller.actor, ...(await myTeams(context)).map(teamOwner)];
  if (assigned === 'my_teams') return (await myTeams(context)).map(teamOwner);
  const slug = teamSlugOf(assigned);
  return [slug === undefined ? assigned : teamOwner(slug)];
}

const showFeedback = answerRead(listFeedback, async ({ query }, context) => {
  const { deps, caller, signal } = context;
  const { q, issue, status, unread, limit, cursor } = query;
  const issues = issue === '' ? [] : membersOf(issue, await mergedOf(context));
  const [{ states, cut }, assignees] = await Promise.all([
    deps.control.feedback.written(caller.organisation, query.from, query.to),
    assigneesOf(query.assigned, context),
  ]);
  // Without the states that are beyond the bound, what is resolved would show as unresolved.
  if (cut)
    return refuse(422, 'The time range is too long', 'It has more than 10,000 answered pieces of feedback: narrow it.');
  const asked = {
    scope: scopeOf(query, context),
    q,
    issues,
    status,
    assignees,
    unread: unread === '1',
    decisions: states,
    limit,
    cursor,
  };
  return (await readFeedbackPage(deps.store, asked, { signal })) ?? badCursor();
});

const showOne = answerRead(getFeedback, async ({ params }, context) => {
  const { deps, caller, signal } = context;
  const states = await deps.control.feedback.list(caller.organisation, [params.id]);
  const found = await readFeedback(deps.store, keyOf(context), params.id, states, { signal });
  if (!found) return noFeedback();
  return { ...found, activity: await deps.control.feedback.activity(caller.organisation, params.id) };
});

const change = answerRead(changeFeedback, async ({ body }, context) => {
  const { deps, caller, signal, audit } = context;
  const { status, assignee, read } = body.change;
  if (status === undefined && assignee === undefined && read === undefined)
    return refuse(400, 'Nothing to change', 'Give `status`, `assignee`, `read` or several of them.');
  const owner = assignee === undefined ? undefined : await readChange({ assignee }, context);
  if (owner instanceof ProblemReply) return owner;
  const decided = { status, assignee: owner?.change.assignee, read };
  const written = await feedbackTimes(deps.store, keyOf(context), [...new Set(body.feedback)], { signal });
  const changed = await deps.control.feedback.change(caller.organisation, written, decided, caller.actor);
  const words = [...(status === undefined ? [] : [`status ${status}`]), ...(owner === undefined ? [] : [owner.words])];
  // That somebody looked at it is no decision.
  if (words.length > 0) for (const id of changed) await audit('feedback.change', id, words.join(', '));
  return { changed: changed.length };
});

const comment = answerRead(commentFeedback, async ({ params, body }, context) => {
  const { deps, caller, signal, audit } = context;
  const [written] = await feedbackTimes(deps.store, keyOf(context), [params.id], { signal });
  if (!written) return noFeedback();
  await deps.control.feedback.comment(caller.organisation, written, body.text, caller.actor);
  await audit('feedback.comment', params.id);
  return doneReply;
});

export const feedbackRoutes: readonly Route[] = [showFeedback, showOne, change, comment];
