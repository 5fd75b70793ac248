import { asc, eq, isNotNull, sql } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import { only, type ServicesContext } from '../services-context.ts';
import type { KeptSampling, Sampling, SamplingRules } from './port.ts';
import * as table from './tables.ts';

const activeAtMost = 1000;

type Row = typeof table.samplingPolicies.$inferSelect;

const rulesOf = ({ name, slowMs, services, share, waitMs }: Row): SamplingRules => ({
  name,
  slowMs,
  services,
  share,
  waitMs,
});
const keptOf = (row: Row): KeptSampling => ({
  ...rulesOf(row),
  enabledAt: row.enabledAt?.getTime() ?? null,
  updatedAt: row.updatedAt.getTime(),
  updatedBy: row.updatedBy,
});

export function sampling({ db, clock }: ServicesContext): Sampling {
  return {
    find: async (organisation) => {
      const [row] = await db
        .select()
        .from(table.samplingPolicies)
        .where(eq(table.samplingPolicies.organisation, organisation));
      return row && keptOf(row);
    },
    save: async (organisation, rules, enabled, by) => {
      const now = new Date(clock.now());
      const values = {
        name: rules.name,
        slowMs: rules.slowMs,
        share: rules.share,
        services: storableValue([...rules.services]),
        waitMs: rules.waitMs,
        updatedAt: now,
        updatedBy: by,
      };
      const rows = await db
        .insert(table.samplingPolicies)
        .values({ organisation, ...values, enabledAt: enabled ? now : null })
        .onConflictDoUpdate({
          target: table.samplingPolicies.organisation,
          set: {
            ...values,
            enabledAt: enabled ? sql`coalesce(${table.samplingPolicies.enabledAt}, excluded.enabled_at)` : null,
          },
        })
        .returning();
      return keptOf(only(rows));
    },
    active: async () => {
      const rows = await db
        .select()
        .from(table.samplingPolicies)
        .where(isNotNull(table.samplingPolicies.enabledAt))
        .orderBy(asc(table.samplingPolicies.organisation))
        .limit(activeAtMost);
      return rows.map((row) => ({
        organisation: row.organisation,
        policy: rulesOf(row),
        sinceMs: row.enabledAt?.getTime() ?? 0,
      }));
    },
  };
}
