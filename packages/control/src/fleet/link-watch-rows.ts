import { and, asc, between, eq, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import type { ServicesContext } from '../services-context.ts';
import { agentOf } from './agent-row.ts';
import type { LinkWatchRows } from './port.ts';
import * as table from './tables.ts';

const watchedAtOnce = 1000;

/** True for agents whose site another live agent reaches. */
const reachedByAnother = sql`EXISTS (SELECT 1 FROM agents AS o WHERE o.organisation = ${table.agents.organisation}
  AND o.site = ${table.agents.site} AND o.id <> ${table.agents.id} AND o.link = 'up' AND o.revoked_at IS NULL)`;

export function linkWatchRows({ db }: ServicesContext): LinkWatchRows {
  return {
    expire: async (before) => {
      const { rowCount } = await db
        .update(table.agents)
        .set({ link: 'down', linkSince: sql`coalesce(${table.agents.lastSeenAt}, ${table.agents.linkSince})` })
        .where(
          and(
            eq(table.agents.link, 'up'),
            isNull(table.agents.revokedAt),
            lt(table.agents.lastSeenAt, new Date(before)),
          ),
        );
      return rowCount ?? 0;
    },
    lost: async (before) => {
      const rows = await db
        .select()
        .from(table.agents)
        .where(
          and(
            eq(table.agents.link, 'down'),
            isNull(table.agents.revokedAt),
            isNull(table.agents.linkFoundAt),
            lt(table.agents.linkSince, new Date(before)),
            sql`NOT ${reachedByAnother}`,
          ),
        )
        .orderBy(asc(table.agents.linkSince))
        .limit(watchedAtOnce);
      return rows.map(agentOf);
    },
    ended: async () => {
      const rows = await db
        .select()
        .from(table.agents)
        .where(
          and(
            isNotNull(table.agents.linkFoundAt),
            or(eq(table.agents.link, 'up'), isNotNull(table.agents.revokedAt), reachedByAnother),
          ),
        )
        .limit(watchedAtOnce);
      return rows.map(agentOf);
    },
    neighbours: async (organisation, at, withinMs) => {
      const inOrganisation = and(eq(table.agents.organisation, organisation), isNull(table.agents.revokedAt));
      const [up, lostTogether] = await Promise.all([
        db.$count(table.agents, and(inOrganisation, eq(table.agents.link, 'up'))),
        db.$count(
          table.agents,
          and(
            inOrganisation,
            eq(table.agents.link, 'down'),
            between(table.agents.linkSince, new Date(at - withinMs), new Date(at + withinMs)),
          ),
        ),
      ]);
      return { up, lostTogether };
    },
    found: async (ids, at) => {
      if (ids.length === 0) return;
      await db
        .update(table.agents)
        .set({ linkFoundAt: at === null ? null : new Date(at) })
        .where(inArray(table.agents.id, [...ids]));
    },
  };
}
