import { ok } from '@sightline/base';
import { and, asc, desc, eq, lte } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import { newId } from '../secrets.ts';
import { only, refused, type ServicesContext, type Transaction } from '../services-context.ts';
import type { DashboardEdit, Dashboards, KeptDashboard, KeptDashboardFacts } from './port.ts';
import { dashboards as table, dashboardVersions as versionTable } from './tables.ts';

const dashboardsPerOrganisation = 2000;
const versionsKept = 200;

type Row = typeof table.$inferSelect;
const factsFrom = (row: Omit<Row, 'document' | 'organisation' | 'createdAt'>): KeptDashboardFacts => ({
  id: row.id,
  title: row.title,
  description: row.description,
  folder: row.folder,
  tags: row.tags,
  panels: row.panels,
  version: row.version,
  updatedAt: row.updatedAt.getTime(),
  updatedBy: row.updatedBy,
});
const fromRow = (row: Row): KeptDashboard => ({ ...factsFrom(row), document: row.document });

const listed = {
  id: table.id,
  title: table.title,
  description: table.description,
  folder: table.folder,
  tags: table.tags,
  panels: table.panels,
  version: table.version,
  updatedAt: table.updatedAt,
  updatedBy: table.updatedBy,
};
const noDashboard = (id: string) => refused('not-found', `There is no dashboard ${id} in this organisation.`);

export function dashboards({ db, clock }: ServicesContext): Dashboards {
  const ofId = (organisation: string, id: string) => and(eq(table.organisation, organisation), eq(table.id, id));
  const ofDashboard = (organisation: string, id: string) =>
    and(eq(versionTable.organisation, organisation), eq(versionTable.dashboard, id));

  const note = async (tx: Transaction, row: Row, message: string) => {
    await tx.insert(versionTable).values({
      organisation: row.organisation,
      dashboard: row.id,
      version: row.version,
      document: row.document,
      at: row.updatedAt,
      author: row.updatedBy,
      message,
    });
    await tx
      .delete(versionTable)
      .where(and(ofDashboard(row.organisation, row.id), lte(versionTable.version, row.version - versionsKept)));
  };

  return {
    list: async (organisation) =>
      (
        await db
          .select(listed)
          .from(table)
          .where(eq(table.organisation, organisation))
          .orderBy(asc(table.title), asc(table.id))
          .limit(dashboardsPerOrganisation)
      ).map(factsFrom),
    find: async (organisation, id) => {
      const [row] = await db.select().from(table).where(ofId(organisation, id));
      return row && fromRow(row);
    },
    create: (organisation, edit, by, id = newId('dash')) =>
      db.transaction(async (tx) => {
        if ((await tx.$count(table, eq(table.organisation, organisation))) >= dashboardsPerOrganisation)
          return refused('conflict', `An organisation has at most ${dashboardsPerOrganisation} dashboards.`);
        const now = new Date(clock.now());
        const [row] = await tx
          .insert(table)
          .values({ ...columnsOf(edit), organisation, id, version: 1, createdAt: now, updatedAt: now, updatedBy: by })
          .onConflictDoNothing()
          .returning();
        if (!row) return refused('conflict', `There is a dashboard ${id} already.`);
        await note(tx, row, edit.message);
        return ok(fromRow(row));
      }),
    save: (organisation, id, version, edit, by) =>
      db.transaction(async (tx) => {
        const [before] = await tx
          .select({ version: table.version, updatedBy: table.updatedBy })
          .from(table)
          .where(ofId(organisation, id))
          .for('update');
        if (!before) return noDashboard(id);
        if (before.version !== version)
          return refused(
            'conflict',
            `${before.updatedBy} saved version ${before.version} after you had opened version ${version}. Nothing was overwritten.`,
          );
        const rows = await tx
          .update(table)
          .set({ ...columnsOf(edit), version: version + 1, updatedAt: new Date(clock.now()), updatedBy: by })
          .where(ofId(organisation, id))
          .returning();
        const row = only(rows);
        await note(tx, row, edit.message);
        return ok(fromRow(row));
      }),
    remove: async (organisation, id) => {
      const [row] = await db.delete(table).where(ofId(organisation, id)).returning(listed);
      return row ? ok(factsFrom(row)) : noDashboard(id);
    },
    versions: async (organisation, id) => {
      const rows = await db
        .select({
          version: versionTable.version,
          at: versionTable.at,
          author: versionTable.author,
          message: versionTable.message,
        })
        .from(versionTable)
        .where(ofDashboard(organisation, id))
        .orderBy(desc(versionTable.version))
        .limit(versionsKept);
      return rows.map((row) => ({ ...row, at: row.at.getTime() }));
    },
    version: async (organisation, id, version) => {
      const [row] = await db
        .select()
        .from(versionTable)
        .where(and(ofDashboard(organisation, id), eq(versionTable.version, version)));
      return (
        row && {
          version: row.version,
          at: row.at.getTime(),
          author: row.author,
          message: row.message,
          document: row.document,
        }
      );
    },
  };
}

function columnsOf({ facts, document }: DashboardEdit) {
  return storableValue({ ...facts, tags: [...facts.tags], document });
}
