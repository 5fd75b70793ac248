import { fail, ok, type Result } from '@sightline/base';
import type { Finding, FindingSeverity } from '@sightline/record';
import { z } from 'zod';

/** Alertmanager's own default: an alert that is not sent again, and names no end, is over after this. */
export const resolveTimeoutMs = 5 * 60_000;
export const alertsAtOnce = 5000;
const labelsAtMost = 64;
const longestName = 200;
const longestValue = 2000;

const texts = z.record(z.string(), z.string());
const moment = z.iso.datetime({ offset: true }).or(z.literal('')).optional();

/** `postableAlert` of Alertmanager's OpenAPI. */
export const postedAlert = z.object({
  labels: texts,
  annotations: texts.optional(),
  startsAt: moment,
  endsAt: moment,
  generatorURL: z.string().optional(),
});
export type PostedAlert = z.infer<typeof postedAlert>;

/** Where alerts of a key come from, and what is known of the organisation's sites. */
export interface AlertScope {
  readonly organisation: string;
  /** The site that the key is bound to; '' for none. */
  readonly site: string;
  readonly isSite: (code: string) => boolean;
  readonly nowMs: number;
}

const severities: Readonly<Record<string, FindingSeverity>> = {
  critical: 'critical',
  crit: 'critical',
  page: 'critical',
  emergency: 'critical',
  fatal: 'critical',
  disaster: 'critical',
  high: 'high',
  error: 'high',
  major: 'high',
  urgent: 'high',
  medium: 'medium',
  warning: 'medium',
  warn: 'medium',
  average: 'medium',
  minor: 'medium',
  low: 'low',
  info: 'low',
  information: 'low',
  notice: 'low',
  none: 'low',
  debug: 'low',
};

/** The alert as a finding; refuses what Alertmanager refuses: no labels, names that are none, an end before the start. */
export function findingOf(alert: PostedAlert, scope: AlertScope): Result<Finding, string> {
  const posted = Object.fromEntries(Object.entries(alert.labels).filter(([, value]) => value !== ''));
  const fault = labelFault(posted);
  if (fault !== undefined) return fail(fault);
  const { nowMs } = scope;
  const startsAt = timeOf(alert.startsAt);
  const endsAt = timeOf(alert.endsAt);
  if (startsAt !== undefined && endsAt !== undefined && endsAt < startsAt) {
    return fail('start time must be before end time');
  }
  const site = siteOf(posted, scope);
  const labels = site === '' ? posted : { ...posted, site };
  const name = posted['alertname'] ?? Object.values(posted)[0] ?? '';
  const notes = Object.fromEntries(
    Object.entries(alert.annotations ?? {})
      .slice(0, labelsAtMost)
      .map(([key, value]) => [key.slice(0, longestName), value.slice(0, longestValue)]),
  );
  const resolved = endsAt !== undefined && endsAt <= nowMs;
  return ok({
    organisation: scope.organisation,
    source: 'alertmanager',
    sourceId: name.slice(0, longestName),
    state: resolved ? 'resolved' : 'firing',
    severity: severities[(posted['severity'] ?? posted['priority'] ?? '').toLowerCase()] ?? 'medium',
    title: site === '' ? name : `${name} at ${site}`,
    summary: (notes['summary'] ?? notes['message'] ?? notes['description'] ?? '').slice(0, 500),
    labels,
    annotations: {
      ...notes,
      ...(alert.generatorURL === undefined ? {} : { source: alert.generatorURL.slice(0, longestValue) }),
    },
    value: null,
    threshold: null,
    unit: '',
    link: '',
    sinceMs: Math.min(startsAt ?? endsAt ?? nowMs, nowMs),
    atMs: nowMs,
    expiresAtMs: resolved ? null : (endsAt ?? nowMs + resolveTimeoutMs),
    policy: '',
    runbook: notes['runbook_url'] ?? notes['runbook'] ?? '',
  });
}

function labelFault(labels: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(labels);
  if (entries.length === 0) return 'at least one label pair required';
  if (entries.length > labelsAtMost) return `at most ${labelsAtMost} labels are taken`;
  for (const [name, value] of entries) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.length > longestName) {
      return `invalid label name ${JSON.stringify(name.slice(0, 50))}`;
    }
    if (value.length > longestValue || value.includes('\0')) return `invalid value of label ${name}`;
  }
  return undefined;
}

/** Go's zero time and '' stand for "not said". */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text.startsWith('0001-01-01T00:00:00')) return undefined;
  return Date.parse(text);
}

/** The key's own site, else the labels that name one, else the instance where it is called like a site. */
function siteOf(labels: Readonly<Record<string, string>>, { site, isSite }: AlertScope): string {
  if (site !== '') return site;
  for (const name of ['site', 'store', 'site_id', 'store_id']) {
    const value = labels[name];
    if (value !== undefined) return value.slice(0, longestName);
  }
  const host = (labels['instance'] ?? '').replace(/:\d+$/, '');
  const candidates = [host, host.split('.')[0] ?? ''].flatMap((one) => [
    one,
    one.toUpperCase(),
    one.toUpperCase().replaceAll('-', '_'),
  ]);
  return candidates.find((one) => one !== '' && isSite(one)) ?? '';
}
