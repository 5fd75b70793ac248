import { and, asc, eq, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import type { ServicesContext } from '../services-context.ts';
import type { Monitors, MonitorVerdict } from './port.ts';
import { monitorFrom, storable } from './row.ts';
import { monitors as table } from './tables.ts';

/** Beyond the tries themselves: the gaps between them, and time to write down what came. */
const leaseSlackMs = 30_000;
const gapMs = 2000;
/** After so many intervals without a word from an agent nothing is known any more. */
const silentIntervals = 3;

/** The part of `Monitors` by which they are run, judged and told of. */
export function monitorRuns({
  db,
  clock,
  sealer,
}: ServicesContext): Pick<Monitors, 'claim' | 'settle' | 'release' | 'note' | 'began' | 'forget' | 'untold' | 'told'> {
  const live = and(table.enabled, isNull(table.removedAt));

  /** Writes a verdict where `condition` still holds; a change of state asks for its finding to be told. */
  const judge = async (verdict: MonitorVerdict, condition: SQL | undefined): Promise<boolean> => {
    const at = new Date(verdict.at);
    const { downAfter = 1, upAfter = 1 } = verdict;
    const streak = verdict.up
      ? sql`CASE WHEN ${table.state} = 'down' THEN least(${table.failures}, 0) - 1 ELSE 0 END`
      : sql`greatest(${table.failures}, 0) + 1`;
    const state = verdict.up
      ? sql`CASE WHEN ${table.state} = 'down' AND (${streak}) > -(${upAfter}::int) THEN 'down' ELSE 'up' END`
      : sql`CASE WHEN (${streak}) >= ${downAfter}::int THEN 'down' ELSE ${table.state} END`;
    const changes = sql`${table.state} <> (${state})`;
    const wasUpMs = sql`extract(epoch FROM ${at}::timestamptz - ${table.stateSince}) * 1000`;
    const rows = await db
      .update(table)
      .set({
        state,
        stateSince: sql`CASE WHEN ${changes} THEN ${at}::timestamptz ELSE ${table.stateSince} END`,
        upForMs: sql`CASE WHEN ${changes} THEN CASE WHEN ${table.state} = 'up' THEN ${wasUpMs} END ELSE ${table.upForMs} END`,
        failures: verdict.up ? sql`CASE WHEN (${state}) = 'down' THEN ${streak} ELSE 0 END` : streak,
        lastCheckedAt: at,
        lastMessage: storable(verdict.message, 1000),
        lastDurationMs: verdict.durationMs,
        startedAt: null,
        nextRunAt: new Date(verdict.nextRunAt),
        leaseUntil: null,
        toTell: sql`${table.toTell} OR ((${state}) <> 'unknown' AND ((${state}) = 'up') = (${table.toldLabels} IS NOT NULL))`,
      })
      .where(and(live, condition))
      .returning({ id: table.id });
    return rows.length > 0;
  };

  return {
    claim: (limit) =>
      db.transaction(async (tx) => {
        const now = new Date(clock.now());
        const free = or(isNull(table.leaseUntil), lt(table.leaseUntil, now));
        const due = await tx
          .select({ id: table.id })
          .from(table)
          .where(and(live, eq(table.runsOn, 'server'), sql`${table.nextRunAt} <= ${now}`, free))
          .orderBy(asc(table.nextRunAt))
          .limit(limit)
          .for('update', { skipLocked: true });
        if (due.length === 0) return [];
        const longestMs = sql`(${table.timeoutMs} + ${gapMs}::int) * (${table.retries} + 1) + ${leaseSlackMs}::int`;
        const rows = await tx
          .update(table)
          .set({ leaseUntil: sql`${now}::timestamptz + (${longestMs}) * interval '1 millisecond'` })
          .where(
            inArray(
              table.id,
              due.map(({ id }) => id),
            ),
          )
          .returning();
        return rows.map((row) => ({ ...monitorFrom(row, sealer), leaseUntil: row.leaseUntil?.getTime() ?? 0 }));
      }),
    settle: (claimed, verdict) =>
      judge(
        verdict,
        and(
          eq(table.id, claimed.id),
          eq(table.leaseUntil, new Date(claimed.leaseUntil)),
          eq(table.nextRunAt, new Date(claimed.nextRunAt)),
        ),
      ),
    release: async (claimed, nextRunAt) => {
      const own = and(eq(table.id, claimed.id), eq(table.leaseUntil, new Date(claimed.leaseUntil)));
      const due = nextRunAt === undefined ? {} : { nextRunAt: new Date(nextRunAt) };
      await db
        .update(table)
        .set({ leaseUntil: null, ...due })
        .where(own);
    },
    note: (id, verdict) =>
      judge(
        verdict,
        and(eq(table.id, id), or(isNull(table.lastCheckedAt), lt(table.lastCheckedAt, new Date(verdict.at)))),
      ),
    began: async (id, at, nextRunAt) => {
      const set = {
        startedAt: new Date(at),
        ...(nextRunAt === undefined ? {} : { nextRunAt: new Date(nextRunAt), leaseUntil: null }),
      };
      // Requests overtake each other: what ended since it began is not begun.
      const notOver = or(isNull(table.lastCheckedAt), lt(table.lastCheckedAt, new Date(at)));
      await db
        .update(table)
        .set(set)
        .where(and(live, eq(table.id, id), notOver));
    },
    forget: async () => {
      const now = new Date(clock.now());
      const silentMs = sql`(${table.everyMs} * ${silentIntervals}::int + (${table.timeoutMs} + ${gapMs}::int) * (${table.retries} + 1) + ${leaseSlackMs}::int)`;
      const rows = await db
        .update(table)
        .set({ state: 'unknown', stateSince: now, upForMs: null, lastMessage: 'nothing came from its agent' })
        .where(
          and(
            live,
            eq(table.runsOn, 'agent'),
            sql`${table.state} <> 'unknown'`,
            sql`${table.lastCheckedAt} < ${now}::timestamptz - ${silentMs} * interval '1 millisecond'`,
          ),
        )
        .returning({ id: table.id });
      return rows.length;
    },
    untold: async (limit) => {
      const rows = await db
        .select()
        .from(table)
        .where(eq(table.toTell, true))
        .orderBy(asc(table.updatedAt))
        .limit(limit);
      return rows.map((row) => ({
        ...monitorFrom(row, sealer),
        fires: row.state === 'down' && row.enabled && row.removedAt === null,
        toldLabels: row.toldLabels,
        removed: row.removedAt !== null,
      }));
    },
    told: async (monitor, labels) => {
      if (monitor.removed) {
        await db.delete(table).where(eq(table.id, monitor.id));
        return;
      }
      // What changed meanwhile is told once more.
      const asItWas = and(
        eq(table.id, monitor.id),
        eq(table.state, monitor.state),
        eq(table.enabled, monitor.enabled),
        eq(table.updatedAt, new Date(monitor.updatedAt)),
        isNull(table.removedAt),
      );
      // An unknown state ends no finding: it fires until the monitor is up, paused or removed.
      const unknown = monitor.state === 'unknown' && monitor.enabled;
      const toldLabels = monitor.fires ? labels : unknown ? monitor.toldLabels : null;
      await db.update(table).set({ toTell: false, toldLabels }).where(asItWas);
    },
  };
}
