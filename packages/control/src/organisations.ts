import { LruCache, ok, type Result } from '@sightline/base';
import { asc, eq } from 'drizzle-orm';
import type { Organisation, Organisations, Project, Projects, Refused } from './control.ts';
import * as table from './database/schema.ts';
import { newId } from './secrets.ts';
import { only, refused, type ServicesContext, type Transaction } from './services-context.ts';

type Row = typeof table.organisations.$inferSelect;
const fromRow = (row: Row): Organisation => ({ id: row.id, name: row.name, createdAt: row.createdAt.getTime() });

const cachedForMs = 60_000;

/** The organisation of this name with its first project; made where it is missing. */
export async function ensureOrganisation(tx: Transaction, name: string, now: Date): Promise<Organisation> {
  await tx
    .insert(table.organisations)
    .values({ id: newId('org'), name, createdAt: now })
    .onConflictDoNothing();
  const row = only(await tx.select().from(table.organisations).where(eq(table.organisations.name, name)));
  await tx
    .insert(table.projects)
    .values({ organisation: row.id, name: 'default', createdAt: now })
    .onConflictDoNothing();
  return fromRow(row);
}

/** Why a name cannot name an organisation; undefined when it can. */
export function nameFault(name: string): string | undefined {
  if (name.length < 1 || name.length > 100) return 'An organisation has a name of 1 to 100 characters.';
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(name)) return "An organisation's name holds no control characters.";
  return undefined;
}

export function organisations({ db, clock }: ServicesContext): Organisations {
  const byName = new LruCache<string, Organisation>(1000, cachedForMs, clock);
  return {
    find: async (id) => {
      const [row] = await db.select().from(table.organisations).where(eq(table.organisations.id, id));
      return row && fromRow(row);
    },
    findByName: async (name) => {
      const [row] = await db.select().from(table.organisations).where(eq(table.organisations.name, name));
      return row && fromRow(row);
    },
    ensure: async (name): Promise<Result<Organisation, Refused>> => {
      const fault = nameFault(name);
      if (fault) return refused('invalid', fault);
      const cached = byName.get(name);
      if (cached) return ok(cached);
      const made = await db.transaction((tx) => ensureOrganisation(tx, name, new Date(clock.now())));
      byName.set(name, made);
      return ok(made);
    },
    first: async () => {
      // By project number and not by time: numbers never tie, and no clock that was set back reorders them.
      const [row] = await db
        .select({ organisation: table.organisations })
        .from(table.projects)
        .innerJoin(table.organisations, eq(table.organisations.id, table.projects.organisation))
        .orderBy(asc(table.projects.number))
        .limit(1);
      return row && fromRow(row.organisation);
    },
    list: async (limit = 1000) => {
      const rows = await db
        .select()
        .from(table.organisations)
        .orderBy(asc(table.organisations.name))
        .limit(Math.min(limit, 1000));
      return rows.map(fromRow);
    },
  };
}

export function projects({ db, clock }: ServicesContext): Projects {
  const byNumber = new LruCache<number, { project: Project | undefined }>(10_000, cachedForMs, clock);
  const list = async (organisation: string): Promise<Project[]> =>
    db
      .select({ number: table.projects.number, organisation: table.projects.organisation, name: table.projects.name })
      .from(table.projects)
      .where(eq(table.projects.organisation, organisation))
      .orderBy(asc(table.projects.number))
      .limit(1000);
  return {
    list,
    first: async (organisation) => only(await list(organisation)),
    find: async (number) => {
      if (!Number.isSafeInteger(number) || number < 1) return undefined;
      const cached = byNumber.get(number);
      if (cached) return cached.project;
      const [row] = await db.select().from(table.projects).where(eq(table.projects.number, number));
      const project = row && { number: row.number, organisation: row.organisation, name: row.name };
      byNumber.set(number, { project });
      return project;
    },
  };
}
