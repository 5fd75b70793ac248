import { and, desc, eq, inArray, lte, or, sql } from 'drizzle-orm';
import { newId } from '../secrets.ts';
import { organisations } from '../database/schema.ts';
import type { ServicesContext } from '../services-context.ts';
import type { ScrubCanaries, ScrubCanary } from './canaries-port.ts';
import { scrubCanaries as table } from './tables.ts';

const dayMs = 86_400_000;

const canaryOf = (row: typeof table.$inferSelect): ScrubCanary => ({
  id: row.id,
  organisation: row.organisation,
  byHand: row.byHand,
  state: row.state,
  begunAt: row.begunAt.getTime(),
  plantedAt: row.plantedAt?.getTime() ?? null,
  checkedAt: row.checkedAt?.getTime() ?? null,
  planted: row.planted,
  found: row.found,
});

export function scrubCanaries({ db, clock }: ServicesContext): ScrubCanaries {
  const after = (ms: number): Date => new Date(clock.now() + ms);
  const begun = (organisation: string, byHand: boolean, claimMs: number): typeof table.$inferInsert => ({
    id: newId('canary'),
    organisation,
    day: after(0).toISOString().slice(0, 10),
    byHand,
    state: 'begun',
    begunAt: after(0),
    claimedUntil: after(claimMs),
    planted: [],
    found: [],
  });
  const open = inArray(table.state, ['begun', 'planted']);
  return {
    beginDay: async (limit, claimMs) => {
      const day = after(0).toISOString().slice(0, 10);
      const due = await db
        .select({ id: organisations.id })
        .from(organisations)
        .where(
          and(
            lte(organisations.createdAt, after(-dayMs)),
            sql`NOT EXISTS (SELECT 1 FROM ${table} WHERE ${table.organisation} = ${organisations.id} AND ${table.day} = ${day} AND NOT ${table.byHand})`,
          ),
        )
        .orderBy(organisations.id)
        .limit(limit);
      if (due.length === 0) return [];
      // Another server that was faster has the day.
      const rows = await db
        .insert(table)
        .values(due.map(({ id }) => begun(id, false, claimMs)))
        .onConflictDoNothing()
        .returning();
      return rows.map(canaryOf);
    },
    beginByHand: async (organisation) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`SELECT 1 FROM ${organisations} WHERE ${organisations.id} = ${organisation} FOR UPDATE`);
        const [running] = await tx
          .select({ id: table.id })
          .from(table)
          .where(and(eq(table.organisation, organisation), open))
          .limit(1);
        if (running) return undefined;
        const rows = await tx
          .insert(table)
          .values(begun(organisation, true, 0))
          .returning();
        return rows[0] && canaryOf(rows[0]);
      }),
    claimOpen: async (limit, claimMs) => {
      const free = db
        .select({ id: table.id })
        .from(table)
        .where(and(or(open, eq(table.told, false)), lte(table.claimedUntil, after(0))))
        .orderBy(table.claimedUntil)
        .limit(limit)
        .for('update', { skipLocked: true });
      const rows = await db
        .update(table)
        .set({ claimedUntil: after(claimMs) })
        .where(inArray(table.id, free))
        .returning();
      return rows.map(canaryOf);
    },
    planted: async (id, values) => {
      await db
        .update(table)
        .set({ state: 'planted', plantedAt: after(0), planted: values })
        .where(and(eq(table.id, id), eq(table.state, 'begun')));
    },
    checked: async (id, state, found) => {
      await db
        .update(table)
        .set({ state, checkedAt: after(0), found })
        .where(and(eq(table.id, id), open));
    },
    later: async (id, at) => {
      await db
        .update(table)
        .set({ claimedUntil: new Date(at) })
        .where(eq(table.id, id));
    },
    told: async (id) => {
      await db.update(table).set({ told: true }).where(eq(table.id, id));
    },
    recent: async (organisation, limit) => {
      const rows = await db
        .select()
        .from(table)
        .where(eq(table.organisation, organisation))
        .orderBy(desc(table.begunAt))
        .limit(limit);
      return rows.map(canaryOf);
    },
  };
}
