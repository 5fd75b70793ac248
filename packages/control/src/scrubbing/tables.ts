import { boolean, customType, date, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { ScrubCanary } from './canaries-port.ts';
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

export const scrubCanaries = pgTable('scrub_canaries', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  day: date('day').notNull(),
  byHand: boolean('by_hand').notNull(),
  state: text('state').$type<ScrubCanary['state']>().notNull(),
  begunAt: moment('begun_at').notNull(),
  plantedAt: moment('planted_at'),
  checkedAt: moment('checked_at'),
  claimedUntil: moment('claimed_until').notNull(),
  planted: jsonb('planted').$type<ScrubCanary['planted']>().notNull(),
  found: jsonb('found').$type<ScrubCanary['found']>().notNull(),
  told: boolean('told').notNull().default(false),
});
