import { fail, ok, type Result } from '@sightline/base';
import type { Comparison, SearchError, Span, Value } from './ast.ts';

export type Token = { readonly at: Span } & (
  | { readonly kind: 'open' | 'close' | 'minus' | 'end' | 'and' | 'or' | 'not' }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'regex'; readonly pattern: string }
  /** `name:`; what follows without a space is its value. */
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'comparison'; readonly comparison: Comparison }
  | {
      readonly kind: 'range';
      readonly low: Value;
      readonly high: Value;
      readonly includeLow: boolean;
      readonly includeHigh: boolean;
    }
  /** `[a, b]` after a field: any of them. */
  | { readonly kind: 'list'; readonly values: readonly Value[] }
);

const fieldName = /^[A-Za-z_@][A-Za-z0-9_.@/-]*$/;
const keywords: Readonly<Record<string, 'and' | 'or' | 'not'>> = { AND: 'and', OR: 'or', NOT: 'not' };

const isSpace = (c: string | undefined): boolean => c !== undefined && /\s/u.test(c);
const endsWord = (c: string | undefined): boolean =>
  c === undefined || c === '(' || c === ')' || c === '"' || isSpace(c);

/** Cuts a search text into tokens. Fails only on a quote, bracket or escape that is not closed. */
export function tokenize(text: string): Result<readonly Token[], SearchError> {
  const tokens: Token[] = [];
  let position = 0;
  for (;;) {
    const afterField = tokens.at(-1)?.kind === 'field' || tokens.at(-1)?.kind === 'comparison';
    const spaceFrom = position;
    while (isSpace(text[position])) position++;
    // A value belongs to its field only when it follows at once: `service: x` is a field without a value.
    const valueExpected = afterField && position === spaceFrom;
    if (position >= text.length) break;
    const token = readToken(text, position, valueExpected);
    if (!token.ok) return token;
    tokens.push(token.value);
    position = token.value.at.to;
  }
  tokens.push({ kind: 'end', at: { from: text.length, to: text.length } });
  return ok(tokens);
}

function readToken(text: string, from: number, valueExpected: boolean): Result<Token, SearchError> {
  const c = text[from];
  if (c === '(' || c === ')') return ok({ kind: c === '(' ? 'open' : 'close', at: { from, to: from + 1 } });
  if (c === '"') return readPhrase(text, from);
  if (c === '/') {
    const regex = readRegex(text, from);
    if (regex) return ok(regex);
  }
  if (valueExpected) {
    const comparison = /^(>=|<=|>|<)/.exec(text.slice(from, from + 2))?.[0];
    if (comparison) {
      return ok({
        kind: 'comparison',
        comparison: comparison as Comparison,
        at: { from, to: from + comparison.length },
      });
    }
    if (c === '[' || c === '{') {
      const range = readRange(text, from);
      if (range) return range;
      const list = readList(text, from);
      if (list) return ok(list);
    }
  } else if (c === '-' && !endsWord(text[from + 1])) {
    return ok({ kind: 'minus', at: { from, to: from + 1 } });
  } else if (c === '-' && (text[from + 1] === '(' || text[from + 1] === '"')) {
    return ok({ kind: 'minus', at: { from, to: from + 1 } });
  }
  return ok(readWord(text, from, valueExpected));
}

function readPhrase(text: string, from: number): Result<Token, SearchError> {
  let value = '';
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '"') {
      const at = { from, to: i + 1 };
      return ok({ kind: 'value', value: { text: value, quoted: true, wildcard: false, at }, at });
    }
    if (text[i] === '\\' && (text[i + 1] === '"' || text[i + 1] === '\\')) i++;
    value += text[i] ?? '';
  }
  return fail({ message: 'expected a closing quote `"`', position: { from, to: text.length } });
}

/** `/…/` counts as a regular expression only when its end is the end of the word, so that `/api/v1` stays a path. */
function readRegex(text: string, from: number): Token | undefined {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '/') {
      if (i === from + 1 || (text[i + 1] !== undefined && text[i + 1] !== ')' && !isSpace(text[i + 1])))
        return undefined;
      return { kind: 'regex', pattern: text.slice(from + 1, i).replaceAll('\\/', '/'), at: { from, to: i + 1 } };
    }
  }
  return undefined;
}

/** `[low TO high]`, `{low TO high}`; undefined when the bracket is part of a word. */
function readRange(text: string, from: number): Result<Token, SearchError> | undefined {
  const written = /^([[{])\s*(\S+)\s+TO\s+([^\s\]}]+)\s*([\]}])/.exec(text.slice(from, from + 400));
  if (!written) {
    if (!/^[[{]\s*\S+\s+TO\b/.test(text.slice(from, from + 400))) return undefined;
    return fail({
      message: 'expected a range such as `[100 TO 200]`',
      position: { from, to: Math.min(text.length, from + 400) },
    });
  }
  const at = { from, to: from + written[0].length };
  const plain = (value: string): Value => ({ text: value, quoted: false, wildcard: false, at: { ...at } });
  return ok({
    kind: 'range',
    low: plain(written[2] ?? ''),
    high: plain(written[3] ?? ''),
    includeLow: written[1] === '[',
    includeHigh: written[4] === ']',
    at,
  });
}

/** `[a, "b c"]` with two values or more; undefined where the bracket is part of a word. */
function readList(text: string, from: number): Token | undefined {
  const item = String.raw`(?:"[^"\\]*"|[^\s,"()[\]\\*]+)`;
  const found = new RegExp(String.raw`^\[\s*${item}(?:\s*,\s*${item})+\s*\]`).exec(text.slice(from, from + 400))?.[0];
  if (found === undefined) return undefined;
  const at = { from, to: from + found.length };
  const values = [...found.matchAll(new RegExp(item, 'g'))].map(([value]): Value => {
    const quoted = value.startsWith('"');
    return { text: quoted ? value.slice(1, -1) : value, quoted, wildcard: false, at };
  });
  return { kind: 'list', values, at };
}

function readWord(text: string, from: number, valueExpected: boolean): Token {
  let value = '';
  let wildcard = false;
  let escaped = false;
  let i = from;
  for (; i < text.length && !endsWord(text[i]); i++) {
    const c = text[i];
    if (c === ':' && !valueExpected && !escaped && isFieldColon(text, value, i)) {
      return { kind: 'field', name: value, at: { from, to: i + 1 } };
    }
    if (c === '\\' && i + 1 < text.length) {
      escaped = true;
      i++;
      value += text[i] === '*' ? '\\*' : text[i] === '\\' ? '\\\\' : text[i];
    } else if (c === '\\') value += '\\\\';
    else {
      if (c === '*') wildcard = true;
      value += c;
    }
  }
  const at = { from, to: i };
  const keyword = !valueExpected && !escaped ? keywords[value] : undefined;
  if (keyword) return { kind: keyword, at };
  const plain = wildcard ? value : value.replace(/\\(.)/gsu, '$1');
  return { kind: 'value', value: { text: plain, quoted: false, wildcard, at }, at };
}

/** `http://…`, `std::move` and `12:30` are words, not fields. */
function isFieldColon(text: string, name: string, colon: number): boolean {
  return fieldName.test(name) && !text.startsWith('//', colon + 1) && text[colon + 1] !== ':';
}
