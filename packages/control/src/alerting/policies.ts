import { ok, type Result } from '@sightline/base';
import { and, asc, count, desc, eq } from 'drizzle-orm';
import type { Refused } from '../control.ts';
import { newId } from '../secrets.ts';
import { only, refused, type ServicesContext, type Transaction } from '../services-context.ts';
import { lockPolicies } from './channels.ts';
import { type NewPolicy, type Policies, type Policy, policyLimits } from './port.ts';
import { teams } from '../teams/tables.ts';
import * as table from './tables.ts';

type Row = typeof table.policies.$inferSelect;
const policiesAtMost = 200;

export function policyFrom(row: Row): Policy {
  return { ...row, createdAt: row.createdAt.getTime(), updatedAt: row.updatedAt.getTime() };
}

export function policies({ db, clock }: ServicesContext): Policies {
  const ofOrganisation = (organisation: string) => eq(table.policies.organisation, organisation);
  const ofId = (organisation: string, id: string) => and(ofOrganisation(organisation), eq(table.policies.id, id));
  return {
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table.policies)
        .where(ofOrganisation(organisation))
        .orderBy(desc(table.policies.isDefault), asc(table.policies.name))
        .limit(policiesAtMost);
      return rows.map(policyFrom);
    },
    find: async (organisation, id) => {
      const [row] = await db.select().from(table.policies).where(ofId(organisation, id));
      return row && policyFrom(row);
    },
    default: async (organisation) => {
      const [row] = await db
        .select()
        .from(table.policies)
        .where(and(ofOrganisation(organisation), table.policies.isDefault));
      return row && policyFrom(row);
    },
    create: (organisation, policy, by) =>
      db.transaction(async (tx) => {
        await lockPolicies(tx, organisation);
        const checked = await check(tx, organisation, policy, undefined);
        if (!checked.ok) return checked;
        const { held } = only(
          await tx.select({ held: count() }).from(table.policies).where(ofOrganisation(organisation)),
        );
        if (held >= policiesAtMost)
          return refused('conflict', `There are ${policiesAtMost} policies, as many as may be.`);
        const isDefault = policy.isDefault || held === 0;
        if (isDefault) await noDefault(tx, organisation);
        const now = new Date(clock.now());
        const rows = await tx
          .insert(table.policies)
          .values({
            id: newId('pol'),
            organisation,
            name: policy.name,
            steps: policy.steps,
            repeats: policy.repeats,
            isDefault,
            createdAt: now,
            updatedAt: now,
            updatedBy: by,
          })
          .returning();
        return ok(policyFrom(only(rows)));
      }),
    update: (organisation, id, change, by) =>
      db.transaction(async (tx) => {
        await lockPolicies(tx, organisation);
        const [before] = await tx.select().from(table.policies).where(ofId(organisation, id));
        if (!before) return refused('not-found', 'There is no policy of this id.');
        if (change.isDefault === false && before.isDefault) {
          return refused('conflict', 'This is the default policy. Make another one the default instead.');
        }
        const next = { ...policyFrom(before), ...change };
        const checked = await check(tx, organisation, next, id);
        if (!checked.ok) return checked;
        if (next.isDefault && !before.isDefault) await noDefault(tx, organisation);
        const rows = await tx
          .update(table.policies)
          .set({
            name: next.name,
            steps: next.steps,
            repeats: next.repeats,
            isDefault: next.isDefault,
            updatedAt: new Date(clock.now()),
            updatedBy: by,
          })
          .where(ofId(organisation, id))
          .returning();
        return ok(policyFrom(only(rows)));
      }),
    remove: (organisation, id) =>
      db.transaction(async (tx) => {
        await lockPolicies(tx, organisation);
        const rows = await tx.select().from(table.policies).where(ofOrganisation(organisation));
        const going = rows.find((row) => row.id === id);
        if (!going) return refused('not-found', 'There is no policy of this id.');
        if (going.isDefault && rows.length > 1) {
          return refused('conflict', `${going.name} is the default. Make another policy the default first.`);
        }
        await tx.delete(table.policies).where(ofId(organisation, id));
        return ok(policyFrom(going));
      }),
  };
}

async function noDefault(tx: Transaction, organisation: string): Promise<void> {
  await tx.update(table.policies).set({ isDefault: false }).where(eq(table.policies.organisation, organisation));
}

const whole = (value: number, most: number): boolean => Number.isInteger(value) && value >= 0 && value <= most;

/** Bounds, channels that exist, a name nobody else has. */
async function check(
  tx: Transaction,
  organisation: string,
  { name, steps, repeats }: NewPolicy,
  self: string | undefined,
): Promise<Result<undefined, Refused>> {
  const invalid = (message: string) => refused('invalid' as const, message);
  if (name.trim() === '' || name.length > 100) return invalid('The name must have 1 to 100 characters.');
  if (steps.length === 0) return invalid('A policy needs at least one step.');
  if (steps.length > policyLimits.steps) return invalid(`A policy has at most ${policyLimits.steps} steps.`);
  if (!whole(repeats, policyLimits.repeats)) return invalid(`Repeats go from 0 to ${policyLimits.repeats}.`);
  const known = await tx
    .select({ id: table.channels.id })
    .from(table.channels)
    .where(eq(table.channels.organisation, organisation));
  const ids = new Set(known.map((channel) => channel.id));
  const there = await tx.select({ slug: teams.slug }).from(teams).where(eq(teams.organisation, organisation));
  const slugs = new Set(there.map(({ slug }) => slug));
  for (const [at, { waitMs, channels, teams: told = [] }] of steps.entries()) {
    const step = `Step ${at + 1}`;
    if (!whole(waitMs, policyLimits.waitMs)) return invalid(`${step}: the wait must lie between 0 and 7 days.`);
    if (channels.length + told.length === 0)
      return invalid(`${step} tells nobody: choose at least one channel or team.`);
    if (channels.length > policyLimits.channelsPerStep) {
      return invalid(`${step} has more than ${policyLimits.channelsPerStep} channels.`);
    }
    if (told.length > policyLimits.teamsPerStep) {
      return invalid(`${step} has more than ${policyLimits.teamsPerStep} teams.`);
    }
    if (new Set(told).size < told.length) return invalid(`${step} names a team twice.`);
    if (told.some((slug) => !slugs.has(slug))) return invalid(`${step} names a team that does not exist.`);
    if (new Set(channels).size < channels.length) return invalid(`${step} names a channel twice.`);
    if (channels.some((id) => !ids.has(id))) return invalid(`${step} names a channel that does not exist.`);
  }
  const doubles = await tx
    .select({ id: table.policies.id })
    .from(table.policies)
    .where(and(eq(table.policies.organisation, organisation), eq(table.policies.name, name)));
  if (doubles.some(({ id }) => id !== self)) return refused('conflict', `There is a policy named ${name} already.`);
  return ok(undefined);
}
