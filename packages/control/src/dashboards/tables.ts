import { integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const dashboards = pgTable(
  'dashboards',
  {
    organisation: text('organisation').notNull(),
    id: text('id').notNull(),
    title: text('title').notNull(),
    description: text('description').notNull(),
    folder: text('folder').notNull(),
    tags: jsonb('tags').$type<readonly string[]>().notNull(),
    panels: integer('panels').notNull(),
    document: jsonb('document').$type<unknown>().notNull(),
    version: integer('version').notNull(),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
    updatedBy: text('updated_by').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.id] })],
);

export const dashboardVersions = pgTable(
  'dashboard_versions',
  {
    organisation: text('organisation').notNull(),
    dashboard: text('dashboard').notNull(),
    version: integer('version').notNull(),
    document: jsonb('document').$type<unknown>().notNull(),
    at: moment('at').notNull(),
    author: text('author').notNull(),
    message: text('message').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.dashboard, t.version] })],
);
