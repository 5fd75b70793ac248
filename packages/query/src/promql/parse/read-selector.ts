import { RE2JS, RE2JSSyntaxException } from 're2js';
import type { Matcher, MatchOperator, VectorSelector } from '../ast.ts';
import { ParseFailure } from './fault.ts';
import { unquote } from './quote.ts';
import type { TokenReader } from './token-reader.ts';
import { isLabelName, type Token } from './token.ts';

const isMatchOperator = (kind: string): kind is MatchOperator =>
  kind === '=' || kind === '!=' || kind === '=~' || kind === '!~';

/** `name{…}`, `name` or `{…}`; `name` was seen to be one. */
export function readVectorSelector(reader: TokenReader): VectorSelector {
  const named = reader.is('{') ? undefined : reader.next();
  const braces = reader.is('{') ? readMatchers(reader) : undefined;
  const name = named?.text ?? '';
  const matchers = [...(braces?.matchers ?? [])];
  if (named) matchers.push({ label: '__name__', operator: '=', value: name });
  return {
    kind: 'vector-selector',
    name,
    matchers,
    shift: { offsetMs: 0 },
    span: { start: named?.start ?? braces?.start ?? 0, end: braces?.end ?? named?.end ?? 0 },
  };
}

function readMatchers(reader: TokenReader): { matchers: Matcher[]; start: number; end: number } {
  const { start } = reader.next();
  const matchers: Matcher[] = [];
  while (!reader.is('}')) {
    matchers.push(readMatcher(reader));
    if (reader.is('}')) break;
    reader.expect(',', 'label matching', '"," or "}"');
    // One comma may trail.
  }
  return { matchers, start, end: reader.next().end };
}

function readMatcher(reader: TokenReader): Matcher {
  if (!reader.is('identifier') && !reader.is('string')) {
    return reader.unexpected('label matching', 'identifier or "}"');
  }
  const label = reader.next();
  const name = label.kind === 'string' ? unquote(label.text) : label.text;
  const operator = reader.peek().kind;
  if (!isMatchOperator(operator)) {
    if (label.kind === 'string') return { label: '__name__', operator: '=', value: name };
    return reader.unexpected('label matching', 'label matching operator');
  }
  reader.next();
  const value = reader.expect('string', 'label matching', 'string');
  return checkedMatcher({ label: name, operator, value: unquote(value.text) }, label, value);
}

function checkedMatcher(matcher: Matcher, from: Token, to: Token): Matcher {
  if (matcher.operator === '=~' || matcher.operator === '!~') {
    const fault = expressionFault(matcher.value);
    if (fault !== undefined) throw new ParseFailure({ start: from.start, end: to.end }, fault);
  }
  return matcher;
}

function expressionFault(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern, RE2JS.DOTALL);
    return undefined;
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return error.message;
    throw error;
  }
}

/** A test of a label's value ('' where the label is missing), in time linear in the value whatever the expression is. */
export function compileMatcher({ operator, value }: Matcher): (text: string) => boolean {
  if (operator === '=') return (text) => text === value;
  if (operator === '!=') return (text) => text !== value;
  const pattern = RE2JS.compile(value, RE2JS.DOTALL);
  const wanted = operator === '=~';
  return (text) => pattern.testExact(text) === wanted;
}

/** Whether a series without the label would fit. */
export function matchesEmpty(matcher: Matcher): boolean {
  return compileMatcher(matcher)('');
}

/** `(a, "b.c")` of `by`, `on`, `group_left` and the like. */
export function readGrouping(reader: TokenReader): string[] {
  reader.expect('(', 'grouping opts', '"("');
  const labels: string[] = [];
  while (!reader.is(')')) {
    const token = reader.peek();
    if (token.kind !== 'string' && !isLabelName(token)) return reader.unexpected('grouping opts', 'label');
    reader.next();
    const label = token.kind === 'string' ? unquote(token.text) : token.text;
    if (label === '') {
      throw new ParseFailure({ start: token.start, end: token.end }, 'invalid label name for grouping: ""');
    }
    labels.push(label);
    if (!reader.is(')')) reader.expect(',', 'grouping opts', '"," or ")"');
  }
  reader.next();
  return labels;
}
