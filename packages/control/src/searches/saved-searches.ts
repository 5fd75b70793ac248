import { ok } from '@sightline/base';
import { and, asc, eq, sql } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import { newId } from '../secrets.ts';
import { refused, type ServicesContext } from '../services-context.ts';
import type { SavedSearch, SavedSearches } from './port.ts';
import { savedSearches as table } from './tables.ts';

const searchesPerOrganisation = 500;

const fromRow = (row: typeof table.$inferSelect): SavedSearch => ({
  id: row.id,
  name: row.name,
  query: row.query,
  scope: row.scope,
  columns: row.columns,
  createdAt: row.createdAt.getTime(),
  createdBy: row.createdBy,
});

export function savedSearches({ db, clock }: ServicesContext): SavedSearches {
  return {
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table)
        .where(eq(table.organisation, organisation))
        .orderBy(sql`lower(${table.name})`, asc(table.id))
        .limit(searchesPerOrganisation);
      return rows.map(fromRow);
    },
    add: async (organisation, search, by) => {
      if ((await db.$count(table, eq(table.organisation, organisation))) >= searchesPerOrganisation)
        return refused('conflict', `An organisation has at most ${searchesPerOrganisation} saved searches.`);
      const { name, query, scope, columns } = storableValue(search);
      const [row] = await db
        .insert(table)
        .values({
          id: newId('search'),
          organisation,
          name,
          query,
          scope,
          columns,
          createdAt: new Date(clock.now()),
          createdBy: by,
        })
        .onConflictDoNothing()
        .returning();
      return row ? ok(fromRow(row)) : refused('conflict', `There is a saved search named ${name} already.`);
    },
    remove: async (organisation, id) => {
      const [row] = await db
        .delete(table)
        .where(and(eq(table.organisation, organisation), eq(table.id, id)))
        .returning();
      return row ? ok(fromRow(row)) : refused('not-found', `There is no saved search ${id} in this organisation.`);
    },
  };
}
