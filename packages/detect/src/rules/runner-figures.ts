/** What the evaluation of rules did since the start. */
export class RunnerFigures {
  evaluations = 0;
  failures = 0;
  findings = 0;
  queries = 0;
  /** Evaluations that were left out because the ones before had not ended. */
  missed = 0;
  #seconds = 0;
  #lastLagMs = 0;

  /** One run of rules that were due together. */
  ran(rules: number, tookMs: number): void {
    this.evaluations += rules;
    this.#seconds += tookMs / 1000;
    this.#lastLagMs = tookMs;
  }

  /** In Prometheus' text format. */
  text(rules: number, shards: number): string {
    const lines: [name: string, type: 'gauge' | 'counter', help: string, value: number][] = [
      ['sightline_rules', 'gauge', 'Rules of all organisations.', rules],
      ['sightline_rule_shards', 'gauge', 'Shares of the rules (of 16) that this server evaluates.', shards],
      ['sightline_rule_evaluations_total', 'counter', 'Evaluations of rules.', this.evaluations],
      ['sightline_rule_failures_total', 'counter', 'Evaluations that failed.', this.failures],
      [
        'sightline_rule_missed_total',
        'counter',
        'Evaluations left out because the ones before had not ended.',
        this.missed,
      ],
      ['sightline_rule_queries_total', 'counter', 'Queries that evaluations needed.', this.queries],
      ['sightline_rule_findings_total', 'counter', 'Findings told, again and resolved ones included.', this.findings],
      ['sightline_rule_seconds_total', 'counter', 'Time that runs of rules took.', this.#seconds],
      [
        'sightline_rule_lag_seconds',
        'gauge',
        'How long after it was due the last run had ended.',
        this.#lastLagMs / 1000,
      ],
    ];
    return lines
      .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
      .join('');
  }
}
