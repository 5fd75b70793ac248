import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';
import type { Transaction } from '../services-context.ts';

/** Who is told what, when and how: channels, escalation policies, silences, and the queue of messages. */
export interface Alerting {
  readonly channels: Channels;
  readonly policies: Policies;
  readonly silences: Silences;
  readonly notifications: Notifications;
  readonly alerts: Alerts;
}

/** A way to reach people. `settings` may hold secrets: never log or show it as it is. */
export interface Channel {
  readonly id: string;
  readonly organisation: string;
  readonly name: string;
  /** Name of a channel type: `slack`, `email`, `webhook`. */
  readonly type: string;
  /** As it was given; undefined when the installation's key no longer opens it. */
  readonly settings: unknown;
  readonly enabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
  readonly lastDeliveredAt: number | null;
  readonly lastFailedAt: number | null;
  /** Why the last failure failed; '' after a delivery. */
  readonly lastError: string;
}

export interface NewChannel {
  readonly name: string;
  readonly type: string;
  /** JSON-able; checked by who knows the type, sealed here. */
  readonly settings: unknown;
  readonly enabled: boolean;
}

export interface Channels {
  /** By name, at most 200 (the bound of `create`). */
  list(organisation: string): Promise<Channel[]>;
  find(organisation: string, id: string): Promise<Channel | undefined>;
  /** The first channel of an organisation brings its default policy: tell this channel at once. */
  create(organisation: string, channel: NewChannel, by: string): Promise<Result<Channel, Refused>>;
  /** Changes what is given. The type stays. */
  update(
    organisation: string,
    id: string,
    change: Partial<Omit<NewChannel, 'type'>>,
    by: string,
  ): Promise<Result<Channel, Refused>>;
  /** Takes it out of the policies' steps as well. What waits for it fails, so that the next step follows. */
  remove(organisation: string, id: string, by: string): Promise<Result<Channel, Refused>>;
}

/** One step: `waitMs` after the step before it (the first: after the incident opened), all `channels` and `teams` are told. */
export interface PolicyStep {
  readonly waitMs: number;
  /** Ids of channels. */
  readonly channels: readonly string[];
  /** Slugs of teams whose members are told; absent in steps that were saved before there were teams. */
  readonly teams?: readonly string[];
}

