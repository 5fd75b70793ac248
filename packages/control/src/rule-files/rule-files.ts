import { createHash } from 'node:crypto';
import { ok } from '@sightline/base';
import { and, asc, eq, sql } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import { only, refused, type ServicesContext } from '../services-context.ts';
import type { KeptAlert, RuleFileFacts, RuleFiles } from './port.ts';
import * as table from './tables.ts';

const filesPerOrganisation = 500;
const filesAtMost = 10_000;
const alertsLoaded = 100_000;
const writtenAtOnce = 1000;

type FileRow = Omit<typeof table.ruleFiles.$inferSelect, 'content'> & { readonly sizeBytes: number };
type AlertRow = typeof table.ruleGroupAlerts.$inferSelect;

const listed = {
  organisation: table.ruleFiles.organisation,
  name: table.ruleFiles.name,
  digest: table.ruleFiles.digest,
  sizeBytes: sql<number>`octet_length(${table.ruleFiles.content})`,
  updatedAt: table.ruleFiles.updatedAt,
  updatedBy: table.ruleFiles.updatedBy,
};
const factsFrom = (row: FileRow): RuleFileFacts => ({ ...row, updatedAt: row.updatedAt.getTime() });
const alertFrom = (row: AlertRow): KeptAlert => ({
  rule: row.rule,
  fingerprint: row.fingerprint,
  labels: row.labels,
  annotations: row.annotations,
  state: row.state,
  activeAtMs: row.activeAt.getTime(),
  keptSinceMs: row.keptSince?.getTime() ?? null,
  value: row.value,
});
const groupKey = (row: { file: string; groupName: string }): string => JSON.stringify([row.file, row.groupName]);
const noFile = (name: string) => refused('not-found', `There is no rule file ${name} in this organisation.`);

