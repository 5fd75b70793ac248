import { ok } from '@sightline/base';
import { and, asc, desc, eq, isNull, sql } from 'drizzle-orm';
import { newId } from '../secrets.ts';
import { only, refused, type ServicesContext } from '../services-context.ts';
import type { ArchivedPiece, Holds, LegalHold } from './port.ts';
import { legalHolds as table } from './tables.ts';

/** Of one organisation, at the same time. */
const holdsAtMost = 500;
const listedAtMost = 1000;
const activeAtMost = 10_000;
const dayMs = 86_400_000;

type Row = typeof table.$inferSelect;

const fromRow = (row: Row): LegalHold => ({
  id: row.id,
  name: row.name,
  reason: row.reason,
  query: row.query,
  class: row.class,
  site: row.site,
  from: row.fromAt?.getTime() ?? null,
  to: row.toAt?.getTime() ?? null,
  createdAt: row.createdAt.getTime(),
  createdBy: row.createdBy,
  liftedAt: row.liftedAt?.getTime() ?? null,
  liftedBy: row.liftedBy,
  liftReason: row.liftReason,
});

/** Text that PostgreSQL stores as it is. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

export function holds({ db, clock }: ServicesContext): Holds {
  const active = async (organisation: string): Promise<(LegalHold & { organisation: string })[]> => {
    const rows = await db
      .select()
      .from(table)
      .where(and(isNull(table.liftedAt), organisation === '' ? undefined : eq(table.organisation, organisation)))
      .orderBy(asc(table.createdAt), asc(table.id))
      .limit(activeAtMost + 1);
    // A hold that is not seen would be broken.
    if (rows.length > activeAtMost) throw new Error(`there are more than ${activeAtMost} legal holds`);
    return rows.map((row) => ({ organisation: row.organisation, ...fromRow(row) }));
  };
  return {
    active,
    place: (organisation, hold, by) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`holds ${organisation}`}, 0))`);
        const there = await tx.$count(table, and(eq(table.organisation, organisation), isNull(table.liftedAt)));
        if (there >= holdsAtMost)
          return refused('conflict', `An organisation has at most ${holdsAtMost} legal holds at the same time.`);
        const rows = await tx
          .insert(table)
          .values({
            id: newId('hold'),
            organisation,
            name: storable(hold.name),
            reason: storable(hold.reason),
            query: storable(hold.query),
            class: storable(hold.class),
            site: storable(hold.site),
            fromAt: hold.from === null ? null : new Date(hold.from),
            toAt: hold.to === null ? null : new Date(hold.to),
            createdAt: new Date(clock.now()),
            createdBy: by,
            liftedBy: '',
            liftReason: '',
          })
          .returning();
        return ok(fromRow(only(rows)));
      }),
    lift: async (organisation, id, reason, by) => {
      const [row] = await db
        .update(table)
        .set({ liftedAt: new Date(clock.now()), liftedBy: by, liftReason: storable(reason) })
        .where(and(eq(table.organisation, organisation), eq(table.id, id), isNull(table.liftedAt)))
        .returning();
      return row
        ? ok(fromRow(row))
        : refused('not-found', `There is no legal hold ${id} in this organisation that could be lifted.`);
    },
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table)
        .where(eq(table.organisation, organisation))
        .orderBy(sql`${table.liftedAt} IS NOT NULL`, desc(table.createdAt), desc(table.id))
        .limit(listedAtMost);
      return rows.map(fromRow);
    },
    holding: async (organisation, piece) => (await active(organisation)).find((hold) => holdsPiece(hold, piece)),
  };
}

/** Whether a piece may hold a record that the hold is about; where that is not known, it does. */
export function holdsPiece(hold: LegalHold, piece: ArchivedPiece): boolean {
  if (hold.class !== '' && hold.class !== piece.class) return false;
  // Sites compare as in a search: whatever their case.
  if (hold.site !== '' && piece.site !== null && hold.site.toLowerCase() !== piece.site.toLowerCase()) return false;
  const came = Date.parse(`${piece.day}T00:00:00Z`);
  const inside = (first: number, last: number): boolean =>
    last >= (hold.from ?? -Infinity) && first < (hold.to ?? Infinity);
  const { firstMs, lastMs } = piece;
  return inside(came, came + dayMs - 1) || (firstMs !== undefined && lastMs !== undefined && inside(firstMs, lastMs));
}
