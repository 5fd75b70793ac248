import { sql } from 'drizzle-orm';
import type { Db } from '../database/database.ts';
import * as table from './tables.ts';

type Row = typeof table.notifications.$inferSelect;

/**
 * Takes what is due in one short transaction; one taker at a time, so that no channel is taken twice. A channel under a
 * live lease waits, and so does a message whose forerunner to the same channel about the same incident still waits.
 */
export function claimDue(db: Db, nowMs: number, limit: number, leaseMs: number): Promise<Row[]> {
  const now = new Date(nowMs);
  const leaseUntil = new Date(nowMs + leaseMs);
  return db.transaction(async (tx) => {
    await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended('notifications claim', 0))`);
    // Somebody has it in hand or it is over: who would be woken next need not be.
    await tx.execute(sql`
      UPDATE notifications n SET status = 'cancelled', finished_at = ${now}
      WHERE n.status = 'waiting' AND (n.lease_until IS NULL OR n.lease_until <= ${now})
        AND n.kind IN ('escalated', 'fallback')
        AND EXISTS (SELECT FROM incidents i WHERE i.id = n.incident AND (i.status <> 'open' OR i.round > n.round))`);
    const due = sql`
      SELECT id FROM (
        SELECT DISTINCT ON (w.channel) w.id, w.next_at FROM notifications w
        WHERE w.status = 'waiting' AND w.next_at <= ${now} AND (w.lease_until IS NULL OR w.lease_until <= ${now})
          AND NOT EXISTS (
            SELECT FROM notifications o WHERE o.status = 'waiting' AND o.channel = w.channel AND o.lease_until > ${now})
          AND NOT EXISTS (
            SELECT FROM notifications o
            WHERE o.status = 'waiting' AND o.channel = w.channel AND o.incident = w.incident AND o.number < w.number)
        ORDER BY w.channel, w.number
      ) first ORDER BY next_at LIMIT ${limit}`;
    return tx
      .update(table.notifications)
      .set({ leaseUntil, attempts: sql`${table.notifications.attempts} + 1` })
      .where(sql`${table.notifications.id} IN (${due})`)
      .returning();
  });
}
