import { ok, type Result } from '@sightline/base';
import { and, asc, eq, ne, sql } from 'drizzle-orm';
import { type Member, type People, type Person, type Refused, type Role, roleAtLeast } from './control.ts';
import * as table from './database/schema.ts';
import { hashPassword, passwordMatches } from './password.ts';
import { hashSecret, newId } from './secrets.ts';
import { refused, type ServicesContext, type Transaction } from './services-context.ts';

/** Addresses are compared in lower case. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}

export async function findPerson(tx: Transaction, email: string): Promise<(Person & { hash: string }) | undefined> {
  const [row] = await tx
    .select()
    .from(table.people)
    .where(eq(table.people.email, normaliseEmail(email)));
  return row && { id: row.id, email: row.email, name: row.name, hash: row.passwordHash };
}

export async function createPerson(
  tx: Transaction,
  person: { email: string; name: string; passwordHash: string },
  now: Date,
): Promise<Person> {
  const id = newId('person');
  const email = normaliseEmail(person.email);
  await tx
    .insert(table.people)
    .values({ id, email, name: person.name, passwordHash: person.passwordHash, createdAt: now });
  return { id, email, name: person.name };
}

const memberColumns = {
  id: table.people.id,
  email: table.people.email,
  name: table.people.name,
  role: table.memberships.role,
  joinedAt: table.memberships.joinedAt,
  lastSignInAt: table.people.lastSignInAt,
};
type MemberRow = { id: string; email: string; name: string; role: Role; joinedAt: Date; lastSignInAt: Date | null };
const toMember = (row: MemberRow): Member => ({
  ...row,
  joinedAt: row.joinedAt.getTime(),
  lastSignInAt: row.lastSignInAt?.getTime() ?? null,
});

async function memberOf(tx: Transaction, organisation: string, personId: string): Promise<Member | undefined> {
  const [row] = await tx
    .select(memberColumns)
    .from(table.memberships)
    .innerJoin(table.people, eq(table.people.id, table.memberships.person))
    .where(and(eq(table.memberships.organisation, organisation), eq(table.memberships.person, personId)));
  return row && toMember(row);
}

/** Owners other than the person. The organisation's row is locked, so that two owners cannot demote each other at once. */
async function otherOwners(tx: Transaction, organisation: string, personId: string): Promise<number> {
  await tx
    .select({ id: table.organisations.id })
    .from(table.organisations)
    .where(eq(table.organisations.id, organisation))
    .for('update');
  return tx.$count(
    table.memberships,
    and(
      eq(table.memberships.organisation, organisation),
      eq(table.memberships.role, 'owner'),
      ne(table.memberships.person, personId),
    ),
  );
}

async function checkChange(
  tx: Transaction,
  organisation: string,
  personId: string,
  next: Role | undefined,
  by: Role,
): Promise<Result<Member, Refused>> {
  const others = await otherOwners(tx, organisation, personId);
  const member = await memberOf(tx, organisation, personId);
  if (!member) return refused('not-found', 'Nobody of this id belongs to the organisation.');
  if (by !== 'owner' && (member.role === 'owner' || next === 'owner')) {
    return refused('forbidden', 'Only an owner may make, change or remove owners.');
  }
  if (member.role === 'owner' && next !== 'owner' && others === 0) {
    return refused('conflict', 'This is the last owner. Make somebody else an owner first.');
  }
  return ok(member);
}

/** Who may do less than before, or nothing, lets nobody in any more by what they sent out. */
async function withdrawInvitations(tx: Transaction, organisation: string, invitedBy: string): Promise<void> {
  await tx
    .delete(table.invitations)
    .where(and(eq(table.invitations.organisation, organisation), eq(table.invitations.invitedBy, invitedBy)));
}

export function people({ db, clock }: ServicesContext): People {
  return {
    signIn: async (email, password) => {
      const [row] = await db
        .select()
        .from(table.people)
        .where(eq(table.people.email, normaliseEmail(email)));
      if (!(await passwordMatches(row?.passwordHash, password)) || !row) return undefined;
      await db
        .update(table.people)
        .set({ lastSignInAt: new Date(clock.now()) })
        .where(eq(table.people.id, row.id));
      return { id: row.id, email: row.email, name: row.name };
    },
    find: async (personId) => {
      const [row] = await db.select().from(table.people).where(eq(table.people.id, personId));
      return row && { id: row.id, email: row.email, name: row.name };
    },
    organisationsOfEmail: async (email) => {
      const rows = await db
        .select({ id: table.memberships.organisation })
        .from(table.memberships)
        .innerJoin(table.people, eq(table.people.id, table.memberships.person))
        .where(eq(table.people.email, normaliseEmail(email)))
        .limit(1000);
      return rows.map(({ id }) => id);
    },
    organisationsOf: (personId) =>
      db
        .select({ id: table.organisations.id, name: table.organisations.name, role: table.memberships.role })
        .from(table.memberships)
        .innerJoin(table.organisations, eq(table.organisations.id, table.memberships.organisation))
        .where(eq(table.memberships.person, personId))
        .orderBy(asc(table.organisations.name))
        .limit(1000),
    members: async (organisation) => {
      const rows = await db
        .select(memberColumns)
        .from(table.memberships)
        .innerJoin(table.people, eq(table.people.id, table.memberships.person))
        .where(eq(table.memberships.organisation, organisation))
        .orderBy(asc(table.people.email))
        .limit(5000);
      return rows.map(toMember);
    },
    member: (organisation, personId) => db.transaction((tx) => memberOf(tx, organisation, personId)),
    changeRole: (organisation, personId, role, by) =>
      db.transaction(async (tx) => {
        const checked = await checkChange(tx, organisation, personId, role, by);
        if (!checked.ok) return checked;
        await tx
          .update(table.memberships)
          .set({ role })
          .where(and(eq(table.memberships.organisation, organisation), eq(table.memberships.person, personId)));
        if (!roleAtLeast(role, checked.value.role)) await withdrawInvitations(tx, organisation, checked.value.email);
        return ok({ ...checked.value, role });
      }),
    remove: (organisation, personId, by) =>
      db.transaction(async (tx) => {
        const checked = await checkChange(tx, organisation, personId, undefined, by);
        if (!checked.ok) return checked;
        // Their sessions in the organisation end by the foreign key.
        await tx
          .delete(table.memberships)
          .where(and(eq(table.memberships.organisation, organisation), eq(table.memberships.person, personId)));
        await withdrawInvitations(tx, organisation, checked.value.email);
        return checked;
      }),
    changePassword: async (personId, current, next, keepToken) => {
      const [row] = await db.select().from(table.people).where(eq(table.people.id, personId));
      if (!(await passwordMatches(row?.passwordHash, current))) {
        return refused('forbidden', 'The current password is not right.');
      }
      const passwordHash = await hashPassword(next);
      await db.transaction(async (tx) => {
        await tx.update(table.people).set({ passwordHash }).where(eq(table.people.id, personId));
        await tx
          .delete(table.sessions)
          .where(
            and(eq(table.sessions.person, personId), sql`${table.sessions.tokenHash} <> ${hashSecret(keepToken)}`),
          );
      });
      return ok(undefined);
    },
  };
}
