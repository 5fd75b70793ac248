import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { attributes, page, point, scopeQuery, severities } from './common.ts';

export const issueStatus = z.enum(['unresolved', 'resolved', 'ignored', 'regressed']);
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
  amount: z.number(),
  trend: z.array(point),
});
export type IssueRow = z.infer<typeof issueRow>;
export const listIssues = endpoint({
  method: 'GET',
  path: '/api/v1/issues',
  summary: 'Errors grouped as issues',
  permission: 'viewer',
  query: scopeQuery.extend({
    q: z.string().max(4000).default(''),
    status: z.enum(['open', 'unresolved', 'resolved', 'ignored', 'regressed', 'all']).default('open'),
    sort: z.enum(['last-seen', 'first-seen', 'events', 'sites', 'users']).default('last-seen'),
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
const issueParams = z.object({ issue: z.string().regex(/^[0-9a-f]{16}$/) });
export const getIssue = endpoint({
  method: 'GET',
  path: '/api/v1/issues/:issue',
  summary: 'One issue with an event of it (the newest unless asked)',
  permission: 'viewer',
  params: issueParams,
  query: z.object({ event: z.string().max(64).default('') }),
  reply: z.object({
    issue: issueRow,
    event: errorEvent.nullable(),
    previousEvent: z.string(),
    nextEvent: z.string(),
    tags: z.array(z.object({ tag: z.string(), values: z.array(z.object({ value: z.string(), events: z.number() })) })),
    grouping: z.array(groupingPart),
    activity: z.array(z.object({ at: z.number(), actor: z.string(), text: z.string() })),
  }),
});
export const listIssueEvents = endpoint({
  method: 'GET',
  path: '/api/v1/issues/:issue/events',
  summary: 'Events of an issue, newest first',
  permission: 'viewer',
  params: issueParams,
  query: z.object({ ...page }),
  reply: z.object({ events: z.array(errorRow), next: z.string() }),
});
export const changeIssue = endpoint({
  method: 'PATCH',
  path: '/api/v1/issues/:issue',
  summary: 'Resolve, ignore, reopen or assign an issue',
  permission: 'responder',
  params: issueParams,
  body: z.object({
    status: z.enum(['unresolved', 'resolved', 'ignored']).optional(),
    assignee: z.string().max(254).optional(),
  }),
  reply: z.object({ status: issueStatus, assignee: z.string() }),
});
