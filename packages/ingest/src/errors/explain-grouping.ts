import type { Result } from '@sightline/base';
import type { GroupingPart } from '@sightline/record';
import { plainGrouping } from './grouping/group-error.ts';
import { readFingerprintRules } from './grouping/rules/fingerprint-rules.ts';
import type { RulesFault } from './grouping/rules/read-rules.ts';
import { readStackRules } from './grouping/rules/stack-rules.ts';
import { browserReports } from './browser-reports.ts';
import { objectOf } from './json-reader.ts';
import { groupingOf } from './normalise-event.ts';

/**
 * The issue that a Sentry event, or a browser's report, would come to in an organisation with these
 * rules and no history, and the parts that decided.
 */
export function explainGrouping(
  body: unknown,
  rules: { readonly fingerprint: string; readonly stack: string },
): Result<{ readonly issue: string; readonly parts: readonly GroupingPart[] }, readonly RulesFault[]> {
  const fingerprintRules = readFingerprintRules(rules.fingerprint);
  if (!fingerprintRules.ok) return fingerprintRules;
  const stackRules = readStackRules(rules.stack);
  if (!stackRules.ok) return stackRules;
  const [report] = browserReports(body);
  const scope = { organisation: 'explained', keyId: '', site: '', device: '', service: '', environment: '' };
  const { issue, parts } = groupingOf(
    report?.kind === 'event' ? report.event : objectOf(body),
    { scope, project: 1, receivedAtMs: Date.now(), eventId: '' },
    { ...plainGrouping, fingerprintRules: fingerprintRules.value, stackRules: stackRules.value },
  );
  return { ok: true, value: { issue, parts } };
}
