import { ok } from '@sightline/base';
import { and, asc, desc, eq, isNull, sql } from 'drizzle-orm';
import type { Db } from '../database/database.ts';
import { newId } from '../secrets.ts';
import { only, refused, type ServicesContext, type Transaction } from '../services-context.ts';
import type { ArchivedPiece, Holds, HoldToPlace, LegalHold } from './port.ts';
import { legalHolds as table } from './tables.ts';

/** Of one organisation, at the same time. */
const holdsAtMost = 500;
const listedAtMost = 1000;
const activeAtMost = 10_000;
const dayMs = 86_400_000;
/** Who places a hold waits so long for deletions that are being begun. */
const placeWaitsMs = 20_000;
/** One for all organisations: a deletion may be of many. Deletions share it, whoever places a hold has it alone. */
const placing = sql`hashtextextended('legal holds', 0)`;

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

/** Those that hold, of one organisation or ('') of all. Throws when there are too many: none may be overlooked. */
export async function activeHolds(
  through: Db | Transaction,
  organisation: string,
): Promise<(LegalHold & { organisation: string })[]> {
  const rows = await through
    .select()
    .from(table)
    .where(and(isNull(table.liftedAt), organisation === '' ? undefined : eq(table.organisation, organisation)))
    .orderBy(asc(table.createdAt), asc(table.id))
    .limit(activeAtMost + 1);
  // A hold that is not seen would be broken.
  if (rows.length > activeAtMost) throw new Error(`there are more than ${activeAtMost} legal holds`);
  return rows.map((row) => ({ organisation: row.organisation, ...fromRow(row) }));
}

/** Until the end of the transaction nobody places a hold. */
export const sharePlacing = (tx: Transaction): Promise<unknown> =>
  tx.execute(sql`SELECT pg_advisory_xact_lock_shared(${placing})`);

export function holds({ db, clock }: ServicesContext): Holds {
  const active = (organisation: string, through: Db | Transaction = db): ReturnType<typeof activeHolds> =>
    activeHolds(through, organisation);
  const place = (organisation: string, hold: HoldToPlace, by: string): ReturnType<Holds['place']> =>
    db.transaction(async (tx) => {
      await tx.execute(sql`SELECT set_config('lock_timeout', ${String(placeWaitsMs)}, true)`);
      await tx.execute(sql`SELECT pg_advisory_xact_lock(${placing})`);
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
    });
  return {
    active: (organisation) => active(organisation),
    place: async (organisation, hold, by) => {
      try {
        return await place(organisation, hold, by);
      } catch (error) {
        if (!isLockTimeout(error)) throw error;
        return refused('conflict', 'Logs are being deleted at this moment. Nothing was placed: try again in a moment.');
      }
    },
    whileNonePlaced: (organisation, work) =>
      db.transaction(async (tx) => {
        await sharePlacing(tx);
        return work(await active(organisation, tx));
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

/** SQLSTATE 55P03. */
function isLockTimeout(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return code === '55P03' || cause?.code === '55P03';
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
