import { absenceRule } from './absence/absence.ts';
import type { RuleType } from './define-rule-type.ts';
import { feedbackRule } from './feedback/feedback.ts';
import { issuesRule } from './issues/issues.ts';
import { newPatternRule } from './new-pattern/new-pattern.ts';
import { thresholdRule } from './threshold/threshold.ts';

/** Every kind of rule. A new one is a folder and a line here. */
export const ruleTypes: readonly RuleType[] = [thresholdRule, absenceRule, issuesRule, newPatternRule, feedbackRule];

/** The kind of this name; undefined when there is none. */
export const ruleTypeOf = (name: string): RuleType | undefined => ruleTypes.find((type) => type.name === name);
