import type { Result } from '@sightline/base';
import { compileGlob } from '../grouping/rules/glob.ts';
import { readMatchers, readRules, shown, type RulesFault, type Word } from '../grouping/rules/read-rules.ts';

/** What of an event ownership rules look at. */
export interface OwnedEvent {
  /** Files and modules of its frames, the application's own first. */
  readonly paths: readonly string[];
  readonly modules: readonly string[];
  readonly url: string;
  readonly type: string;
  readonly transaction: string;
  readonly site: string;
  readonly service: string;
  readonly tags: Readonly<Record<string, string>>;
}

interface OwnershipRule {
  readonly text: string;
  readonly tests: readonly ((event: OwnedEvent) => boolean)[];
  readonly owners: readonly string[];
}
/** Rules of the form `path:src/payment/** ann@shop.example`; see https://docs.sentry.io/product/issues/ownership-rules/. */
export type OwnershipRules = readonly OwnershipRule[];

const texts: Readonly<Record<string, (event: OwnedEvent) => readonly string[]>> = {
  path: (event) => event.paths,
  module: (event) => event.modules,
  url: (event) => [event.url],
  type: (event) => [event.type],
  transaction: (event) => [event.transaction],
  site: (event) => [event.site],
  service: (event) => [event.service],
};
const examples =
  'path:src/payment/**, module:shop.till.*, url:*/checkout/*, tags.lane:3, site:STORE_*, service:payments';
const isMatcher = (name: string): boolean => Object.hasOwn(texts, name) || /^tags\.[\w.:-]{1,200}$/.test(name);
const isOwner = (word: string): boolean => /^[^\s@:]{1,64}@[^\s@:]{1,190}$/.test(word);

/** Reads ownership rules; tells the faults by line. */
export function readOwnershipRules(text: string): Result<OwnershipRules, readonly RulesFault[]> {
  return readRules<OwnershipRule>(text, (words, line) => readRule(words, line));
}

function readRule(words: readonly Word[], line: string): OwnershipRule | string {
  const first = words.findIndex(isOwner);
  if (first < 0) return 'a rule ends with at least one e-mail address of a person';
  const owners = words.slice(first);
  const wrong = owners.find((word) => !isOwner(word));
  if (wrong !== undefined) return `"${shown(wrong)}" is no e-mail address`;
  const matchers = readMatchers(words.slice(0, first), isMatcher, examples);
  if (typeof matchers === 'string') return matchers;
  const tests = matchers.map(({ name, pattern, negated }) => {
    const holds = compileGlob(pattern, name === 'path');
    // `src/payment/**` means any folder of that name, as people write it who think of their repository.
    const deep = name === 'path' && !/^[/*]/.test(pattern) ? compileGlob(`**/${pattern}`, true) : holds;
    const tag = name.startsWith('tags.') ? name.slice(5) : '';
    const of = tag === '' ? texts[name] : (event: OwnedEvent) => [event.tags[tag] ?? ''];
    return (event: OwnedEvent) =>
      (of?.(event) ?? []).some((value) => value !== '' && (holds(value) || deep(value))) !== negated;
  });
  return { text: line, tests, owners: owners.slice(0, 20).map((owner) => owner.toLowerCase()) };
}

/** Whose an event is by the last rule that holds, as in code owners' files; undefined where none does. */
export function ownersOf(
  rules: OwnershipRules,
  event: OwnedEvent,
): { readonly owners: readonly string[]; readonly rule: string } | undefined {
  const rule = rules.findLast(({ tests }) => tests.every((test) => test(event)));
  return rule && { owners: rule.owners, rule: rule.text };
}
