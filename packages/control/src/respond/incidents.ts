import { ok } from '@sightline/base';
import { and, asc, desc, eq, gt, inArray, ne, type SQL, sql } from 'drizzle-orm';
import { notificationFrom } from '../alerting/notifications.ts';
import type { Notification } from '../alerting/port.ts';
import * as alerting from '../alerting/tables.ts';
import { storableValue } from '../database/storable-json.ts';
import { only, refused, type ServicesContext } from '../services-context.ts';
import { openIncidents } from './open-incidents.ts';
import { incidentSpansAtMost, type IncidentFilter, type Incidents } from './port.ts';
import { findingFrom, incidentFrom, lightIncident } from './rows.ts';
import * as table from './tables.ts';

const eventsAtMost = 1000;
const toldAtMost = 5000;

/** Open, acknowledged, resolved; the worst first while it is not resolved. */
const statusRank = sql<number>`CASE ${table.incidents.status} WHEN 'open' THEN 0 WHEN 'acknowledged' THEN 1 ELSE 2 END`;
const severityOrder = (column: SQL | typeof table.incidents.severity | typeof table.findings.severity): SQL<number> =>
  sql<number>`CASE ${column} WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END`;
const severityRank = sql<number>`CASE WHEN ${table.incidents.status} = 'resolved' THEN 0 ELSE ${severityOrder(table.incidents.severity)} END`;

export function incidents({ db, clock }: ServicesContext): Incidents {
  const ofOrganisation = (organisation: string) => eq(table.incidents.organisation, organisation);
  const ofIncident = (organisation: string, incident: string) =>
    and(eq(table.findings.organisation, organisation), eq(table.findings.incident, incident));
  return {
    list: async (organisation, filter) => {
      const after = readCursor(filter.cursor);
      if (after === undefined) return refused('invalid', 'The cursor is not one that this list gave.');
      const held = sql`FROM findings f WHERE f.organisation = ${organisation} AND f.incident = ${table.incidents.id}`;
      const rows = await db
        .select({
          row: lightIncident,
          status: statusRank,
          severity: severityRank,
          firing: sql<number>`(SELECT count(*)::int ${held} AND f.state = 'firing')`,
          findings: sql<number>`(SELECT count(*)::int ${held}) + jsonb_array_length(${table.incidents.pastFindings})`,
          sites: sql<number>`(SELECT count(DISTINCT site)::int FROM (SELECT f.site ${held}
            UNION SELECT p->>'site' FROM jsonb_array_elements(${table.incidents.pastFindings}) p) s WHERE site <> '')`,
        })
        .from(table.incidents)
        .where(
          and(
            ofOrganisation(organisation),
            ...conditions(organisation, filter),
            after === null
              ? undefined
              : sql`(${statusRank}, ${severityRank}, -${table.incidents.number}) > (${after[0]}::int, ${after[1]}::int, ${-after[2]}::bigint)`,
          ),
        )
        .orderBy(statusRank, severityRank, desc(table.incidents.number))
        .limit(filter.limit + 1);
      const shown = rows.slice(0, filter.limit);
      const last = shown.at(-1);
      return ok({
        incidents: shown.map(({ row, firing, findings, sites }) => ({ ...incidentFrom(row), firing, findings, sites })),
        next: rows.length > filter.limit && last ? `${last.status}.${last.severity}.${last.row.number}` : '',
      });
    },
    find: async (organisation, number) => {
      const [row] = await db
        .select()
        .from(table.incidents)
        .where(and(ofOrganisation(organisation), eq(table.incidents.number, number)));
      return row && incidentFrom(row);
    },
    byId: async (organisation, id) => {
      const [row] = await db
        .select()
        .from(table.incidents)
        .where(and(ofOrganisation(organisation), eq(table.incidents.id, id)));
      return row && incidentFrom(row);
    },
    findings: async (organisation, incident) => {
      const rows = await db
        .select()
        .from(table.findings)
        .where(ofIncident(organisation, incident))
        .orderBy(asc(table.findings.state), severityOrder(table.findings.severity), desc(table.findings.since))
        .limit(1000);
      const [about] = await db
        .select({ past: table.incidents.pastFindings })
        .from(table.incidents)
        .where(and(ofOrganisation(organisation), eq(table.incidents.id, incident)));
      return [...rows.map(findingFrom), ...(about?.past ?? [])];
    },
    countFindings: async (organisation, incident) =>
      only(
        await db
          .select({
            firing: sql<number>`(count(*) FILTER (WHERE ${table.findings.state} = 'firing'))::int`,
            all: sql<number>`count(*)::int`,
          })
          .from(table.findings)
          .where(ofIncident(organisation, incident)),
      ),
    events: async (organisation, incident, after = 0) => {
      const rows = await db
        .select()
        .from(table.incidentEvents)
        .where(
          and(
            eq(table.incidentEvents.organisation, organisation),
            eq(table.incidentEvents.incident, incident),
            gt(table.incidentEvents.id, after),
          ),
        )
        .orderBy(desc(table.incidentEvents.id))
        .limit(eventsAtMost);
      return rows
        .reverse()
        .map(({ id, at, kind, actor, text, detail }) => ({ id, at: at.getTime(), kind, actor, text, detail }));
    },
    told: async (organisation, asked) => {
      const byIncident = new Map<string, Notification[]>(asked.map((id) => [id, []]));
      if (asked.length === 0) return byIncident;
      const rows = await db
        .select()
        .from(alerting.notifications)
        .where(
          and(
            eq(alerting.notifications.organisation, organisation),
            inArray(alerting.notifications.incident, [...asked]),
          ),
        )
        .orderBy(asc(alerting.notifications.number))
        .limit(toldAtMost);
      for (const row of rows) byIncident.get(row.incident ?? '')?.push(notificationFrom(row));
      return byIncident;
    },
    firstFindings: async (organisation, asked) => {
      if (asked.length === 0) return new Map();
      const rows = await db
        .selectDistinctOn([table.findings.incident])
        .from(table.findings)
        .where(and(eq(table.findings.organisation, organisation), inArray(table.findings.incident, [...asked])))
        .orderBy(table.findings.incident, severityOrder(table.findings.severity), asc(table.findings.since));
      const first = new Map(rows.map((row) => [row.incident ?? '', findingFrom(row)]));
      const without = asked.filter((id) => !first.has(id));
      if (without.length === 0) return first;
      const past = await db
        .select({ id: table.incidents.id, past: table.incidents.pastFindings })
        .from(table.incidents)
        .where(and(ofOrganisation(organisation), inArray(table.incidents.id, without)));
      for (const { id, past: kept } of past) if (kept[0]) first.set(id, kept[0]);
      return first;
    },
    open: (organisation, site) => openIncidents(db, organisation, site),
    spans: async (organisation, { from, to, site }) => {
      const rows = await db
        .select(lightIncident)
        .from(table.incidents)
        .where(
          and(
            ofOrganisation(organisation),
            sql`${table.incidents.openedAt} < ${new Date(to)}`,
            sql`(${table.incidents.resolvedAt} IS NULL OR ${table.incidents.resolvedAt} >= ${new Date(from)})`,
            site === '' ? undefined : atSite(organisation, site),
          ),
        )
        .orderBy(desc(table.incidents.openedAt))
        .limit(incidentSpansAtMost);
      return rows.map((row) => ({
        number: row.number,
        title: row.title,
        severity: row.severity,
        status: row.status,
        site: row.site,
        openedAt: row.openedAt.getTime(),
        resolvedAt: row.resolvedAt?.getTime() ?? null,
      }));
    },
    note: async (organisation, incident, line) => {
      const about = and(ofOrganisation(organisation), eq(table.incidents.id, incident));
      const [row] = await db.select({ id: table.incidents.id }).from(table.incidents).where(about);
      if (!row) return false;
      await db.insert(table.incidentEvents).values({
        ...line,
        organisation,
        incident,
        at: new Date(clock.now()),
        text: storableValue(line.text.slice(0, 4000)),
        detail: {},
      });
      return true;
    },
    latestOfGroup: async (organisation, groupKey) => {
      const [row] = await db
        .select()
        .from(table.incidents)
        .where(and(ofOrganisation(organisation), eq(table.incidents.groupKey, groupKey)))
        .orderBy(desc(table.incidents.number))
        .limit(1);
      return row && incidentFrom(row);
    },
  };
}

