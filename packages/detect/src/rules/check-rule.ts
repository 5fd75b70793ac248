import { fail, ok, type Result } from '@sightline/base';
import type { RuleFault, RuleType } from '../rule-types/define-rule-type.ts';
import { ruleTypeOf, ruleTypes } from '../rule-types/all.ts';

/** Settings that fit, with their defaults filled in. */
export interface CheckedRule {
  readonly type: RuleType;
  readonly settings: unknown;
}

/** Checks the settings of a rule as a person wrote them: shape, bounds, searches. Faults name their fields (`source.query`). */
export function checkRule(type: string, settings: unknown): Result<CheckedRule, readonly RuleFault[]> {
  const known = ruleTypeOf(type);
  if (!known)
    return fail([
      {
        field: 'type',
        message: `expected ${ruleTypes.map(({ name }) => name).join(' or ')}, got ${type.slice(0, 40)}`,
      },
    ]);
  const read = known.settings.safeParse(settings);
  if (!read.success) {
    return fail(
      read.error.issues
        .slice(0, 20)
        .map((issue) => ({ field: issue.path.map(String).join('.') || 'settings', message: issue.message })),
    );
  }
  const faults = known.check(read.data);
  return faults.length > 0 ? fail(faults) : ok({ type: known, settings: read.data });
}
