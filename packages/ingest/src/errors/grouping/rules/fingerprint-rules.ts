import type { Result } from '@sightline/base';
import type { Groupable, RuleFacts } from '../groupable.ts';
import { familyOf } from './family.ts';
import { frameTest, isFrameMatcher, type FrameTest } from './frame-matcher.ts';
import { compileGlob } from './glob.ts';
import { readMatchers, readRules, shown, type RulesFault, type Word } from './read-rules.ts';

type EventTest = (event: Groupable, facts: RuleFacts) => boolean;

interface FingerprintRule {
  readonly text: string;
  readonly tests: readonly EventTest[];
  readonly fingerprint: readonly string[];
}

/** Fingerprint rules as https://docs.sentry.io/concepts/data-management/event-grouping/fingerprint-rules/ describes them. */
export type FingerprintRules = readonly FingerprintRule[];

const examples =
  'error.type:TimeoutError, error.value:"no * left", message:*, stack.function:pay*, tags.site:STORE_*, level:error';

const eventTexts: Readonly<Record<string, (event: Groupable, facts: RuleFacts) => readonly string[]>> = {
  'error.type': (event) => event.exceptions.map((one) => one.type),
  type: (event) => (event.exceptions.length > 0 ? event.exceptions.map((one) => one.type) : [event.type]),
  'error.value': (event) => event.exceptions.map((one) => one.value),
  value: (event) => event.exceptions.map((one) => one.value),
  message: (event, facts) => [facts.message, ...event.exceptions.map((one) => one.value)],
  'error.mechanism': (event) => event.exceptions.map((one) => one.mechanism),
  mechanism: (event) => event.exceptions.map((one) => one.mechanism),
  logger: (_, facts) => [facts.logger],
  level: (event) => [event.level],
  transaction: (event) => [event.transaction],
  release: (_, facts) => [facts.release],
  sdk: (_, facts) => [facts.sdk],
  platform: (_, facts) => [facts.platform],
  site: (_, facts) => [facts.site],
  service: (_, facts) => [facts.service],
  environment: (_, facts) => [facts.environment],
};

const isMatcher = (name: string): boolean =>
  Object.hasOwn(eventTexts, name) || isFrameMatcher(name) || /^tags\.[\w.:-]{1,200}$/.test(name);

/** Reads fingerprint rules; tells the faults by line. */
export function readFingerprintRules(text: string): Result<FingerprintRules, readonly RulesFault[]> {
  return readRules<FingerprintRule>(text, readFingerprintRule);
}

function readFingerprintRule(words: readonly Word[], line: string): FingerprintRule | string {
  const arrow = words.indexOf('->');
  if (arrow < 0) return 'a rule has an arrow: matchers -> fingerprint';
  const matchers = readMatchers(words.slice(0, arrow), isMatcher, examples);
  if (typeof matchers === 'string') return matchers;
  const tests: EventTest[] = [];
  for (const matcher of matchers) {
    const test = isFrameMatcher(matcher.name)
      ? overFrames(frameTest(matcher), matcher.name, matcher.negated)
      : undefined;
    if (typeof test === 'string') return test;
    if (test) {
      tests.push(test);
      continue;
    }
    const holds = compileGlob(matcher.pattern, false);
    const tag = matcher.name.startsWith('tags.') ? matcher.name.slice(5) : '';
    const texts = tag === '' ? eventTexts[matcher.name] : (_: Groupable, facts: RuleFacts) => [facts.tags[tag] ?? ''];
    tests.push(
      (event, facts) => (texts?.(event, facts) ?? []).some((text) => text !== '' && holds(text)) !== matcher.negated,
    );
  }
  const fingerprint = readFingerprint(words.slice(arrow + 1));
  return typeof fingerprint === 'string' ? fingerprint : { text: line, tests, fingerprint };
}

/** `family` holds for the event; anything else where one frame fits (or, negated, where none is what was excluded). */
function overFrames(test: FrameTest | string, name: string, negated: boolean): EventTest | string {
  if (typeof test === 'string') return test;
  if (name === 'family')
    return (_, facts) =>
      test({ file: '', function: '', module: '', inApp: true } as Parameters<FrameTest>[0], facts.platform);
  return (event, facts) => {
    const frames = event.exceptions.flatMap((one) => one.frames);
    const holds = (frame: (typeof frames)[number]): boolean => test(frame, familyOf(facts.platform));
    return negated ? frames.every(holds) : frames.some(holds);
  };
}

