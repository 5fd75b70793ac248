import type { Result } from '@sightline/base';

/** What is wrong in a text of rules: the line, counted from 1, and a sentence. */
export interface RulesFault {
  readonly line: number;
  readonly message: string;
}

/** A text of rules may be so long; more is refused. */
export const rulesTextLimit = 65_536;
const rulesLimit = 500;
const matchersLimit = 20;
const patternLimit = 500;

export interface RawMatcher {
  readonly negated: boolean;
  readonly name: string;
  readonly pattern: string;
}

/** A line as words: names, `name:pattern` pairs and quoted texts, where quotes keep spaces. */
export type Word = string;

/**
 * Reads a text line by line; empty lines and those that begin with `#` are left out. Refuses what `readLine` refuses, a text
 * that is too long, and more than 500 rules. All faults are told at once, at most 20.
 */
export function readRules<Rule>(
  text: string,
  readLine: (words: readonly Word[], line: string) => Rule | string,
): Result<readonly Rule[], readonly RulesFault[]> {
  if (text.length > rulesTextLimit)
    return { ok: false, error: [{ line: 1, message: `the text is longer than ${rulesTextLimit} characters` }] };
  const rules: Rule[] = [];
  const faults: RulesFault[] = [];
  text.split('\n').forEach((raw, i) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || faults.length >= 20) return;
    const words = wordsOf(line);
    const read = typeof words === 'string' ? words : readLine(words, line);
    if (typeof read === 'string') faults.push({ line: i + 1, message: read });
    else if (rules.length >= rulesLimit) faults.push({ line: i + 1, message: `more than ${rulesLimit} rules` });
    else rules.push(read);
  });
  return faults.length > 0 ? { ok: false, error: faults } : { ok: true, value: rules };
}

/** Splits at spaces and commas outside quotes; a text where the quotes do not close. */
function wordsOf(line: string): readonly Word[] | string {
  const words: string[] = [];
  let word = '';
  let quoted = false;
  let begun = false;
  for (let i = 0; i < line.length; i++) {
    const character = line.charAt(i);
    if (quoted) {
      if (character === '\\' && i + 1 < line.length) word += line.charAt(++i);
      else if (character === '"') quoted = false;
      else word += character;
    } else if (character === '"') {
      quoted = true;
      begun = true;
    } else if (/\s/.test(character)) {
      if (begun || word !== '') words.push(word);
      word = '';
      begun = false;
    } else word += character;
  }
  if (quoted) return 'a quoted text does not end: the closing " is missing';
  if (begun || word !== '') words.push(word);
  return words;
}

/** `name:pattern` or `!name:pattern`; a sentence where it is none of the names that are known. */
export function readMatcher(word: Word, known: (name: string) => boolean, examples: string): RawMatcher | string {
  const negated = word.startsWith('!');
  const at = word.indexOf(':');
  if (at < 0) return `"${shown(word)}" is no matcher: write ${examples}`;
  const name = word.slice(negated ? 1 : 0, at);
  const pattern = word.slice(at + 1);
  if (!known(name)) return `"${shown(name)}" is no matcher that is known: ${examples}`;
  if (pattern === '') return `the matcher "${shown(name)}" has no pattern`;
  if (pattern.length > patternLimit) return `the pattern of "${shown(name)}" is longer than ${patternLimit} characters`;
  return { negated, name, pattern };
}

/** Matchers of one rule; a sentence where one is wrong or there are none or too many. */
export function readMatchers(
  words: readonly Word[],
  known: (name: string) => boolean,
  examples: string,
): readonly RawMatcher[] | string {
  if (words.length === 0) return `a rule begins with at least one matcher: ${examples}`;
  if (words.length > matchersLimit) return `a rule has at most ${matchersLimit} matchers`;
  const matchers: RawMatcher[] = [];
  for (const word of words) {
    const matcher = readMatcher(word, known, examples);
    if (typeof matcher === 'string') return matcher;
    matchers.push(matcher);
  }
  return matchers;
}

export const shown = (word: string): string => (word.length > 60 ? `${word.slice(0, 59)}…` : word);
