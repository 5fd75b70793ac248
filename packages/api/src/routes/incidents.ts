import {
  acknowledgeIncident,
  countOpenIncidents,
  getIncident,
  handOverIncident,
  incidentEvidence,
  type IncidentRow,
  listIncidents,
  listIncidentSpans,
  noteIncident,
  reopenIncident,
  resolveIncident,
} from '@sightline/contract';
import { type IncidentRecord, incidentSpansAtMost, roleAtLeast } from '@sightline/control';
import { incidentLine, type PersonAct } from '@sightline/respond';
import { otherSite } from '../bound-site.ts';
import { refusal } from '../problem.ts';
import {
  answer,
  type ApiDeps,
  type Caller,
  type CallContext,
  doneReply,
  ProblemReply,
  refuse,
  type Route,
} from '../route.ts';
import { type NextStep, nextSteps } from './incident-next-step.ts';

const noIncident = (number: number): ProblemReply =>
  refuse(404, 'No such incident', `There is no incident #${number} in this organisation.`);

/** What a key that is bound to a site may read: incidents of several sites tell of all of them. */
const ofKey = <T extends { readonly site: string }>(caller: Caller, incidents: readonly T[]): T[] =>
  incidents.filter(({ site }) => !otherSite(caller, site));

type Counted = IncidentRecord & { readonly firing: number; readonly findings: number; readonly sites: number };

/** Rows as they are shown: with the line that says what happened, and who is told next. */
async function shown(
  { deps: { control } }: CallContext,
  organisation: string,
  incidents: readonly Counted[],
  next: NextStep,
): Promise<IncidentRow[]> {
  const ids = incidents.map(({ id }) => id);
  const [told, first] = await Promise.all([
    control.respond.incidents.told(organisation, ids),
    control.respond.incidents.firstFindings(organisation, ids),
  ]);
  return incidents.map((incident) => ({
    number: incident.number,
    title: incident.title,
    summary: incident.summary,
    severity: incident.severity,
    status: incident.status,
    site: incident.site,
    sites: incident.sites,
    firing: incident.firing,
    findings: incident.findings,
    openedAt: incident.openedAt,
    acknowledgedAt: incident.acknowledgedAt,
    acknowledgedBy: incident.acknowledgedBy,
    assignee: incident.assignee,
    team: next.owner(incident),
    resolvedAt: incident.resolvedAt,
    resolvedBy: incident.resolvedBy,
    resolvedHow: incident.resolvedHow,
    resolvedNote: incident.resolvedNote,
    flaps: incident.flaps,
    heldBy: incident.heldBy,
    unreachable: incident.unreachable,
    reopenAt: incident.reopenAt,
    next: next.of(incident),
    line: incidentLine(incident, first.get(incident.id), told.get(incident.id) ?? []),
  }));
}

async function openCounts({ control }: ApiDeps, { organisation, keySite = '' }: Caller) {
  const [{ all, unacknowledged, unreachable }, channels] = await Promise.all([
    control.respond.incidents.open(organisation, keySite),
    control.alerting.channels.list(organisation),
  ]);
  return { all, unacknowledged, unreachable, canTell: channels.some(({ enabled }) => enabled) };
}

const list = answer(listIncidents, async ({ query }, context) => {
  const { deps, caller } = context;
  const { q, ...filter } = query;
  const found = await deps.control.respond.incidents.list(caller.organisation, { ...filter, text: q });
  if (!found.ok) return refusal(found.error);
  const next = await nextSteps(deps.control, caller.organisation);
  return {
    at: deps.clock.now(),
    incidents: await shown(context, caller.organisation, ofKey(caller, found.value.incidents), next),
    next: found.value.next,
    open: await openCounts(deps, caller),
  };
});

const count = answer(countOpenIncidents, (_, { deps, caller }) => openCounts(deps, caller));

