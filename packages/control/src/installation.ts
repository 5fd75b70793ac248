import { eq } from 'drizzle-orm';
import type { Installation } from './control.ts';
import { installationSecrets as table } from './database/schema.ts';
import { newToken } from './secrets.ts';
import { only, type ServicesContext } from './services-context.ts';

export function installation({ db }: ServicesContext): Installation {
  return {
    secret: async (name) => {
      // Of several processes that start at once the first one's stays.
      await db.insert(table).values({ name, secret: newToken() }).onConflictDoNothing();
      return only(await db.select({ secret: table.secret }).from(table).where(eq(table.name, name))).secret;
    },
  };
}