/** `system-down, {{ transaction }}`; attributes such as `title="…"` are read and left aside. */
function readFingerprint(words: readonly Word[]): readonly string[] | string {
  const text = words.filter((word) => !/^[a-z]+=/.test(word)).join(' ');
  const parts = text
    .split(/,|\s(?=\{\{)|(?<=\}\})\s/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) return 'behind the arrow stands at least one text of the fingerprint';
  if (parts.length > 20) return 'a fingerprint has at most 20 parts';
  const wrong = parts.find((part) => /\{\{|\}\}/.test(part.replace(/\{\{\s*[\w.:-]+\s*\}\}/g, '')));
  if (wrong !== undefined)
    return `"${shown(wrong)}" is no variable: write {{ default }}, {{ error.type }}, {{ tags.name }}`;
  for (const [, name = ''] of text.matchAll(/\{\{\s*([\w.:-]+)\s*\}\}/g))
    if (!isVariable(name)) return `"{{ ${shown(name)} }}" is no variable: ${variableNames.join(', ')}, tags.name`;
  return parts;
}

/** The first rule that holds, with the fingerprint it gives. */
export function firstRule(rules: FingerprintRules, event: Groupable, facts: RuleFacts): FingerprintRule | undefined {
  return rules.find((rule) => rule.tests.every((test) => test(event, facts)));
}

const variables: Readonly<Record<string, (event: Groupable, facts: RuleFacts) => string>> = {
  type: (event) => event.type,
  'error.type': (event) => event.type,
  value: (event) => event.exceptions[0]?.value ?? '',
  'error.value': (event) => event.exceptions[0]?.value ?? '',
  message: (event, facts) => event.messageTemplate || facts.message,
  mechanism: (event) => event.exceptions[0]?.mechanism ?? '',
  'error.mechanism': (event) => event.exceptions[0]?.mechanism ?? '',
  function: (event) => topFrame(event)?.function ?? '',
  'stack.function': (event) => topFrame(event)?.function ?? '',
  module: (event) => topFrame(event)?.module ?? '',
  'stack.module': (event) => topFrame(event)?.module ?? '',
  package: (event) => topFrame(event)?.file ?? '',
  'stack.package': (event) => topFrame(event)?.file ?? '',
  'stack.abs_path': (event) => topFrame(event)?.file ?? '',
  transaction: (event) => event.transaction,
  level: (event) => event.level,
  logger: (_, facts) => facts.logger,
  release: (_, facts) => facts.release,
  platform: (_, facts) => facts.platform,
  sdk: (_, facts) => facts.sdk,
  site: (_, facts) => facts.site,
  service: (_, facts) => facts.service,
  environment: (_, facts) => facts.environment,
};
const variableNames: readonly string[] = ['default', ...Object.keys(variables)];
const isVariable = (name: string): boolean =>
  variableNames.includes(name.toLowerCase()) || /^tags\.[\w.:-]{1,200}$/.test(name);

const topFrame = (event: Groupable) =>
  event.exceptions[0]?.frames.find((frame) => frame.inApp) ?? event.exceptions[0]?.frames[0];

/** A part of a fingerprint with its variables filled in; unknown ones stay as they are. */
export function fillVariables(part: string, event: Groupable, facts: RuleFacts): string {
  if (!part.includes('{{')) return part.slice(0, 500);
  return part
    .replace(/\{\{\s*([\w.:-]+)\s*\}\}/g, (whole, raw: string) => {
      const name = raw.toLowerCase();
      if (name.startsWith('tags.')) return facts.tags[raw.slice(5)] ?? `<no-tag-${raw.slice(5)}>`;
      const value = Object.hasOwn(variables, name) ? variables[name]?.(event, facts) : undefined;
      return value === undefined ? whole : value === '' ? `<no-${name}>` : value;
    })
    .slice(0, 500);
}

export const isDefaultVariable = (part: string): boolean => /^\{\{\s*default\s*\}\}$/i.test(part);