/** Who is told when. */
export interface Policy {
  readonly id: string;
  readonly organisation: string;
  readonly name: string;
  readonly steps: readonly PolicyStep[];
  /** How many more times the steps are walked when nobody acknowledges. */
  readonly repeats: number;
  readonly isDefault: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

export interface NewPolicy {
  readonly name: string;
  readonly steps: readonly PolicyStep[];
  readonly repeats: number;
  /** True makes it the default in place of the one before. There is always one default once there is a policy. */
  readonly isDefault: boolean;
}

/** Bounds of a policy. */
export const policyLimits = {
  steps: 20,
  channelsPerStep: 20,
  teamsPerStep: 20,
  waitMs: 7 * 86_400_000,
  repeats: 100,
} as const;

export interface Policies {
  /** The default first, then by name; at most 200. */
  list(organisation: string): Promise<Policy[]>;
  find(organisation: string, id: string): Promise<Policy | undefined>;
  /** The organisation's default; undefined before the first channel or policy was made. */
  default(organisation: string): Promise<Policy | undefined>;
  /** Refuses a policy without steps, a step that tells nobody, and channels and teams that are not there. */
  create(organisation: string, policy: NewPolicy, by: string): Promise<Result<Policy, Refused>>;
  update(organisation: string, id: string, change: Partial<NewPolicy>, by: string): Promise<Result<Policy, Refused>>;
  /** Refuses the default while there are others. Rules and incidents that name it go by the default from then on. */
  remove(organisation: string, id: string): Promise<Result<Policy, Refused>>;
}

/** Alertmanager's form: the label's value is (`isEqual`) or is not the value, or matches the whole of a regular expression. */
export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

/** While it lasts, findings that all its matchers match open no incidents. */
export interface Silence {
  readonly id: string;
  readonly organisation: string;
  readonly matchers: readonly Matcher[];
  readonly startsAt: number;
  readonly endsAt: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}
export type SilenceState = 'active' | 'pending' | 'expired';

export interface NewSilence {
  readonly matchers: readonly Matcher[];
  readonly startsAt: number;
  readonly endsAt: number;
  readonly comment: string;
}

/** Bounds of a silence. */
export const silenceLimits = {
  matchers: 20,
  text: 500,
  comment: 2000,
  lastsMs: 366 * 86_400_000,
  active: 1000,
} as const;

/** What a silence is at `now`, as Alertmanager names it. */
export function silenceState(silence: Pick<Silence, 'startsAt' | 'endsAt'>, now: number): SilenceState {
  if (silence.endsAt <= now) return 'expired';
  return silence.startsAt > now ? 'pending' : 'active';
}

export interface Silences {
  /** Those in force at `now`, at most 1,000 (the bound of `create`). */
  active(organisation: string, now: number): Promise<Silence[]>;
  /** Active and pending ones first, then expired ones, newest first; at most 1,000. */
  list(organisation: string): Promise<Silence[]>;
  find(organisation: string, id: string): Promise<Silence | undefined>;
  /**
   * Refuses matchers that match everything (each would match an empty value), regular expressions that are none, an end
   * that lies before the start or in the past, and more than 366 days.
   */
  create(organisation: string, silence: NewSilence, by: string): Promise<Result<Silence, Refused>>;
  /**
   * As Alertmanager: end and comment of one that has not ended change in place; other changes end it and begin a new one,
   * whose id is answered.
   */
  update(organisation: string, id: string, silence: NewSilence, by: string): Promise<Result<Silence, Refused>>;
  /** Ends it now; 'conflict' when it has ended. */
  expire(organisation: string, id: string): Promise<Result<Silence, Refused>>;
}

export const notificationKinds = [
  'opened',
  'escalated',
  'worse',
  'acknowledged',
  'resolved',
  'reopened',
  'fallback',
  'assigned',
  'test',
] as const;
export type NotificationKind = (typeof notificationKinds)[number];
export type NotificationStatus = 'waiting' | 'delivered' | 'failed' | 'cancelled';

/** One try to deliver a message. */
export interface AttemptLogged {
  /** When it began, milliseconds since the epoch. */
  readonly at: number;
  readonly ending: 'delivered' | 'retry' | 'failed';
  /** What the receiver answered or what went wrong; holds no secret. */
  readonly detail: string;
  readonly tookMs: number;
}

/** One message to one channel. */
export interface Notification {
  readonly id: string;
  readonly organisation: string;
  /** Id; null for a test message and for one about an issue. */
  readonly incident: string | null;
  readonly channel: string;
  readonly channelName: string;
  readonly channelType: string;
  readonly kind: NotificationKind;
  readonly round: number;
  readonly step: number;
  /** Further words for who reads it, such as why it comes to them. */
  readonly note: string;
  /** Path within the interface that it leads to; '' for an incident's page. */
  readonly link: string;
  /** In place of the channel's own receivers; empty otherwise. */
  readonly receivers: readonly string[];
  /** Slugs of the teams whose people the receivers are; empty otherwise. */
  readonly teams: readonly string[];
  readonly status: NotificationStatus;
  readonly attempts: number;
  readonly log: readonly AttemptLogged[];
  readonly nextAt: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

export interface NewNotification {
  readonly organisation: string;
  /** Null with `assigned`: what the note tells, its first line as headline. */
  readonly incident: string | null;
  readonly channel: string;
  readonly kind: NotificationKind;
  readonly round: number;
  readonly step: number;
  readonly note?: string;
  readonly link?: string;
  readonly receivers?: readonly string[];
  readonly teams?: readonly string[];
}

export interface Enqueued {
  /** Channels that are told or were asked to be told before, by id. */
  readonly channels: readonly { readonly id: string; readonly name: string; readonly type: string }[];
  /** Ids of channels that are gone or switched off: nobody is told there. */
  readonly unreachable: readonly string[];
}

/** What a message is about, as it stands when the message is sent. */
export interface NotifiedIncident {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  /** The measure in one line; '' when there is none. */
  readonly summary: string;
  readonly severity: 'critical' | 'high' | 'medium' | 'low';
  readonly status: 'open' | 'acknowledged' | 'resolved';
  readonly site: string;
  readonly siteName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly runbook: string;
  readonly openedAt: number;
  readonly acknowledgedBy: string;
  readonly assignee: string;
  readonly resolvedAt: number | null;
  readonly resolvedBy: string;
  readonly resolvedHow: string;
  readonly resolvedNote: string;
  /** Who is told next unless somebody acknowledges; null when nobody is. */
  readonly next: {
    readonly at: number;
    /** Names of channels and teams. */ readonly channels: readonly string[];
  } | null;
  /** How many findings still fire. */
  readonly firing: number;
  /** The worst and newest first, firing before resolved, at most 5. */
  readonly findings: readonly {
    readonly title: string;
    readonly summary: string;
    readonly state: 'firing' | 'resolved';
    readonly link: string;
  }[];
}

/** A notification that this process holds until `leaseUntil`. `attempts` counts the one that begins now. */
export interface ClaimedNotification extends Notification {
  readonly leaseUntil: number;
  readonly about: NotifiedIncident | null;
  /** Undefined when it was deleted meanwhile. */
  readonly via: Channel | undefined;
}

/** How an attempt ended; `retryAt` only with `retry`, milliseconds since the epoch. */
export type AttemptEnding = AttemptLogged & { readonly retryAt?: number };

export interface Notifications {
  /**
   * Adds messages in the caller's transaction: they exist exactly when the change does that asked for them. The same
   * incident, round, step, kind, channel and teams is told once however often it is asked.
   */
  enqueue(tx: Transaction, notifications: readonly NewNotification[]): Promise<Enqueued>;
  /**
   * Takes messages that are due, for `leaseMs`; at most one of each channel, an incident's in their order. Those of
   * escalations nobody needs any more are cancelled. Several servers may ask at the same time.
   */
  claim(limit: number, leaseMs: number): Promise<ClaimedNotification[]>;
  /**
   * Notes how the claimed attempt ended, in the log, the channel, and the incident's time line. When all channels of the
   * incident's last step have failed, its next step is due now. False when the lease had run out and somebody else has
   * taken it: nothing is changed then.
   */
  finish(claimed: ClaimedNotification, ending: AttemptEnding): Promise<boolean>;
  /** Gives back what was claimed and not begun: it is due again at once, and the attempt is not counted. */
  release(claimed: ClaimedNotification): Promise<void>;
  /** Milliseconds since the epoch of the earliest that waits; null when none does. */
  nextDueAt(): Promise<number | null>;
  /** Logs a test message that was sent at once. */
  logTest(channel: Channel, attempt: AttemptLogged): Promise<Notification>;
  /** Newest first. `cursor` is `next` of the page before, '' to begin; '' as channel, status or incident means all. */
  list(
    organisation: string,
    page: {
      readonly limit: number;
      readonly cursor: string;
      readonly channel?: string;
      readonly status?: NotificationStatus | '';
      readonly incident?: string;
    },
  ): Promise<Result<{ notifications: NotificationListed[]; next: string }, Refused>>;
  /** How many wait, and since when the oldest does (null: none). Of all organisations, for our own metrics. */
  backlog(): Promise<{ readonly waiting: number; readonly oldestAt: number | null }>;
}

export interface NotificationListed extends Notification {
  /** What people call the incident; null for tests. */
  readonly incidentNumber: number | null;
  readonly incidentTitle: string;
}

/** A finding as Alertmanager's clients see it. */
export interface Alert {
  readonly key: string;
  readonly source: 'rule' | 'monitor' | 'link' | 'alertmanager';
  readonly sourceId: string;
  readonly severity: 'critical' | 'high' | 'medium' | 'low';
  readonly title: string;
  readonly summary: string;
  readonly site: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly link: string;
  readonly since: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number | null;
  /** '' or why it opens no incident: `silence:sil_…`, `link:STORE_047`. */
  readonly suppressedBy: string;
  readonly incident: string | null;
  /** Id; '' for the organisation's default. */
  readonly policy: string;
}

export interface Alerts {
  /** What fires, newest first, at most `limit` (10,000). */
  firing(organisation: string, limit?: number): Promise<Alert[]>;
}
