import { changeIssue, getIssue, listIssueEvents, listIssues } from '@sightline/contract';
import {
  type ErrorEvent,
  listIssueEvents as readIssueEvents,
  listIssues as readIssues,
  readAttachment,
  readIssue,
  readIssueRow,
  shownStatus,
} from '@sightline/query';
import { z } from 'zod';
import { symbolicateStored } from '@sightline/ingest/source-maps';
import { type ApiDeps, refuse, stream, type ProblemReply, type Route } from '../route.ts';
import { searchFault } from '../store-fault.ts';
import { answerRead } from './answer-read.ts';

const noIssue = (issue: string): ProblemReply =>
  refuse(404, 'No such issue', `There is no issue ${issue} in this organisation, or its events are no longer kept.`);
const badCursor = (): ProblemReply =>
  refuse(400, 'Bad cursor', 'The cursor is not one that a page before answered; begin again without it.');

const showIssues = answerRead(listIssues, async ({ query }, { deps, caller, signal }) => {
  const decisions = await deps.control.issueStates.list(caller.organisation);
  const found = await readIssues(
    deps.store,
    {
      scope: {
        organisation: caller.organisation,
        fromMs: query.from,
        toMs: query.to,
        environment: query.environment,
        site: query.site,
        service: query.service,
      },
      q: query.q,
      status: query.status,
      sort: query.sort,
      limit: query.limit,
      cursor: query.cursor,
      decisions,
    },
    { signal },
  );
  if (found.ok) return found.value;
  if (found.error.kind === 'cursor') return badCursor();
  return searchFault(found.error.error);
});

const showIssue = answerRead(getIssue, async ({ params, query }, { deps, caller, signal }) => {
  const { organisation } = caller;
  const decision = await deps.control.issueStates.find(organisation, params.issue);
  const found = await readIssue(
    deps.store,
    { organisation, issue: params.issue },
    { event: query.event, decision },
    { signal },
  );
  if (!found) return noIssue(params.issue);
  if (query.event !== '' && !found.event)
    return refuse(404, 'No such event', `Issue ${params.issue} has no event ${query.event}, or it is no longer kept.`);
  const [activity, event] = await Promise.all([
    deps.control.issueStates.activity(organisation, params.issue),
    found.event && withLateMaps(found.event, organisation, deps),
  ]);
  return { ...found, event, activity };
});

/** An event whose source maps may have come after it: what was not resolved then is looked up now, and that is said. */
async function withLateMaps(event: ErrorEvent, organisation: string, { files, logger }: ApiDeps): Promise<ErrorEvent> {
  if (!files) return event;
  const { release, dist } = event;
  try {
    const read = await symbolicateStored(event.exceptions, files.sourceMaps, { organisation, release, dist });
    return { ...event, exceptions: read.exceptions, mappedLater: read.changed };
  } catch (error) {
    // The event is worth more than its names.
    logger.warn('source maps could not be looked up for a stored event', { error });
    return event;
  }
}

const showEvents = answerRead(listIssueEvents, async ({ params, query }, { deps, caller, signal }) => {
  const key = { organisation: caller.organisation, issue: params.issue };
  return (await readIssueEvents(deps.store, key, query, { signal })) ?? badCursor();
});

const setIssue = answerRead(changeIssue, async ({ params, body }, { deps, caller, signal, audit }) => {
  const key = { organisation: caller.organisation, issue: params.issue };
  const issue = await readIssueRow(deps.store, key, undefined, { signal });
  if (!issue) return noIssue(params.issue);
  if (body.status === undefined && body.assignee === undefined)
    return refuse(400, 'Nothing to change', 'Give `status`, `assignee` or both.');
  const state = await deps.control.issueStates.change(key.organisation, params.issue, body, caller.actor);
  const changes = [
    ...(body.status === undefined ? [] : [`status ${body.status}`]),
    ...(body.assignee === undefined ? [] : [`assignee ${body.assignee === '' ? 'nobody' : body.assignee}`]),
  ];
  await audit('issue.change', params.issue, changes.join(', '));
  return { status: shownStatus(state, issue.lastSeenAt), assignee: state.assignee };
});

const attachment = stream(
  {
    method: 'GET',
    path: '/api/v1/events/:event/attachments/:name',
    permission: 'viewer',
    summary: 'An attachment of an error event, always as a download',
    params: z.object({ event: z.string().max(64), name: z.string().max(300) }),
  },
  async ({ params }, { deps, caller, signal }, reply) => {
    const key = { organisation: caller.organisation, eventId: params.event, name: params.name };
    const found = await readAttachment(deps.store, key, { signal });
    const none = (): ProblemReply =>
      refuse(
        404,
        'No such attachment',
        `Event ${params.event} has no attachment of this name, or it is kept no longer.`,
      );
    if (!found) return none();
    const blob = { organisation: caller.organisation, area: 'attachments', hash: found.blob } as const;
    const content = found.blob === '' ? found.content : await deps.files?.blobs.read(blob);
    if (!content) return none();
    // The bytes come from anyone who knows a DSN: never shown in our origin, never sniffed, never run.
    await reply
      .header('content-type', 'application/octet-stream')
      .header('content-disposition', disposition(found.name))
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

export const errorRoutes: readonly Route[] = [showIssues, showIssue, showEvents, setIssue, attachment];
