import {
  addIssueView,
  attachmentTextAtMost,
  changeIssue,
  changeIssues,
  commentIssue,
  deleteIssueView,
  getAttachmentText,
  getIssue,
  getIssueTag,
  issueSort,
  listIssueEvents,
  listIssues,
  listIssueViews,
  mergeIssues,
  restoreIssues,
  shortIssueDigits,
  unmergeIssue,
  type ChangedIssue,
  type IssueChange,
  type IssueView,
} from '@sightline/contract';
import { ownershipModeOf, ownershipSetting, type IssueView as StoredView } from '@sightline/control';
import {
  issuesBeginning,
  listIssueEvents as readIssueEvents,
  listIssues as readIssues,
  newestRelease,
  readAttachment,
  readIssue,
  readIssueRow,
  readIssueTag,
  readMembers,
  readSimilar,
  readSuspectRelease,
  searchEvents,
  settleIssues,
  type ErrorEvent,
  type IssueRow,
  type MergedIssues,
} from '@sightline/query';
import { z } from 'zod';
import { symbolicateStored } from '@sightline/ingest/source-maps';
import { refusal } from '../problem.ts';
import { scopeOf } from '../read-scope.ts';
import { type ApiDeps, doneReply, refuse, stream, type CallContext, ProblemReply, type Route } from '../route.ts';
import { searchFault } from '../store-fault.ts';
import { withLateCulprits } from '../issues/late-culprits.ts';
import { ownerOf, ownFrames } from '../issues/owner-of.ts';
import { myTeams } from '../issues/my-teams.ts';
import { readChange } from '../issues/read-change.ts';
import { suspectCommits } from '../issues/suspect-commits.ts';
import { answerRead } from './answer-read.ts';
import { attachmentText } from './attachment-text.ts';
import { pictureType } from './picture-type.ts';

const noIssue = (issue: string): ProblemReply =>
  refuse(404, 'No such issue', `There is no issue ${issue} in this organisation, or its events are no longer kept.`);
export const badCursor = (): ProblemReply =>
  refuse(400, 'Bad cursor', 'The cursor is not one that a page before answered; begin again without it.');

/** What people merged, the merged issue to the one it belongs to. */
export async function mergedOf({ deps, caller }: Pick<CallContext, 'deps' | 'caller'>): Promise<MergedIssues> {
  const merges = await deps.control.issues.merges.list(caller.organisation);
  return new Map(merges.map(({ issue, into }) => [issue, into]));
}

const showIssues = answerRead(listIssues, async ({ query }, context) => {
  const { deps, caller, signal } = context;
  const [decisions, merged, teams] = await Promise.all([
    deps.control.issueStates.list(caller.organisation),
    mergedOf(context),
    myTeams(context),
  ]);
  const scope = scopeOf(query, context);
  const found = await readIssues(
    deps.store,
    {
      scope,
      q: query.q,
      status: query.status,
      sort: query.sort,
      limit: query.limit,
      cursor: query.cursor,
      decisions,
      merged,
      me: caller.actor,
      myTeams: teams,
      nowMs: deps.clock.now(),
    },
    { signal },
  );
  if (found.ok) {
    const of = { merged, boundTo: scope.boundTo };
    return { ...found.value, issues: await withLateCulprits(found.value.issues, of, context) };
  }
  if (found.error.kind === 'cursor') return badCursor();
  return searchFault(found.error.error);
});

/** The issue that an id names, or a short id (`SIGHTLINE-3F2A91BC`) where it means one issue alone. */
async function issueNamed(
  named: string,
  merged: MergedIssues,
  { deps, caller, signal }: CallContext,
): Promise<string | undefined> {
  const digits = shortIssueDigits(named);
  if (digits === undefined) return named;
  const [issue, another] = await issuesBeginning(deps.store, { organisation: caller.organisation, digits }, { signal });
  return issue === undefined || another !== undefined ? undefined : (merged.get(issue) ?? issue);
}

