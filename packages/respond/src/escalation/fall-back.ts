import type { IncidentRecord, Told } from '@sightline/control';
import { lasting, listed } from '../incidents/words.ts';
import type { Worksheet } from '../incidents/worksheet.ts';

/** Delivery tries a message for about ten minutes: after this it is known how it ended. */
const fallbackKnownAfterMs = 12 * 60_000;
/** With no channel at all, new ones are looked for this often. */
const lookAgainMs = 20_000;
/** When every channel failed, all is tried again after this, and after twice as long each time. */
const tryAgainMs = 10 * 60_000;
const tryAgainAtMostMs = 6 * 3_600_000;

/**
 * When a policy reaches nobody: the owners are told by e-mail through any e-mail channel, else every other channel is
 * told, and message and time line say why. Without any channel the incident says that nobody could be told, and goes on
 * looking for one.
 */
export async function fallBack(
  sheet: Worksheet,
  incident: IncidentRecord,
  why: string,
  told: readonly Told[],
): Promise<void> {
  const failed = new Set(told.filter(({ status }) => status === 'failed').map(({ channel }) => channel));
  const channels = [...(await sheet.channels()).values()].filter(({ id, enabled }) => enabled && !failed.has(id));
  const email = channels.find(({ type }) => type === 'email');
  const owners = email === undefined ? [] : await sheet.tx.owners();
  const chosen = email !== undefined && owners.length > 0 ? [email] : channels;
  if (chosen.length === 0) {
    nobody(sheet, incident, why, failed.size > 0);
    return;
  }
  const receivers = email !== undefined && owners.length > 0 ? owners : [];
  const who =
    receivers.length > 0
      ? `the owners (${listed(receivers, 3)}) by ${email?.name ?? 'e-mail'}`
      : listed(
          chosen.map(({ name }) => name),
          5,
        );
  for (const { id } of chosen)
    sheet.message({
      incident: incident.id,
      channel: id,
      kind: 'fallback',
      round: incident.round,
      step: incident.nextStep,
      note: `${why}. That is why this comes to you.`,
      receivers,
    });
  sheet.event({
    incident: incident.id,
    kind: 'escalated',
    text: `${why}. Told instead: ${who}.`,
    detail: { fallback: true },
  });
  sheet.change(incident.id, { escalateAt: sheet.now + fallbackKnownAfterMs, unreachable: '' });
}

function nobody(sheet: Worksheet, incident: IncidentRecord, why: string, allFailed: boolean): void {
  const unreachable = allFailed
    ? `${why}, and no other channel is left`
    : `${why}, and there is no channel that could be used instead`;
  const again = allFailed ? Math.min(tryAgainMs * 2 ** (incident.round - 1), tryAgainAtMostMs) : lookAgainMs;
  if (incident.unreachable !== unreachable)
    sheet.event({
      incident: incident.id,
      kind: 'not-notified',
      text: `Nobody could be told. ${unreachable}. It is tried again in ${lasting(again)}.`,
    });
  // What failed in this round is told again in a new one.
  const round = allFailed ? { round: incident.round + 1, nextStep: 0 } : { nextStep: 0 };
  sheet.change(incident.id, { unreachable, escalateAt: sheet.now + again, ...round });
}
