import { ok } from '@sightline/base';
import { asc, eq, sql } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import { only, refused, type ServicesContext } from '../services-context.ts';
import { deletions } from './deletions.ts';
import { holds } from './holds.ts';
import type { KeptClasses, Retention } from './port.ts';
import { retentionClasses as table } from './tables.ts';

const organisationsAtMost = 10_000;
/** Classes that were taken out and still rule what is stored. */
const retiredAtMost = 200;

const kept = (row: typeof table.$inferSelect): KeptClasses => ({
  classes: row.classes,
  retired: row.retired,
  updatedAt: row.updatedAt.getTime(),
  updatedBy: row.updatedBy,
});

export function retention(context: ServicesContext): Retention {
  const { db, clock } = context;
  return {
    find: async (organisation) => {
      const [row] = await db.select().from(table).where(eq(table.organisation, organisation));
      return row && kept(row);
    },
    all: async () => {
      const rows = await db.select().from(table).orderBy(asc(table.organisation)).limit(organisationsAtMost);
      return rows.map((row) => ({ organisation: row.organisation, ...kept(row) }));
    },
    save: (organisation, classes, before, by) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`retention ${organisation}`}, 0))`);
        const [old] = await tx.select().from(table).where(eq(table.organisation, organisation));
        const names = new Set(classes.map(({ name }) => name));
        const known = [...(old?.classes ?? before), ...(old?.retired ?? [])];
        const retired = known.filter(({ name }) => !names.has(name));
        if (retired.length > retiredAtMost)
          return refused('conflict', `At most ${retiredAtMost} classes can be taken out. Bring one of them back.`);
        const values = {
          ...storableValue({ classes: [...classes], retired }),
          updatedAt: new Date(clock.now()),
          updatedBy: by,
        };
        const rows = await tx
          .insert(table)
          .values({ organisation, ...values })
          .onConflictDoUpdate({ target: table.organisation, set: values })
          .returning();
        return ok(kept(only(rows)));
      }),
    holds: holds(context),
    deletions: deletions(context),
  };
}
