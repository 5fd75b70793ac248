import { ok } from '@sightline/base';
import { and, desc, eq, gte, lt } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import { refused, type ServicesContext } from '../services-context.ts';
import type { KeptPipelines, Pipelines } from './port.ts';
import { pipelineVersions as table } from './tables.ts';

/** Records may wait in a spool for so long; until then they may need the version that was in force. */
const keptMs = 35 * 86_400_000;
/** As many as a loader remembers of one organisation. */
const versionsKept = 100;
const versionsRead = 10_000;

const fromRow = (row: typeof table.$inferSelect): KeptPipelines => ({
  organisation: row.organisation,
  version: row.version,
  takesEffectAt: row.takesEffectAt.getTime(),
  savedAt: row.savedAt.getTime(),
  savedBy: row.savedBy,
  pipelines: row.pipelines,
});

export function pipelines({ db, clock }: ServicesContext): Pipelines {
  return {
    find: async (organisation) => {
      const [row] = await db
        .select()
        .from(table)
        .where(eq(table.organisation, organisation))
        .orderBy(desc(table.version))
        .limit(1);
      return row && fromRow(row);
    },
    save: async (organisation, saved, before, by, settleMs) => {
      const conflict = (): ReturnType<typeof refused<'conflict'>> =>
        refused('conflict', 'Somebody else has changed the pipelines in the meantime. Load them again.');
      const nowMs = clock.now();
      const own = eq(table.organisation, organisation);
      const latest = await db.select().from(table).where(own).orderBy(desc(table.version)).limit(versionsKept);
      if ((latest[0]?.version ?? 0) !== before) return conflict();
      const oldest = latest[versionsKept - 1];
      if (oldest && oldest.savedAt.getTime() > nowMs - keptMs)
        return refused(
          'conflict',
          `The pipelines were changed ${versionsKept} times within the last ${keptMs / 86_400_000} days: records that still wait need the earlier versions.`,
        );
      // Never in force before the version that it replaces, whatever the clock does.
      const takesEffectMs = Math.max(nowMs + settleMs, (latest[0]?.takesEffectAt.getTime() ?? 0) + 1);
      const [row] = await db
        .insert(table)
        .values({
          organisation,
          version: before + 1,
          takesEffectAt: new Date(takesEffectMs),
          savedAt: new Date(nowMs),
          savedBy: by,
          pipelines: storableValue([...saved]),
        })
        .onConflictDoNothing()
        .returning();
      if (!row) return conflict();
      await db.delete(table).where(and(own, lt(table.version, before + 2 - versionsKept)));
      return ok(fromRow(row));
    },
    savedSince: async (fromMs) => {
      const rows = await db
        .select()
        .from(table)
        .where(gte(table.savedAt, new Date(fromMs)))
        .orderBy(desc(table.savedAt))
        .limit(versionsRead);
      return rows.map(fromRow);
    },
  };
}
