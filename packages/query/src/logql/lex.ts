import { unquote } from '../promql/parse/quote.ts';

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: 'op' | 'word' | 'number' | 'unit' | 'text'; readonly text: string }
  | { readonly kind: 'end'; readonly text: '' }
);

/** Thrown by lexer and parser only; `parseLogql` turns it into a value. */
export class Unreadable extends Error {
  readonly at: number;
  readonly to: number;
  /** False for what Loki says without a position. */
  readonly located: boolean;
  constructor(message: string, at: number, to = at + 1, located = true) {
    super(message);
    this.at = at;
    this.to = to;
    this.located = located;
  }
}

/** The longest first. */
const operators = ['|=', '|~', '|>', '!=', '!~', '!>', '=~', '==', '>=', '<=', '{', '}', '(', ')', '[', ']'].concat([
  ',',
  '|',
  '=',
  '>',
  '<',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
]);
const blank = /(?:\s+|#[^\n]*)+/y;
const quoted = /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y;
/** A duration or a size: digits, then a unit, perhaps several times. */
const withUnit =
  /(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|[smhdwy]))+(?![\w.])|(?:\d+\.?\d*|\.\d+)(?:[kmgtpe]i?)?b(?!\w)/iy;
const number = /(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?!\w)|0x[0-9a-f]+(?!\w)/iy;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const flag = /--[a-z]+(?:-[a-z]+)*/y;

/** Tokens of a query, `end` last. Throws `Unreadable`. */
export function lex(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0];
  };
  const push = (kind: 'op' | 'word' | 'number' | 'unit' | 'text', taken: string, text = taken): void => {
    tokens.push({ kind, text, at, end: at + taken.length });
    at += taken.length;
  };
  while (at < query.length) {
    const space = take(blank);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const text = take(quoted);
    if (text !== undefined) {
      push('text', text, unquote(text));
      continue;
    }
    const option = take(flag);
    const unit = take(withUnit);
    const digits = take(number);
    const name = take(word);
    const op = operators.find((known) => query.startsWith(known, at));
    if (option !== undefined) push('word', option);
    else if (unit !== undefined) push('unit', unit);
    else if (digits !== undefined) push('number', digits);
    else if (name !== undefined) push('word', name);
    else if (op !== undefined) push('op', op);
    else if (query[at] === '"' || query[at] === '`') throw new Unreadable('literal not terminated', at, query.length);
    else throw new Unreadable(`syntax error: unexpected character ${JSON.stringify(query[at])}`, at);
  }
  tokens.push({ kind: 'end', text: '', at, end: at });
  return tokens;
}
