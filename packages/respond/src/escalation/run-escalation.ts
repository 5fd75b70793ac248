import type { IncidentRecord, NotificationKind, RespondTransaction, TeamReceivers, Told } from '@sightline/control';
import { endFinding } from '../incidents/accept-findings.ts';
import { joinIncident, noteEnded, reopenAfterMs, settle, startRound } from '../incidents/moves.ts';
import { releaseDue } from '../incidents/release.ts';
import { type Suppression, readSuppression } from '../incidents/suppression.ts';
import { counted, lasting, measured } from '../incidents/words.ts';
import { Worksheet } from '../incidents/worksheet.ts';
import { fallBack } from './fall-back.ts';
import {
  deafWords,
  nextUsableStep,
  reachOf,
  reachWords,
  stepCount,
  stepOf,
  withOwners,
  type Ladder,
  type Reach,
  type StepReach,
} from './steps.ts';

const incidentsAtOnce = 100;
const findingsAtOnce = 500;

/**
 * Does what is due in one organisation, in one transaction: findings whose sender fell silent end, what is no longer held
 * back is let through, incidents that still fire open again, and the next step of each escalation is taken. Answers how
 * many steps were taken.
 */
export async function runEscalation(tx: RespondTransaction, organisation: string, now: number): Promise<number> {
  const sheet = new Worksheet(tx, organisation, now);
  await endExpired(sheet);
  await releaseDue(sheet);
  await sheet.hold(await tx.dueIncidents(now, incidentsAtOnce));
  const suppression = await readSuppression(sheet);
  let taken = 0;
  // Also those that only now came to be due.
  for (const incident of sheet.incidents()) {
    if (incident.reopenAt !== null && incident.reopenAt <= now) await reopenDue(sheet, incident);
    else if (
      incident.escalateAt !== null &&
      incident.escalateAt <= now &&
      (await escalate(sheet, incident, suppression))
    )
      taken++;
  }
  await sheet.save();
  return taken;
}

/** Senders that must repeat themselves and did not. */
async function endExpired(sheet: Worksheet): Promise<void> {
  const expired = await sheet.tx.expired(sheet.now, findingsAtOnce);
  sheet.take(expired);
  await sheet.loadIncidents(expired.flatMap(({ incident }) => incident ?? []));
  const ended = expired.map((finding) => endFinding(sheet, finding, finding.expiresAt ?? sheet.now));
  for (const [incident, findings] of Map.groupBy(ended, ({ incident }) => incident)) {
    if (incident === null) continue;
    noteEnded(sheet, incident, findings);
    await settle(sheet, incident);
  }
}

/** A person said that it is resolved, and half an hour later it still fires. */
async function reopenDue(sheet: Worksheet, incident: IncidentRecord): Promise<void> {
  const firing = sheet.firingOf(incident.id);
  const other = await sheet.openOf(incident.groupKey);
  if (incident.status !== 'resolved' || firing.length === 0) {
    sheet.change(incident.id, { reopenAt: null });
    return;
  }
  if (other) {
    sheet.change(incident.id, { reopenAt: null });
    sheet.event({
      incident: incident.id,
      kind: 'finding',
      text: `${counted(firing.length, 'finding')} still fire${firing.length === 1 ? 's' : ''}: that goes on as #${other.number}.`,
    });
    joinIncident(sheet, other, firing);
    await settle(sheet, other.id);
    return;
  }
  const by = incident.resolvedBy === '' ? 'it was resolved' : `${incident.resolvedBy} resolved it`;
  await startRound(
    sheet,
    incident,
    'reopened',
    `Still fires ${lasting(reopenAfterMs)} after ${by}: ${measured(firing[0] ?? incident)}. Opened again.`,
  );
  await settle(sheet, incident.id);
}

/** Takes the next step of an incident's policy; false when there was none to take. */
async function escalate(sheet: Worksheet, incident: IncidentRecord, suppression: Suppression): Promise<boolean> {
  if (incident.status !== 'open') {
    sheet.change(incident.id, { escalateAt: null });
    return false;
  }
  if (holdIncident(sheet, incident, suppression)) return false;
  const own = await sheet.policy(incident.policy);
  const owners = await owningTeams(sheet, incident);
  const policy = withOwners(own, owners);
  const told = (await sheet.tx.told(incident.id)).filter(({ round }) => round === incident.round);
  const named = (policy?.steps ?? []).flatMap(({ teams = [] }) => teams);
  const reach: Reach = { channels: await sheet.channels(), teams: await sheet.teams(named) };
  const step = nextUsableStep(policy, incident.nextStep, reach);
  if (policy === undefined || step === undefined) {
    await endOfPolicy(sheet, incident, policy, told);
    return true;
  }
  noteSkipped(sheet, incident, policy, step);
  takeStep(sheet, incident, policy, step, told, reachOf(stepOf(policy, step), reach));
  return true;
}