/** Undefined for a cursor that is none; null to begin. */
function readCursor(cursor: string): readonly [number, number, number] | null | undefined {
  if (cursor === '') return null;
  const [, status, severity, number] = /^([0-2])\.([0-3])\.(\d{1,15})$/.exec(cursor) ?? [];
  return number === undefined ? undefined : [Number(status), Number(severity), Number(number)];
}

function atSite(organisation: string, site: string): SQL {
  return sql`(${table.incidents.site} = ${site} OR EXISTS (SELECT 1 FROM findings f WHERE f.organisation = ${organisation} AND f.incident = ${table.incidents.id} AND f.site = ${site}))`;
}

function conditions(organisation: string, filter: IncidentFilter): (SQL | undefined)[] {
  const { status, severity, site, rule, text } = filter;
  const number = /^#?(\d{1,15})$/.exec(text.trim())?.[1];
  const words = `%${text.trim().replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`;
  return [
    status === 'all'
      ? undefined
      : status === 'active'
        ? ne(table.incidents.status, 'resolved')
        : eq(table.incidents.status, status),
    severity === '' ? undefined : eq(table.incidents.severity, severity),
    site === '' ? undefined : atSite(organisation, site),
    rule === ''
      ? undefined
      : sql`EXISTS (SELECT 1 FROM findings f WHERE f.organisation = ${organisation} AND f.incident = ${table.incidents.id} AND f.source_id = ${rule})`,
    text.trim() === ''
      ? undefined
      : number !== undefined
        ? eq(table.incidents.number, Number(number))
        : sql`(${table.incidents.title} || ' ' || ${table.incidents.summary} || ' ' || ${table.incidents.resolvedNote}) ILIKE ${words}`,
  ];
}
