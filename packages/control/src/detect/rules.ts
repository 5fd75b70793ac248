import { ok, type Result } from '@sightline/base';
import { and, asc, eq, gt, inArray, isNull, or, sql } from 'drizzle-orm';
import type { Refused } from '../control.ts';
import { newId } from '../secrets.ts';
import { only, refused, type ServicesContext } from '../services-context.ts';
import type { LoadedRule, Rule, Rules, RuleValues } from './port.ts';
import * as table from './tables.ts';

const rulesPerOrganisation = 20_000;

type Row = typeof table.rules.$inferSelect;
const fromRow = (row: Row): LoadedRule => ({
  id: row.id,
  organisation: row.organisation,
  name: row.name,
  description: row.description,
  type: row.type,
  settings: row.settings,
  severity: row.severity,
  enabled: row.enabled,
  policy: row.policy,
  runbook: row.runbook,
  labels: row.labels,
  everyMs: row.everyMs,
  forMs: row.forMs,
  ready: row.ready,
  createdAt: row.createdAt.getTime(),
  updatedAt: row.updatedAt.getTime(),
  updatedBy: row.updatedBy,
  lastRunAt: row.lastRunAt?.getTime() ?? null,
  lastError: row.lastError,
  deleted: row.deletedAt !== null,
});

const columnsOf = ({ labels, ...values }: RuleValues) => ({ ...values, labels: { ...labels } });
const nameTaken = (name: string) => refused('conflict', `There is a rule named ${name} already.`);
const noRule = (id: string) => refused('not-found', `There is no rule ${id} in this organisation.`);

/** PostgreSQL's unique_violation (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
function isTaken(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return code === '23505' || cause?.code === '23505';
}

export function rules({ db, clock }: ServicesContext): Rules {
  const living = (organisation: string, id?: string) =>
    and(
      eq(table.rules.organisation, organisation),
      isNull(table.rules.deletedAt),
      ...(id === undefined ? [] : [eq(table.rules.id, id)]),
    );
  const change = async (
    organisation: string,
    id: string,
    by: string,
    values: Partial<typeof table.rules.$inferInsert>,
  ): Promise<Result<Rule, Refused>> => {
    try {
      const [row] = await db
        .update(table.rules)
        .set({ ...values, updatedAt: new Date(clock.now()), updatedBy: by })
        .where(living(organisation, id))
        .returning();
      return row ? ok(fromRow(row)) : noRule(id);
    } catch (error) {
      if (isTaken(error)) return nameTaken(values.name ?? id);
      throw error;
    }
  };
  return {
    list: async (organisation, limit = rulesPerOrganisation) =>
      (
        await db
          .select()
          .from(table.rules)
          .where(living(organisation))
          .orderBy(asc(table.rules.name))
          .limit(Math.min(limit, rulesPerOrganisation))
      ).map(fromRow),
    find: async (organisation, id) => {
      const [row] = await db.select().from(table.rules).where(living(organisation, id));
      return row && fromRow(row);
    },
    create: async (organisation, values, by) => {
      if ((await db.$count(table.rules, living(organisation))) >= rulesPerOrganisation)
        return refused('conflict', `An organisation has at most ${rulesPerOrganisation} rules.`);
      const now = new Date(clock.now());
      const rows = await db
        .insert(table.rules)
        .values({
          ...columnsOf(values),
          id: newId('rul'),
          organisation,
          ready: '',
          createdAt: now,
          updatedAt: now,
          updatedBy: by,
          lastError: '',
        })
        .onConflictDoNothing()
        .returning();
      return rows.length > 0 ? ok(fromRow(only(rows))) : nameTaken(values.name);
    },
    update: (organisation, id, values, by) => change(organisation, id, by, { ...columnsOf(values), lastError: '' }),
    setEnabled: (organisation, id, enabled, by) => change(organisation, id, by, { enabled }),
    remove: (organisation, id, by) =>
      change(organisation, id, by, { enabled: false, deletedAt: new Date(clock.now()) }),
    ensureReady: async (organisation, ready) => {
      const now = new Date(clock.now());
      if (ready.length === 0) return 0;
      // The unique index on (organisation, ready) keeps those that were deleted from coming back.
      const rows = await db
        .insert(table.rules)
        .values(
          ready.map((values) => ({
            ...columnsOf(values),
            id: newId('rul'),
            organisation,
            ready: values.ready,
            createdAt: now,
            updatedAt: now,
            updatedBy: '',
            lastError: '',
          })),
        )
        .onConflictDoNothing()
        .returning({ id: table.rules.id });
      return rows.length;
    },
    changedSince: async (atMs, afterId, limit) => {
      const at = new Date(atMs);
      const rows = await db
        .select()
        .from(table.rules)
        .where(or(gt(table.rules.updatedAt, at), and(eq(table.rules.updatedAt, at), gt(table.rules.id, afterId))))
        .orderBy(asc(table.rules.updatedAt), asc(table.rules.id))
        .limit(limit);
      return rows.map(fromRow);
    },
    noteRuns: async (runs) => {
      if (runs.length === 0) return;
      await db.execute(sql`UPDATE rules SET last_run_at = noted.at, last_error = noted.error
        FROM (SELECT unnest(${sql.param(runs.map((run) => run.id))}::text[]) AS id,
          unnest(${sql.param(runs.map((run) => new Date(run.atMs).toISOString()))}::timestamptz[]) AS at,
          unnest(${sql.param(runs.map((run) => run.error.slice(0, 1000)))}::text[]) AS error) AS noted
        WHERE rules.id = noted.id`);
    },
    forget: async (ids) => {
      if (ids.length === 0) return;
      // A ready rule stays as the mark that the organisation had it.
      await db
        .delete(table.rules)
        .where(and(inArray(table.rules.id, [...ids]), eq(table.rules.ready, ''), sql`deleted_at IS NOT NULL`));
    },
  };
}
