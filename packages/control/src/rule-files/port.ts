import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

export interface RuleFileFacts {
  readonly organisation: string;
  /** Such as `node.rules.yml`; unique in the organisation. */
  readonly name: string;
  /** Changes with the content. */
  readonly digest: string;
  readonly sizeBytes: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
}
export interface RuleFile extends RuleFileFacts {
  readonly content: string;
}

/** One pending or firing alert of a rule file. */
export interface KeptAlert {
  readonly rule: string;
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly activeAtMs: number;
  readonly keptSinceMs: number | null;
  /** null for what is no finite number. */
  readonly value: number | null;
}
export interface KeptGroup {
  readonly file: string;
  readonly group: string;
  /** When it was evaluated last. */
  readonly atMs: number;
  readonly alerts: readonly KeptAlert[];
}
export interface GroupChange {
  readonly file: string;
  readonly group: string;
  readonly atMs: number;
  readonly written: readonly KeptAlert[];
  readonly deleted: readonly { readonly rule: string; readonly fingerprint: string }[];
}

/** Rule files of organisations (Prometheus', and those over logs, whose names begin with `logql:`), and how far the evaluation of these and of files on disk came. */
export interface RuleFiles {
  /** By name, at most 500: as many as may be. */
  list(organisation: string): Promise<RuleFileFacts[]>;
  /** Those of every organisation, at most 10,000. */
  listAll(): Promise<RuleFileFacts[]>;
  find(organisation: string, name: string): Promise<RuleFile | undefined>;
  /** Creates or replaces. The caller has checked the content; refuses the 501st file. */
  put(organisation: string, name: string, content: string, by: string): Promise<Result<RuleFileFacts, Refused>>;
  /**
   * Replaces a file by what `change` makes of its content, '' where there is none; a file that becomes '' is removed. One change of a
   * file at a time, over all processes. A refusal of `change` leaves all as it is.
   */
  edit(
    organisation: string,
    name: string,
    by: string,
    change: (content: string) => Result<string, Refused>,
  ): Promise<Result<undefined, Refused>>;
  remove(organisation: string, name: string): Promise<Result<RuleFileFacts, Refused>>;
  /** Groups of an organisation that were ever evaluated, with their alerts, at most 100,000 alerts in all. */
  loadGroups(organisation: string): Promise<KeptGroup[]>;
  /** Notes one evaluation in one transaction. */
  saveGroup(organisation: string, change: GroupChange): Promise<void>;
  /** A group that is in no file any more, with its alerts. */
  forgetGroup(organisation: string, file: string, group: string): Promise<void>;
}
