import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fail, ok, type Result } from '@sightline/base';
import {
  elementsOf,
  evaluateFileRule,
  newMemory,
  parsePrometheusDuration,
  parseRuleFile,
  type RuleGroup,
  type RuleMemory,
} from '@sightline/detect';
import {
  formatTestHistogram,
  InMemoryTarget,
  labelKey,
  parseLabels,
  parseSeries,
  parseValues,
  seriesOf,
} from '@sightline/query/promql/testing';
import { parse } from 'yaml';
import { z } from 'zod';

const duration = z
  .union([z.string(), z.number()])
  .transform((text) => parsePrometheusDuration(String(text)) ?? Number.NaN)
  .refine((ms) => !Number.isNaN(ms), 'not a valid duration');
const texts = z
  .record(z.string(), z.coerce.string())
  .nullish()
  .transform((value) => value ?? {});
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);
const number = z.union([
  z.number(),
  z.string().transform((text) => Number(text.replace(/^([+-]?)inf$/iu, '$1Infinity'))),
]);
const testGroup = z.strictObject({
  name: z.string().default(''),
  interval: duration.optional(),
  start_timestamp: z.union([z.string(), z.number(), z.date()]).optional(),
  input_series: list(z.strictObject({ series: z.string(), values: z.coerce.string() })),
  alert_rule_test: list(
    z.strictObject({
      eval_time: duration,
      alertname: z.string().min(1),
      exp_alerts: list(z.strictObject({ exp_labels: texts, exp_annotations: texts })),
    }),
  ),
  promql_expr_test: list(
    z.strictObject({
      expr: z.string(),
      eval_time: duration,
      exp_samples: list(
        z.strictObject({ labels: z.string().default(''), value: number.default(0), histogram: z.string().default('') }),
      ),
    }),
  ),
  external_labels: texts,
  external_url: z.string().default(''),
});
const testFile = z.strictObject({
  rule_files: list(z.string()),
  evaluation_interval: duration.default(60_000),
  group_eval_order: list(z.string()),
  fuzzy_compare: z.boolean().default(false),
  tests: list(testGroup),
});
type TestGroup = z.infer<typeof testGroup>;
type TestFile = z.infer<typeof testFile>;

/**
 * Runs a file of `promtool test rules`
 * (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/) on the evaluation of rules and expressions that the
 * server has. Answers the differences, a sentence each; the error says why nothing could be run.
 */
export async function runRuleTests(file: string): Promise<Result<string[], string>> {
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const read = testFile.safeParse(content);
  if (!read.success)
    return fail(read.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('; '));
  const groups: RuleGroup[] = [];
  for (const pattern of read.data.rule_files)
    for (const name of globSync(path.resolve(path.dirname(file), pattern)).toSorted()) {
      const parsed = parseRuleFile(readFileSync(name, 'utf8'));
      if (!parsed.ok) return fail(`${name}: ${parsed.error.join('; ')}`);
      groups.push(...parsed.value);
    }
  const place = ({ name }: RuleGroup) => Math.max(0, read.data.group_eval_order.indexOf(name));
  groups.sort((a, b) => place(a) - place(b));
  const differences: string[] = [];
  for (const group of read.data.tests) {
    const run = new TestRun(read.data, group, groups);
    differences.push(...(await run.differences()));
  }
  return ok(differences);
}

class TestRun {
  readonly #file: TestFile;
  readonly #test: TestGroup;
  readonly #groups: readonly RuleGroup[];
  readonly #store = new InMemoryTarget();
  readonly #memories = new Map<RuleGroup, Map<string, RuleMemory>>();
  readonly #startMs: number;

  constructor(file: TestFile, test: TestGroup, groups: readonly RuleGroup[]) {
    this.#file = file;
    this.#test = test;
    this.#groups = groups;
    const start = test.start_timestamp;
    this.#startMs = start === undefined ? 0 : typeof start === 'number' ? start * 1000 : new Date(start).getTime();
    for (const group of groups) this.#memories.set(group, new Map(group.rules.map((rule) => [rule.key, newMemory()])));
  }

