import { customType, doublePrecision, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { LinkState } from './port.ts';

/** The tables of agents as queries see them; the truth of constraints and indexes is `migrations/*.sql`. */
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const enrolments = pgTable('enrolments', {
  tokenHash: bytes('token_hash').primaryKey(),
  id: text('id').notNull(),
  organisation: text('organisation').notNull(),
  site: text('site').notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: moment('created_at').notNull(),
  expiresAt: moment('expires_at').notNull(),
  usedAt: moment('used_at'),
  agent: text('agent'),
});

export const agents = pgTable('agents', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  site: text('site').notNull(),
  name: text('name').notNull(),
  tokenHash: bytes('token_hash').notNull(),
  keyId: text('key_id').notNull(),
  enrolledAt: moment('enrolled_at').notNull(),
  enrolledBy: text('enrolled_by').notNull(),
  revokedAt: moment('revoked_at'),
  version: text('version').notNull(),
  facts: jsonb('facts').$type<unknown>().notNull(),
  policy: jsonb('policy').$type<unknown>().notNull(),
  spool: jsonb('spool').$type<unknown>().notNull(),
  link: text('link').$type<LinkState>().notNull(),
  linkSince: moment('link_since').notNull(),
  lastSeenAt: moment('last_seen_at'),
  lastAddress: text('last_address').notNull().default(''),
  clockSkewMs: doublePrecision('clock_skew_ms'),
  linkSession: text('link_session').notNull().default(''),
  linkFoundAt: moment('link_found_at'),
  linkVerdict: text('link_verdict').notNull().default(''),
  containers: jsonb('containers').$type<unknown>().notNull().default([]),
  containersAt: moment('containers_at'),
});
