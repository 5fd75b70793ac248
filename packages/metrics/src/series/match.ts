import type { Matcher } from '@sightline/query/promql';
import { RE2JS } from 're2js';

/** Whether a label's value is one that the matcher takes. */
export type ValueTest = (value: string) => boolean;

/** Characters that mean something in a regular expression. */
const special = /[\\^$.|?*+()[\]{}]/;

/**
 * A matcher as a test of one value. Regular expressions are anchored and `.` takes line breaks, as in Prometheus; those made of
 * literals, `.*`, `.+` and alternatives are tested without the regular-expression engine. Throws on an expression that is none.
 */
export function valueTest({ operator, value }: Pick<Matcher, 'operator' | 'value'>): ValueTest {
  if (operator === '=') return (text) => text === value;
  if (operator === '!=') return (text) => text !== value;
  const test = regexTest(value);
  return operator === '=~' ? test : (text) => !test(text);
}

/** The literals an `=~` matcher can only be, undefined where there may be others. */
export function literalsOf({ operator, value }: Pick<Matcher, 'operator' | 'value'>): readonly string[] | undefined {
  if (operator === '=') return [value];
  if (operator !== '=~') return undefined;
  const choices = alternatives(value);
  return choices?.every((choice) => !special.test(choice)) ? choices : undefined;
}

function regexTest(expression: string): ValueTest {
  const choices = alternatives(expression);
  if (choices) {
    if (choices.every((choice) => !special.test(choice))) {
      const set = new Set(choices);
      return (text) => set.has(text);
    }
    const tests = choices.map(globTest);
    if (tests.every((test) => test !== undefined)) {
      const [only] = tests;
      return tests.length === 1 && only ? only : (text) => tests.some((test) => test(text));
    }
  }
  const compiled = RE2JS.compile(`^(?s:${expression})$`);
  return (text) => compiled.matches(text);
}

/** Splits at `|` where nothing groups or escapes; one outer pair of brackets is taken off. Undefined where brackets stand inside. */
function alternatives(expression: string): string[] | undefined {
  const inner = /^\((?:\?:)?([^()\\]*)\)$/.exec(expression)?.[1] ?? expression;
  return /[()[\]\\{}?^$]/.test(inner) ? undefined : inner.split('|');
}

/** A test for literals with `.*` and `.+` between them; undefined for anything else. */
function globTest(expression: string): ValueTest | undefined {
  const parts = expression.split(/(\.[*+])/);
  const literals = parts.filter((_, at) => at % 2 === 0);
  if (literals.some((literal) => special.test(literal))) return undefined;
  const gaps = parts.filter((_, at) => at % 2 === 1).map((gap) => (gap === '.+' ? 1 : 0));
  const head = literals[0] as string;
  if (gaps.length === 0) return (text) => text === head;
  const tail = literals.at(-1) as string;
  if (gaps.length === 1) {
    const least = head.length + tail.length + (gaps[0] as number);
    return (text) => text.length >= least && text.startsWith(head) && text.endsWith(tail);
  }
  const middle = literals.slice(1, -1);
  // Each literal is taken where it comes first: what is left for the others is then the most there can be.
  return (text) => {
    if (!text.startsWith(head)) return false;
    let at = head.length;
    for (const [index, literal] of middle.entries()) {
      const found = text.indexOf(literal, at + (gaps[index] as number));
      if (found < 0) return false;
      at = found + literal.length;
    }
    return text.length - tail.length >= at + (gaps.at(-1) as number) && text.endsWith(tail);
  };
}
