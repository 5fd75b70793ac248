import { z } from 'zod';
import { done, epochMs, page, point } from './common.ts';
import { endpoint } from './endpoint.ts';

/** From worst to least. */
export const incidentSeverity = z.enum(['critical', 'high', 'medium', 'low']);
export type IncidentSeverity = z.infer<typeof incidentSeverity>;
export const incidentStatus = z.enum(['open', 'acknowledged', 'resolved']);
export type IncidentStatus = z.infer<typeof incidentStatus>;
/** How it was put right. */
export const resolvedHow = z.enum(['remote', 'on-site', 'by-itself', 'false-alarm']);
export type ResolvedHow = z.infer<typeof resolvedHow>;

export const incidentRow = z.object({
  /** What people say to each other: #42. Counted in each organisation. */
  number: z.number(),
  title: z.string(),
  summary: z.string(),
  severity: incidentSeverity,
  status: incidentStatus,
  /** '' where it is not about one site. */
  site: z.string(),
  sites: z.number(),
  firing: z.number(),
  findings: z.number(),
  openedAt: z.number(),
  acknowledgedAt: z.number().nullable(),
  acknowledgedBy: z.string(),
  assignee: z.string(),
  /** The team that owns it: whom its label `team` names; null where there is none. */
  team: z.object({ slug: z.string(), name: z.string() }).nullable(),
  resolvedAt: z.number().nullable(),
  /** '' when it resolved by itself. */
  resolvedBy: z.string(),
  resolvedHow: z.union([resolvedHow, z.literal('')]),
  resolvedNote: z.string(),
  /** How often it came back within minutes. */
  flaps: z.number(),
  /** Why nobody is told further although nobody acknowledged: `silence:<id>`, `link:<site>`; '' otherwise. */
  heldBy: z.string(),
  /** Why nobody could be told; '' otherwise. */
  unreachable: z.string(),
  /** Resolved by a person while it still fires: it opens again then, unless it has ended. */
  reopenAt: z.number().nullable(),
  /** Who is told next, and when, unless somebody acknowledges. */
  next: z.object({ at: z.number(), step: z.number(), channels: z.array(z.string()) }).nullable(),
  /** Finding, incident and messages on one line. */
  line: z.string(),
});
export type IncidentRow = z.infer<typeof incidentRow>;

export const openIncidentCounts = z.object({
  all: z.number(),
  unacknowledged: z.number(),
  /** Open ones of which nobody could be told. */
  unreachable: z.number(),
  /** True when there is a channel that is switched on. */
  canTell: z.boolean(),
});

export const listIncidents = endpoint({
  method: 'GET',
  path: '/api/v1/incidents',
  summary: 'Incidents: open before acknowledged before resolved, the worst and newest first',
  permission: 'viewer',
  query: z.object({
    /** `active` is open and acknowledged. */
    status: z.enum(['active', 'open', 'acknowledged', 'resolved', 'all']).default('active'),
    severity: z.union([incidentSeverity, z.literal('')]).default(''),
    site: z.string().max(200).default(''),
    /** Id of the rule, monitor or agent, or the alert's name, of one of its findings. */
    rule: z.string().max(300).default(''),
    /** A number (`42`, `#42`) or words of title, summary and resolution. */
    q: z.string().max(200).default(''),
    ...page,
  }),
  reply: z.object({
    at: z.number(),
    incidents: z.array(incidentRow),
    next: z.string(),
    open: openIncidentCounts,
  }),
});

/** For badges: cheap, asked often. */
export const countOpenIncidents = endpoint({
  method: 'GET',
  path: '/api/v1/open-incidents',
  summary: 'How many incidents are open, and whether anybody can be told',
  permission: 'viewer',
  reply: openIncidentCounts,
});

export const incidentSpan = z.object({
  number: z.number(),
  title: z.string(),
  severity: incidentSeverity,
  status: incidentStatus,
  site: z.string(),
  openedAt: z.number(),
  resolvedAt: z.number().nullable(),
});
export type IncidentSpan = z.infer<typeof incidentSpan>;
export const listIncidentSpans = endpoint({
  method: 'GET',
  path: '/api/v1/incident-spans',
  summary: 'Incidents as marks on a time axis, the newest 500 at most',
  permission: 'viewer',
  query: z.object({ from: epochMs, to: epochMs, site: z.string().max(200).default('') }),
  reply: z.object({
    spans: z.array(incidentSpan),
    /** Older ones of the range are left out. */
    cut: z.boolean(),
  }),
});

