import { randomBytes } from 'node:crypto';
import type { FindingRecord, IncidentRecord, NotificationKind, RoundKind, Told } from '@sightline/control';
import { rank, worstFirst } from './severity.ts';
import { bounded, counted, describeIncident, lasting, listed, measured } from './words.ts';
import type { Worksheet } from './worksheet.ts';

/** An incident of this group that comes back so soon is the same one. */
export const flapWindowMs = 10 * 60_000;
/** So long may a person's "resolved" stand against findings that still fire. */
export const reopenAfterMs = 30 * 60_000;

/** Opens an incident for findings that are on the sheet. At least one is given. */
export async function openIncident(
  sheet: Worksheet,
  groupKey: string,
  members: readonly FindingRecord[],
): Promise<IncidentRecord> {
  const sorted = worstFirst(members);
  const worst = sorted[0];
  if (worst === undefined) throw new Error('an incident opens with a finding');
  const { title, summary } = describeIncident({ groupKey, title: '', summary: '' }, sorted);
  const sites = new Set(members.map(({ site }) => site));
  const policy = members.find((one) => one.policy !== '' && one.severity === worst.severity)?.policy ?? worst.policy;
  const incident: IncidentRecord = {
    id: `inc_${randomBytes(12).toString('base64url')}`,
    organisation: sheet.organisation,
    number: await sheet.nextNumber(),
    groupKey,
    title,
    summary,
    severity: worst.severity,
    status: 'open',
    site: sites.size === 1 ? worst.site : '',
    labels: sharedLabels(members),
    runbook: sorted.find(({ runbook }) => runbook !== '')?.runbook ?? '',
    openedAt: sheet.now,
    acknowledgedAt: null,
    acknowledgedBy: '',
    assignee: '',
    resolvedAt: null,
    resolvedBy: '',
    resolvedHow: '',
    resolvedNote: '',
    policy,
    round: 1,
    roundKind: 'opened',
    flaps: 0,
    nextStep: 0,
    escalateAt: sheet.now + (await firstWait(sheet, policy)),
    heldBy: '',
    unreachable: '',
    reopenAt: null,
    evidence: null,
    evidenceTries: 0,
    evidenceAt: sheet.now,
    pastFindings: [],
    updatedAt: sheet.now,
  };
  sheet.create(incident);
  for (const { key } of members) sheet.moveFinding(key, incident.id);
  sheet.event({
    incident: incident.id,
    kind: 'opened',
    text: bounded(
      `${measured({ title, summary })}. Opened as #${incident.number}, severity ${incident.severity}.`,
      2000,
    ),
    detail: { findings: members.map(({ key }) => key).slice(0, 500) },
  });
  return incident;
}

async function firstWait(sheet: Worksheet, policy: string): Promise<number> {
  return (await sheet.policy(policy))?.steps[0]?.waitMs ?? 0;
}

/** Labels that all of them share. */
function sharedLabels(members: readonly FindingRecord[]): Record<string, string> {
  const [first, ...rest] = members;
  return Object.fromEntries(
    Object.entries(first?.labels ?? {}).filter(([name, value]) => rest.every(({ labels }) => labels[name] === value)),
  );
}

/** Findings come to an incident that is there. */
export function joinIncident(sheet: Worksheet, incident: IncidentRecord, members: readonly FindingRecord[]): void {
  for (const { key } of members) sheet.moveFinding(key, incident.id);
  // What held back the rest of it does not hold these.
  if (incident.heldBy !== '' && incident.status === 'open')
    sheet.change(incident.id, { heldBy: '', escalateAt: sheet.now });
  const texts =
    members.length <= 3
      ? members.map(measured)
      : [
          `${members.length} more findings: ${listed(
            members.map(({ title }) => title),
            5,
          )}`,
        ];
  for (const text of texts) sheet.event({ incident: incident.id, kind: 'finding', text: bounded(`${text}.`, 2000) });
}

/**
 * A new round: the policy is walked again from its first step, whoever acknowledged the round before. `text` says why on
 * the time line.
 */
export async function startRound(
  sheet: Worksheet,
  incident: IncidentRecord,
  kind: RoundKind,
  text: string,
  actor = '',
): Promise<IncidentRecord> {
  const current = sheet.incident(incident.id) ?? incident;
  sheet.event({ incident: incident.id, kind: kind === 'worse' ? 'worse' : 'reopened', text, actor });
  return sheet.change(incident.id, {
    status: 'open',
    round: current.round + 1,
    roundKind: kind,
    nextStep: 0,
    escalateAt: sheet.now + (await firstWait(sheet, current.policy)),
    heldBy: '',
    unreachable: '',
    reopenAt: null,
    acknowledgedAt: null,
    acknowledgedBy: '',
    resolvedAt: null,
    resolvedBy: '',
    resolvedHow: '',
    resolvedNote: '',
  });
}

