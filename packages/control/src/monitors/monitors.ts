import { ok } from '@sightline/base';
import { and, asc, count, eq, isNull } from 'drizzle-orm';
import { isDouble } from '../alerting/doubles.ts';
import * as alertingTable from '../alerting/tables.ts';
import { hashSecret, letters, newId } from '../secrets.ts';
import { only, refused, type ServicesContext, type Transaction } from '../services-context.ts';
import type { Monitors, NewMonitor } from './port.ts';
import { type MonitorRow, monitorFrom } from './row.ts';
import { monitorRuns } from './runs.ts';
import { monitors as table } from './tables.ts';

const monitorsAtMost = 5000;
const ofAgentsAtMost = 500;
const longestWord = 100;
/** A heartbeat that was never called is not late. */
const never = new Date('9999-01-01T00:00:00Z');

export function monitors(context: ServicesContext): Monitors {
  const { db, clock, sealer } = context;
  const present = (organisation: string) => and(eq(table.organisation, organisation), isNull(table.removedAt));
  const ofId = (organisation: string, id: string) => and(present(organisation), eq(table.id, id));
  const toMonitor = (row: MonitorRow) => monitorFrom(row, sealer);

  const change = async (organisation: string, id: string, set: (row: MonitorRow) => Partial<MonitorRow>, by: string) =>
    db.transaction(async (tx) => {
      const [row] = await tx.select().from(table).where(ofId(organisation, id)).for('update');
      if (!row) return refused('not-found', 'There is no such monitor.');
      const now = new Date(clock.now());
      const rows = await tx
        .update(table)
        .set({ ...set(row), leaseUntil: null, updatedAt: now, updatedBy: by })
        .where(eq(table.id, id))
        .returning();
      return ok(toMonitor(only(rows)));
    });

  return {
    ...monitorRuns(context),
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table)
        .where(present(organisation))
        .orderBy(asc(table.name))
        .limit(monitorsAtMost);
      return rows.map(toMonitor);
    },
    find: async (organisation, id) => {
      const [row] = await db.select().from(table).where(ofId(organisation, id));
      return row && toMonitor(row);
    },
    findByName: async (organisation, name) => {
      const [row] = await db
        .select()
        .from(table)
        .where(and(present(organisation), eq(table.name, name)));
      return row && toMonitor(row);
    },
    findByWord: async (word) => {
      if (word.length === 0 || word.length > longestWord) return undefined;
      const [row] = await db
        .select()
        .from(table)
        .where(and(eq(table.tokenHash, hashSecret(word)), isNull(table.removedAt)));
      return row && toMonitor(row);
    },
    create: (organisation, monitor, by) =>
      db.transaction(async (tx) => {
        const refusal = await policyMissing(tx, organisation, monitor.policy);
        if (refusal) return refusal;
        const { held } = only(await tx.select({ held: count() }).from(table).where(present(organisation)));
        if (held >= monitorsAtMost)
          return refused('conflict', `There are ${monitorsAtMost} monitors, as many as may be.`);
        const id = newId('mon');
        const now = new Date(clock.now());
        const word = monitor.lateAfterMs === null ? null : letters(32);
        const [row] = await tx
          .insert(table)
          .values({
            id,
            organisation,
            type: monitor.type,
            ...decided(monitor),
            settingsSealed: sealer.seal(JSON.stringify(monitor.settings), id),
            tokenHash: word === null ? null : hashSecret(word),
            tokenSealed: word === null ? null : sealer.seal(word, `${id} word`),
            state: 'unknown',
            stateSince: now,
            nextRunAt: word === null ? now : never,
            createdAt: now,
            updatedAt: now,
            updatedBy: by,
          })
          .onConflictDoNothing()
          .returning();
        return row ? ok(toMonitor(row)) : nameTaken(monitor.name);
      }),
    update: async (organisation, id, monitor, by) => {
      const refusal = await policyMissing(db, organisation, monitor.policy);
      if (refusal) return refusal;
      try {
        const settingsSealed = sealer.seal(JSON.stringify(monitor.settings), id);
        const set = (row: MonitorRow): Partial<MonitorRow> => ({
          ...decided(monitor),
          settingsSealed,
          ...whenDue(row, monitor.lateAfterMs, clock.now()),
          ...(monitor.enabled ? {} : paused(row, clock.now())),
          // Whatever is told of it is told anew: its name and site are labels.
          toTell: row.state === 'down' || row.toldLabels !== null,
        });
        return await change(organisation, id, set, by);
      } catch (error) {
        if (isDouble(error)) return nameTaken(monitor.name);
        throw error;
      }
    },
    enable: (organisation, id, enabled, lateAfterMs, by) =>
      change(
        organisation,
        id,
        (row) => ({
          enabled,
          ...(enabled ? whenDue(row, lateAfterMs, clock.now()) : paused(row, clock.now())),
        }),
        by,
      ),
    remove: (organisation, id, by) =>
      change(organisation, id, () => ({ removedAt: new Date(clock.now()), enabled: false, toTell: true }), by),
    ofAgents: async (organisation, site) => {
      const ofSite = and(present(organisation), eq(table.site, site), eq(table.runsOn, 'agent'), table.enabled);
      const rows = await db.select().from(table).where(ofSite).orderBy(asc(table.id)).limit(ofAgentsAtMost);
      return rows.map(toMonitor);
    },
  };
}

function decided(monitor: NewMonitor) {
  const { name, site, runsOn, everyMs, timeoutMs, retries, severity, policy, runbook, enabled } = monitor;
  return { name, site, runsOn, everyMs, timeoutMs, retries, severity, policy, runbook, enabled };
}

/** What is run is due at once; a heartbeat gets its time anew, once it was ever called. */
function whenDue(row: MonitorRow, lateAfterMs: number | null, now: number): Partial<MonitorRow> {
  if (lateAfterMs === null) return { nextRunAt: new Date(now) };
  return row.lastCheckedAt === null ? { nextRunAt: never } : { nextRunAt: new Date(now + lateAfterMs) };
}

function paused(row: MonitorRow, now: number): Partial<MonitorRow> {
  const stateSince = row.state === 'unknown' ? row.stateSince : new Date(now);
  return { state: 'unknown', stateSince, upForMs: null, startedAt: null, toTell: row.toldLabels !== null };
}

const nameTaken = (name: string) => refused('conflict', `There is a monitor named ${name} already.`);

async function policyMissing(tx: Pick<Transaction, 'select'>, organisation: string, policy: string) {
  if (policy === '') return undefined;
  const { policies } = alertingTable;
  const [row] = await tx
    .select({ id: policies.id })
    .from(policies)
    .where(and(eq(policies.organisation, organisation), eq(policies.id, policy)));
  return row ? undefined : refused('invalid', 'There is no such escalation policy.');
}
