import { createHash } from 'node:crypto';
import { RE2JS } from 're2js';
import type { Section } from './section.ts';

const actions = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;
type Action = (typeof actions)[number];

/** One rule of `relabel_configs` (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config). */
export interface RelabelRule {
  readonly action: Action;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  /** Anchored at both ends. */
  readonly regex: RE2JS;
  readonly modulus: number;
  readonly targetLabel: string;
  readonly replacement: string;
}

/** Reads a list of rules. */
export function readRelabelRules(owner: Section, key: string): readonly RelabelRule[] {
  return owner.sections(key).flatMap((section): RelabelRule[] => {
    const action = section.text('action', 'replace').toLowerCase();
    const known = actions.find((one) => one === action);
    if (!known) section.error(`action must be one of ${actions.join(', ')}`);
    const regex = compile(section.text('regex', '(.*)'));
    if (!regex) section.error('regex cannot be read');
    const rule = {
      action: known ?? 'replace',
      sourceLabels: section.texts('source_labels'),
      separator: section.text('separator', ';'),
      modulus: section.count('modulus', 0),
      targetLabel: section.text('target_label'),
      replacement: section.text('replacement', '$1'),
    };
    section.finish();
    const needsTarget = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'].includes(
      rule.action,
    );
    if (needsTarget && rule.targetLabel === '') section.error(`action ${rule.action} needs a target_label`);
    if (rule.action === 'hashmod' && rule.modulus === 0) section.error('action hashmod needs a modulus');
    return regex ? [{ ...rule, regex }] : [];
  });
}

function compile(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(`^(?s:${pattern})$`);
  } catch {
    return undefined;
  }
}

/** What each rule makes of the labels, in the words of Prometheus' API; after one that drops them nothing is left. */
export interface RelabelStep {
  readonly rule: Readonly<Record<string, unknown>>;
  readonly output: Readonly<Record<string, string>>;
  readonly keep: boolean;
}

/** Applies rules one by one and tells each step. */
export function relabelSteps(labels: Readonly<Record<string, string>>, rules: readonly RelabelRule[]): RelabelStep[] {
  const at: LabelMap = new Map(Object.entries(labels).filter(([, value]) => value !== ''));
  let keep = true;
  return rules.map((rule) => {
    keep = keep && apply(at, rule);
    return { rule: shownRule(rule), output: keep ? Object.fromEntries(at) : {}, keep };
  });
}

/** As it stands in the file, with the defaults. */
const shownRule = (rule: RelabelRule): RelabelStep['rule'] => ({
  ...(rule.sourceLabels.length > 0 ? { source_labels: rule.sourceLabels } : {}),
  separator: rule.separator,
  regex: rule.regex.pattern().slice('^(?s:'.length, -')$'.length),
  ...(rule.modulus > 0 ? { modulus: rule.modulus } : {}),
  ...(rule.targetLabel === '' ? {} : { target_label: rule.targetLabel }),
  replacement: rule.replacement,
  action: rule.action,
});

/** Labels that rules work on. An empty value is no label. */
export type LabelMap = Map<string, string>;

/** Applies rules in turn. False when the target or the sample is dropped. */
export function relabel(labels: LabelMap, rules: readonly RelabelRule[]): boolean {
  return rules.every((rule) => apply(labels, rule));
}

function set(labels: LabelMap, name: string, value: string): void {
  if (value === '') labels.delete(name);
  else labels.set(name, value);
}

// One case for each action.
// eslint-disable-next-line complexity
function apply(labels: LabelMap, rule: RelabelRule): boolean {
  const { action, regex, targetLabel } = rule;
  if (action === 'labelmap') return mapNames(labels, rule);
  if (action === 'labeldrop' || action === 'labelkeep') {
    for (const name of labels.keys()) if (regex.matcher(name).find() === (action === 'labeldrop')) labels.delete(name);
    return true;
  }
  const value = rule.sourceLabels.map((name) => labels.get(name) ?? '').join(rule.separator);
  if (action === 'drop') return !regex.matcher(value).find();
  if (action === 'keep') return regex.matcher(value).find();
  if (action === 'dropequal') return (labels.get(targetLabel) ?? '') !== value;
  if (action === 'keepequal') return (labels.get(targetLabel) ?? '') === value;
  if (action === 'lowercase') set(labels, targetLabel, value.toLowerCase());
  else if (action === 'uppercase') set(labels, targetLabel, value.toUpperCase());
  else if (action === 'hashmod') set(labels, targetLabel, hashMod(value, rule.modulus));
  else replace(labels, rule, value);
  return true;
}

function replace(labels: LabelMap, { regex, targetLabel, replacement }: RelabelRule, value: string): void {
  const matcher = regex.matcher(value);
  if (!matcher.find()) return;
  const target = expand(targetLabel, matcher);
  if (target !== '') set(labels, target, expand(replacement, matcher));
}

function mapNames(labels: LabelMap, { regex, replacement }: RelabelRule): boolean {
  // A copy: what is added is not mapped again.
  for (const [name, value] of new Map(labels)) {
    const matcher = regex.matcher(name);
    if (!matcher.find()) continue;
    const mapped = expand(replacement, matcher);
    if (mapped !== '') set(labels, mapped, value);
  }
  return true;
}

type Matcher = ReturnType<RE2JS['matcher']>;

/** `$1`, `${1}`, `$name`, `${name}`, `$$` as Go's `Regexp.Expand` reads them: a name is as long as it can be, an unknown one is empty. */
function expand(template: string, matcher: Matcher): string {
  if (!template.includes('$')) return template;
  return template.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar, braced, bare): string => {
    if (dollar !== undefined) return '$';
    return groupOf(matcher, String(braced ?? bare));
  });
}

function groupOf(matcher: Matcher, name: string): string {
  if (/^\d+$/.test(name)) {
    const number = Number(name);
    return number > matcher.groupCount() ? '' : (matcher.group(number) ?? '');
  }
  try {
    return matcher.group(name) ?? '';
  } catch {
    // No group of that name.
    return '';
  }
}

/** The last eight bytes of the MD5 hash, as Prometheus shards. */
function hashMod(value: string, modulus: number): string {
  const hash = createHash('md5').update(value).digest();
  return (hash.readBigUInt64BE(8) % BigInt(modulus)).toString();
}
