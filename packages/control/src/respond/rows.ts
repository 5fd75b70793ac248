import type { FindingRecord, IncidentChange, IncidentRecord } from './port.ts';
import { getTableColumns } from 'drizzle-orm';
import * as table from './tables.ts';

type FindingRow = typeof table.findings.$inferSelect;
type IncidentRow = typeof table.incidents.$inferSelect;

const at = (moment: Date | null): number | null => moment?.getTime() ?? null;
const moment = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

/** A finding as callers see it: times as milliseconds. */
export function findingFrom(row: FindingRow): FindingRecord {
  return {
    ...row,
    since: row.since.getTime(),
    foundAt: row.foundAt.getTime(),
    lastSeenAt: row.lastSeenAt.getTime(),
    resolvedAt: at(row.resolvedAt),
    expiresAt: at(row.expiresAt),
  };
}

export function findingRow(finding: FindingRecord): FindingRow {
  return {
    ...finding,
    since: new Date(finding.since),
    foundAt: new Date(finding.foundAt),
    lastSeenAt: new Date(finding.lastSeenAt),
    resolvedAt: moment(finding.resolvedAt),
    expiresAt: moment(finding.expiresAt),
  };
}

const { evidence: _evidence, pastFindings: _past, ...light } = getTableColumns(table.incidents);
/** All columns of an incident but the two that may be long. */
export const lightIncident = light;

/** An incident as callers see it: times as milliseconds; without what may be long where that was not read. */
export function incidentFrom(
  row: Omit<IncidentRow, 'evidence' | 'pastFindings'> & Partial<Pick<IncidentRow, 'evidence' | 'pastFindings'>>,
): IncidentRecord {
  return {
    ...row,
    evidence: row.evidence ?? null,
    pastFindings: row.pastFindings ?? [],
    openedAt: row.openedAt.getTime(),
    acknowledgedAt: at(row.acknowledgedAt),
    resolvedAt: at(row.resolvedAt),
    escalateAt: at(row.escalateAt),
    reopenAt: at(row.reopenAt),
    evidenceAt: at(row.evidenceAt),
    updatedAt: row.updatedAt.getTime(),
  };
}

export function incidentRow(incident: IncidentRecord): typeof table.incidents.$inferInsert {
  return {
    ...incident,
    ...changeRow(incident),
    openedAt: new Date(incident.openedAt),
    evidence: null,
  } as typeof table.incidents.$inferInsert;
}

/** Only what is given; what is not stays as it is. */
export function changeRow(change: IncidentChange): Partial<typeof table.incidents.$inferInsert> {
  const times = ['acknowledgedAt', 'resolvedAt', 'escalateAt', 'reopenAt', 'evidenceAt', 'updatedAt'] as const;
  const row: Record<string, unknown> = { ...change };
  for (const name of times) if (change[name] !== undefined) row[name] = moment(change[name]);
  return row;
}
