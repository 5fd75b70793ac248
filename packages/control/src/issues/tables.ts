import { bigint, doublePrecision, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import type { ErrorRulesKind, IgnoredUntil, IssuePriority, IssueStatus, Resolution } from './port.ts';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const issueStates = pgTable(
  'issue_states',
  {
    organisation: text('organisation').notNull(),
    issue: text('issue').notNull(),
    status: text('status').$type<IssueStatus>().notNull(),
    resolvedAt: moment('resolved_at'),
    assignee: text('assignee').notNull(),
    updatedAt: moment('updated_at').notNull(),
    resolution: text('resolution').$type<Resolution>().notNull().default('now'),
    resolvedIn: text('resolved_in').notNull().default(''),
    ignoredUntil: text('ignored_until').$type<IgnoredUntil>().notNull().default('forever'),
    ignoredLimit: doublePrecision('ignored_limit'),
    ignoredAt: moment('ignored_at'),
    priority: text('priority').$type<IssuePriority | ''>().notNull().default(''),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.issue] })],
);

export const issueActivity = pgTable('issue_activity', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  organisation: text('organisation').notNull(),
  issue: text('issue').notNull(),
  at: moment('at').notNull(),
  actor: text('actor').notNull(),
  text: text('text').notNull(),
  kind: text('kind').$type<'change' | 'comment'>().notNull().default('change'),
});

export const issueMerges = pgTable(
  'issue_merges',
  {
    organisation: text('organisation').notNull(),
    issue: text('issue').notNull(),
    intoIssue: text('into_issue').notNull(),
    at: moment('at').notNull(),
    actor: text('actor').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.issue] })],
);

export const errorRules = pgTable(
  'error_rules',
  {
    organisation: text('organisation').notNull(),
    kind: text('kind').$type<ErrorRulesKind>().notNull(),
    content: text('content').notNull(),
    updatedAt: moment('updated_at').notNull(),
    updatedBy: text('updated_by').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.kind] })],
);

export const issueViews = pgTable('issue_views', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  person: text('person').notNull(),
  name: text('name').notNull(),
  query: text('query').notNull(),
  sort: text('sort').notNull(),
  createdAt: moment('created_at').notNull(),
});
