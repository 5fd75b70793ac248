import { matchesWhole } from '@sightline/base';
import type { FindingRecord, Matcher } from '@sightline/control';
import { titleWithoutPlace } from '../incidents/words.ts';

/**
 * The labels by which findings are silenced and shown to Alertmanager's clients: its own, and `alertname`, `severity`,
 * `site` and `source` where it has none of that name.
 */
export function alertLabels(
  finding: Pick<FindingRecord, 'labels' | 'title' | 'severity' | 'site' | 'source'>,
): Record<string, string> {
  return {
    alertname: titleWithoutPlace(finding),
    severity: finding.severity,
    ...(finding.site === '' ? {} : { site: finding.site }),
    source: finding.source,
    ...finding.labels,
  };
}

/**
 * True when every matcher agrees, as in Alertmanager: a label that is not there is empty, and a regular expression must
 * match the whole value. A silence without matchers silences nothing.
 */
export function silenceMatches(
  silence: { readonly matchers: readonly Matcher[] },
  labels: Readonly<Record<string, string>>,
): boolean {
  if (silence.matchers.length === 0) return false;
  return silence.matchers.every((matcher) => {
    const value = Object.hasOwn(labels, matcher.name) ? (labels[matcher.name] ?? '') : '';
    if (!matcher.isRegex) return (value === matcher.value) === matcher.isEqual;
    const matched = matchesWhole(matcher.value, value);
    // One that cannot be decided silences nothing: better told once too often.
    return matched !== undefined && matched === matcher.isEqual;
  });
}
