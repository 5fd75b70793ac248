import { and, asc, eq } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import { newToken } from '../secrets.ts';
import { only, type ServicesContext } from '../services-context.ts';
import type { KeptScrubRules, Scrubbing } from './port.ts';
import { scrubRules as table } from './tables.ts';

const activeAtMost = 10_000;
const dayMs = 86_400_000;

type Row = typeof table.$inferSelect;

const keptOf = (row: Row): KeptScrubRules => ({
  rules: row.rules,
  ownSince: row.ownSince.getTime(),
  saltedAt: row.saltedAt.getTime(),
  updatedAt: row.updatedAt.getTime(),
  updatedBy: row.updatedBy,
});
/** What a salt is sealed for. */
const purpose = (organisation: string): string => `${organisation} scrubbing salt`;

export function scrubbing({ db, clock, sealer, logger }: ServicesContext): Scrubbing {
  const newSalt = (organisation: string): Pick<Row, 'saltSealed' | 'saltedAt'> => ({
    saltSealed: sealer.seal(newToken(), purpose(organisation)),
    saltedAt: new Date(clock.now()),
  });
  /** The row with a new salt in the place of the one it has; with the other's, where another process was faster. */
  const renewed = async ({ organisation, saltedAt }: Row): Promise<Row | undefined> => {
    const is = eq(table.organisation, organisation);
    const rows = await db
      .update(table)
      .set(newSalt(organisation))
      .where(and(is, eq(table.saltedAt, saltedAt)))
      .returning();
    return rows[0] ?? (await db.select().from(table).where(is))[0];
  };
  const find = async (organisation: string): Promise<Row | undefined> =>
    (await db.select().from(table).where(eq(table.organisation, organisation)))[0];
  return {
    find: async (organisation) => {
      const row = await find(organisation);
      return row && keptOf(row);
    },
    save: async (organisation, rules, by, ownSinceMs) => {
      const values = { rules: storableValue(rules), updatedAt: new Date(clock.now()), updatedBy: by };
      const rows = await db
        .insert(table)
        .values({ organisation, ...values, ownSince: new Date(ownSinceMs), ...newSalt(organisation) })
        .onConflictDoUpdate({ target: table.organisation, set: values })
        .returning();
      return keptOf(only(rows));
    },
    renewSalt: async (organisation) => {
      const row = await find(organisation);
      const after = row && (await renewed(row));
      return after && keptOf(after);
    },
    active: async () => {
      const rows = await db.select().from(table).orderBy(asc(table.organisation)).limit(activeAtMost);
      const found: Awaited<ReturnType<Scrubbing['active']>> = [];
      for (const row of rows) {
        const over = row.saltedAt.getTime() + row.rules.userIds.rotateDays * dayMs <= clock.now();
        let current: Row | undefined = row;
        let salt = over ? undefined : sealer.open(row.saltSealed, purpose(row.organisation));
        if (salt === undefined) {
          if (!over) logger.error('a salt cannot be opened and is replaced', { organisation: row.organisation });
          current = await renewed(row);
          salt = current && sealer.open(current.saltSealed, purpose(row.organisation));
        }
        if (!current || salt === undefined) continue;
        const { organisation, rules, ownSince } = current;
        found.push({ organisation, rules, salt, ownSinceMs: ownSince.getTime() });
      }
      return found;
    },
  };
}
