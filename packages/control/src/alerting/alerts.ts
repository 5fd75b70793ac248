import { sql } from 'drizzle-orm';
import type { ServicesContext } from '../services-context.ts';
import type { Alert, Alerts } from './port.ts';

interface Row extends Record<string, unknown> {
  readonly key: string;
  readonly source: Alert['source'];
  readonly source_id: string;
  readonly severity: Alert['severity'];
  readonly title: string;
  readonly summary: string;
  readonly site: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly link: string;
  readonly since: Date | string;
  readonly last_seen_at: Date | string;
  readonly expires_at: Date | string | null;
  readonly suppressed_by: string;
  readonly incident: string | null;
  readonly policy: string;
}
const firingAtMost = 10_000;

export function alerts({ db }: ServicesContext): Alerts {
  return {
    firing: async (organisation, limit = firingAtMost) => {
      const { rows } = await db.execute<Row>(sql`
        SELECT key, source, source_id, severity, title, summary, site, labels, annotations, link, since, last_seen_at,
          expires_at, suppressed_by, incident, policy
        FROM findings WHERE organisation = ${organisation} AND state = 'firing'
        ORDER BY since DESC, key LIMIT ${Math.min(limit, firingAtMost)}`);
      return rows.map((row) => ({
        key: row.key,
        source: row.source,
        sourceId: row.source_id,
        severity: row.severity,
        title: row.title,
        summary: row.summary,
        site: row.site,
        labels: row.labels,
        annotations: row.annotations,
        link: row.link,
        since: new Date(row.since).getTime(),
        lastSeenAt: new Date(row.last_seen_at).getTime(),
        expiresAt: row.expires_at === null ? null : new Date(row.expires_at).getTime(),
        suppressedBy: row.suppressed_by,
        incident: row.incident,
        policy: row.policy,
      }));
    },
  };
}
