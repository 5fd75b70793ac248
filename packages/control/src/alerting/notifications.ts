import { ok } from '@sightline/base';
import { and, desc, eq, inArray, lt, min, sql } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import { newId } from '../secrets.ts';
import { only, refused, type ServicesContext, type Transaction } from '../services-context.ts';
import { channelFrom } from './channels.ts';
import { claimDue } from './claim.ts';
import { finishAttempt } from './finish.ts';
import { readNotified } from './notified-incident.ts';
import type { Enqueued, NewNotification, Notification, Notifications } from './port.ts';
import * as table from './tables.ts';

type Row = typeof table.notifications.$inferSelect;

export function notificationFrom(row: Row): Notification {
  return {
    id: row.id,
    organisation: row.organisation,
    incident: row.incident,
    channel: row.channel,
    channelName: row.channelName,
    channelType: row.channelType,
    kind: row.kind,
    round: row.round,
    step: row.step,
    note: row.note,
    link: row.link,
    receivers: row.receivers,
    teams: row.teams,
    status: row.status,
    attempts: row.attempts,
    log: row.log,
    nextAt: row.nextAt.getTime(),
    createdAt: row.createdAt.getTime(),
    finishedAt: row.finishedAt?.getTime() ?? null,
  };
}

export function notifications(context: ServicesContext): Notifications {
  const { db, clock } = context;
  return {
    enqueue: (tx, wanted) => enqueueNotifications(tx, wanted, new Date(clock.now())),
    claim: async (limit, leaseMs) => {
      const rows = await claimDue(db, clock.now(), limit, leaseMs);
      return Promise.all(
        rows.map(async (row) => {
          const [[channel], about] = await Promise.all([
            db.select().from(table.channels).where(eq(table.channels.id, row.channel)),
            row.incident === null ? null : readNotified(db, row.organisation, row.incident),
          ]);
          return {
            ...notificationFrom(row),
            leaseUntil: row.leaseUntil?.getTime() ?? 0,
            about: about ?? null,
            via: channel && channelFrom(context, channel),
          };
        }),
      );
    },
    finish: (claimed, ending) => db.transaction((tx) => finishAttempt(tx, claimed, ending, clock.now())),
    release: async ({ id, attempts }) => {
      await db
        .update(table.notifications)
        .set({ leaseUntil: null, attempts: sql`greatest(${table.notifications.attempts} - 1, 0)` })
        .where(
          and(
            eq(table.notifications.id, id),
            eq(table.notifications.status, 'waiting'),
            eq(table.notifications.attempts, attempts),
          ),
        );
    },
    nextDueAt: async () => {
      // One under lease is due again when its lease ends.
      const due = sql<Date>`greatest(${table.notifications.nextAt}, ${table.notifications.leaseUntil})`;
      const { at } = only(
        await db
          .select({ at: min(due) })
          .from(table.notifications)
          .where(eq(table.notifications.status, 'waiting')),
      );
      return at === null ? null : new Date(at).getTime();
    },
    logTest: async (channel, given) => {
      const attempt = storableValue(given);
      const now = new Date(clock.now());
      const delivered = attempt.ending === 'delivered';
      const rows = await db
        .insert(table.notifications)
        .values({
          id: newId('ntf'),
          organisation: channel.organisation,
          incident: null,
          channel: channel.id,
          channelName: channel.name,
          channelType: channel.type,
          kind: 'test',
          round: 0,
          step: 0,
          note: '',
          receivers: [],
          status: delivered ? 'delivered' : 'failed',
          attempts: 1,
          log: [attempt],
          nextAt: now,
          createdAt: new Date(attempt.at),
          finishedAt: now,
        })
        .returning();
      await db
        .update(table.channels)
        .set(delivered ? { lastDeliveredAt: now, lastError: '' } : { lastFailedAt: now, lastError: attempt.detail })
        .where(eq(table.channels.id, channel.id));
      return notificationFrom(only(rows));
    },
    list: async (organisation, { limit, cursor, channel = '', status = '', incident = '' }) => {
      if (!/^\d{0,15}$/.test(cursor)) return refused('invalid', 'The cursor is not one that this list gave.');
      const rows = await db
        .select({
          notification: table.notifications,
          incidentNumber: sql<
            string | null
          >`(SELECT i.number FROM incidents i WHERE i.id = ${table.notifications.incident})`,
          incidentTitle: sql<
            string | null
          >`(SELECT i.title FROM incidents i WHERE i.id = ${table.notifications.incident})`,
        })
        .from(table.notifications)
        .where(
          and(
            eq(table.notifications.organisation, organisation),
            lt(table.notifications.number, cursor === '' ? Number.MAX_SAFE_INTEGER : Number(cursor)),
            channel === '' ? undefined : eq(table.notifications.channel, channel),
            status === '' ? undefined : eq(table.notifications.status, status),
            incident === '' ? undefined : eq(table.notifications.incident, incident),
          ),
        )
        .orderBy(desc(table.notifications.number))
        .limit(limit + 1);
      const shown = rows.slice(0, limit);
      return ok({
        notifications: shown.map((row) => ({
          ...notificationFrom(row.notification),
          incidentNumber: row.incidentNumber === null ? null : Number(row.incidentNumber),
          incidentTitle: row.incidentTitle ?? '',
        })),
        next: rows.length > limit ? String(shown.at(-1)?.notification.number ?? '') : '',
      });
    },
    backlog: async () => {
      const { waiting, oldest } = only(
        await db
          .select({ waiting: sql<string>`count(*)`, oldest: min(table.notifications.createdAt) })
          .from(table.notifications)
          .where(eq(table.notifications.status, 'waiting')),
      );
      return { waiting: Number(waiting), oldestAt: oldest?.getTime() ?? null };
    },
  };
}

const enqueuedAtOnce = 500;

/** In the order given, which is the order of delivery within an incident. */
export async function enqueueNotifications(
  tx: Transaction,
  wanted: readonly NewNotification[],
  now: Date,
): Promise<Enqueued> {
  if (wanted.length === 0) return { channels: [], unreachable: [] };
  if (wanted.length > enqueuedAtOnce) throw new Error(`at most ${enqueuedAtOnce} notifications at once`);
  const ids = [...new Set(wanted.map(({ channel }) => channel))];
  const known = await tx.select().from(table.channels).where(inArray(table.channels.id, ids));
  const open = known.filter(({ enabled }) => enabled);
  const rows = wanted.flatMap((one) => {
    const channel = open.find(({ id, organisation }) => id === one.channel && organisation === one.organisation);
    if (!channel) return [];
    return {
      id: newId('ntf'),
      organisation: one.organisation,
      incident: one.incident,
      channel: channel.id,
      channelName: channel.name,
      channelType: channel.type,
      kind: one.kind,
      round: one.round,
      step: one.step,
      note: one.note ?? '',
      link: one.link ?? '',
      receivers: [...(one.receivers ?? [])],
      teams: [...(one.teams ?? [])],
      status: 'waiting' as const,
      nextAt: now,
      createdAt: now,
    };
  });
  if (rows.length > 0) await tx.insert(table.notifications).values(rows).onConflictDoNothing();
  const reached = new Set(rows.map(({ channel }) => channel));
  return {
    channels: open.filter(({ id }) => reached.has(id)).map(({ id, name, type }) => ({ id, name, type })),
    unreachable: ids.filter((id) => !reached.has(id)),
  };
}