export function ruleFiles({ db, clock }: ServicesContext): RuleFiles {
  const ofName = (organisation: string, name: string) =>
    and(eq(table.ruleFiles.organisation, organisation), eq(table.ruleFiles.name, name));
  const ofGroup = (rows: typeof table.ruleGroupAlerts | typeof table.ruleGroupRuns, ...key: [string, string, string]) =>
    and(eq(rows.organisation, key[0]), eq(rows.file, key[1]), eq(rows.groupName, key[2]));

  const putIn = async (
    tx: Pick<typeof db, 'insert' | '$count'>,
    organisation: string,
    name: string,
    content: string,
    by: string,
  ) => {
    const others = and(eq(table.ruleFiles.organisation, organisation), sql`${table.ruleFiles.name} <> ${name}`);
    if ((await tx.$count(table.ruleFiles, others)) >= filesPerOrganisation)
      return refused('conflict', `An organisation has at most ${filesPerOrganisation} rule files.`);
    const kept = content.toWellFormed().replaceAll('\0', '\uFFFD');
    const values = {
      content: kept,
      digest: createHash('sha256').update(kept).digest('hex'),
      updatedAt: new Date(clock.now()),
      updatedBy: by,
    };
    const rows = await tx
      .insert(table.ruleFiles)
      .values({ organisation, name, ...values })
      .onConflictDoUpdate({ target: [table.ruleFiles.organisation, table.ruleFiles.name], set: values })
      .returning(listed);
    return ok(factsFrom(only(rows)));
  };

  return {
    list: async (organisation) =>
      (
        await db
          .select(listed)
          .from(table.ruleFiles)
          .where(eq(table.ruleFiles.organisation, organisation))
          .orderBy(asc(table.ruleFiles.name))
          .limit(filesPerOrganisation)
      ).map(factsFrom),
    listAll: async () => (await db.select(listed).from(table.ruleFiles).limit(filesAtMost)).map(factsFrom),
    find: async (organisation, name) => {
      const [row] = await db
        .select({ ...listed, content: table.ruleFiles.content })
        .from(table.ruleFiles)
        .where(ofName(organisation, name));
      return row && { ...row, updatedAt: row.updatedAt.getTime() };
    },
    put: (organisation, name, content, by) => db.transaction((tx) => putIn(tx, organisation, name, content, by)),
    edit: (organisation, name, by, change) =>
      db.transaction(async (tx) => {
        await tx.execute(
          sql`SELECT pg_advisory_xact_lock(hashtextextended(${`rule-files ${organisation} ${name}`}, 0))`,
        );
        const [row] = await tx
          .select({ content: table.ruleFiles.content })
          .from(table.ruleFiles)
          .where(ofName(organisation, name));
        const changed = change(row?.content ?? '');
        if (!changed.ok) return changed;
        if (changed.value === '') await tx.delete(table.ruleFiles).where(ofName(organisation, name));
        else {
          const kept = await putIn(tx, organisation, name, changed.value, by);
          if (!kept.ok) return kept;
        }
        return ok(undefined);
      }),
    remove: async (organisation, name) => {
      const [row] = await db.delete(table.ruleFiles).where(ofName(organisation, name)).returning(listed);
      return row ? ok(factsFrom(row)) : noFile(name);
    },
    loadGroups: async (organisation) => {
      const [runs, alerts] = await Promise.all([
        db.select().from(table.ruleGroupRuns).where(eq(table.ruleGroupRuns.organisation, organisation)),
        db
          .select()
          .from(table.ruleGroupAlerts)
          .where(eq(table.ruleGroupAlerts.organisation, organisation))
          .limit(alertsLoaded),
      ]);
      const byGroup = Map.groupBy(alerts, groupKey);
      return runs.map((run) => ({
        file: run.file,
        group: run.groupName,
        atMs: run.at.getTime(),
        alerts: (byGroup.get(groupKey(run)) ?? []).map(alertFrom),
      }));
    },
    saveGroup: (organisation, { file, group, atMs, written, deleted }) =>
      db.transaction(async (tx) => {
        const at = new Date(atMs);
        await tx
          .insert(table.ruleGroupRuns)
          .values({ organisation, file, groupName: group, at })
          .onConflictDoUpdate({
            target: [table.ruleGroupRuns.organisation, table.ruleGroupRuns.file, table.ruleGroupRuns.groupName],
            set: { at },
          });
        for (const { rule, fingerprint } of deleted) {
          await tx
            .delete(table.ruleGroupAlerts)
            .where(
              and(
                ofGroup(table.ruleGroupAlerts, organisation, file, group),
                eq(table.ruleGroupAlerts.rule, rule),
                eq(table.ruleGroupAlerts.fingerprint, fingerprint),
              ),
            );
        }
        const rows = written.map(({ activeAtMs, keptSinceMs, labels, annotations, ...alert }) => ({
          ...alert,
          organisation,
          file,
          groupName: group,
          labels: storableValue({ ...labels }),
          annotations: storableValue({ ...annotations }),
          activeAt: new Date(activeAtMs),
          keptSince: keptSinceMs === null ? null : new Date(keptSinceMs),
        }));
        for (let i = 0; i < rows.length; i += writtenAtOnce) {
          await tx
            .insert(table.ruleGroupAlerts)
            .values(rows.slice(i, i + writtenAtOnce))
            .onConflictDoUpdate({
              target: [
                table.ruleGroupAlerts.organisation,
                table.ruleGroupAlerts.file,
                table.ruleGroupAlerts.groupName,
                table.ruleGroupAlerts.rule,
                table.ruleGroupAlerts.fingerprint,
              ],
              set: {
                annotations: sql`excluded.annotations`,
                state: sql`excluded.state`,
                activeAt: sql`excluded.active_at`,
                keptSince: sql`excluded.kept_since`,
                value: sql`excluded.value`,
              },
            });
        }
      }),
    forgetGroup: (organisation, file, group) =>
      db.transaction(async (tx) => {
        await tx.delete(table.ruleGroupAlerts).where(ofGroup(table.ruleGroupAlerts, organisation, file, group));
        await tx.delete(table.ruleGroupRuns).where(ofGroup(table.ruleGroupRuns, organisation, file, group));
      }),
  };
}
