import { matchesWhole } from '@sightline/base';
import type { Alert, Matcher, Policy, Silence } from '@sightline/control';
import { alertLabels, silenceMatches } from '@sightline/respond';
import { fingerprint } from './fingerprint.ts';
import { resolveTimeoutMs } from './posted-alerts.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** `gettableAlert` of Alertmanager's OpenAPI. */
export interface ShownAlert {
  readonly annotations: Readonly<Record<string, string>>;
  readonly endsAt: string;
  readonly fingerprint: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly startsAt: string;
  readonly status: {
    readonly inhibitedBy: readonly string[];
    readonly silencedBy: readonly string[];
    readonly state: 'active' | 'suppressed';
  };
  readonly updatedAt: string;
  readonly generatorURL: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AlertsFilter {
  readonly matchers: readonly Matcher[];
  readonly active: boolean;
  readonly silenced: boolean;
  readonly inhibited: boolean;
  /** A regular expression of the receivers that are wanted; '' is all. */
  readonly receiver: string;
}

/** What fires, in Alertmanager's form: alerts sent here as they came, findings of ours with the labels that silence them. */
export function showAlerts(
  alerts: readonly Alert[],
  about: { readonly silences: readonly Silence[]; readonly policies: readonly Policy[]; readonly publicUrl: string },
  filter: AlertsFilter,
): ShownAlert[] {
  return alerts.flatMap((alert) => {
    const matched = alertLabels(alert);
    if (filter.matchers.length > 0 && !silenceMatches(filter, matched)) return [];
    const silencedBy = about.silences.filter((silence) => silenceMatches(silence, matched)).map(({ id }) => id);
    const inhibitedBy = alert.suppressedBy.startsWith('link:') ? [alert.suppressedBy] : [];
    if (silencedBy.length > 0 && !filter.silenced) return [];
    if (inhibitedBy.length > 0 && !filter.inhibited) return [];
    const suppressed = silencedBy.length + inhibitedBy.length > 0;
    if (!suppressed && !filter.active) return [];
    const receiver = receiverOf(alert, about.policies);
    if (filter.receiver !== '' && matchesWhole(filter.receiver, receiver) !== true) return [];
    const labels = alert.source === 'alertmanager' ? alert.labels : matched;
    const { source = '', ...annotations } = alert.annotations;
    return {
      annotations: { ...(alert.summary === '' ? {} : { summary: alert.summary }), ...annotations },
      endsAt: iso(alert.expiresAt ?? alert.lastSeenAt + resolveTimeoutMs),
      fingerprint: fingerprint(labels),
      receivers: [{ name: receiver }],
      startsAt: iso(alert.since),
      status: { inhibitedBy, silencedBy, state: suppressed ? 'suppressed' : 'active' },
      updatedAt: iso(alert.lastSeenAt),
      generatorURL: source || (alert.link === '' ? '' : `${about.publicUrl}${alert.link}`),
      labels,
    };
  });
}

function receiverOf(alert: Alert, policies: readonly Policy[]): string {
  const policy = policies.find(({ id }) => id === alert.policy) ?? policies.find(({ isDefault }) => isDefault);
  return policy?.name ?? 'nobody';
}

/** `alertGroup`: alerts of one site, or of one name where there is none, and one receiver. */
export function groupAlerts(alerts: readonly ShownAlert[]): {
  labels: Readonly<Record<string, string>>;
  receiver: { readonly name: string };
  alerts: readonly ShownAlert[];
}[] {
  const groups = Map.groupBy(alerts, ({ labels, receivers }) => {
    const { site = '', alertname = '' } = labels;
    return JSON.stringify([site === '' ? { alertname } : { site }, receivers[0]?.name ?? '']);
  });
  return [...groups].map(([key, members]) => {
    const [labels, name] = JSON.parse(key) as [Record<string, string>, string];
    return { labels, receiver: { name }, alerts: members };
  });
}