const showIssue = answerRead(getIssue, async ({ params, query }, context) => {
  const { deps, caller, signal } = context;
  const { organisation } = caller;
  const search = searchEvents(query.q);
  if (!search.ok) return searchFault(search.error);
  const merged = await mergedOf(context);
  const issue = await issueNamed(params.issue, merged, context);
  if (issue === undefined) return noIssue(params.issue);
  const key = { organisation, issue, merged };
  const decision = await deps.control.issueStates.find(organisation, issue);
  const settled = await settleIssues(
    deps.store,
    { organisation, nowMs: deps.clock.now(), decisions: decision ? [decision] : [], merged },
    { signal },
  );
  const found = await readIssue(
    deps.store,
    key,
    { event: query.event, settled: settled.get(issue), matching: search.value },
    { signal },
  );
  if (!found) return noIssue(issue);
  if (query.event !== '' && !found.event)
    return refuse(404, 'No such event', `Issue ${issue} has no event ${query.event}, or it is no longer kept.`);
  const [[shown = found.issue], members, similar, suspect, rules, activity, event, commits, mode] = await Promise.all([
    withLateCulprits([found.issue], { merged }, context),
    readMembers(deps.store, key, { signal }),
    readSimilar(deps.store, key, found.issue, { signal }),
    readSuspectRelease(deps.store, key, found.issue, { signal }),
    deps.control.issues.rules.read(organisation),
    deps.control.issueStates.activity(organisation, issue),
    found.event && withLateMaps(found.event, organisation, deps),
    deps.control.releases.commits(organisation, found.issue.firstRelease),
    deps.control.settings.get(organisation, ownershipSetting),
  ]);
  return {
    ...found,
    issue: shown,
    event,
    decision: decision
      ? {
          status: decision.status,
          resolution: decision.resolution,
          resolvedIn: decision.resolvedIn,
          ignoredUntil: decision.ignoredUntil,
          ignoredLimit: decision.ignoredLimit,
          priority: decision.priority,
          at: decision.updatedAt,
        }
      : null,
    owner: event && ownershipModeOf(mode) !== 'off' ? ownerOf(event, rules.ownership.content) : null,
    mergedInto: merged.get(issue) ?? '',
    members,
    similar,
    suspectRelease: suspect ?? null,
    suspectCommits: event
      ? suspectCommits(
          commits,
          ownFrames(event).map((frame) => frame.file),
        )
      : [],
    activity,
  };
});

/** An event whose source maps may have come after it: what was not resolved then is looked up now, and that is said. */
async function withLateMaps(event: ErrorEvent, organisation: string, { files, logger }: ApiDeps): Promise<ErrorEvent> {
  if (!files) return event;
  const { release, dist } = event;
  try {
    const origin = { organisation, release, dist };
    const read = await symbolicateStored(event.exceptions, files.sourceMaps, origin);
    const threads = await symbolicateStored(event.threads, files.sourceMaps, origin);
    return {
      ...event,
      exceptions: read.exceptions,
      threads: threads.exceptions,
      mappedLater: read.changed || threads.changed,
    };
  } catch (error) {
    // The event is worth more than its names.
    logger.warn('source maps could not be looked up for a stored event', { error });
    return event;
  }
}

const showEvents = answerRead(listIssueEvents, async ({ params, query }, context) => {
  const { deps, caller, signal } = context;
  const search = searchEvents(query.q);
  if (!search.ok) return searchFault(search.error);
  const key = { organisation: caller.organisation, issue: params.issue, merged: await mergedOf(context) };
  const page = { limit: query.limit, cursor: query.cursor, matching: search.value };
  return (await readIssueEvents(deps.store, key, page, { signal })) ?? badCursor();
});

const showTag = answerRead(getIssueTag, async ({ params, query }, context) => {
  const { deps, caller, signal } = context;
  const search = searchEvents(query.q);
  if (!search.ok) return searchFault(search.error);
  const key = { organisation: caller.organisation, issue: params.issue, merged: await mergedOf(context) };
  const asked = { tag: query.tag, matching: search.value };
  return (await readIssueTag(deps.store, key, asked, { signal })) ?? noIssue(params.issue);
});

/** With the next release, and in a commit, an issue is resolved in whatever is newer than what is heard now. */
async function completed(
  change: IssueChange,
  row: Pick<IssueRow, 'service'>,
  { deps, caller, signal }: CallContext,
): Promise<IssueChange> {
  if (change.status !== 'resolved' || change.resolution !== 'next-release') return change;
  const release = await newestRelease(
    deps.store,
    { organisation: caller.organisation, service: row.service },
    { signal },
  );
  return { ...change, resolvedIn: release };
}

