import { and, eq, sql } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import type { Transaction } from '../services-context.ts';
import type { AttemptEnding, ClaimedNotification } from './port.ts';
import * as table from './tables.ts';

const attemptsKept = 20;
const tellingKinds = ['opened', 'escalated', 'worse', 'reopened'];

/** Marks the attempt, the channel and the time line together; false when the lease went to somebody else. */
export async function finishAttempt(
  tx: Transaction,
  claimed: ClaimedNotification,
  given: AttemptEnding,
  nowMs: number,
): Promise<boolean> {
  // What a receiver answered must not keep its own delivery from being noted: it would be sent again and again.
  const ending = storableValue(given);
  const now = new Date(nowMs);
  const { at, ending: word, detail, tookMs, retryAt } = ending;
  const log = [...claimed.log, { at, ending: word, detail, tookMs }].slice(-attemptsKept);
  const [marked] = await tx
    .update(table.notifications)
    .set({
      log,
      leaseUntil: null,
      ...(word === 'retry' ? { nextAt: new Date(retryAt ?? nowMs) } : { status: word, finishedAt: now }),
    })
    .where(
      and(
        eq(table.notifications.id, claimed.id),
        // Each claim counts one up: the count tells whose turn it is.
        eq(table.notifications.attempts, claimed.attempts),
        eq(table.notifications.status, 'waiting'),
      ),
    )
    .returning({ id: table.notifications.id });
  if (!marked) return false;
  await tx
    .update(table.channels)
    .set(word === 'delivered' ? { lastDeliveredAt: now, lastError: '' } : { lastFailedAt: now, lastError: detail })
    .where(eq(table.channels.id, claimed.channel));
  if (claimed.incident === null || word === 'retry') return true;
  await tellTimeLine(tx, claimed, ending, now);
  if (word === 'failed' && tellingKinds.includes(claimed.kind)) await failOver(tx, claimed, now);
  return true;
}

async function tellTimeLine(
  tx: Transaction,
  {
    organisation,
    incident,
    id,
    kind,
    channel,
    channelName,
    channelType,
    attempts,
    receivers,
    createdAt,
  }: ClaimedNotification,
  ending: AttemptEnding,
  now: Date,
): Promise<void> {
  const told = ending.ending === 'delivered';
  const who = receivers.length > 0 ? `${channelName} (${receivers.join(', ')})` : channelName;
  const tries = attempts === 1 ? '' : `, try ${attempts}`;
  const text = told
    ? `${who} told in ${seconds(now.getTime() - createdAt)}${tries}`
    : `${who} could not be told: ${ending.detail}`;
  const detail = { notification: id, kind, channel, channelType, attempts, tookMs: ending.tookMs };
  await tx.execute(sql`
    INSERT INTO incident_events (organisation, incident, at, kind, actor, text, detail)
    VALUES (${organisation}, ${incident}, ${now}, ${told ? 'notified' : 'not-notified'}, '', ${text},
      ${JSON.stringify(detail)}::jsonb)`);
}

function seconds(ms: number): string {
  if (ms < 60_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** All channels of the incident's last step failed for good: nobody waits for a step that reached nobody. */
async function failOver(tx: Transaction, { incident, round, step }: ClaimedNotification, now: Date): Promise<void> {
  // Two channels of a step that fail at the same moment must see each other. NO KEY: both hold the key by their events' reference.
  await tx.execute(sql`SELECT id FROM incidents WHERE id = ${incident} FOR NO KEY UPDATE`);
  await tx.execute(sql`
    UPDATE incidents SET escalate_at = ${now}, updated_at = ${now}
    WHERE id = ${incident} AND status = 'open' AND round = ${round} AND next_step <= ${step + 1}
      AND (escalate_at IS NULL OR escalate_at > ${now})
      AND NOT EXISTS (SELECT FROM notifications n WHERE n.incident = ${incident} AND n.round = ${round}
        AND n.step = ${step} AND n.kind <> 'acknowledged' AND n.status IN ('waiting', 'delivered'))`);
}
