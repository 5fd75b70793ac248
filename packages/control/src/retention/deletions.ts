import { and, asc, desc, eq, gte, isNull, lt } from 'drizzle-orm';
import type { ServicesContext } from '../services-context.ts';
import type { HotDeletion, HotDeletions } from './port.ts';
import { hotDeletions as table } from './tables.ts';

const unfinishedAtMost = 10_000;
const insertedAtOnce = 1000;

const fromRow = (row: typeof table.$inferSelect): HotDeletion => ({
  organisation: row.organisation,
  class: row.class,
  day: row.day,
  until: row.until.getTime(),
  rows: row.rows,
  beganAt: row.begunAt.getTime(),
  doneAt: row.doneAt?.getTime() ?? null,
});

export function deletions({ db, clock }: ServicesContext): HotDeletions {
  return {
    begin: async (deleted) => {
      for (let at = 0; at < deleted.length; at += insertedAtOnce) {
        const rows = deleted.slice(at, at + insertedAtOnce).map((one) => ({
          organisation: one.organisation,
          class: one.class,
          day: one.day,
          until: new Date(one.until),
          rows: one.rows,
          begunAt: new Date(clock.now()),
        }));
        await db.insert(table).values(rows).onConflictDoNothing();
      }
    },
    unfinished: async () => {
      const rows = await db
        .select()
        .from(table)
        .where(isNull(table.doneAt))
        .orderBy(asc(table.day), asc(table.organisation), asc(table.class), asc(table.until))
        .limit(unfinishedAtMost);
      return rows.map(fromRow);
    },
    finish: async (deletion, rows) => {
      await db
        .update(table)
        .set({ rows, doneAt: new Date(clock.now()) })
        .where(
          and(
            eq(table.organisation, deletion.organisation),
            eq(table.class, deletion.class),
            eq(table.day, deletion.day),
            eq(table.until, new Date(deletion.until)),
          ),
        );
    },
    list: async (organisation, limit, range) => {
      const rows = await db
        .select()
        .from(table)
        .where(
          and(
            eq(table.organisation, organisation),
            range && gte(table.begunAt, new Date(range.from)),
            range && lt(table.begunAt, new Date(range.to)),
          ),
        )
        .orderBy(desc(table.until), desc(table.day), asc(table.class))
        .limit(limit);
      return rows.map(fromRow);
    },
  };
}