const ownersAtMost = 20;

/** Teams that what fires of an incident belongs to: their findings carry the label `team`. */
async function owningTeams(sheet: Worksheet, incident: IncidentRecord): Promise<TeamReceivers[]> {
  const labels = [incident.labels, ...sheet.firingOf(incident.id).map((finding) => finding.labels)];
  const slugs = new Set(labels.flatMap((of) => of['team']?.toLowerCase() ?? []));
  return [...(await sheet.teams([...slugs].slice(0, ownersAtMost))).values()].filter(({ slug }) => slugs.has(slug));
}

/** True when everything that fires of it is held back: then nobody is told until that ends. */
function holdIncident(sheet: Worksheet, incident: IncidentRecord, suppression: Suppression): boolean {
  const firing = sheet.firingOf(incident.id);
  const reasons = firing.map((finding) => suppression.of(finding));
  if (firing.length === 0 || reasons.includes('')) return false;
  firing.forEach((finding, i) => sheet.putFinding({ ...finding, suppressedBy: reasons[i] ?? '' }));
  const heldBy = reasons[0] ?? '';
  sheet.change(incident.id, { heldBy, escalateAt: null });
  sheet.event({
    incident: incident.id,
    kind: 'suppressed',
    text: `Nobody is told further: ${suppression.words(heldBy)}.`,
  });
  return true;
}

/** The policy was walked to its end, or leads nowhere. */
async function endOfPolicy(
  sheet: Worksheet,
  incident: IncidentRecord,
  policy: Ladder | undefined,
  told: readonly Told[],
): Promise<void> {
  if (told.some(({ status }) => status === 'delivered' || status === 'waiting')) {
    // Somebody is or was told; what still waits says so itself when it fails.
    sheet.change(incident.id, { escalateAt: null });
    return;
  }
  const why =
    policy === undefined
      ? 'There is no escalation policy'
      : policy.steps.length === 0
        ? `The policy “${policy.name}” has no steps`
        : told.length > 0
          ? `Every channel of the policy “${policy.name}” failed`
          : `The policy “${policy.name}” reaches nobody: ${deafWords(policy.steps)}`;
  await fallBack(sheet, incident, why, told);
}

function noteSkipped(sheet: Worksheet, incident: IncidentRecord, policy: Ladder, step: number): void {
  for (let skipped = incident.nextStep; skipped < step; skipped++) {
    if (skipped >= policy.steps.length) return;
    sheet.event({
      incident: incident.id,
      kind: 'not-notified',
      text: `Step ${skipped + 1} of “${policy.name}” reaches nobody: ${deafWords([stepOf(policy, skipped)])}. The next step is taken at once.`,
    });
  }
}

function takeStep(
  sheet: Worksheet,
  incident: IncidentRecord,
  policy: Ladder,
  step: number,
  told: readonly Told[],
  reached: StepReach,
): void {
  const first = told.length === 0;
  const kind: NotificationKind = first ? incident.roundKind : 'escalated';
  const since = incident.round === 1 ? `for ${lasting(sheet.now - incident.openedAt)}` : 'since it was told again';
  const waited = first ? '' : `Nobody acknowledged ${since}.`;
  const message = { incident: incident.id, kind, round: incident.round, step, note: waited };
  for (const { id } of reached.channels) sheet.message({ ...message, channel: id });
  if (reached.mail !== undefined)
    sheet.message({
      ...message,
      channel: reached.mail.id,
      teams: reached.teams.map(({ slug }) => slug).toSorted(),
      receivers: [...new Set(reached.teams.flatMap(({ receivers }) => receivers))],
    });
  const walk = Math.floor(step / policy.steps.length);
  const names = reachWords(reached);
  const next = step + 1 < stepCount(policy) ? stepOf(policy, step + 1) : undefined;
  const after =
    next === undefined
      ? 'This was the last step.'
      : `The next follows in ${lasting(next.waitMs)} unless somebody acknowledges.`;
  sheet.event({
    incident: incident.id,
    kind: 'escalated',
    text: `${waited === '' ? '' : `${waited} `}Step ${(step % policy.steps.length) + 1} of “${policy.name}”${walk === 0 ? '' : `, walk ${walk + 1}`} tells ${names}. ${after}`,
    detail: { round: incident.round, step },
  });
  sheet.change(incident.id, {
    nextStep: step + 1,
    escalateAt: next === undefined ? null : sheet.now + next.waitMs,
    unreachable: '',
  });
}
