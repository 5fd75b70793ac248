/** What is wrong somewhere, as `detect`, the fleet's link watch and Alertmanager's clients hand it to `respond`. */
export const findingSources = ['rule', 'monitor', 'link', 'alertmanager'] as const;
export type FindingSource = (typeof findingSources)[number];

/** From worst to least. */
export const findingSeverities = ['critical', 'high', 'medium', 'low'] as const;
export type FindingSeverity = (typeof findingSeverities)[number];

/**
 * One thing that is wrong (`firing`) or no longer is (`resolved`). The same source, source id and labels mean the same
 * finding: telling it twice changes nothing but when it was last seen.
 */
export interface Finding {
  readonly organisation: string;
  readonly source: FindingSource;
  /** Id of the rule, monitor or agent; name of the alert for Alertmanager's clients. */
  readonly sourceId: string;
  readonly state: 'firing' | 'resolved';
  readonly severity: FindingSeverity;
  /** What a person calls it, with the place: "Payment failures at STORE_047". */
  readonly title: string;
  /** The measure in one line: "31 % of 42 payments in 5 min, limit 10 %". */
  readonly summary: string;
  /** What it is about: `site`, `service`, `environment` where known, and what the rule groups by. Silences match on them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Further words that identify nothing: `description`, `source` (address of who sent it). */
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number | null;
  readonly threshold: number | null;
  /** Of value and threshold: `%`, `ms`, `1/min`, ''. */
  readonly unit: string;
  /** Path and query within the interface that show it: `/logs?q=…`; '' when there is none. */
  readonly link: string;
  /** Since when it holds, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** When it was seen or seen to be over, milliseconds since the epoch. */
  readonly atMs: number;
  /** When it counts as resolved unless told again, milliseconds since the epoch; null: only when told so. */
  readonly expiresAtMs: number | null;
  /** Id of the escalation policy; '' for the organisation's default. */
  readonly policy: string;
  /** Address or text of what to do; '' when there is none. */
  readonly runbook: string;
}

/** Where findings go. Resolves once they are durable; throws only when the control plane does not answer: tell them again. */
export interface FindingSink {
  accept(findings: readonly Finding[]): Promise<void>;
}
