import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

export const issueStatuses = ['unresolved', 'resolved', 'ignored'] as const;
export type IssueStatus = (typeof issueStatuses)[number];
export type Resolution = 'now' | 'next-release' | 'release' | 'commit';
export type IgnoredUntil = 'forever' | 'time' | 'events' | 'users' | 'escalating';
export type IssuePriority = 'low' | 'medium' | 'high';

/** What people decided about an issue. Issues nobody touched have no row: unresolved, unassigned. */
export interface IssueState {
  /** Sixteen hexadecimal digits. */
  readonly issue: string;
  readonly status: IssueStatus;
  /** When it was resolved: events after that mean it has regressed, as `resolution` says. */
  readonly resolvedAt: number | null;
  readonly resolution: Resolution;
  /** With `next-release` the newest release at that time, with `release` and `commit` its name. */
  readonly resolvedIn: string;
  readonly ignoredUntil: IgnoredUntil;
  /** With `time` a moment in ms; with `events` and `users` how many more since `ignoredAt`. */
  readonly ignoredLimit: number | null;
  readonly ignoredAt: number | null;
  /** '' where it follows from the issue itself. */
  readonly priority: IssuePriority | '';
  readonly assignee: string;
  readonly updatedAt: number;
}

/** What is given is changed. `status` comes with how it was resolved or until when it is ignored. */
export interface IssueChange {
  readonly status?: IssueStatus | undefined;
  readonly resolution?: Resolution | undefined;
  readonly resolvedIn?: string | undefined;
  readonly ignoredUntil?: IgnoredUntil | undefined;
  readonly ignoredLimit?: number | undefined;
  readonly priority?: IssuePriority | '' | undefined;
  readonly assignee?: string | undefined;
  /** Why, for the activity: `commit 3f2a91b of ana@shop.example`. */
  readonly because?: string | undefined;
}

/** What `restore` brings back: everything that people decide about an issue. */
export type IssueDecided = Omit<IssueState, 'issue' | 'updatedAt'>;

/** An issue after a change, and as it was before. */
export interface ChangedIssue extends IssueState {
  readonly before: IssueDecided;
}

/** Whose an issue is by the ownership rules. */
export interface OwnedIssue {
  /** E-mail addresses and teams (`#payments`); it is assigned to the first. */
  readonly owners: readonly string[];
  readonly rule: string;
  /** `PaymentError: declined` */
  readonly title: string;
  /** Where and how often. */
  readonly detail: string;
  readonly link: string;
}

/** Who acts for the ownership rules in an issue's activity. */
export const ownershipActor = 'ownership rules';

/** What ownership rules do with a new issue; kept as a setting of the organisation under `ownershipSetting`. */
export const ownershipModes = ['off', 'suggest', 'assign'] as const;
export type OwnershipMode = (typeof ownershipModes)[number];
export const ownershipSetting = 'ownership';
/** The mode that a setting holds; `suggest` where nobody chose. */
export const ownershipModeOf = (setting: unknown): OwnershipMode =>
  ownershipModes.find((mode) => mode === setting) ?? 'suggest';

export interface IssueActivity {
  readonly at: number;
  readonly actor: string;
  readonly text: string;
  readonly kind: 'change' | 'comment';
}

export interface IssueStates {
  find(organisation: string, issue: string): Promise<IssueState | undefined>;
  /** States by issue of at most 1,000 asked issues; without `issues`, of the 10,000 touched last. */
  list(organisation: string, issues?: readonly string[]): Promise<ReadonlyMap<string, IssueState>>;
  /** Changes what is given and notes it in the issue's activity. */
  change(organisation: string, issue: string, change: IssueChange, actor: string): Promise<ChangedIssue>;
  /**
   * Brings back what was decided before a change, with its moments and limits. False, and nothing is done, where the issue was
   * changed again since `changedAt` (the change's `updatedAt`).
   */
  restore(
    organisation: string,
    issue: string,
    before: IssueDecided,
    changedAt: number,
    actor: string,
  ): Promise<boolean>;
  /**
   * Assigns an issue by the ownership rules, once, and tells those of its owners who belong to the organisation through its first
   * e-mail channel. False where somebody has it or rules assigned it before: nothing is changed then.
   */
  assignOwner(organisation: string, issue: string, owned: OwnedIssue): Promise<boolean>;
  /** Adds a remark of a person, at most 10,000 characters. */
  comment(organisation: string, issue: string, text: string, actor: string): Promise<void>;
  /** Newest first, at most 200. */
  activity(organisation: string, issue: string): Promise<IssueActivity[]>;
}

export interface IssueMerge {
  readonly issue: string;
  readonly into: string;
  readonly at: number;
  readonly actor: string;
}
export interface IssueMerges {
  /** All merges of an organisation, at most 10,000: as many as may be. */
  list(organisation: string): Promise<IssueMerge[]>;
  /**
   * Makes `issues`, and what was merged into them, part of `into`. Where `into` is itself merged, its target is meant. Refuses
   * more than 100 at once and the 10,001st of an organisation.
   */
  merge(
    organisation: string,
    into: string,
    issues: readonly string[],
    actor: string,
  ): Promise<Result<{ readonly into: string }, Refused>>;
  /** Makes `issue` one of its own again; false when it was merged into nothing. */
  unmerge(organisation: string, issue: string, actor: string): Promise<boolean>;
}

export const errorRulesKinds = ['fingerprint', 'stack', 'ownership'] as const;
export type ErrorRulesKind = (typeof errorRulesKinds)[number];
export interface ErrorRulesText {
  readonly kind: ErrorRulesKind;
  readonly content: string;
  /** Null where nobody wrote any. */
  readonly updatedAt: number | null;
  readonly updatedBy: string;
}
export interface ErrorRules {
  /** Every kind; empty texts where nobody wrote any. */
  read(organisation: string): Promise<Readonly<Record<ErrorRulesKind, ErrorRulesText>>>;
  /** The caller has checked the text. */
  put(organisation: string, kind: ErrorRulesKind, content: string, by: string): Promise<ErrorRulesText>;
}

export interface IssueView {
  readonly id: string;
  readonly name: string;
  readonly query: string;
  readonly sort: string;
  /** '' where everybody sees it. */
  readonly person: string;
}
export interface IssueViews {
  /** Those of everybody and of this person, by name, at most 200. */
  list(organisation: string, person: string): Promise<IssueView[]>;
  /** Refuses the 201st of an organisation. */
  add(organisation: string, view: Omit<IssueView, 'id'>): Promise<Result<IssueView, Refused>>;
  /** Removes a view of this person or of everybody. */
  remove(organisation: string, id: string, person: string): Promise<boolean>;
}

/** Everything that people decide about errors beside the states of issues. */
export interface IssueRecords {
  readonly merges: IssueMerges;
  readonly rules: ErrorRules;
  readonly views: IssueViews;
}
