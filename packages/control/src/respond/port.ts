import type { FindingSeverity, FindingSource } from '@sightline/record';
import type { Result } from '@sightline/base';
import type { Channel, Enqueued, NewNotification, Notification, Policy, Silence } from '../alerting/port.ts';
import type { Refused } from '../control.ts';

/** What is kept of findings and incidents, and the one door through which it changes. */
export interface RespondRecords {
  readonly incidents: Incidents;
  /**
   * Runs `work` in one transaction, while nothing else changes the organisation's findings and incidents on any server.
   * What `work` throws undoes all of it. Do not ask the network or other services of the control plane within.
   */
  change<T>(organisation: string, work: (tx: RespondTransaction) => Promise<T>): Promise<T>;
  /**
   * Organisations in which something is due at `now`: a step, a reopening, a finding that expired. With `suppressed`,
   * those as well in which something is held back, to see whether it still is. At most 1,000.
   */
  due(now: number, suppressed: boolean): Promise<string[]>;
  /** Milliseconds since the epoch of the next step or reopening; null when there is none. */
  nextDueAt(): Promise<number | null>;
  /**
   * Takes incidents without evidence for `leaseMs`, the newest first: their turn comes again after it, unless `keepEvidence`
   * was called. At most `tries` times each.
   */
  claimEvidence(now: number, leaseMs: number, limit: number, tries: number): Promise<IncidentRecord[]>;
  /**
   * Deletes resolved findings without an incident that were not seen since `findingsBefore`, and incidents resolved before
   * `incidentsBefore` with all that hangs on them; at most 1,000 of each a call. Answers how many went.
   */
  forget(findingsBefore: number, incidentsBefore: number): Promise<number>;
  /** Keeps what was captured. `text` is the line on the time line; '' adds none. */
  keepEvidence(incident: IncidentRecord, evidence: unknown, text: string): Promise<void>;
}

export const incidentStatuses = ['open', 'acknowledged', 'resolved'] as const;
export type IncidentStatus = (typeof incidentStatuses)[number];
/** Of an incident: that of the worst of its findings. */
export type Severity = FindingSeverity;
export type ResolvedHow = 'remote' | 'on-site' | 'by-itself' | 'false-alarm';
export type RoundKind = 'opened' | 'worse' | 'reopened';
export type IncidentEventKind =
  | 'opened'
  | 'finding'
  | 'worse'
  | 'notified'
  | 'not-notified'
  | 'escalated'
  | 'acknowledged'
  | 'handed-over'
  | 'note'
  | 'action'
  | 'evidence'
  | 'suppressed'
  | 'finding-resolved'
  | 'resolved'
  | 'reopened';

/** A finding as it is kept. Times are milliseconds since the epoch. */
export interface FindingRecord {
  readonly organisation: string;
  readonly key: string;
  readonly source: FindingSource;
  readonly sourceId: string;
  readonly state: 'firing' | 'resolved';
  readonly severity: Severity;
  readonly title: string;
  readonly summary: string;
  readonly site: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly unit: string;
  readonly link: string;
  readonly since: number;
  /** When we were first told that it fires; it may have begun long before. */
  readonly foundAt: number;
  readonly lastSeenAt: number;
  readonly resolvedAt: number | null;
  readonly expiresAt: number | null;
  /** '' or why it opens no incident: `silence:sil_…`, `link:STORE_047`. */
  readonly suppressedBy: string;
  readonly incident: string | null;
  readonly policy: string;
  readonly runbook: string;
}