export const incidentFinding = z.object({
  key: z.string(),
  source: z.enum(['rule', 'monitor', 'link', 'alertmanager']),
  sourceId: z.string(),
  state: z.enum(['firing', 'resolved']),
  severity: incidentSeverity,
  title: z.string(),
  summary: z.string(),
  site: z.string(),
  labels: z.record(z.string(), z.string()),
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  unit: z.string(),
  /** Path within the interface that shows it; '' when there is none. */
  link: z.string(),
  since: z.number(),
  resolvedAt: z.number().nullable(),
  suppressedBy: z.string(),
});
export type IncidentFinding = z.infer<typeof incidentFinding>;

export const incidentEvent = z.object({
  id: z.number(),
  at: z.number(),
  kind: z.string(),
  /** '' for Sightline itself. */
  actor: z.string(),
  text: z.string(),
});
export type IncidentEvent = z.infer<typeof incidentEvent>;

export const incidentNotification = z.object({
  id: z.string(),
  channelName: z.string(),
  channelType: z.string(),
  kind: z.string(),
  receivers: z.array(z.string()),
  note: z.string(),
  status: z.enum(['waiting', 'delivered', 'failed', 'cancelled']),
  attempts: z.number(),
  log: z.array(z.object({ at: z.number(), ending: z.string(), detail: z.string(), tookMs: z.number() })),
  createdAt: z.number(),
  finishedAt: z.number().nullable(),
});
export type IncidentNotification = z.infer<typeof incidentNotification>;

/** What it looked like when it opened; kept as it was. */
export const incidentEvidence = z.object({
  capturedAt: z.number(),
  charts: z.array(
    z.object({
      title: z.string(),
      unit: z.string(),
      threshold: z.number().nullable(),
      from: z.number(),
      to: z.number(),
      stepMs: z.number(),
      series: z.array(z.object({ name: z.string(), points: z.array(point) })),
    }),
  ),
  errors: z.array(z.object({ issue: z.string(), title: z.string(), events: z.number(), lastSeenAt: z.number() })),
  logs: z.array(
    z.object({ at: z.number(), site: z.string(), service: z.string(), severity: z.string(), body: z.string() }),
  ),
  containers: z.array(z.object({ name: z.string(), state: z.string(), detail: z.string() })),
  changes: z.array(z.object({ at: z.number(), text: z.string() })),
  missing: z.array(z.string()),
});
export type IncidentEvidence = z.infer<typeof incidentEvidence>;

const numbered = z.object({ number: z.coerce.number().int().min(1).max(1e12) });
export const getIncident = endpoint({
  method: 'GET',
  path: '/api/v1/incidents/:number',
  summary: 'One incident: what fires, who was told, its evidence and its time line',
  permission: 'viewer',
  params: numbered,
  reply: z.object({
    at: z.number(),
    incident: incidentRow.extend({
      labels: z.record(z.string(), z.string()),
      /** Address or text of what to do; '' when there is none. */
      runbook: z.string(),
      /** Name of the escalation policy; '' when there is none. */
      policy: z.string(),
      round: z.number(),
    }),
    /** null while it is being captured. */
    evidence: incidentEvidence.nullable(),
    findings: z.array(incidentFinding),
    events: z.array(incidentEvent),
    notifications: z.array(incidentNotification),
    /** To whom it can be handed over; empty for viewers. */
    members: z.array(z.object({ email: z.string(), name: z.string() })),
  }),
});

const acted = z.object({ status: incidentStatus, assignee: z.string() });
const sentence = z.string().trim().max(2000).default('');
export const acknowledgeIncident = endpoint({
  method: 'POST',
  path: '/api/v1/incidents/:number/acknowledge',
  summary: 'Take an incident in hand: escalation stops',
  permission: 'responder',
  params: numbered,
  reply: acted,
});
export const resolveIncident = endpoint({
  method: 'POST',
  path: '/api/v1/incidents/:number/resolve',
  summary: 'Say that an incident is over, and how it was put right',
  permission: 'responder',
  params: numbered,
  body: z.object({ how: resolvedHow, note: sentence }),
  reply: acted,
});
export const handOverIncident = endpoint({
  method: 'POST',
  path: '/api/v1/incidents/:number/hand-over',
  summary: 'Give an incident to a member',
  permission: 'responder',
  params: numbered,
  body: z.object({ to: z.string().trim().min(3).max(254), note: sentence }),
  reply: acted,
});
export const reopenIncident = endpoint({
  method: 'POST',
  path: '/api/v1/incidents/:number/reopen',
  summary: 'Open a resolved incident again: escalation begins anew',
  permission: 'responder',
  params: numbered,
  body: z.object({ note: sentence }),
  reply: acted,
});
export const noteIncident = endpoint({
  method: 'POST',
  path: '/api/v1/incidents/:number/notes',
  summary: "Add a line to an incident's time line",
  permission: 'responder',
  params: numbered,
  body: z.object({ text: z.string().trim().min(1, 'must not be empty').max(4000) }),
  reply: done,
});
