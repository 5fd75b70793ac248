import { ParseFailure } from './fault.ts';
import { readTokens } from './lexer.ts';
import { describeToken, type Token } from './token.ts';

/** Deeper trees would overflow the stack of whoever walks them. */
const nestingLimit = 200;

/** The tokens of a text, one ahead, and how to complain about the next one. */
export class TokenReader {
  readonly text: string;
  private readonly tokens: readonly Token[];
  private at = 0;
  private nesting = 0;
  /** Where the last token that was taken ends. */
  lastEnd = 0;
  private aggregations = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = readTokens(text);
  }

  peek(): Token {
    return this.token(this.at);
  }

  /** The token after the next. */
  peekSecond(): Token {
    return this.token(this.at + 1);
  }

  next(): Token {
    const token = this.peek();
    if (this.at < this.tokens.length - 1) this.at += 1;
    this.lastEnd = token.end;
    return token;
  }

  is(kind: string): boolean {
    return this.peek().kind === kind;
  }

  take(kind: string): Token | undefined {
    return this.is(kind) ? this.next() : undefined;
  }

  expect(kind: string, context = '', expected = ''): Token {
    return this.is(kind) ? this.next() : this.unexpected(context, expected);
  }

  /**
   * Refuses the next token. `context` and `expected` say where and what would be right; without them a fault inside of an
   * aggregation's arguments is worded as one of the aggregation, as Prometheus does.
   */
  unexpected(context = '', expected = ''): never {
    const token = this.peek();
    const span = { start: token.start, end: token.end };
    if (token.kind === 'error') throw new ParseFailure(span, token.text);
    const where = context || (this.aggregations > 0 ? 'aggregation' : '');
    const place = where === '' ? '' : ` in ${where}`;
    throw new ParseFailure(
      span,
      `unexpected ${describeToken(token)}${place}${expected === '' ? '' : `, expected ${expected}`}`,
    );
  }

  /** Runs a rule that may contain itself; refuses what is nested too deep. */
  nested<T>(rule: () => T): T {
    const { start, end } = this.peek();
    this.nesting += 1;
    if (this.nesting > nestingLimit) {
      throw new ParseFailure({ start, end }, `expression is nested more than ${nestingLimit} levels deep`);
    }
    const value = rule();
    this.nesting -= 1;
    return value;
  }

  /** Runs the rule of an aggregation's arguments. */
  aggregated<T>(rule: () => T): T {
    this.aggregations += 1;
    const value = rule();
    this.aggregations -= 1;
    return value;
  }

  private token(at: number): Token {
    const token = this.tokens[Math.min(at, this.tokens.length - 1)];
    if (!token) throw new Error('A text has at least one token.');
    return token;
  }
}
