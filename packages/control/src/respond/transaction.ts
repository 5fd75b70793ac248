import { and, asc, desc, eq, gt, gte, inArray, isNotNull, lte, max, ne, or, sql } from 'drizzle-orm';
import * as alerting from '../alerting/tables.ts';
import type { NewNotification, Enqueued } from '../alerting/port.ts';
import { policyFrom } from '../alerting/policies.ts';
import * as people from '../database/schema.ts';
import { teamReceivers } from '../teams/team-receivers.ts';
import { only, type Transaction } from '../services-context.ts';
import type { RespondTransaction } from './port.ts';
import { changeRow, findingFrom, findingRow, incidentFrom, incidentRow, lightIncident } from './rows.ts';
import * as table from './tables.ts';

const findingsAtMost = 20_000;
const rowsAtOnce = 500;

/** Reads and writes of one change, all within `tx` and one organisation. */
export function respondTransaction(
  tx: Transaction,
  organisation: string,
  now: () => number,
  enqueue: (tx: Transaction, notifications: readonly NewNotification[]) => Promise<Enqueued>,
): RespondTransaction {
  return {
    ...findingStatements(tx, organisation),
    ...incidentStatements(tx, organisation),
    ...tellingStatements(tx, organisation),
    addEvents: async (events) => {
      for (const some of chunks(events)) {
        await tx.insert(table.incidentEvents).values(
          some.map((event) => ({
            ...event,
            organisation,
            at: new Date(event.at),
            text: event.text.slice(0, 4000),
            detail: event.detail ?? {},
          })),
        );
      }
    },
    enqueue: (notifications) => enqueue(tx, notifications),
    keepPast: async (id, findings) => {
      await tx
        .update(table.incidents)
        .set({
          pastFindings: sql`CASE WHEN jsonb_array_length(${table.incidents.pastFindings}) < 1000
            THEN ${table.incidents.pastFindings} || ${JSON.stringify(findings)}::jsonb ELSE ${table.incidents.pastFindings} END`,
        })
        .where(and(eq(table.incidents.organisation, organisation), eq(table.incidents.id, id)));
    },
    changeIncident: async (id, change) => {
      await tx
        .update(table.incidents)
        .set({ ...changeRow(change), updatedAt: new Date(now()) })
        .where(and(eq(table.incidents.organisation, organisation), eq(table.incidents.id, id)));
    },
  };
}

type FindingStatements = Pick<
  RespondTransaction,
  'findings' | 'findingsOf' | 'firingOf' | 'lostLinks' | 'suppressed' | 'expired' | 'saveFindings' | 'touchFindings'
>;

function findingStatements(tx: Transaction, organisation: string): FindingStatements {
  const mine = eq(table.findings.organisation, organisation);
  const firing = eq(table.findings.state, 'firing');
  const read = async (condition: ReturnType<typeof and>, limit = findingsAtMost) => {
    const rows = await tx
      .select()
      .from(table.findings)
      .where(and(mine, condition))
      .orderBy(table.findings.since, table.findings.key)
      .limit(limit);
    return rows.map(findingFrom);
  };
  return {
    findings: (keys) => (keys.length === 0 ? Promise.resolve([]) : read(inArray(table.findings.key, [...keys]))),
    findingsOf: (incidents) =>
      incidents.length === 0 ? Promise.resolve([]) : read(inArray(table.findings.incident, [...incidents])),
    firingOf: (source, sourceId, since) =>
      read(
        and(
          firing,
          eq(table.findings.source, source),
          sourceId === undefined ? undefined : eq(table.findings.sourceId, sourceId),
          gte(table.findings.foundAt, new Date(since)),
        ),
        10_000,
      ),
    lostLinks: (endedSince) =>
      read(
        and(eq(table.findings.source, 'link'), or(firing, gt(table.findings.resolvedAt, new Date(endedSince)))),
        10_000,
      ),
    suppressed: () => read(and(firing, ne(table.findings.suppressedBy, '')), 10_000),
    expired: (now, limit) => read(and(firing, lte(table.findings.expiresAt, new Date(now))), limit),
    saveFindings: async (findings) => {
      for (const some of chunks(findings)) {
        await tx
          .insert(table.findings)
          .values(some.map(findingRow))
          .onConflictDoUpdate({ target: [table.findings.organisation, table.findings.key], set: replaced });
      }
    },
    touchFindings: async (keys, at) => {
      for (const some of chunks(keys)) {
        await tx
          .update(table.findings)
          .set({ lastSeenAt: new Date(at) })
          .where(and(mine, inArray(table.findings.key, some)));
      }
    },
  };
}

/** Every column but the key as the new row has it. */
const replaced = Object.fromEntries(
  Object.entries({
    state: 'state',
    severity: 'severity',
    title: 'title',
    summary: 'summary',
    site: 'site',
    labels: 'labels',
    annotations: 'annotations',
    value: 'value',
    threshold: 'threshold',
    unit: 'unit',
    link: 'link',
    since: 'since',
    foundAt: 'found_at',
    lastSeenAt: 'last_seen_at',
    resolvedAt: 'resolved_at',
    expiresAt: 'expires_at',
    suppressedBy: 'suppressed_by',
    incident: 'incident',
    policy: 'policy',
    runbook: 'runbook',
  }).map(([name, column]) => [name, sql.raw(`excluded.${column}`)]),
);

