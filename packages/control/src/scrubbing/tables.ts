import { bigint, boolean, customType, date, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { ScrubBackfill } from './backfills-port.ts';
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

const rows = (name: string) => bigint(name, { mode: 'number' }).notNull().default(0);

export const scrubBackfills = pgTable('scrub_backfills', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  kind: text('kind').$type<ScrubBackfill['kind']>().notNull(),
  fromDay: date('from_day', { mode: 'string' }).notNull(),
  toDay: date('to_day', { mode: 'string' }).notNull(),
  rulesAt: moment('rules_at'),
  state: text('state').$type<ScrubBackfill['state']>().notNull(),
  stopping: boolean('stopping').notNull().default(false),
  requestedBy: text('requested_by').notNull(),
  requestedAt: moment('requested_at').notNull(),
  startedAt: moment('started_at'),
  endedAt: moment('ended_at'),
  claimedUntil: moment('claimed_until').notNull(),
  detail: text('detail').notNull().default(''),
  unit: text('unit').notNull().default(''),
  minute: bigint('minute', { mode: 'number' }),
  cursor: text('cursor').notNull().default(''),
  batches: integer('batches').notNull().default(0),
  pending: jsonb('pending').$type<ScrubBackfill['pending']>(),
  rowsAll: rows('rows_all'),
  rowsSeen: rows('rows_seen'),
  rowsChanged: rows('rows_changed'),
  rowsHeld: rows('rows_held'),
  counts: jsonb('counts').$type<ScrubBackfill['counts']>().notNull().default([]),
  days: jsonb('days').$type<ScrubBackfill['days']>().notNull().default({}),
  examples: jsonb('examples').$type<ScrubBackfill['examples']>().notNull().default([]),
  stays: jsonb('stays').$type<ScrubBackfill['stays']>().notNull().default([]),
});
