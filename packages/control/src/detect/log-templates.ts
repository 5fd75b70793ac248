import { and, desc, eq, gte, ne, sql } from 'drizzle-orm';
import type { ServicesContext } from '../services-context.ts';
import type { LogTemplates } from './port.ts';
import * as table from './tables.ts';

const loadedAtMost = 3000;
const bornAtMost = 500;
const keptAtMost = 20_000;
const writtenAtOnce = 1000;
const longestForm = 4000;

const templateOf = ({ id, form, bornAt, seenAt }: typeof table.logTemplates.$inferSelect) => ({
  id,
  form,
  bornMs: bornAt.getTime(),
  seenMs: seenAt.getTime(),
});

export function logTemplates({ db }: ServicesContext): LogTemplates {
  const { logTemplates: rows } = table;
  return {
    load: async (organisation, kind, sinceMs) => {
      const found = await db
        .select()
        .from(rows)
        .where(and(eq(rows.organisation, organisation), eq(rows.kind, kind), gte(rows.seenAt, new Date(sinceMs))))
        .orderBy(desc(rows.seenAt), rows.id)
        .limit(loadedAtMost);
      return found.map(templateOf);
    },
    bornSince: async (organisation, sinceMs) => {
      const found = await db
        .select()
        .from(rows)
        .where(and(eq(rows.organisation, organisation), gte(rows.bornAt, new Date(sinceMs)), ne(rows.form, '')))
        .orderBy(desc(rows.bornAt), rows.id)
        .limit(bornAtMost);
      return found.map(templateOf);
    },
    note: async (organisation, kind, templates) => {
      const distinct = [...new Map(templates.map((one) => [one.id, one])).values()];
      for (let at = 0; at < distinct.length; at += writtenAtOnce) {
        const values = distinct.slice(at, at + writtenAtOnce).map(({ id, form, bornMs, seenMs }) => ({
          organisation,
          kind,
          id,
          form: form.slice(0, longestForm).toWellFormed().replaceAll('\0', '\uFFFD'),
          bornAt: new Date(bornMs),
          seenAt: new Date(seenMs),
        }));
        await db
          .insert(rows)
          .values(values)
          .onConflictDoUpdate({
            target: [rows.organisation, rows.kind, rows.id],
            set: { bornAt: sql`excluded.born_at`, seenAt: sql`excluded.seen_at` },
          });
      }
      // What nobody sees any more goes when something comes.
      await db.execute(sql`DELETE FROM log_templates WHERE organisation = ${organisation} AND (kind, id) IN
        (SELECT kind, id FROM log_templates WHERE organisation = ${organisation} ORDER BY seen_at DESC OFFSET ${keptAtMost})`);
    },
  };
}