const spans = answer(listIncidentSpans, async ({ query }, { deps, caller }) => {
  if (query.from >= query.to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
  const found = await deps.control.respond.incidents.spans(caller.organisation, query);
  return { spans: ofKey(caller, found), cut: found.length >= incidentSpansAtMost };
});

const show = answer(getIncident, async ({ params }, context) => {
  const { deps, caller } = context;
  const { organisation } = caller;
  const { incidents } = deps.control.respond;
  const incident = await incidents.find(organisation, params.number);
  if (!incident) return noIncident(params.number);
  const [findings, events, told, next, members] = await Promise.all([
    incidents.findings(organisation, incident.id),
    incidents.events(organisation, incident.id),
    incidents.told(organisation, [incident.id]),
    nextSteps(deps.control, organisation),
    roleAtLeast(caller.role, 'responder') ? deps.control.people.members(organisation) : [],
  ]);
  const counted: Counted = {
    ...incident,
    findings: findings.length,
    firing: findings.filter(({ state }) => state === 'firing').length,
    sites: new Set(findings.map(({ site }) => site).filter((site) => site !== '')).size,
  };
  const [row] = await shown(context, organisation, [counted], next);
  if (!row) return noIncident(params.number);
  const evidence = incidentEvidence.safeParse(incident.evidence);
  return {
    at: deps.clock.now(),
    incident: {
      ...row,
      labels: { ...incident.labels },
      runbook: incident.runbook,
      policy: next.policyName(incident),
      round: incident.round,
    },
    evidence: evidence.success ? evidence.data : null,
    findings: findings.map((finding) => ({ ...finding, labels: { ...finding.labels } })),
    events: events.map(({ id, at, kind, actor, text }) => ({ id, at, kind, actor, text })),
    notifications: (told.get(incident.id) ?? []).map((one) => ({
      ...one,
      receivers: [...one.receivers],
      log: one.log.map((entry) => ({ ...entry })),
    })),
    members: members.map(({ email, name }) => ({ email, name })),
  };
});

/** Does it in the caller's name, with an entry in the audit trail. */
async function act(
  { deps, caller, audit }: CallContext,
  number: number,
  wanted: PersonAct,
  detail: string,
): Promise<IncidentRecord | ProblemReply> {
  if (!deps.respond) return refuse(503, 'Not here', 'This server does not handle incidents.');
  if (caller.keySite) {
    const about = await deps.control.respond.incidents.find(caller.organisation, number);
    const elsewhere = about && otherSite(caller, about.site);
    if (elsewhere) return elsewhere;
  }
  const acted = await deps.respond.act(caller.organisation, number, wanted, caller.actor);
  if (!acted.ok) return refusal(acted.error);
  await audit(`incident.${wanted.kind}`, `#${number}`, detail);
  return acted.value;
}

const after = (acted: IncidentRecord | ProblemReply) =>
  acted instanceof ProblemReply ? acted : { status: acted.status, assignee: acted.assignee };

const acknowledge = answer(acknowledgeIncident, async ({ params }, context) =>
  after(await act(context, params.number, { kind: 'acknowledge' }, '')),
);
const resolve = answer(resolveIncident, async ({ params, body }, context) =>
  after(await act(context, params.number, { kind: 'resolve', ...body }, `${body.how}: ${body.note}`)),
);
const handOver = answer(handOverIncident, async ({ params, body }, context) =>
  after(await act(context, params.number, { kind: 'hand-over', ...body }, `to ${body.to}`)),
);
const reopen = answer(reopenIncident, async ({ params, body }, context) =>
  after(await act(context, params.number, { kind: 'reopen', ...body }, body.note)),
);
const note = answer(noteIncident, async ({ params, body }, context) => {
  const acted = await act(context, params.number, { kind: 'note', text: body.text }, '');
  return acted instanceof ProblemReply ? acted : doneReply;
});

export const incidentRoutes: readonly Route[] = [
  list,
  count,
  spans,
  show,
  acknowledge,
  resolve,
  handOver,
  reopen,
  note,
];
