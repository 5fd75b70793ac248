import { sql } from 'drizzle-orm';
import type { Db } from '../database/database.ts';
import { only } from '../services-context.ts';
import type { Incidents, Severity } from './port.ts';

type Open = Awaited<ReturnType<Incidents['open']>>;

/** How many incidents are not resolved, all of them or those of a site alone, and for each site how many concern it and the worst of them. */
export async function openIncidents(db: Db, organisation: string, site = ''): Promise<Open> {
  const counted = await db.execute<{ all: number; unacknowledged: number; unreachable: number }>(sql`
    SELECT count(*)::int AS all,
      (count(*) FILTER (WHERE status = 'open'))::int AS unacknowledged,
      (count(*) FILTER (WHERE status = 'open' AND unreachable <> ''))::int AS unreachable
    FROM incidents WHERE organisation = ${organisation} AND status <> 'resolved'
      AND (${site} = '' OR site = ${site})`);
  // An incident of many sites concerns each of them; one that a person opened again may hold no firing finding.
  const sites = await db.execute<{ site: string; count: number; severity: Severity; title: string }>(sql`
    SELECT site, count(*)::int AS count,
      (array_agg(severity ORDER BY rank, number))[1] AS severity,
      (array_agg(title ORDER BY rank, number))[1] AS title
    FROM (
      SELECT DISTINCT s.site, i.id, i.number, i.severity, i.title,
        array_position(ARRAY['critical', 'high', 'medium', 'low'], i.severity) AS rank
      FROM incidents i
      CROSS JOIN LATERAL (
        SELECT i.site AS site
        UNION SELECT f.site FROM findings f
          WHERE f.organisation = i.organisation AND f.incident = i.id AND f.state = 'firing') s
      WHERE i.organisation = ${organisation} AND i.status <> 'resolved' AND s.site <> ''
        AND (${site} = '' OR i.site = ${site})) concerned
    GROUP BY site LIMIT 10000`);
  return {
    ...only(counted.rows),
    bySite: new Map(sites.rows.map(({ site: code, count, severity, title }) => [code, { count, severity, title }])),
  };
}
