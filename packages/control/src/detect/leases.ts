import { and, eq, gt, inArray, like, lte, type SQL } from 'drizzle-orm';
import type { ServicesContext } from '../services-context.ts';
import type { Leases } from './port.ts';
import * as table from './tables.ts';

export function leases({ db, clock }: ServicesContext): Leases {
  const live = (prefix: string): SQL | undefined =>
    and(like(table.leases.name, `${prefix}%`), gt(table.leases.until, new Date(clock.now())));
  return {
    hold: async (holder, names, ttlMs, most = names.length) => {
      const now = new Date(clock.now());
      const until = new Date(clock.now() + ttlMs);
      const renewed = await db
        .update(table.leases)
        .set({ until })
        .where(and(eq(table.leases.holder, holder), inArray(table.leases.name, [...names])))
        .returning();
      const held = new Map(renewed.map((row) => [row.name, row]));
      for (const name of names) {
        if (held.size >= most || held.has(name)) continue;
        const [row] = await db
          .insert(table.leases)
          .values({ name, holder, until, note: {} })
          .onConflictDoUpdate({
            target: table.leases.name,
            set: { holder, until },
            setWhere: lte(table.leases.until, now),
          })
          .returning();
        if (row) held.set(name, row);
      }
      return [...held.values()].map(({ name, note }) => ({ name, note }));
    },
    note: async (holder, name, note) => {
      await db
        .update(table.leases)
        .set({ note: { ...note } })
        .where(and(eq(table.leases.name, name), eq(table.leases.holder, holder)));
    },
    release: async (holder, names) => {
      if (names.length === 0) return;
      await db
        .update(table.leases)
        .set({ until: new Date(0), holder: '' })
        .where(and(eq(table.leases.holder, holder), inArray(table.leases.name, [...names])));
    },
    holders: async (prefix) => {
      const rows = await db.selectDistinct({ holder: table.leases.holder }).from(table.leases).where(live(prefix));
      return rows.map((row) => row.holder);
    },
    names: async (prefix) => {
      const rows = await db.select({ name: table.leases.name }).from(table.leases).where(live(prefix));
      return rows.map(({ name }) => name).sort();
    },
  };
}
