import { LruCache } from '@sightline/base';
import { and, asc, eq } from 'drizzle-orm';
import type { Site, Sites } from './control.ts';
import * as table from './database/schema.ts';
import { only, type ServicesContext } from './services-context.ts';

const longestCode = 200;
const codesPerCall = 1000;
const sitesPerOrganisation = 20_000;
const rememberedSites = 50_000;
const rememberedForMs = 600_000;

type Row = typeof table.sites.$inferSelect;
const fromRow = (row: Row): Site => ({
  code: row.code,
  name: row.name,
  address: row.address,
  city: row.city,
  region: row.region,
  latitude: row.latitude,
  longitude: row.longitude,
  timeZone: row.timeZone,
  createdAt: row.createdAt.getTime(),
});

/** Codes come from clients' records: what PostgreSQL or a URL cannot hold is no site. */
function usable(code: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return code.length > 0 && code.length <= longestCode && !/[\u0000-\u001f\u007f]/.test(code) && code.isWellFormed();
}

export function sites({ db, clock, logger }: ServicesContext): Sites {
  const known = new LruCache<string, true>(rememberedSites, rememberedForMs, clock);
  const cacheKey = (organisation: string, code: string): string => `${organisation}\n${code}`;
  return {
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table.sites)
        .where(eq(table.sites.organisation, organisation))
        .orderBy(asc(table.sites.code))
        .limit(sitesPerOrganisation);
      return rows.map(fromRow);
    },
    find: async (organisation, code) => {
      if (!usable(code)) return undefined;
      const [row] = await db
        .select()
        .from(table.sites)
        .where(and(eq(table.sites.organisation, organisation), eq(table.sites.code, code)));
      return row && fromRow(row);
    },
    seen: async (organisation, codes) => {
      const fresh = [...new Set(codes.slice(0, codesPerCall))].filter(
        (code) => usable(code) && !known.get(cacheKey(organisation, code)),
      );
      if (fresh.length === 0) return [];
      const count = await db.$count(table.sites, eq(table.sites.organisation, organisation));
      if (count >= sitesPerOrganisation) {
        logger.warn('No more sites are created: the organisation has reached its limit', { organisation, count });
        return [];
      }
      const createdAt = new Date(clock.now());
      const place = { address: '', city: '', region: '', timeZone: '', createdAt };
      const created = await db
        .insert(table.sites)
        .values(fresh.map((code) => ({ organisation, code, name: code, ...place })))
        .onConflictDoNothing()
        .returning({ code: table.sites.code });
      for (const code of fresh) known.set(cacheKey(organisation, code), true);
      return created.map((row) => row.code);
    },
    update: async (organisation, code, { name, address, city, region, latitude, longitude, timeZone }) => {
      const place = { name, address, city, region, latitude, longitude, timeZone };
      const rows = await db
        .insert(table.sites)
        .values({ organisation, code, ...place, createdAt: new Date(clock.now()) })
        .onConflictDoUpdate({ target: [table.sites.organisation, table.sites.code], set: place })
        .returning();
      return fromRow(only(rows));
    },
  };
}
