import { bigint, boolean, customType, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { AttemptLogged, Matcher, NotificationKind, NotificationStatus, PolicyStep } from './port.ts';

/** The tables of channels, policies, silences and notifications as queries see them; the truth is `migrations/*.sql`. */
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const policies = pgTable('policies', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  name: text('name').notNull(),
  steps: jsonb('steps').$type<readonly PolicyStep[]>().notNull(),
  repeats: integer('repeats').notNull(),
  isDefault: boolean('is_default').notNull(),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
  updatedBy: text('updated_by').notNull(),
});

export const channels = pgTable('channels', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  name: text('name').notNull(),
  type: text('type').notNull(),
  settingsSealed: bytes('settings_sealed').notNull(),
  enabled: boolean('enabled').notNull(),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
  updatedBy: text('updated_by').notNull(),
  lastDeliveredAt: moment('last_delivered_at'),
  lastFailedAt: moment('last_failed_at'),
  lastError: text('last_error').notNull().default(''),
});

export const silences = pgTable('silences', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  matchers: jsonb('matchers').$type<readonly Matcher[]>().notNull(),
  startsAt: moment('starts_at').notNull(),
  endsAt: moment('ends_at').notNull(),
  createdBy: text('created_by').notNull(),
  comment: text('comment').notNull(),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
});

export const notifications = pgTable('notifications', {
  id: text('id').primaryKey(),
  number: bigint('number', { mode: 'number' }).generatedAlwaysAsIdentity(),
  organisation: text('organisation').notNull(),
  incident: text('incident'),
  channel: text('channel').notNull(),
  channelName: text('channel_name').notNull(),
  channelType: text('channel_type').notNull(),
  kind: text('kind').$type<NotificationKind>().notNull(),
  round: integer('round').notNull(),
  step: integer('step').notNull(),
  note: text('note').notNull(),
  link: text('link').notNull().default(''),
  receivers: text('receivers').array().$type<string[]>().notNull(),
  teams: text('teams').array().$type<string[]>().notNull().default([]),
  status: text('status').$type<NotificationStatus>().notNull(),
  attempts: integer('attempts').notNull().default(0),
  log: jsonb('log').$type<readonly AttemptLogged[]>().notNull().default([]),
  nextAt: moment('next_at').notNull(),
  leaseUntil: moment('lease_until'),
  createdAt: moment('created_at').notNull(),
  finishedAt: moment('finished_at'),
});
