import type { RuleOutcome } from './evaluate-group.ts';
import type { KnownGroup } from './known-group.ts';

/** What the evaluation of rule files did since the start. */
export class FileRuleFigures {
  evaluations = 0;
  failures = 0;
  findings = 0;
  queries = 0;
  samples = 0;
  /** Series that could not be written. */
  lost = 0;
  missed = 0;
  #seconds = 0;

  ran({ error }: RuleOutcome, tookMs: number): void {
    this.evaluations++;
    if (error !== '') this.failures++;
    this.#seconds += tookMs / 1000;
  }

  /** In Prometheus' text format. */
  text(groups: Iterable<KnownGroup>): string {
    const rules = [...groups].reduce((sum, known) => sum + known.rules.length, 0);
    const lines: [name: string, type: 'gauge' | 'counter', help: string, value: number][] = [
      ['sightline_file_rules', 'gauge', 'Rules of Prometheus rule files.', rules],
      ['sightline_file_rule_evaluations_total', 'counter', 'Evaluations of rules of files.', this.evaluations],
      ['sightline_file_rule_failures_total', 'counter', 'Evaluations that failed.', this.failures],
      ['sightline_file_rule_missed_total', 'counter', 'Evaluations of groups that were left out.', this.missed],
      ['sightline_file_rule_queries_total', 'counter', 'Queries of rules and templates.', this.queries],
      [
        'sightline_file_rule_findings_total',
        'counter',
        'Findings told, again and resolved ones included.',
        this.findings,
      ],
      ['sightline_file_rule_samples_total', 'counter', 'Samples written.', this.samples],
      ['sightline_file_rule_samples_lost_total', 'counter', 'Samples that could not be written.', this.lost],
      ['sightline_file_rule_seconds_total', 'counter', 'Time that evaluations took.', this.#seconds],
    ];
    return lines
      .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
      .join('');
  }
}