/** An incident as it is kept. Times are milliseconds since the epoch. */
export interface IncidentRecord {
  readonly id: string;
  readonly organisation: string;
  readonly number: number;
  readonly groupKey: string;
  readonly title: string;
  readonly summary: string;
  readonly severity: Severity;
  readonly status: IncidentStatus;
  /** '' where it is not about one site. */
  readonly site: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly runbook: string;
  readonly openedAt: number;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string;
  readonly assignee: string;
  readonly resolvedAt: number | null;
  readonly resolvedBy: string;
  readonly resolvedHow: ResolvedHow | '';
  readonly resolvedNote: string;
  readonly policy: string;
  readonly round: number;
  readonly roundKind: RoundKind;
  readonly flaps: number;
  readonly nextStep: number;
  readonly escalateAt: number | null;
  readonly heldBy: string;
  readonly unreachable: string;
  readonly reopenAt: number | null;
  readonly evidence: unknown;
  readonly evidenceTries: number;
  readonly evidenceAt: number | null;
  /** Findings it held that have gone on to a later incident, as they were. */
  readonly pastFindings: readonly FindingRecord[];
  readonly updatedAt: number;
}
/** What may change of an incident once it is there. */
export type IncidentChange = Partial<
  Omit<
    IncidentRecord,
    'id' | 'organisation' | 'number' | 'groupKey' | 'openedAt' | 'evidence' | 'evidenceTries' | 'pastFindings'
  >
>;