type IncidentStatements = Pick<
  RespondTransaction,
  'incidents' | 'incidentByNumber' | 'openOf' | 'dueIncidents' | 'nextNumber' | 'insertIncidents' | 'told'
>;

function incidentStatements(tx: Transaction, organisation: string): IncidentStatements {
  const mine = eq(table.incidents.organisation, organisation);
  // Locked: who delivers messages moves `escalate_at` without the organisation's lock.
  const read = async (condition: ReturnType<typeof and>) => {
    const rows = await tx
      .select(lightIncident)
      .from(table.incidents)
      .where(and(mine, condition))
      .orderBy(table.incidents.number)
      .for('update');
    return rows.map(incidentFrom);
  };
  return {
    incidents: (ids) => (ids.length === 0 ? Promise.resolve([]) : read(inArray(table.incidents.id, [...ids]))),
    incidentByNumber: async (number) => (await read(eq(table.incidents.number, number)))[0],
    openOf: (groupKeys) =>
      groupKeys.length === 0
        ? Promise.resolve([])
        : read(and(inArray(table.incidents.groupKey, [...groupKeys]), ne(table.incidents.status, 'resolved'))),
    dueIncidents: async (now, limit) => {
      const moment = new Date(now);
      const rows = await tx
        .select(lightIncident)
        .from(table.incidents)
        .where(and(mine, or(lte(table.incidents.escalateAt, moment), lte(table.incidents.reopenAt, moment))))
        .orderBy(sql`least(${table.incidents.escalateAt}, ${table.incidents.reopenAt})`)
        .limit(limit)
        .for('update', { skipLocked: true });
      return rows.map(incidentFrom);
    },
    nextNumber: async () => {
      const { last } = only(
        await tx
          .select({ last: max(table.incidents.number) })
          .from(table.incidents)
          .where(mine),
      );
      return (last ?? 0) + 1;
    },
    insertIncidents: async (incidents) => {
      for (const some of chunks(incidents)) await tx.insert(table.incidents).values(some.map(incidentRow));
    },
    told: (incident) =>
      tx
        .select({
          channel: alerting.notifications.channel,
          channelName: alerting.notifications.channelName,
          channelType: alerting.notifications.channelType,
          kind: alerting.notifications.kind,
          round: alerting.notifications.round,
          step: alerting.notifications.step,
          status: alerting.notifications.status,
          receivers: alerting.notifications.receivers,
          teams: alerting.notifications.teams,
        })
        .from(alerting.notifications)
        .where(eq(alerting.notifications.incident, incident))
        .orderBy(alerting.notifications.number)
        .limit(1000),
  };
}

type TellingStatements = Pick<RespondTransaction, 'policy' | 'channels' | 'silences' | 'teams' | 'owners' | 'isMember'>;

function tellingStatements(tx: Transaction, organisation: string): TellingStatements {
  return {
    policy: async (id) => {
      const [row] = await tx
        .select()
        .from(alerting.policies)
        .where(
          and(
            eq(alerting.policies.organisation, organisation),
            or(eq(alerting.policies.id, id), alerting.policies.isDefault),
          ),
        )
        .orderBy(desc(eq(alerting.policies.id, id)))
        .limit(1);
      return row && policyFrom(row);
    },
    channels: () =>
      tx
        .select({
          id: alerting.channels.id,
          name: alerting.channels.name,
          type: alerting.channels.type,
          enabled: alerting.channels.enabled,
        })
        .from(alerting.channels)
        .where(eq(alerting.channels.organisation, organisation))
        .orderBy(asc(alerting.channels.createdAt), asc(alerting.channels.id))
        .limit(1000),
    silences: async (now) => {
      const moment = new Date(now);
      const rows = await tx
        .select()
        .from(alerting.silences)
        .where(
          and(
            eq(alerting.silences.organisation, organisation),
            lte(alerting.silences.startsAt, moment),
            sql`${alerting.silences.endsAt} > ${moment}`,
          ),
        )
        .limit(1000);
      return rows.map(({ id, matchers, endsAt, comment }) => ({ id, matchers, endsAt: endsAt.getTime(), comment }));
    },
    teams: (slugs) => teamReceivers(tx, organisation, slugs),
    owners: async () => {
      const rows = await tx
        .select({ email: people.people.email })
        .from(people.memberships)
        .innerJoin(people.people, eq(people.people.id, people.memberships.person))
        .where(and(eq(people.memberships.organisation, organisation), eq(people.memberships.role, 'owner')))
        .orderBy(people.people.email)
        .limit(20);
      return rows.map(({ email }) => email);
    },
    isMember: async (email) => {
      const rows = await tx
        .select({ id: people.people.id })
        .from(people.memberships)
        .innerJoin(people.people, eq(people.people.id, people.memberships.person))
        .where(
          and(
            eq(people.memberships.organisation, organisation),
            eq(people.people.email, email.trim().toLowerCase()),
            isNotNull(people.memberships.role),
          ),
        )
        .limit(1);
      return rows.length > 0;
    },
  };
}

/** PostgreSQL takes 65,535 parameters a statement. */
function chunks<T>(rows: readonly T[]): T[][] {
  const all: T[][] = [];
  for (let at = 0; at < rows.length; at += rowsAtOnce) all.push(rows.slice(at, at + rowsAtOnce));
  return all;
}
