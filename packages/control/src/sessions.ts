import { ok } from '@sightline/base';
import { and, asc, eq, lt } from 'drizzle-orm';
import type { Session, Sessions } from './control.ts';
import * as table from './database/schema.ts';
import { hashSecret, newToken } from './secrets.ts';
import { refused, type ServicesContext } from './services-context.ts';

const dayMs = 86_400_000;
/** Unused for this long a session ends. */
export const sessionIdleMs = 7 * dayMs;
/** Used or not, a session ends after this long. */
export const sessionLifeMs = 30 * dayMs;
/** Activity is noted at most this often. */
const noteEveryMs = 60_000;

export function sessions({ db, clock }: ServicesContext): Sessions {
  const find = async (token: string): Promise<Session | undefined> => {
    if (token.length < 20 || token.length > 200) return undefined;
    const tokenHash = hashSecret(token);
    const [row] = await db
      .select({
        session: table.sessions,
        person: table.people,
        place: table.organisations,
        role: table.memberships.role,
      })
      .from(table.sessions)
      .innerJoin(table.people, eq(table.people.id, table.sessions.person))
      .innerJoin(table.organisations, eq(table.organisations.id, table.sessions.organisation))
      .innerJoin(
        table.memberships,
        and(
          eq(table.memberships.person, table.sessions.person),
          eq(table.memberships.organisation, table.sessions.organisation),
        ),
      )
      .where(eq(table.sessions.tokenHash, tokenHash));
    if (!row) return undefined;
    const now = clock.now();
    const seenAt = row.session.seenAt.getTime();
    if (row.session.expiresAt.getTime() <= now || seenAt + sessionIdleMs <= now) {
      await db.delete(table.sessions).where(eq(table.sessions.tokenHash, tokenHash));
      return undefined;
    }
    if (now - seenAt >= noteEveryMs) {
      await db
        .update(table.sessions)
        .set({ seenAt: new Date(now) })
        .where(eq(table.sessions.tokenHash, tokenHash));
    }
    return {
      person: { id: row.person.id, email: row.person.email, name: row.person.name },
      organisation: { id: row.place.id, name: row.place.name },
      role: row.role,
      csrfToken: row.session.csrfToken,
      expiresAt: row.session.expiresAt.getTime(),
    };
  };

  return {
    find,
    open: async (personId, { address, userAgent, organisation }) => {
      const now = new Date(clock.now());
      await db.delete(table.sessions).where(lt(table.sessions.expiresAt, now));
      const places = await db
        .select({ organisation: table.memberships.organisation })
        .from(table.memberships)
        .where(eq(table.memberships.person, personId))
        .orderBy(asc(table.memberships.joinedAt), asc(table.memberships.organisation))
        .limit(1000);
      const place = places.find((one) => one.organisation === organisation) ?? places[0];
      if (!place) return undefined;
      const token = newToken();
      await db.insert(table.sessions).values({
        tokenHash: hashSecret(token),
        person: personId,
        organisation: place.organisation,
        csrfToken: newToken(),
        address,
        userAgent: userAgent.slice(0, 300),
        createdAt: now,
        seenAt: now,
        expiresAt: new Date(now.getTime() + sessionLifeMs),
      });
      const session = await find(token);
      return session && { token, session };
    },
    switchOrganisation: async (token, organisation) => {
      const session = await find(token);
      const [member] = session
        ? await db
            .select()
            .from(table.memberships)
            .where(
              and(eq(table.memberships.person, session.person.id), eq(table.memberships.organisation, organisation)),
            )
        : [];
      if (!member) return refused('not-found', 'You belong to no organisation of this id.');
      await db
        .update(table.sessions)
        .set({ organisation })
        .where(eq(table.sessions.tokenHash, hashSecret(token)));
      const switched = await find(token);
      return switched ? ok(switched) : refused('expired', 'The session has ended.');
    },
    end: async (token) => {
      await db.delete(table.sessions).where(eq(table.sessions.tokenHash, hashSecret(token)));
    },
  };
}
