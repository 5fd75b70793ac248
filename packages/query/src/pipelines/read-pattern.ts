import { fail, ok, type Result } from '@sightline/base';
import { pipelineBounds } from '@sightline/record';
import { RE2JS, RE2JSSyntaxException } from 're2js';
import { grokPatterns } from './grok-patterns.ts';

/** A pattern as the engine takes it. */
export interface ReadPattern {
  readonly expression: string;
  /** What its groups are called, and which they are (from 1). A name may stand for several groups, of which one takes part. */
  readonly groups: readonly { readonly name: string; readonly index: number }[];
}

/**
 * A grok pattern (`%{NAME:field}`, our own library, `(?<field>…)`) or a regular expression with named groups, for RE2. Refuses what
 * RE2 cannot do, unknown names, and what goes beyond the bounds; says what was expected.
 */
export function readPattern(format: 'grok' | 'regex', text: string): Result<ReadPattern, string> {
  const { patternCharacters, expandedCharacters, captureGroups } = pipelineBounds;
  if (text === '') return fail('expected a pattern');
  if (text.length > patternCharacters)
    return fail(`expected at most ${patternCharacters} characters, got ${text.length}`);
  const reader = new PatternReader();
  try {
    const expression = reader.numbered(format === 'grok' ? reader.expand(text, 0) : text);
    if (expression.length > expandedCharacters)
      return fail(`the pattern is ${expression.length} characters once written out; at most ${expandedCharacters}`);
    const absent = absentIn(expression);
    if (absent) return fail(absent);
    const compiled = RE2JS.compile(expression);
    if (compiled.groupCount() > captureGroups)
      return fail(`expected at most ${captureGroups} groups, got ${compiled.groupCount()}`);
    const groups = Object.entries(compiled.namedGroups()).flatMap(([number, index]) => {
      const name = reader.names[Number(number.slice(1))];
      return name === undefined ? [] : [{ name, index }];
    });
    if (groups.length === 0)
      return fail(
        format === 'grok'
          ? 'nothing is named: expected a field, as in %{IP:client.address}'
          : 'nothing is named: expected a group, as in (?<status>\\d+)',
      );
    return ok({ expression, groups: groups.sort((a, b) => a.index - b.index) });
  } catch (fault) {
    if (fault instanceof Misfit) return fail(fault.message);
    if (fault instanceof RE2JSSyntaxException)
      return fail(`no regular expression of RE2: ${reader.inOwnWords(fault, format)}`);
    throw fault;
  }
}

/** Leaves the descent in one step; never leaves this file. */
class Misfit extends Error {}

const reference = /%\{([^{}]*)\}/g;
const referenceParts = /^(\w+)(?::([\w.@/-]+|(?:\[[\w.@/-]+\])+))?(?::\w+)?$/;

class PatternReader {
  /** By the number in the group's name. */
  readonly names: string[] = [];
  #written = 0;

  /** What the engine says of a pattern, with the groups' own names; of grok the part that it means only where that is not the whole, written out. */
  inOwnWords(fault: RE2JSSyntaxException, format: 'grok' | 'regex'): string {
    const part = (fault.getPattern() ?? '').replace(/\(\?P<g(\d+)>/g, (whole, n: string) =>
      this.names[Number(n)] ? `(?<${this.names[Number(n)]}>` : whole,
    );
    return part === '' || (format === 'grok' && part.length > 40)
      ? fault.getDescription()
      : `${fault.getDescription()}: \`${part}\``;
  }

  /** Puts what `%{…}` stands for in its place. */
  expand(text: string, depth: number): string {
    if (depth > pipelineBounds.grokDepth) throw new Misfit('the pattern is nested too deeply');
    return text.replace(reference, (whole, inside: string) => {
      const [, name = '', field] = referenceParts.exec(inside) ?? [];
      if (name === '') throw new Misfit(`expected %{NAME} or %{NAME:field}, got ${whole}`);
      const pattern = Object.hasOwn(grokPatterns, name) ? grokPatterns[name] : undefined;
      if (pattern === undefined) throw new Misfit(`no pattern is called ${name}`);
      this.#written += pattern.length;
      if (this.#written > pipelineBounds.expandedCharacters)
        throw new Misfit(`the pattern is longer than ${pipelineBounds.expandedCharacters} characters once written out`);
      const inner = this.expand(pattern, depth + 1);
      const called = field?.replace(/^\[|\]$/g, '').replaceAll('][', '.');
      return called === undefined ? `(?:${inner})` : `(?P<${called}>${inner})`;
    });
  }

  /** Names of groups may hold dots and stand twice here, but not in RE2: there they are numbers. */
  numbered(text: string): string {
    return text.replace(
      /(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|\(\?P?<(?![=!])([^>]*)>/gs,
      (whole, literal: string | undefined, name: string) => {
        if (literal !== undefined) return whole;
        if (!/^[\w.@/-]{1,100}$/.test(name))
          throw new Misfit(`a group is called ${JSON.stringify(name)}: expected letters, digits, and _ . - @ /`);
        return `(?P<g${this.names.push(name) - 1}>`;
      },
    );
  }
}

/** What other engines have and RE2 has not, told by its name; undefined when there is nothing of it. */
function absentIn(expression: string): string | undefined {
  const bare = expression.replace(/\\[^1-9k]|\[\^?\]?[^\]]*\]/gs, 'x');
  const found = /\(\?<?[=!]|\(\?>|\\[1-9k]|[*+?}]\+/.exec(bare)?.[0];
  if (found === undefined) return undefined;
  const what = found.startsWith('(?>')
    ? 'atomic groups'
    : found.startsWith('(')
      ? `look-${found.includes('<') ? 'behind' : 'ahead'}`
      : found.startsWith('\\')
        ? 'back-references'
        : 'possessive quantifiers';
  return `the engine (RE2) has no ${what}: ${found}`;
}
