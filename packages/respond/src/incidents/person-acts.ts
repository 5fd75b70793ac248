import { fail, ok, type Result } from '@sightline/base';
import type { IncidentRecord, Refused, ResolvedHow, RespondTransaction } from '@sightline/control';
import { reopenAfterMs, startRound, tellThoseTold } from './moves.ts';
import { bounded, counted, lasting, timeOfDay } from './words.ts';
import { Worksheet } from './worksheet.ts';

/** How an act of a person ended: the incident as it is then, or why it was refused. */
export type Acted = Result<IncidentRecord, Refused>;

/** What people do with an incident. */
export type PersonAct =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'resolve'; readonly how: Exclude<ResolvedHow, 'by-itself'> | 'by-itself'; readonly note: string }
  | { readonly kind: 'hand-over'; readonly to: string; readonly note: string }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'reopen'; readonly note: string };

/** Does what a person (`actor`: an e-mail address, or a key's name) wants done with the incident of this number. */
export async function act(
  tx: RespondTransaction,
  organisation: string,
  number: number,
  wanted: PersonAct,
  actor: string,
  now: number,
): Promise<Acted> {
  const sheet = new Worksheet(tx, organisation, now);
  const incident = await tx.incidentByNumber(number);
  if (!incident) return refused('not-found', `There is no incident #${number} in this organisation.`);
  await sheet.hold([incident]);
  const acted = await acts[wanted.kind](sheet, incident, wanted as never, actor);
  if (acted.ok) await sheet.save();
  return acted;
}

type Act<K extends PersonAct['kind']> = (
  sheet: Worksheet,
  incident: IncidentRecord,
  wanted: Extract<PersonAct, { kind: K }>,
  actor: string,
) => Promise<Acted>;

const acknowledge: Act<'acknowledge'> = async (sheet, incident, _wanted, actor) => {
  if (incident.status === 'resolved') return refused('conflict', `#${incident.number} is resolved already.`);
  if (incident.status === 'acknowledged') {
    if (incident.acknowledgedBy === actor) return ok(incident);
    return refused(
      'conflict',
      `${incident.acknowledgedBy} has acknowledged #${incident.number} already. Hand it over to take it.`,
    );
  }
  const after = sheet.change(incident.id, {
    status: 'acknowledged',
    acknowledgedAt: sheet.now,
    acknowledgedBy: actor,
    assignee: incident.assignee === '' ? actor : incident.assignee,
    escalateAt: null,
    heldBy: '',
    unreachable: '',
  });
  const waited = incident.escalateAt === null ? '' : ' Escalation stops.';
  sheet.event({
    incident: incident.id,
    kind: 'acknowledged',
    actor,
    text: `Acknowledged by ${actor} after ${lasting(sheet.now - incident.openedAt)}.${waited}`,
  });
  await tellThoseTold(sheet, after, 'acknowledged');
  return ok(after);
};

const howWords = {
  remote: 'remotely',
  'on-site': 'on site',
  'by-itself': 'by itself',
  'false-alarm': 'as a false alarm',
} as const;

const resolve: Act<'resolve'> = async (sheet, incident, { how, note }, actor) => {
  if (incident.status === 'resolved') return refused('conflict', `#${incident.number} is resolved already.`);
  const firing = sheet.firingOf(incident.id);
  const reopenAt = firing.length > 0 ? sheet.now + reopenAfterMs : null;
  const after = sheet.change(incident.id, {
    status: 'resolved',
    resolvedAt: sheet.now,
    resolvedBy: actor,
    resolvedHow: how,
    resolvedNote: bounded(note, 2000),
    assignee: incident.assignee === '' ? actor : incident.assignee,
    escalateAt: null,
    heldBy: '',
    unreachable: '',
    reopenAt,
  });
  const still =
    reopenAt === null
      ? ''
      : ` ${counted(firing.length, 'finding')} still fire${firing.length === 1 ? 's' : ''}: it stays resolved until ${timeOfDay(reopenAt)}, and opens again if that goes on.`;
  sheet.event({
    incident: incident.id,
    kind: 'resolved',
    actor,
    text: `Resolved ${howWords[how]} by ${actor} after ${lasting(sheet.now - incident.openedAt)}${note === '' ? '.' : `: ${bounded(note, 1000)}${/[.!?]$/.test(note) ? '' : '.'}`}${still}`,
    detail: { how },
  });
  await tellThoseTold(sheet, after, 'resolved');
  return ok(after);
};

const handOver: Act<'hand-over'> = async (sheet, incident, { to, note }, actor) => {
  if (incident.status === 'resolved') return refused('conflict', `#${incident.number} is resolved already.`);
  if (!(await sheet.tx.isMember(to))) return refused('invalid', `${to} is no member of this organisation.`);
  if (incident.assignee === to) return ok(incident);
  const after = sheet.change(incident.id, { assignee: to });
  const from = incident.assignee === '' || incident.assignee === actor ? '' : ` from ${incident.assignee}`;
  sheet.event({
    incident: incident.id,
    kind: 'handed-over',
    actor,
    text: `${actor === to ? `${actor} took it${from}` : `${actor} handed it over${from} to ${to}`}${note === '' ? '.' : `: ${bounded(note, 1000)}`}`,
    detail: { to },
  });
  return ok(after);
};

const addNote: Act<'note'> = async (sheet, incident, { text }, actor) => {
  sheet.event({ incident: incident.id, kind: 'note', actor, text: bounded(text, 4000) });
  return ok(incident);
};

const reopen: Act<'reopen'> = async (sheet, incident, { note }, actor) => {
  if (incident.status !== 'resolved') return refused('conflict', `#${incident.number} is not resolved.`);
  const other = await sheet.openOf(incident.groupKey);
  if (other) return refused('conflict', `#${other.number} is open for the same trouble already.`);
  const why = note === '' ? '.' : `: ${bounded(note, 1000)}`;
  return ok(await startRound(sheet, incident, 'reopened', `Opened again by ${actor}${why}`, actor));
};

const acts: { readonly [K in PersonAct['kind']]: Act<K> } = {
  acknowledge,
  resolve,
  'hand-over': handOver,
  note: addNote,
  reopen,
};

function refused(reason: Refused['reason'], message: string): Acted {
  return fail({ reason, message });
}
