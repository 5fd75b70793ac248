import { jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { SearchScope } from './port.ts';

export const savedSearches = pgTable('saved_searches', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  name: text('name').notNull(),
  query: text('query').notNull(),
  scope: jsonb('scope').$type<SearchScope>().notNull(),
  columns: jsonb('columns').$type<readonly string[]>().notNull(),
  createdAt: timestamp('created_at', { withTimezone: true, mode: 'date' }).notNull(),
  createdBy: text('created_by').notNull(),
});
