import { ok, type Result } from '@sightline/base';
import { and, asc, eq, gt, lte } from 'drizzle-orm';
import type { Invitations, Person, Refused } from './control.ts';
import * as table from './database/schema.ts';
import { hashPassword, passwordMatches } from './password.ts';
import { createPerson, findPerson, normaliseEmail } from './people.ts';
import { hashSecret, newId, newToken } from './secrets.ts';
import { refused, type ServicesContext, type Transaction } from './services-context.ts';

/** An invitation can be accepted for seven days. */
export const invitationLifeMs = 7 * 86_400_000;

type Row = typeof table.invitations.$inferSelect;
const fromRow = ({ id, email, role, expiresAt }: Pick<Row, 'id' | 'email' | 'role' | 'expiresAt'>) => ({
  id,
  email,
  role,
  expiresAt: expiresAt.getTime(),
});

export function invitations({ db, clock }: ServicesContext): Invitations {
  return {
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table.invitations)
        .where(
          and(eq(table.invitations.organisation, organisation), gt(table.invitations.expiresAt, new Date(clock.now()))),
        )
        .orderBy(asc(table.invitations.email))
        .limit(1000);
      return rows.map(fromRow);
    },
    create: async (organisation, address, role, by) => {
      if (role === 'owner' && by.role !== 'owner') return refused('forbidden', 'Only an owner may invite owners.');
      const email = normaliseEmail(address);
      const now = new Date(clock.now());
      const token = newToken();
      const row = {
        id: newId('invitation'),
        organisation,
        email,
        role,
        tokenHash: hashSecret(token),
        invitedBy: by.name,
        createdAt: now,
        expiresAt: new Date(now.getTime() + invitationLifeMs),
      };
      return db.transaction(async (tx) => {
        const person = await findPerson(tx, email);
        if (person && (await isMember(tx, organisation, person.id))) {
          return refused('conflict', `${email} belongs to the organisation already.`);
        }
        await tx
          .delete(table.invitations)
          .where(and(eq(table.invitations.organisation, organisation), eq(table.invitations.email, email)));
        await tx.insert(table.invitations).values(row);
        return ok({ ...fromRow(row), token });
      });
    },
    revoke: async (organisation, id) => {
      const [row] = await db
        .delete(table.invitations)
        .where(and(eq(table.invitations.organisation, organisation), eq(table.invitations.id, id)))
        .returning();
      return row ? ok(fromRow(row)) : refused('not-found', 'There is no open invitation of this id.');
    },
    accept: async (token, given) => {
      const now = new Date(clock.now());
      await db.delete(table.invitations).where(lte(table.invitations.expiresAt, now));
      return db.transaction(async (tx) => {
        const [row] = await tx
          .select()
          .from(table.invitations)
          .where(eq(table.invitations.tokenHash, hashSecret(token)))
          .for('update');
        if (!row) return refused('expired', 'This invitation was used, withdrawn or has expired. Ask for a new one.');
        const person = await joiningPerson(tx, row.email, given, now);
        if (!person.ok) return person;
        await tx
          .insert(table.memberships)
          .values({ organisation: row.organisation, person: person.value.id, role: row.role, joinedAt: now })
          .onConflictDoNothing();
        await tx.delete(table.invitations).where(eq(table.invitations.id, row.id));
        return ok({ person: person.value, organisation: row.organisation, role: row.role });
      });
    },
  };
}

async function isMember(tx: Transaction, organisation: string, person: string): Promise<boolean> {
  const count = await tx.$count(
    table.memberships,
    and(eq(table.memberships.organisation, organisation), eq(table.memberships.person, person)),
  );
  return count > 0;
}

/** A link alone must not open an account that exists: whoever has one proves it by its password. */
async function joiningPerson(
  tx: Transaction,
  email: string,
  given: { name: string; password: string },
  now: Date,
): Promise<Result<Person, Refused>> {
  const existing = await findPerson(tx, email);
  if (!existing) {
    return ok(
      await createPerson(tx, { email, name: given.name, passwordHash: await hashPassword(given.password) }, now),
    );
  }
  if (!(await passwordMatches(existing.hash, given.password))) {
    return refused('forbidden', `${email} has an account already. Give its password to join.`);
  }
  return ok({ id: existing.id, email: existing.email, name: existing.name });
}