const setIssue = answerRead(changeIssue, async ({ params, body }, context) => {
  const { deps, caller, signal, audit } = context;
  const key = { organisation: caller.organisation, issue: params.issue, merged: await mergedOf(context) };
  const issue = await readIssueRow(deps.store, key, undefined, { signal });
  if (!issue) return noIssue(params.issue);
  const read = await readChange(body, context);
  if (read instanceof ProblemReply) return read;
  const change = await completed(read.change, issue, context);
  const state = await deps.control.issueStates.change(key.organisation, params.issue, change, caller.actor);
  await audit('issue.change', params.issue, read.words);
  const settled = await settleIssues(
    deps.store,
    { organisation: key.organisation, nowMs: deps.clock.now(), decisions: [state], merged: key.merged },
    { signal },
  );
  return { status: settled.get(params.issue)?.status ?? state.status, assignee: state.assignee };
});

const setIssues = answerRead(changeIssues, async ({ body }, context) => {
  const { deps, caller, signal, audit } = context;
  const read = await readChange(body.change, context);
  if (read instanceof ProblemReply) return read;
  const merged = await mergedOf(context);
  const undo: ChangedIssue[] = [];
  for (const issue of new Set(body.issues)) {
    const row = await readIssueRow(deps.store, { organisation: caller.organisation, issue, merged }, undefined, {
      signal,
    });
    if (!row) continue;
    const change = await completed(read.change, row, context);
    const { before, updatedAt } = await deps.control.issueStates.change(
      caller.organisation,
      issue,
      change,
      caller.actor,
    );
    await audit('issue.change', issue, read.words);
    undo.push({ issue, changedAt: updatedAt, before });
  }
  return { changed: undo.length, undo };
});

const undoChanges = answerRead(restoreIssues, async ({ body }, context) => {
  const { deps, caller, audit } = context;
  const now = deps.clock.now();
  // What was decided lies in the past, whatever the client says.
  const past = (at: number | null): number | null => (at === null ? null : Math.min(at, now));
  let restored = 0;
  for (const { issue, changedAt, before } of body.undo) {
    const read = await readChange({ assignee: before.assignee }, context);
    if (read instanceof ProblemReply) return read;
    const decided = { ...before, resolvedAt: past(before.resolvedAt), ignoredAt: past(before.ignoredAt) };
    const done = await deps.control.issueStates.restore(caller.organisation, issue, decided, changedAt, caller.actor);
    if (!done) continue;
    await audit('issue.undo', issue, `status ${before.status}`);
    restored++;
  }
  return { restored };
});

const comment = answerRead(commentIssue, async ({ params, body }, context) => {
  const { deps, caller, signal, audit } = context;
  const key = { organisation: caller.organisation, issue: params.issue, merged: await mergedOf(context) };
  if (!(await readIssueRow(deps.store, key, undefined, { signal }))) return noIssue(params.issue);
  await deps.control.issueStates.comment(caller.organisation, params.issue, body.text, caller.actor);
  await audit('issue.comment', params.issue);
  return doneReply;
});

const merge = answerRead(mergeIssues, async ({ params, body }, context) => {
  const { deps, caller, signal, audit } = context;
  const merged = await mergedOf(context);
  for (const issue of [params.issue, ...body.issues]) {
    const row = await readIssueRow(deps.store, { organisation: caller.organisation, issue, merged }, undefined, {
      signal,
    });
    if (!row) return noIssue(issue);
  }
  const done = await deps.control.issues.merges.merge(caller.organisation, params.issue, body.issues, caller.actor);
  if (!done.ok) return refusal(done.error);
  await audit('issue.merge', done.value.into, body.issues.join(', '));
  return done.value;
});

const unmerge = answerRead(unmergeIssue, async ({ params }, context) => {
  const { deps, caller, audit } = context;
  const merged = await mergedOf(context);
  if (merged.get(params.member) !== params.issue)
    return refuse(404, 'Not merged', `Issue ${params.member} is not merged into ${params.issue}.`);
  await deps.control.issues.merges.unmerge(caller.organisation, params.member, caller.actor);
  await audit('issue.unmerge', params.issue, params.member);
  return doneReply;
});

