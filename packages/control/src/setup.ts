import { ok, type Result } from '@sightline/base';
import { and, eq, sql } from 'drizzle-orm';
import type { Organisation, Person, Refused, Setup, SetupValues } from './control.ts';
import * as table from './database/schema.ts';
import { insertKey } from './keys.ts';
import { ensureOrganisation, nameFault } from './organisations.ts';
import { hashPassword } from './password.ts';
import { createPerson, findPerson } from './people.ts';
import { hashSecret, newToken } from './secrets.ts';
import { only, refused, type ServicesContext, type Transaction } from './services-context.ts';

const shortestPassword = 10;
const shortestKey = 16;
const longestKey = 512;
const organisationWithoutName = 'default';

/** Why the values cannot be used, in words that name the setting. */
function valuesFault({ organisation, email, password, key }: SetupValues): string | undefined {
  if (organisation !== undefined && nameFault(organisation)) return `SIGHTLINE_SETUP_ORG: ${nameFault(organisation)}`;
  if ((email === undefined) !== (password === undefined)) {
    return 'SIGHTLINE_SETUP_EMAIL and SIGHTLINE_SETUP_PASSWORD belong together: set both or neither.';
  }
  if (email !== undefined && (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 254)) {
    return `SIGHTLINE_SETUP_EMAIL is not an e-mail address: "${email}".`;
  }
  if (password !== undefined && (password.length < shortestPassword || password.length > 200)) {
    return `SIGHTLINE_SETUP_PASSWORD needs ${shortestPassword} to 200 characters.`;
  }
  if (key !== undefined && (key.length < shortestKey || key.length > longestKey || /\s/.test(key))) {
    return `SIGHTLINE_SETUP_KEY needs ${shortestKey} to ${longestKey} characters without spaces.`;
  }
  return undefined;
}

/** One first start at a time; others wait until it has ended. */
async function lockSetup(tx: Transaction): Promise<void> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(7154460002)`);
}

async function addOwner(
  tx: Transaction,
  organisation: Organisation,
  owner: { email: string; name: string; passwordHash: string },
  now: Date,
): Promise<Person> {
  const existing = await findPerson(tx, owner.email);
  const person = existing
    ? { id: existing.id, email: existing.email, name: existing.name }
    : await createPerson(tx, owner, now);
  await tx
    .insert(table.memberships)
    .values({ organisation: organisation.id, person: person.id, role: 'owner', joinedAt: now })
    .onConflictDoNothing();
  return person;
}

export function setup({ db, clock, sealer }: ServicesContext): Setup {
  const hasOwner = async (tx: Pick<Transaction, '$count'>): Promise<boolean> =>
    (await tx.$count(table.memberships, eq(table.memberships.role, 'owner'))) > 0;

  const applyValues = async (tx: Transaction, values: SetupValues, passwordHash: string | undefined): Promise<void> => {
    const now = new Date(clock.now());
    if (values.organisation === undefined && values.email === undefined && values.key === undefined) return;
    const organisation = await ensureOrganisation(tx, values.organisation ?? organisationWithoutName, now);
    if (values.email !== undefined && passwordHash !== undefined) {
      const owners = await tx.$count(
        table.memberships,
        and(eq(table.memberships.organisation, organisation.id), eq(table.memberships.role, 'owner')),
      );
      if (owners === 0) await addOwner(tx, organisation, { email: values.email, name: '', passwordHash }, now);
    }
    if (values.key !== undefined) {
      await insertKey(tx, sealer, {
        organisation: organisation.id,
        name: 'Set-up key',
        permissions: ['ingest', 'query', 'any-organisation'],
        secret: values.key,
        createdBy: 'set-up',
        now,
      });
    }
  };

  return {
    needed: async () => !(await hasOwner(db)),
    start: async (values): Promise<Result<{ token: string | undefined }, Refused>> => {
      const fault = valuesFault(values);
      if (fault) return refused('invalid', fault);
      const passwordHash =
        values.password !== undefined && !(await hasOwner(db)) ? await hashPassword(values.password) : undefined;
      return db.transaction(async (tx) => {
        await lockSetup(tx);
        await applyValues(tx, values, passwordHash);
        await tx.delete(table.setupToken);
        if (await hasOwner(tx)) return ok({ token: undefined });
        const token = newToken();
        await tx.insert(table.setupToken).values({ tokenHash: hashSecret(token), createdAt: new Date(clock.now()) });
        return ok({ token });
      });
    },
    complete: async (token, owner) => {
      const fault = nameFault(owner.organisation);
      if (fault) return refused('invalid', fault);
      const matches = async (tx: Pick<Transaction, '$count'>): Promise<boolean> =>
        (await tx.$count(table.setupToken, eq(table.setupToken.tokenHash, hashSecret(token)))) === 1;
      const used = refused('expired', 'This set-up link is not valid. Use the newest one that the server printed.');
      // Before the costly hash, so that guesses are cheap to refuse.
      if (!(await matches(db))) return used;
      const passwordHash = await hashPassword(owner.password);
      return db.transaction(async (tx) => {
        await lockSetup(tx);
        if ((await hasOwner(tx)) || !(await matches(tx))) return used;
        const now = new Date(clock.now());
        const organisation = await ensureOrganisation(tx, owner.organisation, now);
        const person = await addOwner(tx, organisation, { email: owner.email, name: owner.name, passwordHash }, now);
        await tx.delete(table.setupToken);
        return ok({ person, organisation: only([organisation]) });
      });
    },
  };
}
