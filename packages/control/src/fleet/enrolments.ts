import { ok } from '@sightline/base';
import { and, desc, eq, gt, isNull } from 'drizzle-orm';
import type { Sites } from '../control.ts';
import { hashSecret, letters, newId } from '../secrets.ts';
import { only, refused, type ServicesContext } from '../services-context.ts';
import type { Enrolment, Enrolments } from './port.ts';
import * as table from './tables.ts';

const goodForMs = 86_400_000;
const openAtMost = 1000;

type Row = typeof table.enrolments.$inferSelect;
const fromRow = (row: Row): Enrolment => ({
  id: row.id,
  site: row.site,
  createdAt: row.createdAt.getTime(),
  createdBy: row.createdBy,
  expiresAt: row.expiresAt.getTime(),
});

export function enrolments({ db, clock }: ServicesContext, sites: Sites): Enrolments {
  const open = (organisation: string) =>
    and(
      eq(table.enrolments.organisation, organisation),
      isNull(table.enrolments.usedAt),
      gt(table.enrolments.expiresAt, new Date(clock.now())),
    );
  return {
    create: async (organisation, site, createdBy, lifeMs = goodForMs) => {
      if ((await db.$count(table.enrolments, open(organisation))) >= openAtMost)
        return refused('conflict', `There are ${openAtMost} open tokens already. Withdraw some first.`);
      await sites.seen(organisation, [site]);
      if (!(await sites.find(organisation, site)))
        return refused('invalid', 'A site code has 1 to 200 characters and no control characters.');
      const token = `sl_enrol_${letters(40)}`;
      const now = clock.now();
      const rows = await db
        .insert(table.enrolments)
        .values({
          tokenHash: hashSecret(token),
          id: newId('enr'),
          organisation,
          site,
          createdBy,
          createdAt: new Date(now),
          expiresAt: new Date(now + lifeMs),
        })
        .returning();
      return ok({ ...fromRow(only(rows)), token });
    },
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table.enrolments)
        .where(open(organisation))
        .orderBy(desc(table.enrolments.createdAt))
        .limit(openAtMost);
      return rows.map(fromRow);
    },
    revoke: async (organisation, id) => {
      const [row] = await db
        .delete(table.enrolments)
        .where(and(open(organisation), eq(table.enrolments.id, id)))
        .returning();
      return row ? ok(fromRow(row)) : refused('not-found', 'There is no open token of this id.');
    },
  };
}
