import type { Finding, FindingSeverity } from '@sightline/record';
import { titleOf } from '../rules/finding-of.ts';
import { pageLink } from '../rules/words.ts';
import type { ActiveAlert } from './active-alert.ts';
import type { AlertingRule } from './rule-file.ts';
import { ruleLanguageOf } from './rule-language.ts';

/** What people write into the label `severity`. */
const severities: Readonly<Record<string, FindingSeverity>> = {
  critical: 'critical',
  page: 'critical',
  emergency: 'critical',
  fatal: 'critical',
  error: 'high',
  high: 'high',
  major: 'high',
  warning: 'medium',
  warn: 'medium',
  medium: 'medium',
  minor: 'low',
  info: 'low',
  low: 'low',
  notice: 'low',
  none: 'low',
};

/** What `respond` is told of an alert of a rule file. */
export function findingOfAlert(
  organisation: string,
  place: { readonly file: string; readonly group: string },
  rule: AlertingRule,
  alert: ActiveAlert,
  state: 'firing' | 'resolved',
  nowMs: number,
): Finding {
  const { alertname: _, severity, ...labels } = { ...alert.labels } as Record<string, string>;
  const {
    summary,
    description,
    message,
    runbook_url: runbook,
    ...further
  } = { ...alert.annotations } as Record<string, string>;
  const words = [summary, message, description].find((text) => text !== undefined && text !== '');
  return {
    organisation,
    source: 'rule',
    sourceId: `${place.file}/${place.group}/${rule.name}`.slice(0, 300),
    state,
    severity: severities[(severity ?? '').toLowerCase()] ?? 'medium',
    title: titleOf(rule.name, rule.labels, labels),
    summary: (words ?? rule.expression).slice(0, 1000),
    labels: storable(alert.labels),
    annotations: storable({ ...(description === undefined ? {} : { description }), ...further }),
    value: Number.isFinite(alert.value) ? alert.value : null,
    threshold: null,
    unit: '',
    link:
      ruleLanguageOf(place.file) === 'logql'
        ? pageLink('/logs', { mode: 'logql', q: rule.expression })
        : pageLink('/metrics', { expr: rule.expression }),
    sinceMs: alert.activeAtMs,
    atMs: nowMs,
    expiresAtMs: null,
    policy: '',
    runbook: runbook ?? '',
  };
}

function storable(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, value]) => [name, value.toWellFormed().replaceAll('\0', '\uFFFD')]),
  );
}
