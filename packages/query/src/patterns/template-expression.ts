import { pipelineBounds } from '@sightline/record';
import { placeholder } from './mask.ts';

/** A template as an expression that takes its lines apart. */
export interface TemplateExpression {
  /** RE2 (https://github.com/google/re2/wiki/Syntax) over the whole line; a group for each variable, in order. */
  readonly expression: string;
  readonly variables: readonly TemplateVariable[];
  /** The same with named groups, as a pipeline's parse step takes it; '' where that would be too long. */
  readonly parse: string;
}

export interface TemplateVariable {
  /** Of letters, digits, `_`, `.` and `-`; no two of a template have the same. */
  readonly name: string;
  /** What stands before and after it within its word, and the word before that: `took=`. */
  readonly before: string;
  readonly after: string;
  readonly wordBefore: string;
}

/** Variables of one template that are looked at; further ones are passed over. */
export const mostVariables = 20;

/**
 * Reads a template as `templateText` writes it. White space of any length stands between its words; of JSON, white space may stand before a
 * value. A variable takes as little as it can.
 */
export function templateExpression(template: string): TemplateExpression {
  const words = template.trim().split(/\s+/);
  const isJson = template.startsWith('{');
  const variables: TemplateVariable[] = [];
  const taken = new Set<string>();
  const expressions: string[] = [];
  const parses: string[] = [];
  words.forEach((word, at) => {
    const parts = word.split(placeholder);
    let [expression, parse] = ['', ''];
    parts.forEach((part, index) => {
      expression += escaped(part);
      parse += escaped(part);
      if (index === parts.length - 1) return;
      const space = isJson && part.endsWith(':') ? '\\s*' : '';
      if (variables.length >= mostVariables) {
        expression += `${space}.*?`;
        parse += `${space}.*?`;
        return;
      }
      const wordBefore = words[at - 1] ?? '';
      const name = freeName(nameOf(part, index === 0 ? wordBefore : ''), taken);
      variables.push({ name, before: part, after: parts[index + 1] ?? '', wordBefore: index === 0 ? wordBefore : '' });
      expression += `${space}(.*?)`;
      parse += `${space}(?<${name}>.*?)`;
    });
    expressions.push(expression);
    parses.push(parse);
  });
  const whole = (all: readonly string[]): string => `^\\s*${all.join('\\s+')}\\s*$`;
  const parse = whole(parses);
  return {
    expression: `(?s)${whole(expressions)}`,
    variables,
    parse: variables.length === 0 || parse.length > pipelineBounds.patternCharacters ? '' : parse,
  };
}

/**
 * A text that a search for a phrase finds in such a line and that says most of the variable's value: with what stands around it within its
 * word, and with the word before, where the line holds it so.
 */
export function phraseOf(variable: TemplateVariable, value: string, line: string): string {
  const { before, after, wordBefore } = variable;
  const bare = /[\w\u0080-\uffff]/.test(before) ? `${before}${value}${after}` : value;
  const within = line.includes(bare) ? bare : value;
  const long = wordBefore.includes(placeholder) || wordBefore === '' ? within : `${wordBefore} ${within}`;
  return trimmed(line.includes(long) ? long : within);
}

const trimmed = (text: string): string => text.replace(/^[^\w\u0080-\uffff]+|[^\w\u0080-\uffff]+$/g, '') || text.trim();

const escaped = (text: string): string => text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&');

/** `took=` and `"took":` give `took`; else the word before gives its own letters. */
function nameOf(before: string, wordBefore: string): string {
  const key = /([A-Za-z_][\w.-]{0,60})["']?[=:]["']?$/.exec(before)?.[1];
  if (key !== undefined) return key;
  const word = /^[^A-Za-z]*([A-Za-z][\w-]{0,60})[^A-Za-z\d]*$/.exec(wordBefore)?.[1];
  return word === undefined || wordBefore.includes(placeholder) ? 'value' : word.toLowerCase();
}

function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let n = 2; taken.has(free); n++) free = `${name}${n}`;
  taken.add(free);
  return free;
}
