import { bigint, date, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import type { KeptClass } from './port.ts';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const retentionClasses = pgTable('retention_classes', {
  organisation: text('organisation').primaryKey(),
  classes: jsonb('classes').$type<readonly KeptClass[]>().notNull(),
  retired: jsonb('retired').$type<readonly KeptClass[]>().notNull(),
  updatedAt: moment('updated_at').notNull(),
  updatedBy: text('updated_by').notNull(),
});

export const legalHolds = pgTable('legal_holds', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  name: text('name').notNull(),
  reason: text('reason').notNull(),
  query: text('query').notNull(),
  class: text('class').notNull(),
  site: text('site').notNull(),
  fromAt: moment('from_at'),
  toAt: moment('to_at'),
  createdAt: moment('created_at').notNull(),
  createdBy: text('created_by').notNull(),
  liftedAt: moment('lifted_at'),
  liftedBy: text('lifted_by').notNull(),
  liftReason: text('lift_reason').notNull(),
});

export const hotDeletions = pgTable(
  'hot_deletions',
  {
    organisation: text('organisation').notNull(),
    class: text('class').notNull(),
    day: date('day', { mode: 'string' }).notNull(),
    until: moment('until').notNull(),
    rows: bigint('rows', { mode: 'number' }).notNull(),
    begunAt: moment('begun_at').notNull(),
    doneAt: moment('done_at'),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.class, t.day, t.until] })],
);
