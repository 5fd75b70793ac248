import type { FindingSource } from '@sightline/record';
import { bigint, doublePrecision, integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import type { FindingRecord, IncidentEventKind, IncidentStatus, ResolvedHow, RoundKind, Severity } from './port.ts';

/** The tables of findings and incidents as queries see them; the truth is `migrations/*.sql`. */
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
type Words = Readonly<Record<string, string>>;

export const incidents = pgTable('incidents', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  number: bigint('number', { mode: 'number' }).notNull(),
  groupKey: text('group_key').notNull(),
  title: text('title').notNull(),
  summary: text('summary').notNull(),
  severity: text('severity').$type<Severity>().notNull(),
  status: text('status').$type<IncidentStatus>().notNull(),
  site: text('site').notNull(),
  labels: jsonb('labels').$type<Words>().notNull(),
  runbook: text('runbook').notNull(),
  openedAt: moment('opened_at').notNull(),
  acknowledgedAt: moment('acknowledged_at'),
  acknowledgedBy: text('acknowledged_by').notNull().default(''),
  assignee: text('assignee').notNull().default(''),
  resolvedAt: moment('resolved_at'),
  resolvedBy: text('resolved_by').notNull().default(''),
  resolvedHow: text('resolved_how').$type<ResolvedHow | ''>().notNull().default(''),
  resolvedNote: text('resolved_note').notNull().default(''),
  policy: text('policy').notNull(),
  round: integer('round').notNull().default(1),
  roundKind: text('round_kind').$type<RoundKind>().notNull().default('opened'),
  flaps: integer('flaps').notNull().default(0),
  nextStep: integer('next_step').notNull().default(0),
  escalateAt: moment('escalate_at'),
  heldBy: text('held_by').notNull().default(''),
  unreachable: text('unreachable').notNull().default(''),
  reopenAt: moment('reopen_at'),
  evidence: jsonb('evidence').$type<unknown>(),
  evidenceTries: integer('evidence_tries').notNull().default(0),
  pastFindings: jsonb('past_findings').$type<readonly FindingRecord[]>().notNull().default([]),
  evidenceAt: moment('evidence_at'),
  updatedAt: moment('updated_at').notNull(),
});

export const findings = pgTable(
  'findings',
  {
    organisation: text('organisation').notNull(),
    key: text('key').notNull(),
    source: text('source').$type<FindingSource>().notNull(),
    sourceId: text('source_id').notNull(),
    state: text('state').$type<'firing' | 'resolved'>().notNull(),
    severity: text('severity').$type<Severity>().notNull(),
    title: text('title').notNull(),
    summary: text('summary').notNull(),
    site: text('site').notNull(),
    labels: jsonb('labels').$type<Words>().notNull(),
    annotations: jsonb('annotations').$type<Words>().notNull(),
    value: doublePrecision('value'),
    threshold: doublePrecision('threshold'),
    unit: text('unit').notNull(),
    link: text('link').notNull(),
    since: moment('since').notNull(),
    foundAt: moment('found_at').notNull(),
    lastSeenAt: moment('last_seen_at').notNull(),
    resolvedAt: moment('resolved_at'),
    expiresAt: moment('expires_at'),
    suppressedBy: text('suppressed_by').notNull().default(''),
    incident: text('incident'),
    policy: text('policy').notNull(),
    runbook: text('runbook').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.key] })],
);

export const incidentEvents = pgTable('incident_events', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  organisation: text('organisation').notNull(),
  incident: text('incident').notNull(),
  at: moment('at').notNull(),
  kind: text('kind').$type<IncidentEventKind>().notNull(),
  actor: text('actor').notNull(),
  text: text('text').notNull(),
  detail: jsonb('detail').$type<Readonly<Record<string, unknown>>>().notNull(),
});
