import { boolean, doublePrecision, integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import type { RuleSeverity } from './port.ts';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const leases = pgTable('leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  until: moment('until').notNull(),
  note: jsonb('note').$type<Record<string, unknown>>().notNull(),
});

export const rules = pgTable('rules', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  name: text('name').notNull(),
  description: text('description').notNull(),
  type: text('type').notNull(),
  settings: jsonb('settings').$type<unknown>().notNull(),
  severity: text('severity').$type<RuleSeverity>().notNull(),
  enabled: boolean('enabled').notNull(),
  policy: text('policy').notNull(),
  runbook: text('runbook').notNull(),
  labels: jsonb('labels').$type<Record<string, string>>().notNull(),
  everyMs: integer('every_ms').notNull(),
  forMs: integer('for_ms').notNull(),
  ready: text('ready').notNull(),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
  updatedBy: text('updated_by').notNull(),
  deletedAt: moment('deleted_at'),
  lastRunAt: moment('last_run_at'),
  lastError: text('last_error').notNull(),
});

export const ruleStates = pgTable(
  'rule_states',
  {
    organisation: text('organisation').notNull(),
    rule: text('rule').notNull(),
    groupKey: text('group_key').notNull(),
    labels: jsonb('labels').$type<Record<string, string>>().notNull(),
    state: text('state').$type<'pending' | 'firing'>().notNull(),
    since: moment('since').notNull(),
    value: doublePrecision('value'),
  },
  (t) => [primaryKey({ columns: [t.rule, t.groupKey] })],
);

export const logTemplates = pgTable(
  'log_templates',
  {
    organisation: text('organisation').notNull(),
    kind: text('kind').notNull(),
    id: text('id').notNull(),
    form: text('form').notNull(),
    bornAt: moment('born_at').notNull(),
    seenAt: moment('seen_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.kind, t.id] })],
);
