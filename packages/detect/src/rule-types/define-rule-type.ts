import type { z } from 'zod';
import type { Answer, Question } from '../rules/questions.ts';

/** A fault in what a person wrote, by the path of its field (`source.query`). */
export interface RuleFault {
  readonly field: string;
  readonly message: string;
  /** Where in a search text the fault lies. */
  readonly position?: { readonly from: number; readonly to: number };
}

/** What a rule says of one group at one moment. */
export interface Reading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** The condition holds. */
  readonly holds: boolean;
  /** A group that fires goes on firing: the condition holds but for the least sample, or cannot be seen to have ended. */
  readonly keeps: boolean;
  /** How many records or attempts the value was made of; undefined where that means nothing. */
  readonly sample?: number;
  /** What more there is to say of the group; stands in the finding's summary. */
  readonly detail?: string;
}

export interface Moment {
  /** End of the windows, milliseconds since the epoch. */
  readonly endMs: number;
  /** Since when somebody watches without a gap: silence before that was ours. */
  readonly watchingSinceMs: number;
}

/** What a rule judges by: shown in the finding, drawn as the line of the chart. */
export interface Limit {
  readonly threshold: number;
  readonly operator: '>' | '>=' | '<' | '<=';
  /** `%`, `ms`, `1/min`, ''. */
  readonly unit: string;
}

/**
 * A kind of rule. All but `settings` are pure and must not throw on settings that passed the schema and `check`; the
 * planner asks the questions of many rules together, so a type never asks the store itself.
 */
export interface RuleType<Settings = unknown> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly settings: z.ZodType<Settings>;
  /** What the schema cannot see: searches that cannot be read, fields without order. Empty when all is well. */
  readonly check: (settings: Settings) => readonly RuleFault[];
  readonly questions: (settings: Settings) => readonly Question[];
  /** Judges the answers, in the order of the questions. */
  readonly judge: (settings: Settings, answers: readonly Answer[], moment: Moment) => readonly Reading[];
  readonly limit: (settings: Settings) => Limit;
  /** The measure of a reading in one line: "31 % of 42 in 5 min, limit 10 %". */
  readonly summary: (settings: Settings, reading: Pick<Reading, 'value' | 'sample' | 'detail'>) => string;
  /** Page and query within the interface that show it. */
  readonly link: (
    settings: Settings,
    labels: Readonly<Record<string, string>>,
    moment: { fromMs: number; toMs: number },
  ) => string;
  /** The span of time that one evaluation looks at, milliseconds. */
  readonly windowMs: (settings: Settings) => number;
}

/** Declares a kind of rule: one folder under `rule-types/`, one line in `all.ts`. */
export function defineRuleType<Settings>(type: RuleType<Settings>): RuleType {
  return type as unknown as RuleType;
}
