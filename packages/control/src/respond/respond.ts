import { and, desc, eq, isNotNull, lte, or, sql } from 'drizzle-orm';
import type { Notifications } from '../alerting/port.ts';
import { storableValue } from '../database/storable-json.ts';
import type { ServicesContext } from '../services-context.ts';
import { incidents } from './incidents.ts';
import type { RespondRecords } from './port.ts';
import { incidentFrom } from './rows.ts';
import * as table from './tables.ts';
import { respondTransaction } from './transaction.ts';

/** Findings and incidents of the control plane; messages go into the queue of `notifications` with the change that asks for them. */
export function respond(context: ServicesContext, notifications: Pick<Notifications, 'enqueue'>): RespondRecords {
  const { db, clock } = context;
  return {
    incidents: incidents(context),
    change: (organisation, work) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`respond ${organisation}`}, 0))`);
        return work(
          respondTransaction(
            tx,
            organisation,
            () => clock.now(),
            (within, messages) => notifications.enqueue(within, messages),
          ),
        );
      }),
    due: async (now, suppressed) => {
      const moment = new Date(now);
      const { rows } = await db.execute<{ organisation: string }>(sql`
        SELECT organisation FROM incidents WHERE escalate_at <= ${moment}
        UNION SELECT organisation FROM incidents WHERE reopen_at <= ${moment}
        UNION SELECT organisation FROM findings WHERE state = 'firing' AND expires_at <= ${moment}
        ${suppressed ? sql`UNION SELECT organisation FROM findings WHERE state = 'firing' AND suppressed_by <> ''` : sql``}
        LIMIT 1000`);
      return rows.map(({ organisation }) => organisation);
    },
    nextDueAt: async () => {
      const { rows } = await db.execute<{ at: string | null }>(sql`
        SELECT extract(epoch FROM least(
          (SELECT min(escalate_at) FROM incidents WHERE escalate_at IS NOT NULL),
          (SELECT min(reopen_at) FROM incidents WHERE reopen_at IS NOT NULL))) * 1000 AS at`);
      const at = rows[0]?.at;
      return at === null || at === undefined ? null : Math.ceil(Number(at));
    },
    claimEvidence: (now, leaseMs, limit, tries) =>
      db.transaction(async (tx) => {
        const rows = await tx
          .select()
          .from(table.incidents)
          .where(and(isNotNull(table.incidents.evidenceAt), lte(table.incidents.evidenceAt, new Date(now))))
          .orderBy(desc(table.incidents.openedAt))
          .limit(limit)
          .for('update', { skipLocked: true });
        for (const row of rows) {
          const last = row.evidenceTries + 1 >= tries;
          await tx
            .update(table.incidents)
            .set({ evidenceTries: row.evidenceTries + 1, evidenceAt: last ? null : new Date(now + leaseMs) })
            .where(eq(table.incidents.id, row.id));
        }
        return rows.map(incidentFrom);
      }),
    forget: async (findingsBefore, incidentsBefore) => {
      const findings = await db.execute(sql`
        DELETE FROM findings WHERE (organisation, key) IN (
          SELECT organisation, key FROM findings WHERE state = 'resolved' AND incident IS NULL
            AND last_seen_at < ${new Date(findingsBefore)} LIMIT 1000)`);
      const gone = await db.execute(sql`
        DELETE FROM incidents WHERE id IN (
          SELECT id FROM incidents WHERE status = 'resolved' AND resolved_at < ${new Date(incidentsBefore)} LIMIT 1000)`);
      return (findings.rowCount ?? 0) + (gone.rowCount ?? 0);
    },
    keepEvidence: (incident, evidence, text) =>
      db.transaction(async (tx) => {
        const kept = await tx
          .update(table.incidents)
          .set({ evidence: storableValue(evidence), evidenceAt: null })
          .where(and(eq(table.incidents.id, incident.id), or(sql`evidence IS NULL`)))
          .returning({ id: table.incidents.id });
        if (kept.length === 0 || text === '') return;
        await tx.insert(table.incidentEvents).values({
          organisation: incident.organisation,
          incident: incident.id,
          at: new Date(clock.now()),
          kind: 'evidence',
          actor: '',
          text: storableValue(text),
          detail: {},
        });
      }),
  };
}
