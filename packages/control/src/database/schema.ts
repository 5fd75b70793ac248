import type { KeyPermission } from '@sightline/record';
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import * as alertingTables from '../alerting/tables.ts';
import * as respondTables from '../respond/tables.ts';
import { monitorTables } from '../monitors/tables.ts';
import * as dashboardTables from '../dashboards/tables.ts';
import * as detectTables from '../detect/tables.ts';
import * as ruleFileTables from '../rule-files/tables.ts';
import * as scrapeConfigurationTables from '../scrape-configurations/tables.ts';
import * as releaseTables from '../releases/tables.ts';
import * as pipelineTables from '../pipelines/tables.ts';
import * as scrubbingTables from '../scrubbing/tables.ts';
import * as samplingTables from '../sampling/tables.ts';
import * as retentionTables from '../retention/tables.ts';
import * as issueTables from '../issues/tables.ts';
import * as teamTables from '../teams/tables.ts';
import * as fleetTables from '../fleet/tables.ts';
import type { Role } from '../control.ts';

/**
 * The tables as queries see them. The truth of constraints and indexes is `migrations/*.sql`; a test compares the columns.
 */
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const organisations = pgTable('organisations', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  createdAt: moment('created_at').notNull(),
});

export const people = pgTable('people', {
  id: text('id').primaryKey(),
  email: text('email').notNull(),
  name: text('name').notNull(),
  passwordHash: text('password_hash').notNull(),
  createdAt: moment('created_at').notNull(),
  lastSignInAt: moment('last_sign_in_at'),
});

export const memberships = pgTable(
  'memberships',
  {
    organisation: text('organisation').notNull(),
    person: text('person').notNull(),
    role: text('role').$type<Role>().notNull(),
    joinedAt: moment('joined_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.person] })],
);

export const invitations = pgTable('invitations', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  email: text('email').notNull(),
  role: text('role').$type<Role>().notNull(),
  tokenHash: bytes('token_hash').notNull(),
  invitedBy: text('invited_by').notNull(),
  createdAt: moment('created_at').notNull(),
  expiresAt: moment('expires_at').notNull(),
});

export const sessions = pgTable('sessions', {
  tokenHash: bytes('token_hash').primaryKey(),
  person: text('person').notNull(),
  organisation: text('organisation').notNull(),
  csrfToken: text('csrf_token').notNull(),
  address: text('address').notNull(),
  userAgent: text('user_agent').notNull(),
  createdAt: moment('created_at').notNull(),
  seenAt: moment('seen_at').notNull(),
  expiresAt: moment('expires_at').notNull(),
});

export const apiKeys = pgTable('api_keys', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  name: text('name').notNull(),
  permissions: text('permissions').array().$type<KeyPermission[]>().notNull(),
  site: text('site').notNull(),
  device: text('device').notNull(),
  service: text('service').notNull(),
  environment: text('environment').notNull(),
  secretHash: bytes('secret_hash').notNull(),
  secretSealed: bytes('secret_sealed'),
  hint: text('hint').notNull(),
  createdAt: moment('created_at').notNull(),
  createdBy: text('created_by').notNull(),
  lastUsedAt: moment('last_used_at'),
  revokedAt: moment('revoked_at'),
});

export const projects = pgTable('projects', {
  number: bigint('number', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
  organisation: text('organisation').notNull(),
  name: text('name').notNull(),
  createdAt: moment('created_at').notNull(),
});

export const sites = pgTable(
  'sites',
  {
    organisation: text('organisation').notNull(),
    code: text('code').notNull(),
    name: text('name').notNull(),
    address: text('address').notNull(),
    city: text('city').notNull(),
    region: text('region').notNull(),
    latitude: doublePrecision('latitude'),
    longitude: doublePrecision('longitude'),
    timeZone: text('time_zone').notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.code] })],
);

export const auditEntries = pgTable(
  'audit_entries',
  {
    organisation: text('organisation').notNull(),
    number: bigint('number', { mode: 'number' }).notNull(),
    at: moment('at').notNull(),
    actor: text('actor').notNull(),
    address: text('address').notNull(),
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    detail: text('detail').notNull(),
    previousHash: bytes('previous_hash').notNull(),
    hash: bytes('hash').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.number] })],
);

export const settings = pgTable(
  'settings',
  {
    organisation: text('organisation').notNull(),
    name: text('name').notNull(),
    value: jsonb('value').$type<unknown>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.name] })],
);

export const installationSecrets = pgTable('installation_secrets', {
  name: text('name').primaryKey(),
  secret: text('secret').notNull(),
});

export const setupToken = pgTable('setup_token', {
  single: boolean('single').primaryKey().default(true),
  tokenHash: bytes('token_hash').notNull(),
  createdAt: moment('created_at').notNull(),
});

export const tables = {
  organisations,
  people,
  memberships,
  invitations,
  sessions,
  apiKeys,
  projects,
  sites,
  ...issueTables,
  auditEntries,
  settings,
  installationSecrets,
  setupToken,
  ...fleetTables,
  ...detectTables,
  ...ruleFileTables,
  ...scrapeConfigurationTables,
  ...releaseTables,
  ...samplingTables,
  ...pipelineTables,
  ...scrubbingTables,
  ...retentionTables,
  ...alertingTables,
  ...respondTables,
  ...monitorTables,
  ...dashboardTables,
  ...teamTables,
};