  async differences(): Promise<string[]> {
    const loaded = await this.#load();
    if (!loaded.ok) return [this.#named(loaded.error)];
    const found: string[] = [];
    const { evaluation_interval: everyMs } = this.#file;
    const times = [...this.#test.alert_rule_test, ...this.#test.promql_expr_test].map((test) => test.eval_time);
    for (let atMs = 0; atMs <= Math.max(0, ...times); atMs += everyMs) {
      const failed = await this.#evaluate(this.#startMs + atMs);
      if (failed !== undefined) return [...found, this.#named(failed)];
      for (const test of this.#test.alert_rule_test)
        if (atMs <= test.eval_time && test.eval_time < atMs + everyMs) found.push(...this.#compareAlerts(test));
    }
    for (const test of this.#test.promql_expr_test) found.push(...(await this.#compareSamples(test)));
    return found.map((text) => this.#named(text));
  }

  #named(text: string): string {
    return this.#test.name === '' ? text : `${this.#test.name}: ${text}`;
  }

  async #load(): Promise<Result<undefined, string>> {
    const stepMs = this.#test.interval ?? this.#file.evaluation_interval;
    const series = [];
    for (const input of this.#test.input_series) {
      const parsed = parseSeries(`${input.series} ${input.values}`);
      if (!parsed.ok) return fail(`${input.series}: ${parsed.error}`);
      series.push(parsed.value);
    }
    const loaded = seriesOf({ kind: 'load', line: 0, stepMs, withCustomBuckets: false, series });
    if (!loaded.ok) return loaded;
    const shifted = loaded.value.map(({ labels, columns }) => ({
      labels,
      columns: { ...columns, times: columns.times.map((ms) => ms + this.#startMs) },
    }));
    await this.#store.load(shifted);
    return ok(undefined);
  }

  /** One round of all groups; the first rule that cannot be evaluated ends the test. */
  async #evaluate(atMs: number): Promise<string | undefined> {
    const ask = async (expression: string, askedMs: number) => {
      const answer = await this.#store.instant(expression, askedMs);
      return answer.ok ? ok(answer.value.value) : answer;
    };
    const { external_url: externalUrl, external_labels: externalLabels } = this.#test;
    for (const group of this.#groups)
      for (const rule of group.rules) {
        const memory = this.#memories.get(group)?.get(rule.key) ?? newMemory();
        const outcome = await evaluateFileRule(rule, memory, group, ask, atMs, { externalUrl, externalLabels });
        if (outcome.error !== '') return `rule: ${rule.name}, time: ${atMs} ms, err: ${outcome.error}`;
        memory.alerts = outcome.alerts;
        memory.written = outcome.written;
        await this.#store.loadSamples(outcome.samples, outcome.stale, atMs - group.queryOffsetMs);
      }
    return undefined;
  }

  #compareAlerts(test: TestGroup['alert_rule_test'][number]): string[] {
    const rules = this.#groups.flatMap((group) =>
      group.rules
        .filter((rule) => rule.kind === 'alerting' && rule.name === test.alertname)
        .map((rule) => this.#memories.get(group)?.get(rule.key)),
    );
    const shown = (labels: Readonly<Record<string, string>>, annotations: Readonly<Record<string, string>>) =>
      `${labelKey(labels)} ${labelKey(annotations)}`;
    const got = rules
      .flatMap((memory) => [...(memory?.alerts.values() ?? [])])
      .filter(({ state }) => state === 'firing')
      .map(({ labels, annotations }) => shown(labels, annotations));
    const expected = test.exp_alerts.map((alert) =>
      shown({ ...alert.exp_labels, alertname: test.alertname }, alert.exp_annotations),
    );
    return compare(`alertname: ${test.alertname}, time: ${test.eval_time} ms`, expected, got);
  }

  async #compareSamples(test: TestGroup['promql_expr_test'][number]): Promise<string[]> {
    const where = `expr: ${JSON.stringify(test.expr)}, time: ${test.eval_time} ms`;
    const answer = await this.#store.instant(test.expr, this.#startMs + test.eval_time);
    if (!answer.ok) return [`${where}, err: ${answer.error}`];
    const elements = elementsOf(answer.value.value);
    if (elements === undefined) return [`${where}, err: rule result is not a vector or scalar`];
    const expected: string[] = [];
    for (const sample of test.exp_samples) {
      const labels = parseLabels(sample.labels);
      if (!labels.ok) return [`${where}, labels ${JSON.stringify(sample.labels)}: ${labels.error}`];
      const [value] = sample.histogram === '' ? [] : valuesOf(sample.histogram);
      const text = value?.kind === 'histogram' ? formatTestHistogram(value.histogram) : this.#rounded(sample.value);
      expected.push(`${labelKey(labels.value.labels)} ${text}`);
    }
    const got = elements.map(
      ({ labels, value, histogram }) =>
        `${labelKey(labels)} ${histogram === undefined ? this.#rounded(value) : formatTestHistogram(histogram)}`,
    );
    return compare(where, expected, got);
  }

  /** `fuzzy_compare` lets the last place differ. */
  #rounded(value: number): string {
    return this.#file.fuzzy_compare ? value.toPrecision(15) : String(value);
  }
}

function valuesOf(text: string) {
  const values = parseValues(text);
  return values.ok ? values.value : [];
}

function compare(where: string, expected: readonly string[], got: readonly string[]): string[] {
  const [left, right] = [expected.toSorted(), got.toSorted()];
  if (left.length === right.length && left.every((text, at) => text === right[at])) return [];
  return [`${where}\n  exp: ${left.join('\n       ') || 'nothing'}\n  got: ${right.join('\n       ') || 'nothing'}`];
}
