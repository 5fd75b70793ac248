import { and, asc, eq, inArray } from 'drizzle-orm';
import { people } from '../database/schema.ts';
import type { TeamReceivers } from '../respond/port.ts';
import type { Transaction } from '../services-context.ts';
import * as table from './tables.ts';

/** RFC 5321, section 4.5.3.1.8: the recipients of one message that every server must take. */
const receiversAtMost = 100;

/** Those of these teams that are there, with the addresses of their people, leads first. */
export async function teamReceivers(
  tx: Pick<Transaction, 'select'>,
  organisation: string,
  slugs: readonly string[],
): Promise<TeamReceivers[]> {
  if (slugs.length === 0) return [];
  const rows = await tx
    .select({ slug: table.teams.slug, name: table.teams.name, email: people.email })
    .from(table.teams)
    .leftJoin(
      table.teamMembers,
      and(eq(table.teamMembers.organisation, table.teams.organisation), eq(table.teamMembers.team, table.teams.slug)),
    )
    .leftJoin(people, eq(people.id, table.teamMembers.person))
    .where(and(eq(table.teams.organisation, organisation), inArray(table.teams.slug, [...slugs])))
    .orderBy(asc(table.teams.slug), asc(table.teamMembers.role), asc(people.email));
  return [...Map.groupBy(rows, ({ slug }) => slug)].map(([slug, members]) => ({
    slug,
    name: members[0]?.name ?? slug,
    receivers: members.flatMap(({ email }) => email ?? []).slice(0, receiversAtMost),
  }));
}
