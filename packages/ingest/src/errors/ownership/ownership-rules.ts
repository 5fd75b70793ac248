import { fail, ok, type Result } from '@sightline/base';
import { compileGlob } from '../grouping/rules/glob.ts';
import {
  readMatchers,
  readRules,
  shown,
  type RawMatcher,
  type RulesFault,
  type Word,
} from '../grouping/rules/read-rules.ts';

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
/**
 * Rules of the form `path:src/payment/** ann@shop.example #payments` (https://docs.sentry.io/product/issues/ownership-rules/),
 * and of code owners' files: `src/payment/ @acme/payments`. Owners are addresses and teams (`#payments`).
 */
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
const isPerson = (word: string): boolean => /^[^\s@:#][^\s@:]{0,63}@[^\s@:]{1,190}$/.test(word);
/** `#payments`, and the handle of a team in a code owners' file: `@acme/payments`. */
const teamForm = /^(?:#|@[\w.-]{1,100}\/)([a-z0-9][a-z0-9_-]{0,49})$/i;
/** `@ann`: whose address that is, only the code's host knows. */
const isHandle = (word: string): boolean => /^@[\w.-]{1,100}$/.test(word);
const isOwner = (word: string): boolean => isPerson(word) || teamForm.test(word) || isHandle(word);

/** Reads ownership rules; tells the faults by line. With `teams` (slugs), a team that is not among them is a fault. */
export function readOwnershipRules(
  text: string,
  teams?: ReadonlySet<string>,
): Result<OwnershipRules, readonly RulesFault[]> {
  return readRules<OwnershipRule>(text, (words, line) => readRule(words, line, teams));
}

function readRule(line: readonly Word[], text: string, teams: ReadonlySet<string> | undefined): OwnershipRule | string {
  const remark = line.indexOf('#');
  const words = remark < 0 ? line : line.slice(0, remark);
  const first = words.findIndex(isOwner);
  if (first < 0)
    return 'a rule ends with at least one owner: the e-mail address of a person, or a team such as #payments';
  const owners: string[] = [];
  for (const word of words.slice(first)) {
    const owner = readOwner(word, teams);
    if (!owner.ok) return owner.error;
    owners.push(owner.value);
  }
  const matchers = readPlaces(words.slice(0, first)) ?? readMatchers(words.slice(0, first), isMatcher, examples);
  if (typeof matchers === 'string') return matchers;
  return { text, tests: [...testsOf(matchers)], owners: [...new Set(owners)].slice(0, 20) };
}

function readOwner(word: Word, teams: ReadonlySet<string> | undefined): Result<string, string> {
  if (isPerson(word)) return ok(word.toLowerCase());
  const team = teamForm.exec(word)?.[1]?.toLowerCase();
  if (team === undefined)
    return fail(
      isHandle(word)
        ? `"${shown(word)}" is a handle of the code's host: write the person's e-mail address`
        : `"${shown(word)}" is neither an e-mail address nor a team such as #payments`,
    );
  return teams?.has(team) === false ? fail(`there is no team #${team}: make it in the settings first`) : ok(`#${team}`);
}

/** The one place of a code owners' line, as patterns of which one must hold; undefined where the words are something else. */
function readPlaces(words: readonly Word[]): readonly RawMatcher[] | undefined {
  const [place] = words;
  if (words.length !== 1 || place === undefined || !/^[^:!]+$/.test(place) || !/[/*.]/.test(place)) return undefined;
  // The stack's paths begin above the repository, so its root is not known: a place holds below any folder.
  const within = place.replace(/^\/+/, '').replace(/\/$/, '/**');
  return [{ name: 'place', pattern: within === '*' || within === '' ? '**' : within, negated: false }];
}

function testsOf(matchers: readonly RawMatcher[]): OwnershipRule['tests'] {
  return matchers.map(({ name, pattern, negated }) => {
    if (name === 'place') {
      const places = [
        pattern,
        `**/${pattern}`,
        ...(/[*?]$/.test(pattern) ? [] : [`${pattern}/**`, `**/${pattern}/**`]),
      ];
      const holdsAt = places.map((one) => compileGlob(one, true));
      return (event: OwnedEvent) => event.paths.some((path) => path !== '' && holdsAt.some((test) => test(path)));
    }
    const holds = compileGlob(pattern, name === 'path');
    // `src/payment/**` means any folder of that name, as people write it who think of their repository.
    const deep = name === 'path' && !/^[/*]/.test(pattern) ? compileGlob(`**/${pattern}`, true) : holds;
    const tag = name.startsWith('tags.') ? name.slice(5) : '';
    const of = tag === '' ? texts[name] : (event: OwnedEvent) => [event.tags[tag] ?? ''];
    return (event: OwnedEvent) =>
      (of?.(event) ?? []).some((value) => value !== '' && (holds(value) || deep(value))) !== negated;
  });
}

/** Ownership rules without a team: it leaves the rules that have other owners, the others become remarks. */
export function withoutTeam(text: string, team: string): string {
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*(#|$)/.test(line)) return line;
      // Owners stand behind all quoted patterns.
      const from = line.lastIndexOf('"') + 1;
      const words = line.slice(from).split(/(?<=\s)(?=\S)/);
      const isIt = (word: string): boolean => teamForm.exec(word.trim())?.[1]?.toLowerCase() === team;
      if (!words.some(isIt)) return line;
      const left = words.filter((word) => !isIt(word));
      return left.some((word) => isOwner(word.trim()))
        ? `${line.slice(0, from)}${left.join('')}`.trimEnd()
        : `# the team ${team} was deleted: ${line.trim()}`;
    })
    .join('\n');
}

/** Whose an event is by the last rule that holds, as in code owners' files; undefined where none does. */
export function ownersOf(
  rules: OwnershipRules,
  event: OwnedEvent,
): { readonly owners: readonly string[]; readonly rule: string } | undefined {
  const rule = rules.findLast(({ tests }) => tests.every((test) => test(event)));
  return rule && { owners: rule.owners, rule: rule.text };
}
