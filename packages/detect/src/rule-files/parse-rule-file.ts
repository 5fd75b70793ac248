import { fail, ok, type Result } from '@sightline/base';
import { parseLogql } from '@sightline/query';
import { parsePromql } from '@sightline/query/promql';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { parsePrometheusDuration } from './prometheus-duration.ts';
import type { FileRule, RuleGroup } from './rule-file.ts';
import type { RuleLanguage } from './rule-language.ts';
import { parseTemplate } from './template/parse-template.ts';

/** A rule file is at most so long, and has at most so many rules. */
export const ruleFileBytes = 4 * 1024 * 1024;
const rulesPerFile = 20_000;

const duration = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const ms = parsePrometheusDuration(String(value));
    if (ms === undefined) context.addIssue({ code: 'custom', message: `not a valid duration: "${value}"` });
    return ms ?? 0;
  })
  .default(0);
const scalar = z
  .union([z.string(), z.number(), z.boolean(), z.null()], {
    error: 'expected text; in YAML what begins with { or [ needs quotation marks around it',
  })
  .transform((value) => String(value ?? ''));
const words = z
  .record(z.string(), scalar)
  .nullish()
  .transform((value) => value ?? {});
const rule = z.strictObject({
  record: scalar.optional(),
  alert: scalar.optional(),
  expr: scalar.optional(),
  for: duration,
  keep_firing_for: duration,
  labels: words,
  annotations: words,
});
const group = z.strictObject({
  name: scalar.default(''),
  interval: duration,
  query_offset: duration,
  limit: z.number().int().min(0).default(0),
  labels: words,
  rules: z
    .array(rule)
    .nullish()
    .transform((value) => value ?? []),
});
const file = z.strictObject({
  groups: z
    .array(group)
    .nullish()
    .transform((value) => value ?? []),
});

/**
 * Reads an unchanged Prometheus rule file, or one whose expressions are LogQL, as Loki's ruler takes it. Refuses what Prometheus refuses (unknown fields, names used twice, expressions and
 * templates that cannot be read …); each fault is a sentence with the place in the file.
 */
export function parseRuleFile(content: string, language: RuleLanguage = 'promql'): Result<RuleGroup[], string[]> {
  if (Buffer.byteLength(content) > ruleFileBytes) return fail([`the file is longer than ${ruleFileBytes} bytes`]);
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, merge: true });
  if (document.errors.length > 0) return fail(document.errors.slice(0, 10).map((error) => error.message));
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (value === null || value === undefined) return ok([]);
  const read = file.safeParse(value);
  const at = (place: readonly PropertyKey[]) => placeOf(document, lines, place);
  if (!read.success) {
    const faults = read.error.issues.map((issue) => `${at(issue.path)}${issue.path.join('.')}: ${issue.message}`);
    return fail(faults.slice(0, 20));
  }
  const faults: string[] = [];
  const names = new Set<string>();
  const groups: RuleGroup[] = [];
  let rules = 0;
  for (const [g, one] of read.data.groups.entries()) {
    const here = at(['groups', g]);
    if (one.name === '') faults.push(`${here}Groupname must not be empty`);
    if (names.has(one.name)) faults.push(`${here}groupname: "${one.name}" is repeated in the same file`);
    names.add(one.name);
    checkNames(one.labels, `${here}group "${one.name}"`, 'label', faults);
    const numbers = new Map<string, number>();
    const made: FileRule[] = [];
    for (const [r, raw] of one.rules.entries()) {
      const where = `${at(['groups', g, 'rules', r])}group "${one.name}", rule ${r + 1}, "${raw.alert ?? raw.record ?? ''}"`;
      const known = faults.length;
      checkRule(raw, language, where, faults);
      if (faults.length > known) continue;
      const name = raw.alert || raw.record || '';
      const kind = raw.alert ? 'alerting' : 'recording';
      const number = numbers.get(`${kind} ${name}`) ?? 0;
      numbers.set(`${kind} ${name}`, number + 1);
      const common = {
        key: `${kind} ${name} ${number}`,
        name,
        expression: raw.expr ?? '',
        labels: { ...one.labels, ...raw.labels },
      };
      if (kind === 'recording') made.push({ ...common, kind });
      else {
        const { annotations, for: forMs, keep_firing_for: keepFiringForMs } = raw;
        made.push({ ...common, kind, forMs, keepFiringForMs, annotations });
      }
    }
    rules += made.length;
    const { interval: intervalMs, query_offset: queryOffsetMs, limit } = one;
    groups.push({ name: one.name, intervalMs, queryOffsetMs, limit, rules: made });
  }
  if (rules > rulesPerFile) faults.push(`the file has ${rules} rules, more than ${rulesPerFile}`);
  return faults.length > 0 ? fail(faults.slice(0, 20)) : ok(groups);
}

function checkRule(raw: z.infer<typeof rule>, language: RuleLanguage, where: string, faults: string[]): void {
  const refuse = (message: string) => faults.push(`${where}: ${message}`);
  if (raw.record && raw.alert) refuse("only one of 'record' and 'alert' must be set");
  if (!raw.record && !raw.alert) refuse("one of 'record' or 'alert' must be set");
  if (!raw.expr) refuse("field 'expr' must be set in rule");
  else {
    const fault = expressionFault(raw.expr, language);
    if (fault !== undefined) refuse(`could not parse expression: ${fault}`);
  }
  checkNames(raw.labels, where, 'label', faults);
  checkNames(raw.annotations, where, 'annotation', faults);
  if (raw.record) {
    if (Object.keys(raw.annotations).length > 0) refuse("invalid field 'annotations' in recording rule");
    if (raw.for !== 0) refuse("invalid field 'for' in recording rule");
    if (raw.keep_firing_for !== 0) refuse("invalid field 'keep_firing_for' in recording rule");
    if (/[{}]/u.test(raw.record))
      refuse(`braces present in the recording rule name; should it be in expr?: ${raw.record}`);
    return;
  }
  for (const [kind, texts] of [
    ['label', raw.labels],
    ['annotation', raw.annotations],
  ] as const)
    for (const [name, text] of Object.entries(texts)) {
      const template = parseTemplate(text);
      if (!template.ok) refuse(`${kind} "${name}": ${template.error}`);
    }
}

function expressionFault(expression: string, language: RuleLanguage): string | undefined {
  if (language === 'promql') {
    const parsed = parsePromql(expression);
    return parsed.ok ? undefined : parsed.error.message;
  }
  const parsed = parseLogql(expression);
  if (!parsed.ok) return parsed.error.message;
  return parsed.value.kind === 'log'
    ? 'a rule needs a metric query, such as sum(count_over_time({app="till"} |= "jam" [5m])), not a query for lines'
    : undefined;
}

function checkNames(
  texts: Readonly<Record<string, string>>,
  where: string,
  kind: 'label' | 'annotation',
  faults: string[],
): void {
  for (const name of Object.keys(texts))
    if (name === '' || (kind === 'label' && name === '__name__') || !name.isWellFormed())
      faults.push(`${where}: invalid ${kind} name: ${name}`);
}

/** `12:5: `, where the thing of this path stands; of its nearest ancestor where it stands nowhere. */
function placeOf(document: Document, lines: LineCounter, place: readonly PropertyKey[]): string {
  for (let length = place.length; length > 0; length--) {
    const node = document.getIn(place.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    const offset = node?.range?.[0];
    if (offset !== undefined) {
      const { line, col } = lines.linePos(offset);
      return `${line}:${col}: `;
    }
  }
  return '';
}
