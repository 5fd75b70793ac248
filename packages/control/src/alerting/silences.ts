import { matchesWhole, ok, type Result } from '@sightline/base';
import { and, asc, count, desc, eq, gt, lte, sql } from 'drizzle-orm';
import type { Refused } from '../control.ts';
import { newId } from '../secrets.ts';
import { only, refused, type ServicesContext, type Transaction } from '../services-context.ts';
import { type Matcher, type NewSilence, type Silence, silenceLimits, type Silences } from './port.ts';
import * as table from './tables.ts';

type Row = typeof table.silences.$inferSelect;

function fromRow(row: Row): Silence {
  return {
    ...row,
    startsAt: row.startsAt.getTime(),
    endsAt: row.endsAt.getTime(),
    createdAt: row.createdAt.getTime(),
    updatedAt: row.updatedAt.getTime(),
  };
}

export function silences({ db, clock }: ServicesContext): Silences {
  const ofOrganisation = (organisation: string) => eq(table.silences.organisation, organisation);
  const ofId = (organisation: string, id: string) => and(ofOrganisation(organisation), eq(table.silences.id, id));
  const insert = async (tx: Transaction, organisation: string, silence: NewSilence, by: string): Promise<Silence> => {
    const now = new Date(clock.now());
    const rows = await tx
      .insert(table.silences)
      .values({
        id: newId('sil'),
        organisation,
        matchers: silence.matchers,
        startsAt: new Date(Math.max(silence.startsAt, clock.now())),
        endsAt: new Date(silence.endsAt),
        createdBy: by,
        comment: silence.comment,
        createdAt: now,
        updatedAt: now,
      })
      .returning();
    return fromRow(only(rows));
  };
  const end = async (tx: Transaction, organisation: string, id: string): Promise<Silence> => {
    const now = new Date(clock.now());
    const rows = await tx
      .update(table.silences)
      // One that has not begun must not end before it begins.
      .set({ startsAt: sql`least(${table.silences.startsAt}, ${now})`, endsAt: now, updatedAt: now })
      .where(ofId(organisation, id))
      .returning();
    return fromRow(only(rows));
  };
  return {
    active: async (organisation, now) => {
      const rows = await db
        .select()
        .from(table.silences)
        .where(
          and(
            ofOrganisation(organisation),
            lte(table.silences.startsAt, new Date(now)),
            gt(table.silences.endsAt, new Date(now)),
          ),
        )
        .orderBy(asc(table.silences.createdAt))
        .limit(silenceLimits.active);
      return rows.map(fromRow);
    },
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table.silences)
        .where(ofOrganisation(organisation))
        .orderBy(desc(sql`${table.silences.endsAt} > ${new Date(clock.now())}`), desc(table.silences.createdAt))
        .limit(silenceLimits.active);
      return rows.map(fromRow);
    },
    find: async (organisation, id) => {
      const [row] = await db.select().from(table.silences).where(ofId(organisation, id));
      return row && fromRow(row);
    },
    create: (organisation, silence, by) =>
      db.transaction(async (tx) => {
        const checked = check(silence, clock.now());
        if (!checked.ok) return checked;
        const { held } = only(
          await tx
            .select({ held: count() })
            .from(table.silences)
            .where(and(ofOrganisation(organisation), gt(table.silences.endsAt, new Date(clock.now())))),
        );
        if (held >= silenceLimits.active) {
          return refused('conflict', `There are ${silenceLimits.active} silences, as many as may be. End some first.`);
        }
        return ok(await insert(tx, organisation, silence, by));
      }),
    update: (organisation, id, silence, by) =>
      db.transaction(async (tx) => {
        const checked = check(silence, clock.now());
        if (!checked.ok) return checked;
        const [row] = await tx.select().from(table.silences).where(ofId(organisation, id)).for('update');
        if (!row) return refused('not-found', 'There is no silence of this id.');
        const before = fromRow(row);
        const ended = before.endsAt <= clock.now();
        const begun = before.startsAt <= clock.now();
        const same = sameMatchers(before.matchers, silence.matchers) && (begun || before.startsAt === silence.startsAt);
        if (ended || !same) {
          if (!ended) await end(tx, organisation, id);
          return ok(await insert(tx, organisation, silence, by));
        }
        const rows = await tx
          .update(table.silences)
          .set({ endsAt: new Date(silence.endsAt), comment: silence.comment, updatedAt: new Date(clock.now()) })
          .where(ofId(organisation, id))
          .returning();
        return ok(fromRow(only(rows)));
      }),
    expire: (organisation, id) =>
      db.transaction(async (tx) => {
        const [row] = await tx.select().from(table.silences).where(ofId(organisation, id)).for('update');
        if (!row) return refused('not-found', 'There is no silence of this id.');
        if (row.endsAt.getTime() <= clock.now()) return refused('conflict', 'This silence has ended already.');
        return ok(await end(tx, organisation, id));
      }),
  };
}

function sameMatchers(some: readonly Matcher[], others: readonly Matcher[]): boolean {
  const texts = (matchers: readonly Matcher[]) =>
    matchers.map(({ name, value, isRegex, isEqual }) => JSON.stringify([name, value, isRegex, isEqual])).sort();
  return JSON.stringify(texts(some)) === JSON.stringify(texts(others));
}

function check(silence: NewSilence, now: number): Result<undefined, Refused> {
  const invalid = (message: string) => refused('invalid' as const, message);
  const { matchers, startsAt, endsAt, comment } = silence;
  if (matchers.length === 0) return invalid('A silence needs at least one matcher.');
  if (matchers.length > silenceLimits.matchers)
    return invalid(`A silence has at most ${silenceLimits.matchers} matchers.`);
  for (const { name, value, isRegex } of matchers) {
    if (name === '' || name.length > 200) return invalid('The label of a matcher must have 1 to 200 characters.');
    if (value.length > silenceLimits.text)
      return invalid(`The value for ${name} is longer than ${silenceLimits.text} characters.`);
    // Some count so far that they do not come to an end even on nothing.
    if (isRegex && matchesWhole(value, '') === undefined)
      return invalid(`The value for ${name} is not a regular expression, or one that takes too long.`);
  }
  if (matchers.every(matchesEmpty)) {
    return invalid('This would silence everything: at least one matcher must not match an empty value.');
  }
  if (!Number.isSafeInteger(startsAt) || !Number.isSafeInteger(endsAt)) return invalid('Start and end must be times.');
  if (endsAt <= now) return invalid('The end lies in the past.');
  if (endsAt <= startsAt) return invalid('The end must lie after the start.');
  if (endsAt - Math.max(startsAt, now) > silenceLimits.lastsMs) return invalid('A silence lasts at most 366 days.');
  if (startsAt - now > silenceLimits.lastsMs) return invalid('A silence begins at most 366 days from now.');
  if (comment.length > silenceLimits.comment)
    return invalid(`The comment is longer than ${silenceLimits.comment} characters.`);
  return ok(undefined);
}

function matchesEmpty({ value, isRegex, isEqual }: Matcher): boolean {
  return (isRegex ? matchesWhole(value, '') === true : value === '') === isEqual;
}
