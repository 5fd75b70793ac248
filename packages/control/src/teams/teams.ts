import { ok, type Result } from '@sightline/base';
import { and, asc, eq, sql } from 'drizzle-orm';
import type { Refused } from '../control.ts';
import { memberships, people } from '../database/schema.ts';
import { normaliseEmail } from '../people.ts';
import { only, refused, type ServicesContext, type Transaction } from '../services-context.ts';
import { teamLimits, type Team, type TeamMember, type TeamRole, type Teams } from './port.ts';
import { disown, readOwned } from './team-owns.ts';
import * as table from './tables.ts';

const memberColumns = {
  person: people.id,
  email: people.email,
  name: people.name,
  role: table.teamMembers.role,
};
const slugForm = /^[a-z0-9][a-z0-9_-]{0,49}$/;
const noTeam = (slug: string) => refused('not-found', `There is no team ${slug.slice(0, 60)} in this organisation.`);

export function teams({ db, clock }: ServicesContext): Teams {
  const ofSlug = (organisation: string, slug: string) =>
    and(eq(table.teams.organisation, organisation), eq(table.teams.slug, slug));
  const read = async (tx: Pick<Transaction, 'select'>, organisation: string, slug?: string): Promise<Team[]> => {
    const rows = await tx
      .select({
        slug: table.teams.slug,
        name: table.teams.name,
        createdAt: table.teams.createdAt,
        members: sql<string>`(SELECT count(*) FROM team_members m
          WHERE m.organisation = ${table.teams.organisation} AND m.team = ${table.teams.slug})`,
      })
      .from(table.teams)
      .where(slug === undefined ? eq(table.teams.organisation, organisation) : ofSlug(organisation, slug))
      .orderBy(sql`lower(${table.teams.name})`, asc(table.teams.slug))
      .limit(teamLimits.teams);
    return rows.map((row) => ({ ...row, createdAt: row.createdAt.getTime(), members: Number(row.members) }));
  };
  /** The team, held until the transaction ends: nobody deletes it meanwhile. */
  const held = async (tx: Transaction, organisation: string, slug: string): Promise<boolean> =>
    (await tx.select().from(table.teams).where(ofSlug(organisation, slug)).for('update')).length > 0;

  return {
    list: (organisation) => read(db, organisation),
    find: async (organisation, slug) => (await read(db, organisation, slug))[0],
    members: async (organisation, slug) =>
      db
        .select(memberColumns)
        .from(table.teamMembers)
        .innerJoin(people, eq(people.id, table.teamMembers.person))
        .where(and(eq(table.teamMembers.organisation, organisation), eq(table.teamMembers.team, slug)))
        .orderBy(asc(table.teamMembers.role), asc(people.email))
        .limit(teamLimits.members),
    ofPerson: async (organisation, email) => {
      const rows = await db
        .select({ team: table.teamMembers.team })
        .from(table.teamMembers)
        .innerJoin(people, eq(people.id, table.teamMembers.person))
        .where(and(eq(table.teamMembers.organisation, organisation), eq(people.email, normaliseEmail(email))))
        .orderBy(asc(table.teamMembers.team))
        .limit(teamLimits.teams);
      return rows.map(({ team }) => team);
    },
    owns: (organisation, slug) => readOwned(db, organisation, slug),
    create: (organisation, { slug, name }, by) =>
      db.transaction(async (tx) => {
        if (!slugForm.test(slug))
          return refused(
            'invalid',
            'A slug has 1 to 50 of a to z, 0 to 9, - and _, and begins with a letter or digit.',
          );
        const wrong = nameFault(name);
        if (wrong !== '') return refused('invalid', wrong);
        await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`teams ${organisation}`}, 0))`);
        if ((await tx.$count(table.teams, eq(table.teams.organisation, organisation))) >= teamLimits.teams)
          return refused('conflict', `An organisation has at most ${teamLimits.teams} teams.`);
        const rows = await tx
          .insert(table.teams)
          .values({ organisation, slug, name, createdAt: new Date(clock.now()), createdBy: by })
          .onConflictDoNothing()
          .returning();
        if (rows.length === 0) return refused('conflict', `There is a team ${slug} already.`);
        return ok(only(await read(tx, organisation, slug)));
      }),
    rename: async (organisation, slug, name) => {
      const wrong = nameFault(name);
      if (wrong !== '') return refused('invalid', wrong);
      await db.update(table.teams).set({ name }).where(ofSlug(organisation, slug));
      const [team] = await read(db, organisation, slug);
      return team ? ok(team) : noTeam(slug);
    },
    putMember: (organisation, slug, person, role) =>
      db.transaction(async (tx) => {
        if (!(await held(tx, organisation, slug))) return noTeam(slug);
        return putMember(tx, organisation, slug, { person, role, now: new Date(clock.now()) });
      }),
    removeMember: (organisation, slug, person) =>
      db.transaction(async (tx) => {
        const [member] = await readMember(tx, organisation, slug, person);
        if (!member) return refused('not-found', `Nobody of this id is in the team ${slug.slice(0, 60)}.`);
        await tx.delete(table.teamMembers).where(ofMember(organisation, slug, person));
        return ok(member);
      }),
    remove: (organisation, slug, by, withoutTeam) =>
      db.transaction(async (tx) => {
        if (!(await held(tx, organisation, slug))) return noTeam(slug);
        const { name } = only(await read(tx, organisation, slug));
        const owned = await disown(tx, { organisation, slug, by, withoutTeam, now: new Date(clock.now()) });
        await tx.delete(table.teams).where(ofSlug(organisation, slug));
        return ok({ ...owned, name });
      }),
  };
}

const nameFault = (name: string): string =>
  name.trim() === '' || name.length > teamLimits.name ? `The name must have 1 to ${teamLimits.name} characters.` : '';

const ofMember = (organisation: string, slug: string, person: string) =>
  and(
    eq(table.teamMembers.organisation, organisation),
    eq(table.teamMembers.team, slug),
    eq(table.teamMembers.person, person),
  );

function readMember(tx: Transaction, organisation: string, slug: string, person: string): Promise<TeamMember[]> {
  return tx
    .select(memberColumns)
    .from(table.teamMembers)
    .innerJoin(people, eq(people.id, table.teamMembers.person))
    .where(ofMember(organisation, slug, person));
}

async function putMember(
  tx: Transaction,
  organisation: string,
  slug: string,
  { person, role, now }: { readonly person: string; readonly role: TeamRole; readonly now: Date },
): Promise<Result<TeamMember, Refused>> {
  const belongs = and(eq(memberships.organisation, organisation), eq(memberships.person, person));
  if ((await tx.select().from(memberships).where(belongs).for('key share')).length === 0)
    return refused('not-found', 'Nobody of this id belongs to the organisation.');
  const others = and(
    eq(table.teamMembers.organisation, organisation),
    eq(table.teamMembers.team, slug),
    sql`${table.teamMembers.person} <> ${person}`,
  );
  if ((await tx.$count(table.teamMembers, others)) >= teamLimits.members)
    return refused('conflict', `A team has at most ${teamLimits.members} members.`);
  await tx
    .insert(table.teamMembers)
    .values({ organisation, team: slug, person, role, addedAt: now })
    .onConflictDoUpdate({
      target: [table.teamMembers.organisation, table.teamMembers.team, table.teamMembers.person],
      set: { role },
    });
  return ok(only(await readMember(tx, organisation, slug, person)));
}
