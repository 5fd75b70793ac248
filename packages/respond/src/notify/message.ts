import type { ClaimedNotification, NotificationKind, NotifiedIncident } from '@sightline/control';

/** What a channel sends, in plain words; each channel gives it its own form. */
export interface Message {
  /** Id of the notification: the same on every try, so that receivers can drop doubles. */
  readonly id: string;
  readonly kind: NotificationKind;
  /** When this try began, milliseconds since the epoch. */
  readonly at: number;
  /** One line that says all: "Critical: Payment failures at STORE_047 (#42)". */
  readonly headline: string;
  /** What happened to the incident, as a sentence; '' for the first message. */
  readonly news: string;
  /** The measures: one line a finding, at most five and "… and 3 more". */
  readonly lines: readonly string[];
  /** Who is told next and when; '' when nobody is. */
  readonly next: string;
  /** Why it comes to who reads it, where that is not plain; '' else. */
  readonly note: string;
  /** Null for a test message and for one about an issue. */
  readonly incident: MessageIncident | null;
  /** Address of the incident's page (a test: of the channels' page). */
  readonly link: string;
  /** Address of this installation, without a slash at its end. */
  readonly publicUrl: string;
  /** In place of the channel's own receivers; empty otherwise. */
  readonly receivers: readonly string[];
}

export interface MessageIncident extends Pick<
  NotifiedIncident,
  'id' | 'number' | 'title' | 'summary' | 'severity' | 'status' | 'site' | 'siteName'
> {
  readonly labels: Readonly<Record<string, string>>;
  /** Since when, milliseconds since the epoch. */
  readonly openedAt: number;
  readonly acknowledgedBy: string;
  readonly assignee: string;
  readonly resolvedAt: number | null;
  readonly resolvedBy: string;
  readonly resolvedHow: string;
  readonly resolvedNote: string;
  readonly runbook: string;
  /** How many findings still fire. */
  readonly firing: number;
  readonly next: NotifiedIncident['next'];
  /** `link` is a whole address; '' when there is none. */
  readonly findings: readonly { title: string; summary: string; state: 'firing' | 'resolved'; link: string }[];
}

const severityWords = { critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low' } as const;
const howWords: Readonly<Record<string, string>> = {
  remote: 'from remote',
  'on-site': 'on site',
  'by-itself': 'by itself',
  'false-alarm': 'as a false alarm',
};

/** The message of a notification as the incident stands now. `about` must be there unless it is a test. */
export function buildMessage(claimed: ClaimedNotification, publicUrl: string, nowMs: number): Message {
  const { about, id, kind, note, receivers } = claimed;
  if (about === null && kind === 'assigned') return assignedMessage(claimed, publicUrl, nowMs);
  if (about === null) return testMessage(id, claimed.channelName, publicUrl, nowMs);
  const base = publicUrl.replace(/\/$/, '');
  return {
    id,
    kind,
    at: nowMs,
    headline: headline(kind, about),
    // The note of an escalation says it already.
    news: kind === 'escalated' && note !== '' ? '' : news(kind, about, nowMs),
    lines: measureLines(about),
    next: nextSentence(about, nowMs),
    note,
    incident: {
      ...about,
      findings: about.findings.map((finding) => ({ ...finding, link: whole(base, finding.link) })),
    },
    link: `${base}/incidents/${about.number}`,
    publicUrl: base,
    receivers,
  };
}

/** Tells the owner of an issue: the note's first line is the headline, the link leads to the issue. */
function assignedMessage(
  { id, note, link, receivers }: ClaimedNotification,
  publicUrl: string,
  nowMs: number,
): Message {
  const base = publicUrl.replace(/\/$/, '');
  const [headline = '', ...lines] = note.split('\n');
  return {
    id,
    kind: 'assigned',
    at: nowMs,
    headline,
    news: '',
    lines,
    next: '',
    note: '',
    incident: null,
    link: whole(base, link),
    publicUrl: base,
    receivers,
  };
}

/** What "Send a test" sends. */
export function testMessage(id: string, channelName: string, publicUrl: string, nowMs: number): Message {
  const base = publicUrl.replace(/\/$/, '');
  return {
    id,
    kind: 'test',
    at: nowMs,
    headline: `Test of the channel ${channelName}`,
    news: 'Somebody pressed “Send a test” in Sightline. Nothing is wrong; incidents will look like this.',
    lines: [],
    next: '',
    note: '',
    incident: null,
    link: `${base}/alerting?tab=channels`,
    publicUrl: base,
    receivers: [],
  };
}

function whole(base: string, link: string): string {
  return link.startsWith('/') ? `${base}${link}` : link;
}

/** The state first: on a lock screen only the first words are read. */
function headline(kind: NotificationKind, { severity, title, number, status }: NotifiedIncident): string {
  const word =
    kind === 'resolved' || status === 'resolved'
      ? 'Resolved'
      : kind === 'acknowledged'
        ? 'Acknowledged'
        : severityWords[severity];
  return `${word}: ${title} (#${number})`;
}

function news(kind: NotificationKind, about: NotifiedIncident, nowMs: number): string {
  const lasted = spell((about.resolvedAt ?? nowMs) - about.openedAt);
  switch (kind) {
    case 'opened':
    case 'assigned':
    case 'test':
      return '';
    case 'escalated':
      return `Nobody has acknowledged it for ${lasted}.`;
    case 'fallback':
      return 'It comes to you because nobody else could be told.';
    case 'worse':
      return `It got worse: the severity is ${severityWords[about.severity].toLowerCase()} now.`;
    case 'reopened':
      return 'It has come back.';
    case 'acknowledged':
      return `${about.acknowledgedBy || 'Somebody'} has it. Escalation has stopped.`;
    case 'resolved': {
      const how = howWords[about.resolvedHow] ?? '';
      const by = about.resolvedBy === '' ? '' : ` by ${about.resolvedBy}`;
      const said = about.resolvedNote === '' ? '' : ` “${about.resolvedNote}”`;
      return `Resolved ${[how, `after ${lasted}`].filter(Boolean).join(' ')}${by}.${said}`;
    }
  }
}

function measureLines({ findings, firing, summary }: NotifiedIncident): string[] {
  const [only, ...more] = findings;
  if (!only) return summary === '' ? [] : [summary];
  if (more.length === 0) return [only.summary || only.title];
  const shown = findings.filter(({ state }) => state === 'firing' || firing === 0);
  const rest = firing - shown.length;
  const lines = shown.map((finding) =>
    finding.summary === '' ? finding.title : `${finding.title}: ${finding.summary}`,
  );
  return rest > 0 ? [...lines, `… and ${rest} more`] : lines;
}

function nextSentence({ next, status }: NotifiedIncident, nowMs: number): string {
  if (next === null || status !== 'open') return '';
  const wait = next.at - nowMs;
  const when = wait < 1000 ? 'now' : `in ${spell(wait)}`;
  return `Next: ${next.channels.join(', ')} ${when}, unless somebody acknowledges.`;
}

/** "40 s", "5 min", "2 h 10 min", "3 d 4 h". */
export function spell(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 24) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`;
  return h % 24 === 0 ? `${h / 24} d` : `${Math.floor(h / 24)} d ${h % 24} h`;
}

/** The moment in UTC, for channels that cannot show the reader's own time: "2027-01-15 08:00:12 UTC". */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
