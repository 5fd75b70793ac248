import type { getScrubRules, ScrubRulesDraft } from '@sightline/contract';
import type { Reply } from '../../../data/call.ts';

export type KeptRules = Reply<typeof getScrubRules>;
type Custom = ScrubRulesDraft['custom'][number];
type Detector = ScrubRulesDraft['off'][number];

/** What the form holds: lists of fields are text, as a person writes them. */
export interface RulesDraft {
  readonly off: readonly Detector[];
  readonly custom: readonly (Omit<Custom, 'fields'> & { readonly key: number; readonly fields: string })[];
  readonly allow: readonly { readonly key: number; readonly field: string; readonly detectors: readonly Detector[] }[];
  readonly hash: boolean;
  readonly userFields: string;
  readonly rotateDays: number | string;
}

export const draftOf = (rules: KeptRules): RulesDraft => ({
  off: rules.off,
  custom: rules.custom.map((rule, key) => ({ ...rule, key, fields: rule.fields.join(', ') })),
  allow: rules.allow.map((one, key) => ({ ...one, key })),
  hash: rules.userIds.hash,
  userFields: rules.userIds.fields.join(', '),
  rotateDays: rules.userIds.rotateDays,
});

const listOf = (text: string): string[] => [
  ...new Set(
    text
      .split(/[,\s]+/)
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  ),
];

/** The rules that a draft stands for; undefined while something is missing. */
export function rulesOf(draft: RulesDraft): ScrubRulesDraft | undefined {
  const rules = {
    off: [...draft.off],
    custom: draft.custom.map(({ name, pattern, fields, replacement, sample }) => ({
      name: name.trim(),
      pattern,
      fields: listOf(fields),
      replacement,
      sample,
    })),
    allow: draft.allow.map(({ field, detectors }) => ({ field: field.trim(), detectors: [...detectors] })),
    userIds: { hash: draft.hash, fields: listOf(draft.userFields), rotateDays: Number(draft.rotateDays) },
  };
  const whole =
    rules.custom.every(({ name, pattern }) => name !== '' && pattern !== '') &&
    rules.allow.every(({ field, detectors }) => field !== '' && detectors.length > 0) &&
    rules.userIds.fields.length > 0 &&
    draft.rotateDays !== '';
  return whole ? rules : undefined;
}
