import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import type { MonitorSeverity, MonitorState } from './port.ts';

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/** Monitors as queries see them; the truth is `migrations/*.sql`. */
export const monitors = pgTable('monitors', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  name: text('name').notNull(),
  type: text('type').notNull(),
  settingsSealed: bytes('settings_sealed').notNull(),
  site: text('site').notNull(),
  runsOn: text('runs_on').$type<'server' | 'agent'>().notNull(),
  everyMs: bigint('every_ms', { mode: 'number' }).notNull(),
  timeoutMs: integer('timeout_ms').notNull(),
  retries: integer('retries').notNull(),
  severity: text('severity').$type<MonitorSeverity>().notNull(),
  policy: text('policy').notNull(),
  runbook: text('runbook').notNull(),
  enabled: boolean('enabled').notNull(),
  tokenHash: bytes('token_hash'),
  tokenSealed: bytes('token_sealed'),
  state: text('state').$type<MonitorState>().notNull(),
  stateSince: moment('state_since').notNull(),
  upForMs: doublePrecision('up_for_ms'),
  /** Failed in a row; below 0 good in a row while it is still down. */
  failures: integer('failures').notNull().default(0),
  lastCheckedAt: moment('last_checked_at'),
  lastMessage: text('last_message').notNull().default(''),
  lastDurationMs: doublePrecision('last_duration_ms'),
  startedAt: moment('started_at'),
  nextRunAt: moment('next_run_at').notNull(),
  leaseUntil: moment('lease_until'),
  toTell: boolean('to_tell').notNull().default(false),
  toldLabels: jsonb('told_labels').$type<Readonly<Record<string, string>>>(),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
  updatedBy: text('updated_by').notNull(),
  removedAt: moment('removed_at'),
});

export const monitorTables = { monitors };
