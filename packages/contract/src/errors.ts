import { z } from 'zod';
export { markedAsCut } from '@sightline/record';
import { endpoint } from './endpoint.ts';
import { attributes, done, page, point, scopeQuery, severities } from './common.ts';

export const issueStatus = z.enum(['unresolved', 'resolved', 'ignored', 'regressed']);
export const issuePriority = z.enum(['low', 'medium', 'high']);
export const errorRow = z.object({
  eventId: z.string(),
  issue: z.string(),
  at: z.number(),
  tsNs: z.string(),
  type: z.string(),
  message: z.string(),
  culprit: z.string(),
  severity: severities,
  site: z.string(),
  device: z.string(),
  service: z.string(),
  environment: z.string(),
  release: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  correlationId: z.string(),
});
export type ErrorRow = z.infer<typeof errorRow>;
export const issueRow = z.object({
  /** Sixteen hexadecimal digits. */
  issue: z.string(),
  type: z.string(),
  message: z.string(),
  culprit: z.string(),
  platform: z.string(),
  service: z.string(),
  severity: severities,
  status: issueStatus,
  priority: issuePriority,
  /** The release in which a resolved issue came back; '' otherwise. */
  regressedIn: z.string(),
  /** Why an archived issue is open again; '' where it is not so. */
  woke: z.enum(['', 'time', 'events', 'users', 'escalating']),
  assignee: z.string(),
  firstSeenAt: z.number(),
  lastSeenAt: z.number(),
  firstRelease: z.string(),
  lastRelease: z.string(),
  /** In the asked range; `eventsTotal` since the issue is known. */
  events: z.number(),
  eventsTotal: z.number(),
  users: z.number(),
  sites: z.number(),
  /**
   * What failed sales were worth, by currency, the greatest first: an order counts once however often it failed. In a list of the
   * asked range, of an issue itself over all events that are kept. `currency` is '' where the client named none.
   */
  money: z.array(z.object({ currency: z.string(), amount: z.number(), orders: z.number() })),
  /** True where there were so many orders that a part of them stands for all. */
  moneyAbout: z.boolean(),
  trend: z.array(point),
});
export type IssueRow = z.infer<typeof issueRow>;
export const issueSort = z.enum(['last-seen', 'first-seen', 'events', 'sites', 'users', 'money', 'priority']);
export const listIssues = endpoint({
  method: 'GET',
  path: '/api/v1/issues',
  summary: 'Errors grouped as issues',
  permission: 'viewer',
  query: scopeQuery.extend({
    q: z.string().max(4000).default(''),
    status: z.enum(['open', 'unresolved', 'resolved', 'ignored', 'regressed', 'all']).default('open'),
    sort: issueSort.default('last-seen'),
    ...page,
  }),
  reply: z.object({ issues: z.array(issueRow), next: z.string() }),
});

