import { bigint, date, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const archiveRestores = pgTable('archive_restores', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  fromDay: date('from_day', { mode: 'string' }).notNull(),
  toDay: date('to_day', { mode: 'string' }).notNull(),
  site: text('site').notNull(),
  class: text('class').notNull(),
  createdAt: moment('created_at').notNull(),
  createdBy: text('created_by').notNull(),
  leavesAt: moment('leaves_at').notNull(),
  readyAt: moment('ready_at'),
  goneAt: moment('gone_at'),
  files: integer('files').notNull().default(0),
  filesDone: integer('files_done').notNull().default(0),
  rows: bigint('rows', { mode: 'number' }).notNull().default(0),
  lastFile: text('last_file').notNull().default(''),
  detail: text('detail').notNull().default(''),
});
