import { customType, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { WrittenScrubRules } from './port.ts';

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const scrubRules = pgTable('scrub_rules', {
  organisation: text('organisation').primaryKey(),
  rules: jsonb('rules').$type<WrittenScrubRules>().notNull(),
  ownSince: moment('own_since').notNull(),
  saltSealed: bytes('salt_sealed').notNull(),
  saltedAt: moment('salted_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
  updatedBy: text('updated_by').notNull(),
});
