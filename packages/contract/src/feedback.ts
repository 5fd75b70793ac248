import { z } from 'zod';
import { done, scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';

export const feedbackStatus = z.enum(['unresolved', 'resolved', 'spam']);
export type FeedbackStatus = z.infer<typeof feedbackStatus>;

export const feedbackRow = z.object({
  /** Names the feedback; of a report about an error in the older form it is the error's own id. */
  eventId: z.string(),
  at: z.number(),
  name: z.string(),
  contact: z.string(),
  message: z.string(),
  url: z.string(),
  site: z.string(),
  service: z.string(),
  environment: z.string(),
  release: z.string(),
  /** The issue of the error that it is about; '' where it is about none. */
  issue: z.string(),
  aboutEvent: z.string(),
  /** The recorded session in which it was written; '' where there is none. */
  replay: z.string(),
  /** The trace in which it was written; '' where the client told none. */
  traceId: z.string(),
  files: z.array(z.object({ name: z.string(), contentType: z.string() })),
  status: feedbackStatus,
  /** An e-mail address or a team (`#payments`); '' for nobody. */
  assignee: z.string(),
  /** Somebody of the organisation opened it. */
  read: z.boolean(),
});
export type FeedbackRow = z.infer<typeof feedbackRow>;

export const listFeedback = endpoint({
  method: 'GET',
  path: '/api/v1/feedback',
  summary:
    'What people wrote through the feedback form of a Sentry SDK, newest first, with the files that came with it and what was decided about it',
  permission: 'viewer',
  query: scopeQuery.extend({
    /** Words that all stand in the message, the name, the address or the page, ignoring case. */
    q: z.string().max(200).default(''),
    /** Of the errors of this issue alone; '' for all. */
    issue: z
      .string()
      .regex(/^(?:[0-9a-f]{16})?$/)
      .default(''),
    status: z.enum(['all', ...feedbackStatus.options]).default('all'),
    /** `me`, `my_teams`, `nobody`, an e-mail address or a team (`#payments`); '' for all. `me` is also what my teams have. */
    assigned: z.string().max(254).default(''),
    /** Only what nobody opened. */
    unread: z.enum(['0', '1']).default('0'),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    cursor: z.string().max(100).default(''),
  }),
  reply: z.object({
    feedback: z.array(feedbackRow),
    next: z.string(),
    /** Of all that the search finds, whatever its state; `unread` of what is unresolved. */
    counts: z.object({ unresolved: z.number(), resolved: z.number(), spam: z.number(), unread: z.number() }),
  }),
});

const feedbackId = z.string().regex(/^[\w-]{1,64}$/, 'expected the id of a piece of feedback');
const feedbackParams = z.object({ id: feedbackId });

export const getFeedback = endpoint({
  method: 'GET',
  path: '/api/v1/feedback/:id',
  summary: 'One piece of feedback with the error that it is about and what people did with it',
  permission: 'viewer',
  params: feedbackParams,
  reply: z.object({
    feedback: feedbackRow,
    /** What else was reported under the same id: earlier reports about the same error, newest first. */
    earlier: z.array(feedbackRow),
    /** The error that it is about; null where it is about none, or that is kept no longer. */
    about: z
      .object({
        type: z.string(),
        message: z.string(),
        culprit: z.string(),
        at: z.number(),
        traceId: z.string(),
        correlationId: z.string(),
      })
      .nullable(),
    activity: z.array(
      z.object({ at: z.number(), actor: z.string(), text: z.string(), kind: z.enum(['change', 'comment']) }),
    ),
  }),
});

/** What is given is changed. */
const feedbackChange = z.object({
  status: feedbackStatus.optional(),
  /** '' for nobody. */
  assignee: z.string().max(254).optional(),
  read: z.boolean().optional(),
});
export type FeedbackChange = z.infer<typeof feedbackChange>;

export const changeFeedback = endpoint({
  method: 'POST',
  path: '/api/v1/feedback/changes',
  summary: 'Resolve, reopen, assign or mark as spam or read: one or many pieces of feedback',
  permission: 'responder',
  body: z.object({ feedback: z.array(feedbackId).min(1).max(200), change: feedbackChange }),
  /** How many are otherwise than before; those that are not there count for nothing. */
  reply: z.object({ changed: z.number() }),
});

export const commentFeedback = endpoint({
  method: 'POST',
  path: '/api/v1/feedback/:id/comments',
  summary: 'Say something about a piece of feedback, for the others of the organisation',
  permission: 'responder',
  params: feedbackParams,
  body: z.object({ text: z.string().trim().min(1).max(10_000) }),
  reply: done,
});