export const frame = z.object({
  function: z.string(),
  file: z.string(),
  line: z.number().nullable(),
  column: z.number().nullable(),
  inApp: z.boolean(),
  module: z.string(),
  contextLine: z.string(),
  preContext: z.array(z.string()),
  postContext: z.array(z.string()),
  /** Where the client saw it, before a source map told the original. */
  minified: z
    .object({
      function: z.string(),
      file: z.string(),
      line: z.number().nullable(),
      column: z.number().nullable(),
    })
    .optional(),
  /** What its source map could not tell, and why. */
  unresolved: z.string().optional(),
  /** Local variables by name, where the client sent them. */
  locals: attributes.optional(),
});
export const exceptionEntry = z.object({
  type: z.string(),
  value: z.string(),
  mechanism: z.string(),
  handled: z.boolean().nullable(),
  frames: z.array(frame),
  /** Registers of the processor at the crash, where a native client sent them. */
  registers: attributes.optional(),
});
/** A thread of the process when the event was made. */
export const threadEntry = z.object({
  id: z.string(),
  name: z.string(),
  /** In the client's own words; '' when unknown. */
  state: z.string(),
  crashed: z.boolean(),
  current: z.boolean(),
  main: z.boolean(),
  /** The exceptions were thrown in it: their stack is its own where it has none. */
  threw: z.boolean(),
  frames: z.array(frame),
  /** Frames that were sent and not kept. */
  framesOmitted: z.number().optional(),
  locks: z
    .array(
      z.object({
        relation: z.enum(['holds', 'waits for', 'sleeps on', 'is blocked by']),
        type: z.string(),
        address: z.string(),
        /** Id of the thread that has it; '' when unknown. */
        thread: z.string(),
      }),
    )
    .optional(),
  registers: attributes.optional(),
});
export const breadcrumb = z.object({
  at: z.number().nullable(),
  category: z.string(),
  level: z.string(),
  message: z.string(),
  data: z.string(),
});
/** One of the six context groups of ERR-3, its fields in the order to show. */
export const contextGroup = z.object({
  name: z.enum(['site', 'terminal', 'user', 'transaction', 'system', 'request']),
  fields: z.array(z.object({ label: z.string(), value: z.string() })),
});
export const errorEvent = errorRow.extend({
  handled: z.boolean(),
  platform: z.string(),
  transaction: z.string(),
  /** Newest exception (the one thrown) first, then its causes. */
  exceptions: z.array(exceptionEntry),
  /** The one that crashed first; empty where the client sent none. */
  threads: z.array(threadEntry),
  /** Threads that were sent and not kept. */
  threadsOmitted: z.number(),
  breadcrumbs: z.array(breadcrumb),
  groups: z.array(contextGroup),
  tags: attributes,
  contexts: z.record(z.string(), z.record(z.string(), z.unknown())),
  extra: z.record(z.string(), z.unknown()),
  attachments: z.array(z.object({ name: z.string(), contentType: z.string(), sizeBytes: z.number() })),
  sdk: z.string(),
  dist: z.string(),
  /** Read with source maps that came after the event: its issue is the one it had before. */
  mappedLater: z.boolean(),
});
export type ErrorEvent = z.infer<typeof errorEvent>;
/** One thing that grouping looked at: part of what makes the issue, or left out and why. */
export const groupingPart = z.object({
  kind: z.enum(['type', 'cause', 'frame', 'line', 'message', 'culprit', 'fingerprint', 'rule']),
  value: z.string(),
  used: z.boolean(),
  why: z.string(),
});
export type GroupingPart = z.infer<typeof groupingPart>;
const chosenStatus = z.enum(['unresolved', 'resolved', 'ignored']);
const relatedIssue = z.object({
  issue: z.string(),
  type: z.string(),
  message: z.string(),
  events: z.number(),
  lastSeenAt: z.number(),
});
export type RelatedIssue = z.infer<typeof relatedIssue>;
const eventQuery = z.string().max(4000).default('');
export const issueParams = z.object({ issue: z.string().regex(/^[0-9a-f]{16}$/) });
export const getIssue = endpoint({
  method: 'GET',
  path: '/api/v1/issues/:issue',
  summary: 'One issue, by its id or its short id, with an event of it (the newest unless asked)',
  permission: 'viewer',
  params: z.object({ issue: z.string().regex(/^(?:[0-9a-f]{16}|SIGHTLINE-[0-9A-Fa-f]{8,16})$/) }),
  query: z.object({
    event: z.string().max(64).default(''),
    /** A search over the issue's events: the newest event, its neighbours and the tags are of what matches. */
    q: eventQuery,
  }),
  reply: z.object({
    issue: issueRow,
    /** The asked one, or the newest that matches, or where none does the newest; null where none is kept. */
    event: errorEvent.nullable(),
    previousEvent: z.string(),
    nextEvent: z.string(),
    /** The first and the last event that are kept and match; '' where none is. */
    oldestEvent: z.string(),
    newestEvent: z.string(),
    /** Events that are kept, and those of them that match. */
    kept: z.number(),
    matching: z.number(),
    /** Of the events that are kept. */
    touched: z.object({ orders: z.number(), terminals: z.number() }),
    /** How the newest `tagsOver` events that match spread: the commonest values of each tag. */
    tags: z.array(
      z.object({
        tag: z.string(),
        /** Events that carry it, and how many values it has in them. */
        events: z.number(),
        distinct: z.number(),
        values: z.array(z.object({ value: z.string(), events: z.number() })),
      }),
    ),
    tagsOver: z.number(),
    grouping: z.array(groupingPart),
    /** What a person decided last; null where nobody did. */
    decision: z
      .object({
        status: chosenStatus,
        resolution: z.enum(['now', 'next-release', 'release', 'commit']),
        resolvedIn: z.string(),
        ignoredUntil: z.enum(['forever', 'time', 'events', 'users', 'escalating']),
        ignoredLimit: z.number().nullable(),
        priority: z.union([issuePriority, z.literal('')]),
        at: z.number(),
      })
      .nullable(),
    /** Whose it is by the ownership rules; null where none holds. */
    owner: z.object({ owners: z.array(z.string()), rule: z.string() }).nullable(),
    /** The issue it is merged into; '' where it stands for itself. */
    mergedInto: z.string(),
    /** What is merged into it. */
    members: z.array(relatedIssue),
    similar: z.array(relatedIssue.extend({ likeness: z.number() })),
    /** Commits of the release in which it was first seen that changed a file of the stack, the most suspect first. */
    suspectCommits: z.array(
      z.object({
        id: z.string(),
        repository: z.string(),
        author: z.string(),
        message: z.string(),
        at: z.number().nullable(),
        file: z.string(),
      }),
    ),
    suspectRelease: z.object({ release: z.string(), firstHeardAt: z.number() }).nullable(),
    activity: z.array(
      z.object({ at: z.number(), actor: z.string(), text: z.string(), kind: z.enum(['change', 'comment']) }),
    ),
  }),
});
export const listIssueEvents = endpoint({
  method: 'GET',
  path: '/api/v1/issues/:issue/events',
  summary: 'Events of an issue that match a search, newest first',
  permission: 'viewer',
  params: issueParams,
  query: z.object({ q: eventQuery, ...page }),
  reply: z.object({ events: z.array(errorRow), next: z.string() }),
});
export const getIssueTag = endpoint({
  method: 'GET',
  path: '/api/v1/issues/:issue/tag',
  summary: 'All values of one tag among the events of an issue that match a search',
  permission: 'viewer',
  params: issueParams,
  query: z.object({ tag: z.string().min(1).max(200), q: eventQuery }),
  reply: z.object({
    tag: z.string(),
    /** Events that were looked at: the newest, at most 50,000. */
    over: z.number(),
    /** Those of them that carry the tag, and how many values it has. */
    events: z.number(),
    distinct: z.number(),
    /** The commonest 500. */
    values: z.array(z.object({ value: z.string(), events: z.number(), lastSeenAt: z.number() })),
  }),
});
const issueId = z.string().regex(/^[0-9a-f]{16}$/, 'expected sixteen hexadecimal digits');
/** What is given is changed. */
const issueChange = z.object({
  status: chosenStatus.optional(),
  /** With `resolved`: at once, with the next release, in a release or in a commit, which `resolvedIn` names. */
  resolution: z.enum(['now', 'next-release', 'release', 'commit']).optional(),
  resolvedIn: z.string().max(250).optional(),
  /** With `ignored`: for ever, or until `ignoredLimit`: a moment (ms), so many more events or users; or until it escalates. */
  ignoredUntil: z.enum(['forever', 'time', 'events', 'users', 'escalating']).optional(),
  ignoredLimit: z.number().positive().max(8_640_000_000_000_000).optional(),
  /** '' leaves it to the issue itself. */
  priority: z.union([issuePriority, z.literal('')]).optional(),
  assignee: z.string().max(254).optional(),
});
export type IssueChange = z.infer<typeof issueChange>;
export const changeIssue = endpoint({
  method: 'PATCH',
  path: '/api/v1/issues/:issue',
  summary: 'Resolve, archive, reopen, assign or prioritise an issue',
  permission: 'responder',
  params: issueParams,
  body: issueChange,
  reply: z.object({ status: issueStatus, assignee: z.string() }),
});
const moment = z.number().nonnegative().max(8_640_000_000_000_000);
/** An issue as it was before a change: what undoing brings back. */
const changedIssue = z.object({
  issue: issueId,
  /** When it was changed: it is brought back only where nobody changed it since. */
  changedAt: moment,
  before: z.object({
    status: chosenStatus,
    resolvedAt: moment.nullable(),
    resolution: z.enum(['now', 'next-release', 'release', 'commit']),
    resolvedIn: z.string().max(250),
    ignoredUntil: z.enum(['forever', 'time', 'events', 'users', 'escalating']),
    ignoredLimit: z.number().nullable(),
    ignoredAt: moment.nullable(),
    priority: z.union([issuePriority, z.literal('')]),
    assignee: z.string().max(254),
  }),
});
export type ChangedIssue = z.infer<typeof changedIssue>;
export const changeIssues = endpoint({
  method: 'POST',
  path: '/api/v1/issues/changes',
  summary: 'Change many issues at once',
  permission: 'responder',
  body: z.object({ issues: z.array(issueId).min(1).max(200), change: issueChange }),
  /** `undo`: what `restoreIssues` takes to undo it. */
  reply: z.object({ changed: z.number(), undo: z.array(changedIssue) }),
});
export const restoreIssues = endpoint({
  method: 'POST',
  path: '/api/v1/issues/changes/undo',
  summary: 'Undo a change of issues exactly, as far as nobody changed them since',
  permission: 'responder',
  body: z.object({ undo: z.array(changedIssue).min(1).max(200) }),
  reply: z.object({ restored: z.number() }),
});
export const commentIssue = endpoint({
  method: 'POST',
  path: '/api/v1/issues/:issue/comments',
  summary: 'Say something about an issue',
  permission: 'responder',
  params: issueParams,
  body: z.object({ text: z.string().trim().min(1).max(10_000) }),
  reply: done,
});
export const mergeIssues = endpoint({
  method: 'POST',
  path: '/api/v1/issues/:issue/merged',
  summary: 'Make other issues part of this one',
  permission: 'responder',
  params: issueParams,
  body: z.object({ issues: z.array(issueId).min(1).max(100) }),
  reply: z.object({ into: z.string() }),
});
export const unmergeIssue = endpoint({
  method: 'DELETE',
  path: '/api/v1/issues/:issue/merged/:member',
  summary: 'Take a merged issue out again',
  permission: 'responder',
  params: issueParams.extend({ member: issueId }),
  reply: done,
});
const issueView = z.object({
  id: z.string(),
  name: z.string(),
  query: z.string(),
  sort: issueSort,
  /** True where only this person sees it. */
  mine: z.boolean(),
});
export type IssueView = z.infer<typeof issueView>;
export const listIssueViews = endpoint({
  method: 'GET',
  path: '/api/v1/issue-views',
  summary: 'Saved searches over issues: of everybody and of this person',
  permission: 'viewer',
  reply: z.object({ views: z.array(issueView) }),
});
export const addIssueView = endpoint({
  method: 'POST',
  path: '/api/v1/issue-views',
  summary: 'Save a search over issues',
  permission: 'responder',
  body: issueView.omit({ id: true }).extend({ name: z.string().trim().min(1).max(100), query: z.string().max(4000) }),
  reply: issueView,
});
export const deleteIssueView = endpoint({
  method: 'DELETE',
  path: '/api/v1/issue-views/:id',
  summary: 'Delete a saved search',
  permission: 'responder',
  params: z.object({ id: z.string().max(64) }),
  reply: done,
});
/** Bytes of an attachment that are shown as text. */
export const attachmentTextAtMost = 262_144;
export const getAttachmentText = endpoint({
  method: 'GET',
  path: '/api/v1/events/:event/attachments/:name/text',
  summary: 'The first 256 KiB of an attachment that is text',
  permission: 'viewer',
  params: z.object({ event: z.string().max(64), name: z.string().max(300) }),
  reply: z.object({ text: z.string(), truncated: z.boolean() }),
});
