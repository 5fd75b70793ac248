import type { Result } from '@sightline/base';
import { RE2JS, RE2JSSyntaxException } from 're2js';
import { rangeFunctions, vectorFunctions } from './ast.ts';
import { lex, type Token, Unreadable } from './lex.ts';

const deepest = 100;

/** How Loki names tokens in its errors. */
const tokenNames: Readonly<Record<string, string>> = {
  text: 'STRING',
  number: 'NUMBER',
  unit: 'DURATION',
  end: '$end',
};
const reserved = new Set<string>([
  ...rangeFunctions,
  ...vectorFunctions,
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'bool',
  'offset',
  'unwrap',
  'json',
  'logfmt',
  'regexp',
  'pattern',
  'unpack',
  'line_format',
  'label_format',
  'decolorize',
  'drop',
  'keep',
  'and',
  'or',
  'unless',
  'vector',
  'label_replace',
  'ip',
  'duration',
  'duration_seconds',
  'bytes',
]);

/** Whether the text is one of the list. */
export const isOneOf = <T extends string>(list: readonly T[], text: string): text is T => list.includes(text as T);

/** The tokens of a query, read one after the other. What cannot be read is thrown as `Unreadable`. */
export class Cursor {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = lex(text);
  }

  /** The token that comes `ahead` of the next one; behind the last it is the end. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]!;
  }

  /** The next token, which is behind us then. */
  take(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#next += 1;
    return token;
  }

  /** Whether that token is this operator or word. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return (token.kind === 'op' || token.kind === 'word') && token.text === text;
  }

  /** Takes the operator or word if it is next. */
  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#next += 1;
    return true;
  }

  /** Takes it, or throws what came instead. */
  expect(text: string): Token {
    if (!this.is(text)) throw this.unexpected(text);
    return this.take();
  }

  /** What to throw where the next token cannot be. */
  unexpected(...wanted: string[]): Unreadable {
    const token = this.peek();
    const name =
      tokenNames[token.kind] ?? (token.kind === 'word' && !reserved.has(token.text) ? 'IDENTIFIER' : token.text);
    const expecting = wanted.length === 0 ? '' : `, expecting ${wanted.join(' or ')}`;
    return new Unreadable(`syntax error: unexpected ${name}${expecting}`, token.at, Math.max(token.end, token.at + 1));
  }

  /** Takes a name. */
  word(): string {
    if (this.peek().kind !== 'word') throw this.unexpected('IDENTIFIER');
    return this.take().text;
  }

  /** Takes a string. */
  text(): string {
    if (this.peek().kind !== 'text') throw this.unexpected('STRING');
    return this.take().text;
  }

  /** Throws where RE2 cannot read the pattern that stood at `token`. */
  regex(pattern: string, token: Token): void {
    try {
      RE2JS.compile(pattern);
    } catch (error) {
      if (error instanceof RE2JSSyntaxException) throw new Unreadable(error.message, token.at, token.end, false);
      throw error;
    }
  }

  /** Reads what may hold itself; throws where it does so too often. */
  within<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > deepest) throw new Unreadable('query is nested too deeply', this.peek().at);
    const value = read();
    this.#depth -= 1;
    return value;
  }

  /** Takes a number with its sign. */
  number(): number {
    const negative = this.accept('-');
    if (!negative) this.accept('+');
    if (this.peek().kind !== 'number') throw this.unexpected('NUMBER');
    return (negative ? -1 : 1) * Number(this.take().text);
  }

  /** Parsers of nested languages say what is wrong; we say where. */
  checked<T>(token: Token, read: () => Result<T, string>): T {
    const value = read();
    if (!value.ok) throw new Unreadable(value.error, token.at, token.end);
    return value.value;
  }
}