const shownView = ({ id, name, query, sort, person }: StoredView): IssueView => ({
  id,
  name,
  query,
  sort: issueSort.catch('last-seen').parse(sort),
  mine: person !== '',
});

const showViews = answerRead(listIssueViews, async (_, { deps, caller }) => ({
  views: (await deps.control.issues.views.list(caller.organisation, caller.actor)).map(shownView),
}));

const addView = answerRead(addIssueView, async ({ body }, { deps, caller, audit }) => {
  const { name, query, sort, mine } = body;
  const view = { name, query, sort, person: mine ? caller.actor : '' };
  const added = await deps.control.issues.views.add(caller.organisation, view);
  if (!added.ok) return refusal(added.error);
  await audit('issue-view.create', added.value.id, name);
  return shownView(added.value);
});

const deleteView = answerRead(deleteIssueView, async ({ params }, { deps, caller, audit }) => {
  if (!(await deps.control.issues.views.remove(caller.organisation, params.id, caller.actor)))
    return refuse(404, 'No such view', 'There is no saved view of this id that you see.');
  await audit('issue-view.delete', params.id);
  return doneReply;
});

const noAttachment = (event: string): ProblemReply =>
  refuse(404, 'No such attachment', `Event ${event} has no attachment of this name, or it is kept no longer.`);

/** An attachment's name and bytes; undefined where there is none. */
async function attached(
  params: { readonly event: string; readonly name: string },
  { deps, caller, signal }: Pick<CallContext, 'deps' | 'caller' | 'signal'>,
): Promise<{ readonly name: string; readonly content: Buffer } | undefined> {
  const { organisation } = caller;
  const found = await readAttachment(
    deps.store,
    { organisation, eventId: params.event, name: params.name },
    { signal },
  );
  if (!found) return undefined;
  const content =
    found.blob === ''
      ? found.content
      : await deps.files?.blobs.read({ organisation, area: 'attachments', hash: found.blob });
  return content && { name: found.name, content };
}

const showText = answerRead(getAttachmentText, async ({ params }, context) => {
  const found = await attached(params, context);
  if (!found) return noAttachment(params.event);
  const text = attachmentText(found.content, attachmentTextAtMost);
  return text ?? refuse(422, 'Not a text', `${found.name} is no text. Save it to look at it.`);
});

const attachment = stream(
  {
    method: 'GET',
    path: '/api/v1/events/:event/attachments/:name',
    permission: 'viewer',
    summary: 'An attachment of an error event, as a download; a picture is shown where `show` is 1',
    params: z.object({ event: z.string().max(64), name: z.string().max(300) }),
    query: z.object({ show: z.enum(['0', '1']).default('0') }),
  },
  async ({ params, query }, context, reply) => {
    const found = await attached(params, context);
    if (!found) return noAttachment(params.event);
    const { content } = found;
    // The bytes come from anyone who knows a DSN: never run, never sniffed, and shown only where they are a picture by themselves.
    const picture = query.show === '1' ? pictureType(content) : undefined;
    await reply
      .header('content-type', picture ?? 'application/octet-stream')
      .header('content-disposition', picture ? 'inline' : disposition(found.name))
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', "default-src 'none'; sandbox")
      .header('cache-control', 'private, no-store')
      .send(content);
  },
);

/** `attachment` with the name in both spellings of RFC 6266; nothing in the name can end the header or name a folder. */
export function disposition(name: string): string {
  const file = name.split(/[\\/]/).at(-1) || 'attachment';
  const plain = file.replaceAll(/[^\w.\- ]/g, '_').slice(0, 150);
  const encoded = encodeURIComponent(file.toWellFormed().slice(0, 150).toWellFormed()).replaceAll(
    /['()*]/g,
    (c) => `%${c.codePointAt(0)?.toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

export const errorRoutes: readonly Route[] = [
  showIssues,
  showIssue,
  showEvents,
  showTag,
  setIssue,
  setIssues,
  undoChanges,
  comment,
  merge,
  unmerge,
  showViews,
  addView,
  deleteView,
  showText,
  attachment,
];
