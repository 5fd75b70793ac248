import { z } from 'zod';
import { scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';

export const feedbackRow = z.object({
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
  files: z.array(z.object({ name: z.string(), contentType: z.string() })),
});
export type FeedbackRow = z.infer<typeof feedbackRow>;

export const listFeedback = endpoint({
  method: 'GET',
  path: '/api/v1/feedback',
  summary:
    'What people wrote through the feedback form of a Sentry SDK, newest first, with the files that came with it',
  permission: 'viewer',
  query: scopeQuery.extend({
    /** Words that all stand in the message, the name, the address or the page, ignoring case. */
    q: z.string().max(200).default(''),
    /** Of the errors of this issue alone; '' for all. */
    issue: z
      .string()
      .regex(/^(?:[0-9a-f]{16})?$/)
      .default(''),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    cursor: z.string().max(100).default(''),
  }),
  reply: z.object({ feedback: z.array(feedbackRow), next: z.string() }),
});
