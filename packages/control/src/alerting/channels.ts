import { ok } from '@sightline/base';
import { and, asc, count, eq, sql } from 'drizzle-orm';
import { newId } from '../secrets.ts';
import { only, refused, type ServicesContext, type Transaction } from '../services-context.ts';
import { isDouble } from './doubles.ts';
import type { Channel, Channels, PolicyStep } from './port.ts';
import * as table from './tables.ts';

export type ChannelRow = typeof table.channels.$inferSelect;
const channelsAtMost = 200;

/** What a row says, its settings opened. */
export function channelFrom({ sealer, logger }: ServicesContext, row: ChannelRow): Channel {
  return {
    id: row.id,
    organisation: row.organisation,
    name: row.name,
    type: row.type,
    settings: openSettings(sealer.open(row.settingsSealed, row.id), () =>
      logger.error('The settings of a channel cannot be opened: the instance key has changed', { channel: row.id }),
    ),
    enabled: row.enabled,
    createdAt: row.createdAt.getTime(),
    updatedAt: row.updatedAt.getTime(),
    updatedBy: row.updatedBy,
    lastDeliveredAt: row.lastDeliveredAt?.getTime() ?? null,
    lastFailedAt: row.lastFailedAt?.getTime() ?? null,
    lastError: row.lastError,
  };
}

function openSettings(text: string | undefined, onFault: () => void): unknown {
  if (text !== undefined) return JSON.parse(text);
  onFault();
  return undefined;
}

export function channels(context: ServicesContext): Channels {
  const { db, clock, sealer } = context;
  const ofId = (organisation: string, id: string) =>
    and(eq(table.channels.organisation, organisation), eq(table.channels.id, id));
  return {
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table.channels)
        .where(eq(table.channels.organisation, organisation))
        .orderBy(asc(table.channels.name))
        .limit(channelsAtMost);
      return rows.map((row) => channelFrom(context, row));
    },
    find: async (organisation, id) => {
      const [row] = await db.select().from(table.channels).where(ofId(organisation, id));
      return row && channelFrom(context, row);
    },
    create: (organisation, channel, by) =>
      db.transaction(async (tx) => {
        await lockPolicies(tx, organisation);
        const { held } = only(
          await tx.select({ held: count() }).from(table.channels).where(eq(table.channels.organisation, organisation)),
        );
        if (held >= channelsAtMost)
          return refused('conflict', `There are ${channelsAtMost} channels, as many as may be.`);
        const id = newId('chn');
        const now = new Date(clock.now());
        const [row] = await tx
          .insert(table.channels)
          .values({
            id,
            organisation,
            name: channel.name,
            type: channel.type,
            settingsSealed: sealer.seal(JSON.stringify(channel.settings), id),
            enabled: channel.enabled,
            createdAt: now,
            updatedAt: now,
            updatedBy: by,
          })
          .onConflictDoNothing()
          .returning();
        if (!row) return refused('conflict', `There is a channel named ${channel.name} already.`);
        await makeDefaultPolicy(tx, organisation, id, now);
        return ok(channelFrom(context, row));
      }),
    update: async (organisation, id, change, by) => {
      const set = {
        ...(change.name === undefined ? {} : { name: change.name }),
        ...(change.enabled === undefined ? {} : { enabled: change.enabled }),
        ...(change.settings === undefined ? {} : { settingsSealed: sealer.seal(JSON.stringify(change.settings), id) }),
        updatedAt: new Date(clock.now()),
        updatedBy: by,
      };
      try {
        const [row] = await db.update(table.channels).set(set).where(ofId(organisation, id)).returning();
        return row ? ok(channelFrom(context, row)) : refused('not-found', 'There is no channel of this id.');
      } catch (error) {
        if (isDouble(error)) return refused('conflict', `There is a channel named ${change.name ?? ''} already.`);
        throw error;
      }
    },
    remove: (organisation, id, by) =>
      db.transaction(async (tx) => {
        await lockPolicies(tx, organisation);
        const [row] = await tx.delete(table.channels).where(ofId(organisation, id)).returning();
        if (!row) return refused('not-found', 'There is no channel of this id.');
        await leavePolicies(tx, organisation, id, by, new Date(clock.now()));
        return ok(channelFrom(context, row));
      }),
  };
}

/** One writer of an organisation's channels and policies at a time: steps never name a channel that is just going. */
export async function lockPolicies(tx: Transaction, organisation: string): Promise<void> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`policies ${organisation}`}, 0))`);
}

async function makeDefaultPolicy(tx: Transaction, organisation: string, channel: string, now: Date): Promise<void> {
  const [known] = await tx
    .select({ id: table.policies.id })
    .from(table.policies)
    .where(eq(table.policies.organisation, organisation))
    .limit(1);
  if (known) return;
  await tx.insert(table.policies).values({
    id: newId('pol'),
    organisation,
    name: 'Default',
    steps: [{ waitMs: 0, channels: [channel] }],
    repeats: 0,
    isDefault: true,
    createdAt: now,
    updatedAt: now,
    updatedBy: 'Sightline',
  });
}

/** Steps keep their place and wait, even those that tell nobody then: people see the gap and mend it. */
async function leavePolicies(
  tx: Transaction,
  organisation: string,
  channel: string,
  by: string,
  now: Date,
): Promise<void> {
  const rows = await tx.select().from(table.policies).where(eq(table.policies.organisation, organisation));
  for (const row of rows.filter(({ steps }) => steps.some((step) => step.channels.includes(channel)))) {
    const steps = row.steps.map((step): PolicyStep => ({
      ...step,
      channels: step.channels.filter((one) => one !== channel),
    }));
    await tx.update(table.policies).set({ steps, updatedAt: now, updatedBy: by }).where(eq(table.policies.id, row.id));
  }
}