/**
 * Who was told, or is about to be, and was not told since that it is over: channels, and teams through them, with the
 * receivers that were told there last.
 */
export function thoseTold(told: readonly Told[]): Pick<Told, 'channel' | 'teams' | 'receivers'>[] {
  const channels = new Map<string, Pick<Told, 'channel' | 'teams' | 'receivers'>>();
  for (const { channel, kind, status, receivers, teams } of told) {
    const who = [channel, ...teams].join(' ');
    if (kind === 'resolved' && status !== 'failed' && status !== 'cancelled') channels.delete(who);
    if (kind === 'acknowledged' || kind === 'resolved' || kind === 'test') continue;
    // Escalations that wait are cancelled once nobody needs them; the others are still sent.
    const counts = status === 'delivered' || (status === 'waiting' && kind !== 'escalated' && kind !== 'fallback');
    if (counts) channels.set(who, { channel, teams, receivers });
  }
  return [...channels.values()];
}

/** Tells everybody who was told of the incident before, once a round. */
export async function tellThoseTold(
  sheet: Worksheet,
  incident: IncidentRecord,
  kind: Extract<NotificationKind, 'acknowledged' | 'resolved'>,
  note = '',
): Promise<void> {
  for (const who of thoseTold(await sheet.tx.told(incident.id)))
    sheet.message({ ...who, incident: incident.id, kind, round: incident.round, step: 0, note });
}

/** Nothing fires any more: the incident resolves by itself and those who were told are told. */
async function resolveByItself(sheet: Worksheet, incident: IncidentRecord): Promise<void> {
  const lasted = lasting(sheet.now - incident.openedAt);
  const resolved = sheet.change(incident.id, {
    status: 'resolved',
    resolvedAt: sheet.now,
    resolvedBy: '',
    resolvedHow: 'by-itself',
    escalateAt: null,
    heldBy: '',
    unreachable: '',
    reopenAt: null,
  });
  sheet.event({
    incident: incident.id,
    kind: 'resolved',
    text: `Resolved by itself after ${lasted}: nothing fires any more.`,
  });
  await tellThoseTold(sheet, resolved, 'resolved');
}

/** Brings an incident's words, severity and status in line with its findings, after these had changed. */
export async function settle(sheet: Worksheet, id: string): Promise<void> {
  const incident = sheet.incident(id);
  if (!incident) return;
  const findings = worstFirst(sheet.findingsOf(id));
  const firing = findings.filter(({ state }) => state === 'firing');
  const words = describeIncident(incident, findings);
  if (words.title !== incident.title || words.summary !== incident.summary) sheet.change(id, words);
  if (incident.status === 'resolved') {
    if (incident.reopenAt === null || firing.length > 0) return;
    sheet.change(id, { reopenAt: null });
    sheet.event({ incident: id, kind: 'finding-resolved', text: 'Nothing fires any more; it stays resolved.' });
    return;
  }
  if (firing.length === 0) {
    await resolveByItself(sheet, sheet.incident(id) ?? incident);
    return;
  }
  const worst = firing[0];
  if (worst && rank(worst.severity) < rank(incident.severity)) {
    sheet.change(id, { severity: worst.severity });
    const what = `from ${incident.severity} to ${worst.severity} (${measured(worst)})`;
    if (incident.status === 'open' && incident.nextStep === 0) {
      // Nobody was told of this round yet: what they will be told says it as it is now.
      sheet.event({ incident: id, kind: 'worse', text: `Got worse, ${what}.` });
      return;
    }
    const again = incident.status === 'acknowledged' ? `, although ${incident.acknowledgedBy} had acknowledged it` : '';
    await startRound(sheet, incident, 'worse', `Got worse, ${what}: told again${again}.`);
  }
}

/** Lines for findings that ended. */
export function noteEnded(sheet: Worksheet, incident: string, ended: readonly FindingRecord[]): void {
  const texts =
    ended.length <= 3
      ? ended.map((one) => `${one.title} ended after ${lasting((one.resolvedAt ?? sheet.now) - one.since)}.`)
      : [
          `${counted(ended.length, 'finding')} ended: ${listed(
            ended.map(({ title }) => title),
            5,
          )}.`,
        ];
  for (const text of texts) sheet.event({ incident, kind: 'finding-resolved', text: bounded(text, 2000) });
}
