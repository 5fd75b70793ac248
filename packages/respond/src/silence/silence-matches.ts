import { createContext, Script } from 'node:vm';
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

const regexLimitMs = 50;
const decided = new Map<string, boolean | undefined>();
const decidedAtMost = 10_000;
// People write these expressions: a runaway one is stopped, and what was decided once is remembered.
const sandbox = createContext(Object.create(null));
const test = new Script('new RegExp(pattern, "s").test(value)');

function matchesWhole(pattern: string, value: string): boolean | undefined {
  const key = JSON.stringify([pattern, value]);
  if (decided.has(key)) return decided.get(key);
  let result: boolean | undefined;
  try {
    Object.assign(sandbox, { pattern: `^(?:${pattern})$`, value });
    result = test.runInContext(sandbox, { timeout: regexLimitMs }) === true;
  } catch {
    // Not an expression, or one that does not end: undecided.
    result = undefined;
  }
  if (decided.size >= decidedAtMost) decided.clear();
  decided.set(key, result);
  return result;
}
