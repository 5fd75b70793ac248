import { sql } from 'drizzle-orm';
import type { Db } from '../database/database.ts';
import type { NotifiedIncident, PolicyStep } from './port.ts';

const findingsShown = 5;

interface IncidentRow extends Record<string, unknown> {
  readonly id: string;
  readonly number: string;
  readonly title: string;
  readonly summary: string;
  readonly severity: NotifiedIncident['severity'];
  readonly status: NotifiedIncident['status'];
  readonly site: string;
  readonly site_name: string | null;
  readonly labels: Record<string, string>;
  readonly runbook: string;
  readonly opened_at: Date | string;
  readonly acknowledged_by: string;
  readonly assignee: string;
  readonly resolved_at: Date | string | null;
  readonly resolved_by: string;
  readonly resolved_how: string;
  readonly resolved_note: string;
  readonly next_step: number;
  readonly escalate_at: Date | string | null;
  readonly steps: readonly PolicyStep[] | null;
  readonly repeats: number | null;
  readonly firing: string;
}

interface FindingRow extends Record<string, unknown> {
  readonly title: string;
  readonly summary: string;
  readonly state: 'firing' | 'resolved';
  readonly link: string;
}

/** What a message says of an incident, as of now: two reads on indexes. */
export async function readNotified(db: Db, organisation: string, id: string): Promise<NotifiedIncident | undefined> {
  const { rows } = await db.execute<IncidentRow>(sql`
    SELECT i.*, s.name AS site_name, p.steps, p.repeats,
      (SELECT count(*) FROM findings f WHERE f.incident = i.id AND f.state = 'firing') AS firing
    FROM incidents i
    LEFT JOIN sites s ON s.organisation = i.organisation AND s.code = i.site
    LEFT JOIN policies p ON p.organisation = i.organisation
      AND p.id = coalesce((SELECT own.id FROM policies own WHERE own.organisation = i.organisation AND own.id = i.policy),
        (SELECT d.id FROM policies d WHERE d.organisation = i.organisation AND d.is_default))
    WHERE i.organisation = ${organisation} AND i.id = ${id}`);
  const [row] = rows;
  if (!row) return undefined;
  const findings = await db.execute<FindingRow>(sql`
    SELECT title, summary, state, link FROM findings
    WHERE organisation = ${organisation} AND incident = ${id}
    ORDER BY state, array_position(ARRAY['critical', 'high', 'medium', 'low'], severity), since DESC
    LIMIT ${findingsShown}`);
  return {
    id: row.id,
    number: Number(row.number),
    title: row.title,
    summary: row.summary,
    severity: row.severity,
    status: row.status,
    site: row.site,
    siteName: row.site_name ?? '',
    labels: row.labels,
    runbook: row.runbook,
    openedAt: new Date(row.opened_at).getTime(),
    acknowledgedBy: row.acknowledged_by,
    assignee: row.assignee,
    resolvedAt: row.resolved_at === null ? null : new Date(row.resolved_at).getTime(),
    resolvedBy: row.resolved_by,
    resolvedHow: row.resolved_how,
    resolvedNote: row.resolved_note,
    next: await nextStep(db, organisation, row),
    firing: Number(row.firing),
    findings: findings.rows.map(({ title, summary, state, link }) => ({ title, summary, state, link })),
  };
}

async function nextStep(db: Db, organisation: string, row: IncidentRow): Promise<NotifiedIncident['next']> {
  const { steps, repeats, next_step: next, escalate_at: at } = row;
  if (at === null || row.status !== 'open' || !steps || steps.length === 0) return null;
  if (next >= steps.length * ((repeats ?? 0) + 1)) return null;
  const { channels = [], teams = [] } = steps[next % steps.length] ?? {};
  const { rows } = await db.execute<{ name: string }>(sql`
    SELECT name FROM (
      SELECT name, 1 AS kind FROM channels WHERE organisation = ${organisation} AND enabled
        AND id IN (SELECT jsonb_array_elements_text(${JSON.stringify(channels)}::jsonb))
      UNION ALL SELECT name, 2 FROM teams WHERE organisation = ${organisation}
        AND slug IN (SELECT jsonb_array_elements_text(${JSON.stringify(teams)}::jsonb))) AS told
    ORDER BY kind, name`);
  if (rows.length === 0) return null;
  return { at: new Date(at).getTime(), channels: rows.map(({ name }) => name) };
}
