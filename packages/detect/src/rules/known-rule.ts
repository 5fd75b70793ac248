import type { LoadedRule } from '@sightline/control';
import { ruleTypeOf } from '../rule-types/all.ts';
import type { RuleType } from '../rule-types/define-rule-type.ts';
import type { GroupState } from './group-state.ts';
import { questionKey, type Question } from './questions.ts';

/** A rule in memory: read once, evaluated often. */
export interface KnownRule {
  readonly rule: LoadedRule;
  /** How it is asked and judged; undefined when its settings do not fit (`fault` says why). */
  readonly ready:
    | {
        readonly type: RuleType;
        readonly settings: unknown;
        readonly questions: readonly Question[];
        readonly keys: readonly string[];
      }
    | undefined;
  readonly fault: string;
  /** Groups that are not well. Changed only after the change was told and written. */
  readonly states: Map<string, GroupState>;
  /** Since when every evaluation fails, milliseconds since the epoch; undefined when the last one did not. */
  failingSinceMs: number | undefined;
  lastError: string;
  lastRunMs: number;
}

/** Reads the settings of a rule. Never throws: a rule of a newer version or a damaged one carries its fault. */
export function knowRule(rule: LoadedRule, states: Map<string, GroupState>): KnownRule {
  const base = { rule, states, failingSinceMs: undefined, lastError: rule.lastError, lastRunMs: rule.lastRunAt ?? 0 };
  const type = ruleTypeOf(rule.type);
  if (!type)
    return { ...base, ready: undefined, fault: `There is no kind of rule named ${rule.type} in this version.` };
  const read = type.settings.safeParse(rule.settings);
  if (!read.success) {
    const issue = read.error.issues[0];
    return {
      ...base,
      ready: undefined,
      fault: `The settings do not fit: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
    };
  }
  const [fault] = type.check(read.data);
  if (fault) return { ...base, ready: undefined, fault: `${fault.field}: ${fault.message}` };
  const questions = type.questions(read.data);
  return { ...base, ready: { type, settings: read.data, questions, keys: questions.map(questionKey) }, fault: '' };
}
