import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

/** What the rules' side of `detect` keeps in the control plane. */
export interface Detect {
  readonly rules: Rules;
  readonly ruleStates: RuleStates;
  readonly leases: Leases;
  readonly templates: LogTemplates;
}

export type RuleSeverity = 'critical' | 'high' | 'medium' | 'low';

/** What a person decides about a rule. `settings` fit the rule's type; the caller has checked them. */
export interface RuleValues {
  /** 1 to 200 characters, unique in the organisation. */
  readonly name: string;
  readonly description: string;
  /** Name of a `defineRuleType`. */
  readonly type: string;
  readonly settings: unknown;
  readonly severity: RuleSeverity;
  readonly enabled: boolean;
  /** Id of the escalation policy; '' for the organisation's default. */
  readonly policy: string;
  readonly runbook: string;
  /** Labels that every finding of the rule carries. */
  readonly labels: Readonly<Record<string, string>>;
  /** Between two evaluations, 10 s to a day. */
  readonly everyMs: number;
  /** How long the condition must hold before it is a finding. */
  readonly forMs: number;
}

export interface Rule extends RuleValues {
  readonly id: string;
  readonly organisation: string;
  /** Which of the ready rules it is; '' for those people made. */
  readonly ready: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
  readonly lastRunAt: number | null;
  /** Why the last evaluation failed; '' when it did not. */
  readonly lastError: string;
}

/** A rule as the evaluator sees it: those that were deleted stay until their findings are resolved. */
export interface LoadedRule extends Rule {
  readonly deleted: boolean;
}

export interface Rules {
  /** By name, at most `limit` (20,000). */
  list(organisation: string, limit?: number): Promise<Rule[]>;
  find(organisation: string, id: string): Promise<Rule | undefined>;
  /** Refuses a name that is taken, and the 20,001st rule. */
  create(organisation: string, values: RuleValues, by: string): Promise<Result<Rule, Refused>>;
  update(organisation: string, id: string, values: RuleValues, by: string): Promise<Result<Rule, Refused>>;
  setEnabled(organisation: string, id: string, enabled: boolean, by: string): Promise<Result<Rule, Refused>>;
  /** Nobody sees it any more; it goes for good by `forget`, once its findings are resolved. */
  remove(organisation: string, id: string, by: string): Promise<Result<Rule, Refused>>;
  /** Creates the ready rules that the organisation never had (a deleted one stays deleted); answers how many. */
  ensureReady(organisation: string, rules: readonly (RuleValues & { readonly ready: string })[]): Promise<number>;
  /** Rules changed at or after a moment, oldest change first, at most `limit`, those of all organisations and deleted ones too. */
  changedSince(atMs: number, afterId: string, limit: number): Promise<LoadedRule[]>;
  /** Notes evaluations: when, and the fault of those that failed. */
  noteRuns(runs: readonly { readonly id: string; readonly atMs: number; readonly error: string }[]): Promise<void>;
  /** Removes a deleted rule's row for good. */
  forget(ids: readonly string[]): Promise<void>;
}

/** A group whose condition holds. */
export interface RuleState {
  readonly organisation: string;
  readonly rule: string;
  /** SHA-256 of the sorted labels, hexadecimal, 32 digits. */
  readonly groupKey: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly sinceMs: number;
  readonly value: number | null;
}

export interface RuleStates {
  /** States of some rules, at most 100,000 in all. */
  load(rules: readonly string[]): Promise<RuleState[]>;
  /** States of one rule, firing first, oldest first, at most `limit`. */
  ofRule(organisation: string, rule: string, limit: number): Promise<RuleState[]>;
  /** How many groups of each rule fire and wait. */
  counts(organisation: string): Promise<Map<string, { firing: number; pending: number }>>;
  /** Writes and deletes in one transaction. States of rules that are gone are left out. */
  save(
    written: readonly RuleState[],
    deleted: readonly { readonly rule: string; readonly groupKey: string }[],
  ): Promise<void>;
}

/** A share of work that one server does at a time. */
export interface Lease {
  readonly name: string;
  /** How far the holder came; '{}' at first. */
  readonly note: Readonly<Record<string, unknown>>;
}

export interface Leases {
  /**
   * Takes or renews leases until now + `ttlMs`: those of `names` that are free, ran out or are `holder`'s already, `most`
   * of the ones not held yet. Answers those that `holder` holds now.
   */
  hold(holder: string, names: readonly string[], ttlMs: number, most?: number): Promise<Lease[]>;
  /** Notes how far the holder came; nothing when it no longer holds the lease. */
  note(holder: string, name: string, note: Readonly<Record<string, unknown>>): Promise<void>;
  /** Gives leases back at once. */
  release(holder: string, names: readonly string[]): Promise<void>;
  /** Holders of live leases whose name begins so. */
  holders(prefix: string): Promise<string[]>;
  /** Names of live leases that begin so, in order. */
  names(prefix: string): Promise<string[]>;
}

/** A template of log lines that was seen; times in milliseconds since the epoch. */
export interface LogTemplate {
  /** Sixteen hexadecimal digits. */
  readonly id: string;
  readonly form: string;
  readonly bornMs: number;
  readonly seenMs: number;
}

export interface LogTemplates {
  /** Templates of a kind that were seen since, those seen last first, at most 3,000. `kind` is sixteen hexadecimal digits. */
  load(organisation: string, kind: string, sinceMs: number): Promise<LogTemplate[]>;
  /** Of all kinds those that were born since, the youngest first, at most 500. */
  bornSince(organisation: string, sinceMs: number): Promise<LogTemplate[]>;
  /** Adds or renews them. Of an organisation 20,000 are kept: those seen longest ago go. */
  note(organisation: string, kind: string, templates: readonly LogTemplate[]): Promise<void>;
}
