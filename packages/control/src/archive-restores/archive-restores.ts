import { ok } from '@sightline/base';
import { and, asc, desc, eq, gte, isNull, lte, or, sql } from 'drizzle-orm';
import { newId } from '../secrets.ts';
import { refused, type ServicesContext } from '../services-context.ts';
import type { ArchiveRestore, ArchiveRestores } from './port.ts';
import { archiveRestores as table } from './tables.ts';

const restoresPerOrganisation = 20;

const fromRow = ({ createdAt, leavesAt, readyAt, goneAt, ...same }: typeof table.$inferSelect): ArchiveRestore => ({
  ...same,
  createdAt: createdAt.getTime(),
  leavesAt: leavesAt.getTime(),
  readyAt: readyAt?.getTime() ?? null,
  goneAt: goneAt?.getTime() ?? null,
});

export function archiveRestores({ db, clock }: ServicesContext): ArchiveRestores {
  const now = (): Date => new Date(clock.now());
  return {
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table)
        .where(eq(table.organisation, organisation))
        .orderBy(sql`${table.goneAt} IS NOT NULL`, desc(table.createdAt), asc(table.id))
        .limit(100);
      return rows.map(fromRow);
    },
    add: (organisation, { fromDay, toDay, site, class: kept, leavesAt }, by) =>
      db.transaction(async (tx) => {
        // One at a time: what the other adds must be seen.
        await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtext(${`archive-restores ${organisation}`}))`);
        const here = and(eq(table.organisation, organisation), isNull(table.goneAt));
        const [met] = await tx
          .select()
          .from(table)
          .where(
            and(
              here,
              lte(table.fromDay, toDay),
              gte(table.toDay, fromDay),
              site === '' ? undefined : or(eq(table.site, ''), eq(table.site, site)),
              kept === '' ? undefined : or(eq(table.class, ''), eq(table.class, kept)),
            ),
          )
          .limit(1);
        if (met)
          return refused(
            'conflict',
            `Some of it is restored already: ${met.fromDay} to ${met.toDay}${met.site === '' ? '' : ` of ${met.site}`}. Let that one leave first.`,
          );
        if ((await tx.$count(table, here)) >= restoresPerOrganisation)
          return refused(
            'conflict',
            `At most ${restoresPerOrganisation} restores are kept at a time. Let one leave first.`,
          );
        const [row] = await tx
          .insert(table)
          .values({
            id: newId('restore'),
            organisation,
            fromDay,
            toDay,
            site,
            class: kept,
            createdAt: now(),
            createdBy: by,
            leavesAt: new Date(leavesAt),
          })
          .returning();
        return row ? ok(fromRow(row)) : refused('conflict', 'It could not be noted.');
      }),
    end: async (organisation, id) => {
      const [row] = await db
        .update(table)
        .set({ leavesAt: now() })
        .where(and(eq(table.organisation, organisation), eq(table.id, id), isNull(table.goneAt)))
        .returning();
      return row ? ok(fromRow(row)) : refused('not-found', `There is no restore ${id} in this organisation.`);
    },
    open: async () => {
      const rows = await db.select().from(table).where(isNull(table.goneAt)).orderBy(asc(table.createdAt)).limit(1000);
      return rows.map(fromRow);
    },
    progress: async (id, change) => {
      await db.update(table).set(change).where(eq(table.id, id));
    },
    ready: async (id) => {
      await db.update(table).set({ readyAt: now() }).where(eq(table.id, id));
    },
    gone: async (id) => {
      await db.update(table).set({ goneAt: now() }).where(eq(table.id, id));
    },
  };
}
