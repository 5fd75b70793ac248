import { doublePrecision, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const ruleFiles = pgTable(
  'rule_files',
  {
    organisation: text('organisation').notNull(),
    name: text('name').notNull(),
    content: text('content').notNull(),
    digest: text('digest').notNull(),
    updatedAt: moment('updated_at').notNull(),
    updatedBy: text('updated_by').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.name] })],
);

export const ruleGroupRuns = pgTable(
  'rule_group_runs',
  {
    organisation: text('organisation').notNull(),
    file: text('file').notNull(),
    groupName: text('group_name').notNull(),
    at: moment('at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.file, t.groupName] })],
);

export const ruleGroupAlerts = pgTable(
  'rule_group_alerts',
  {
    organisation: text('organisation').notNull(),
    file: text('file').notNull(),
    groupName: text('group_name').notNull(),
    rule: text('rule').notNull(),
    fingerprint: text('fingerprint').notNull(),
    labels: jsonb('labels').$type<Readonly<Record<string, string>>>().notNull(),
    annotations: jsonb('annotations').$type<Readonly<Record<string, string>>>().notNull(),
    state: text('state').$type<'pending' | 'firing'>().notNull(),
    activeAt: moment('active_at').notNull(),
    keptSince: moment('kept_since'),
    value: doublePrecision('value'),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.file, t.groupName, t.rule, t.fingerprint] })],
);
