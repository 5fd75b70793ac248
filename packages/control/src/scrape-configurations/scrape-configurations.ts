import { createHash } from 'node:crypto';
import { eq } from 'drizzle-orm';
import type { ServicesContext } from '../services-context.ts';
import type { ScrapeConfigurations } from './port.ts';
import { scrapeConfigurations as table } from './tables.ts';

const organisationsAtMost = 10_000;
/** What the sealed text is bound to: it opens as nothing else and for nobody else. */
const boundTo = (organisation: string): string => `scrape configuration of ${organisation}`;

export function scrapeConfigurations({ db, clock, sealer, logger }: ServicesContext): ScrapeConfigurations {
  return {
    find: async (organisation) => {
      const [row] = await db.select().from(table).where(eq(table.organisation, organisation));
      if (row === undefined) return undefined;
      const content = sealer.open(row.contentSealed, boundTo(organisation));
      if (content === undefined) {
        logger.error('A scrape configuration cannot be opened: the instance key has changed', { organisation });
        return undefined;
      }
      const { digest, updatedAt, updatedBy } = row;
      return { organisation, content, digest, updatedAt: updatedAt.getTime(), updatedBy };
    },
    has: async (organisation) => (await db.$count(table, eq(table.organisation, organisation))) > 0,
    listAll: () =>
      db.select({ organisation: table.organisation, digest: table.digest }).from(table).limit(organisationsAtMost),
    put: async (organisation, content, by) => {
      const values = {
        contentSealed: sealer.seal(content, boundTo(organisation)),
        digest: createHash('sha256').update(content).digest('hex'),
        updatedAt: new Date(clock.now()),
        updatedBy: by,
      };
      await db
        .insert(table)
        .values({ organisation, ...values })
        .onConflictDoUpdate({ target: table.organisation, set: values });
    },
    remove: async (organisation) =>
      (
        await db
          .delete(table)
          .where(eq(table.organisation, organisation))
          .returning({ organisation: table.organisation })
      ).length > 0,
  };
}
