/** A Prometheus rule file, read (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/). Times are milliseconds. */
export interface RuleGroup {
  readonly name: string;
  /** 0 where the file does not say: the default is taken. */
  readonly intervalMs: number;
  readonly queryOffsetMs: number;
  /** Most alerts or series that a rule may give; 0 for none. */
  readonly limit: number;
  readonly rules: readonly FileRule[];
}

interface RuleBase {
  /** What tells it from the others of its group over changes of the file: kind, name, its number among those of that name. */
  readonly key: string;
  readonly name: string;
  readonly expression: string;
  /** Those of the group and of the rule, the rule's winning; templates for alerts. */
  readonly labels: Readonly<Record<string, string>>;
}
export interface RecordingRule extends RuleBase {
  readonly kind: 'recording';
}
export interface AlertingRule extends RuleBase {
  readonly kind: 'alerting';
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly annotations: Readonly<Record<string, string>>;
}
export type FileRule = RecordingRule | AlertingRule;