export interface IncidentEvent {
  /** Counts up; later events have larger ones. */
  readonly id: number;
  readonly at: number;
  readonly kind: IncidentEventKind;
  /** A person's e-mail address, a key's name, or '' for Sightline itself. */
  readonly actor: string;
  /** A sentence. */
  readonly text: string;
  readonly detail: Readonly<Record<string, unknown>>;
}
export interface NewIncidentEvent {
  readonly incident: string;
  readonly at: number;
  readonly kind: IncidentEventKind;
  readonly actor: string;
  readonly text: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** A message as far as escalation asks for it. */
export type Told = Pick<
  Notification,
  'channel' | 'channelName' | 'channelType' | 'kind' | 'round' | 'step' | 'status' | 'receivers' | 'teams'
>;

/** A team and the addresses of its people, leads first, at most 100: as many as every mail server takes in one message. */
export interface TeamReceivers {
  readonly slug: string;
  readonly name: string;
  readonly receivers: readonly string[];
}

/** What one change may read and write; everything is of the one organisation. */
export interface RespondTransaction {
  /** Of at most 1,000 keys. */
  findings(keys: readonly string[]): Promise<FindingRecord[]>;
  /** All findings that these incidents hold, at most 20,000. */
  findingsOf(incidents: readonly string[]): Promise<FindingRecord[]>;
  /** Firing findings of a rule or monitor (undefined: of all of the source) found at `since` or later, at most 10,000. */
  firingOf(source: FindingSource, sourceId: string | undefined, since: number): Promise<FindingRecord[]>;
  /** Findings of the sites' links that fire, or that ended after `endedSince`. */
  lostLinks(endedSince: number): Promise<FindingRecord[]>;
  /** Firing findings that are held back, at most 10,000. */
  suppressed(): Promise<FindingRecord[]>;
  /** Firing findings whose time has run out, at most `limit`. */
  expired(now: number, limit: number): Promise<FindingRecord[]>;
  incidents(ids: readonly string[]): Promise<IncidentRecord[]>;
  incidentByNumber(number: number): Promise<IncidentRecord | undefined>;
  /** Incidents of these groups that are not resolved. */
  openOf(groupKeys: readonly string[]): Promise<IncidentRecord[]>;
  /** Incidents whose step or reopening is due, the earliest first, at most `limit`. */
  dueIncidents(now: number, limit: number): Promise<IncidentRecord[]>;
  /** The number that the next incident gets. */
  nextNumber(): Promise<number>;
  saveFindings(findings: readonly FindingRecord[]): Promise<void>;
  /** Only that these were seen again at `at`. */
  touchFindings(keys: readonly string[], at: number): Promise<void>;
  insertIncidents(incidents: readonly IncidentRecord[]): Promise<void>;
  changeIncident(id: string, change: IncidentChange): Promise<void>;
  /** An incident keeps how findings were that now go on to a later one; the first 1,000 of them. */
  keepPast(incident: string, findings: readonly FindingRecord[]): Promise<void>;
  addEvents(events: readonly NewIncidentEvent[]): Promise<void>;
  enqueue(notifications: readonly NewNotification[]): Promise<Enqueued>;
  /** What was asked to be told of an incident, in order, at most 1,000. */
  told(incident: string): Promise<Told[]>;
  /** The policy of this id; without one of this id, the default. */
  policy(id: string): Promise<Policy | undefined>;
  channels(): Promise<Pick<Channel, 'id' | 'name' | 'type' | 'enabled'>[]>;
  silences(now: number): Promise<Pick<Silence, 'id' | 'matchers' | 'endsAt' | 'comment'>[]>;
  /** Those of these teams that are there, of at most 1,000 slugs. */
  teams(slugs: readonly string[]): Promise<TeamReceivers[]>;
  /** Addresses of the organisation's owners. */
  owners(): Promise<string[]>;
  /** True when the address is a member's. */
  isMember(email: string): Promise<boolean>;
}

export interface IncidentFilter {
  /** 'active' is open and acknowledged. */
  readonly status: 'active' | 'all' | IncidentStatus;
  readonly severity: Severity | '';
  /** Of its own or of one of its findings; '' is all. */
  readonly site: string;
  /** Id of a rule, monitor or agent, or an alert's name, of one of its findings; '' is all. */
  readonly rule: string;
  /** A number (`#42`), or words in title and summary. */
  readonly text: string;
  readonly limit: number;
  readonly cursor: string;
}
export interface IncidentListed extends IncidentRecord {
  /** Findings that fire, and all it ever held. */
  readonly firing: number;
  readonly findings: number;
  /** Sites of its findings. */
  readonly sites: number;
}
/** An incident as a mark on a chart. */
/** What `Incidents.spans` answers at most. */
export const incidentSpansAtMost = 500;

export interface IncidentSpan {
  readonly number: number;
  readonly title: string;
  readonly severity: Severity;
  readonly status: IncidentStatus;
  readonly site: string;
  readonly openedAt: number;
  readonly resolvedAt: number | null;
}

/** Reads of incidents, and notes on them. */
export interface Incidents {
  /** Open before acknowledged before resolved, worst first, newest first. */
  list(
    organisation: string,
    filter: IncidentFilter,
  ): Promise<Result<{ incidents: IncidentListed[]; next: string }, Refused>>;
  find(organisation: string, number: number): Promise<IncidentRecord | undefined>;
  byId(organisation: string, id: string): Promise<IncidentRecord | undefined>;
  /** Firing before resolved, worst first, at most 1,000. */
  findings(organisation: string, incident: string): Promise<FindingRecord[]>;
  /** How many findings an incident holds, and how many of them fire. */
  countFindings(organisation: string, incident: string): Promise<{ firing: number; all: number }>;
  /** Oldest first, at most the last 1,000; with `after`, those of larger ids. */
  events(organisation: string, incident: string, after?: number): Promise<IncidentEvent[]>;
  /** Messages of several incidents by incident, oldest first, at most 5,000 in all. */
  told(organisation: string, incidents: readonly string[]): Promise<ReadonlyMap<string, readonly Notification[]>>;
  /** The earliest firing finding and the first of each incident, for the one line that says what happened. */
  firstFindings(organisation: string, incidents: readonly string[]): Promise<ReadonlyMap<string, FindingRecord>>;
  /** Incidents not resolved: how many, of those how many nobody has acknowledged, and the worst for each site. */
  open(
    organisation: string,
    /** Only incidents of this site alone; '' or undefined for all. */
    site?: string,
  ): Promise<{
    readonly all: number;
    readonly unacknowledged: number;
    readonly unreachable: number;
    readonly bySite: ReadonlyMap<
      string,
      { readonly count: number; readonly severity: Severity; readonly title: string }
    >;
  }>;
  /** Incidents that were not resolved at some moment of the range, of one site or of all (''), newest first, at most 500. */
  spans(organisation: string, range: { from: number; to: number; site: string }): Promise<IncidentSpan[]>;
  /** Adds a line to the time line: a person's note, or what was done at the site (`action`). False without such an incident. */
  note(
    organisation: string,
    incident: string,
    line: { readonly kind: 'note' | 'action'; readonly actor: string; readonly text: string },
  ): Promise<boolean>;
  /** The newest incident of a group (`link:STORE_047`, `site:STORE_047`), resolved or not. */
  latestOfGroup(organisation: string, groupKey: string): Promise<IncidentRecord | undefined>;
}
