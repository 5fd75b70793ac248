import { eq } from 'drizzle-orm';
import type { Installation } from './control.ts';
import { installationSecrets as table } from './database/schema.ts';
import { newToken } from './secrets.ts';
import { only, type ServicesContext } from './services-context.ts';

/** Before names of texts that are no secrets: a secret's name never begins so. */
const publicPrefix = 'public/';

export function installation({ db }: ServicesContext): Installation {
  const published = async (name: string): Promise<string | undefined> => {
    const [row] = await db
      .select({ text: table.secret })
      .from(table)
      .where(eq(table.name, publicPrefix + name));
    return row?.text;
  };
  return {
    secret: async (name) => {
      // Of several processes that start at once the first one's stays.
      await db.insert(table).values({ name, secret: newToken() }).onConflictDoNothing();
      return only(await db.select({ secret: table.secret }).from(table).where(eq(table.name, name))).secret;
    },
    publish: async (name, text) => {
      const before = await published(name);
      await db
        .insert(table)
        .values({ name: publicPrefix + name, secret: text })
        .onConflictDoUpdate({ target: table.name, set: { secret: text } });
      return before;
    },
    published,
  };
}
