import { bigint, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import type { FeedbackStatus } from './port.ts';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const feedbackStates = pgTable(
  'feedback_states',
  {
    organisation: text('organisation').notNull(),
    feedback: text('feedback').notNull(),
    status: text('status').$type<FeedbackStatus>().notNull(),
    assignee: text('assignee').notNull(),
    readAt: moment('read_at'),
    writtenAt: moment('written_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.feedback] })],
);

export const feedbackActivity = pgTable('feedback_activity', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  organisation: text('organisation').notNull(),
  feedback: text('feedback').notNull(),
  at: moment('at').notNull(),
  actor: text('actor').notNull(),
  text: text('text').notNull(),
  kind: text('kind').$type<'change' | 'comment'>().notNull(),
});
