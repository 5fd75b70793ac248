/** What Prometheus' API tells of rule files and scraping, filled by whoever runs them. Times are milliseconds since the epoch, 0 for never. */

type Labels = Readonly<Record<string, string>>;

export interface ActiveAlert {
  /** `alertname` and the rule's own labels among them. */
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: 'pending' | 'firing';
  readonly activeAtMs: number;
  /** Set while it goes on firing though its condition ended (`keep_firing_for`). */
  readonly keepFiringSinceMs?: number;
  readonly value: number;
}

interface RuleState {
  readonly name: string;
  /** The expression as it stands in the file; the API prints it anew. */
  readonly expression: string;
  readonly labels: Labels;
  readonly health: 'ok' | 'err' | 'unknown';
  /** '' without one. */
  readonly lastError: string;
  readonly lastEvaluationMs: number;
  readonly evaluationSeconds: number;
}
export interface RecordingRuleState extends RuleState {
  readonly type: 'recording';
}
export interface AlertingRuleState extends RuleState {
  readonly type: 'alerting';
  readonly state: 'inactive' | 'pending' | 'firing';
  /** `for`. */
  readonly holdSeconds: number;
  readonly keepFiringForSeconds: number;
  readonly annotations: Labels;
  readonly alerts: readonly ActiveAlert[];
}

export interface RuleGroupState {
  readonly name: string;
  readonly file: string;
  /** Of its expressions. */
  readonly language: 'promql' | 'logql';
  readonly intervalSeconds: number;
  /** 0 for none. */
  readonly limit: number;
  readonly lastEvaluationMs: number;
  readonly evaluationSeconds: number;
  readonly rules: readonly (RecordingRuleState | AlertingRuleState)[];
}

export interface RuleReader {
  /** The rule groups of an organisation, in order of file and place in it. */
  groups(organisation: string): Promise<readonly RuleGroupState[]>;
}

export interface ScrapeTarget {
  /** Name of the agent that scrapes it; '' for this server. */
  readonly agent: string;
  /** `job_name`. */
  readonly pool: string;
  readonly discoveredLabels: Labels;
  readonly labels: Labels;
  readonly url: string;
  readonly health: 'up' | 'down' | 'unknown';
  /** '' without one. */
  readonly lastError: string;
  readonly lastScrapeMs: number;
  readonly lastScrapeSeconds: number;
  /** As in the configuration: `15s`. */
  readonly interval: string;
  readonly timeout: string;
  /** What the target said of its metrics at the last scrape. */
  readonly metadata: readonly {
    readonly metric: string;
    readonly type: string;
    readonly help: string;
    readonly unit: string;
  }[];
}
export interface DroppedTarget {
  readonly pool: string;
  readonly discoveredLabels: Labels;
}

export interface TargetReader {
  /** Names of all scrape pools, those without targets too. */
  pools(organisation: string): Promise<readonly string[]>;
  active(organisation: string): Promise<readonly ScrapeTarget[]>;
  /** Those that relabelling dropped; `counts` has all of them by pool, `targets` may be cut. */
  dropped(
    organisation: string,
  ): Promise<{ readonly targets: readonly DroppedTarget[]; readonly counts: Readonly<Record<string, number>> }>;
  /** What the relabelling of a pool makes of discovered labels, rule by rule; undefined where there is no such pool. */
  relabelSteps(
    organisation: string,
    pool: string,
    discovered: Labels,
  ): Promise<
    | readonly { readonly rule: Readonly<Record<string, unknown>>; readonly output: Labels; readonly keep: boolean }[]
    | undefined
  >;
  /** The scrape configuration as YAML, secrets redacted; '' without one. `pool` '' is the whole file. */
  configuration(organisation: string, pool: string): Promise<string>;
}
