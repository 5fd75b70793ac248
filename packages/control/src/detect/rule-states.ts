import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { ServicesContext } from '../services-context.ts';
import type { RuleState, RuleStates } from './port.ts';
import * as table from './tables.ts';

const loadedAtMost = 100_000;
const writtenAtOnce = 2000;

type Row = typeof table.ruleStates.$inferSelect;
const fromRow = (row: Row): RuleState => ({
  organisation: row.organisation,
  rule: row.rule,
  groupKey: row.groupKey,
  labels: row.labels,
  state: row.state,
  sinceMs: row.since.getTime(),
  value: row.value,
});

export function ruleStates({ db }: ServicesContext): RuleStates {
  return {
    load: async (rules) => {
      if (rules.length === 0) return [];
      const rows = await db
        .select()
        .from(table.ruleStates)
        .where(sql`${table.ruleStates.rule} = ANY(${sql.param([...rules])}::text[])`)
        .limit(loadedAtMost);
      return rows.map(fromRow);
    },
    ofRule: async (organisation, rule, limit) => {
      const rows = await db
        .select()
        .from(table.ruleStates)
        .where(and(eq(table.ruleStates.organisation, organisation), eq(table.ruleStates.rule, rule)))
        .orderBy(asc(table.ruleStates.state), asc(table.ruleStates.since))
        .limit(limit);
      return rows.map(fromRow);
    },
    counts: async (organisation) => {
      const rows = await db
        .select({
          rule: table.ruleStates.rule,
          firing: sql<number>`count(*) FILTER (WHERE state = 'firing')::int`,
          pending: sql<number>`count(*) FILTER (WHERE state = 'pending')::int`,
        })
        .from(table.ruleStates)
        .where(eq(table.ruleStates.organisation, organisation))
        .groupBy(table.ruleStates.rule);
      return new Map(rows.map(({ rule, firing, pending }) => [rule, { firing, pending }]));
    },
    save: (written, deleted) =>
      db.transaction(async (tx) => {
        // A rule that went away meanwhile would break the foreign key for all others; locked, those here stay.
        const ids = [...new Set(written.map((state) => state.rule))];
        const there = new Set(
          ids.length === 0
            ? []
            : (
                await tx
                  .select({ id: sql<string>`id` })
                  .from(sql`rules`)
                  .where(sql`id = ANY(${sql.param(ids)}::text[])`)
                  .for('key share')
              ).map((row) => row.id),
        );
        const rows = written.filter((state) => there.has(state.rule));
        for (let i = 0; i < rows.length; i += writtenAtOnce) {
          await tx
            .insert(table.ruleStates)
            .values(
              rows.slice(i, i + writtenAtOnce).map(({ sinceMs, labels, ...state }) => ({
                ...state,
                labels: { ...labels },
                since: new Date(sinceMs),
              })),
            )
            .onConflictDoUpdate({
              target: [table.ruleStates.rule, table.ruleStates.groupKey],
              set: {
                labels: sql`excluded.labels`,
                state: sql`excluded.state`,
                since: sql`excluded.since`,
                value: sql`excluded.value`,
              },
            });
        }
        const byRule = Map.groupBy(deleted, (state) => state.rule);
        for (const [rule, states] of byRule) {
          await tx.delete(table.ruleStates).where(
            and(
              eq(table.ruleStates.rule, rule),
              inArray(
                table.ruleStates.groupKey,
                states.map((state) => state.groupKey),
              ),
            ),
          );
        }
      }),
  };
}
