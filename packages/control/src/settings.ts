import { and, eq } from 'drizzle-orm';
import type { Settings } from './control.ts';
import * as table from './database/schema.ts';
import type { ServicesContext } from './services-context.ts';

export function settings({ db }: ServicesContext): Settings {
  return {
    get: async (organisation, name) => {
      const [row] = await db
        .select({ value: table.settings.value })
        .from(table.settings)
        .where(and(eq(table.settings.organisation, organisation), eq(table.settings.name, name)));
      return row?.value;
    },
    set: async (organisation, name, value) => {
      await db
        .insert(table.settings)
        .values({ organisation, name, value })
        .onConflictDoUpdate({ target: [table.settings.organisation, table.settings.name], set: { value } });
    },
  };
}
