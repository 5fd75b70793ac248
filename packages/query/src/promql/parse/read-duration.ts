import type { DurationExpression } from '../ast.ts';
import { readDuration } from './duration.ts';
import { ParseFailure } from './fault.ts';
import { readNumber } from './number.ts';
import type { TokenReader } from './token-reader.ts';
import type { Token } from './token.ts';

/** Seconds that fit 64 bits of nanoseconds. */
const greatestSeconds = 2 ** 63 / 1e9;
const expectedDuration = 'number, duration, step(), or range()';
type Operation = Extract<DurationExpression, { readonly kind: 'duration-operation' }>;

/** The number of a `number` or `duration` token; durations are seconds. */
export function numberOf(token: Token): number {
  const value = token.kind === 'duration' ? readDuration(token.text) : readNumber(token.text);
  if (typeof value === 'string') throw new ParseFailure({ start: token.start, end: token.end }, value);
  return token.kind === 'duration' ? value / 1000 : value;
}

/** Milliseconds, whole, of seconds. */
export function msOf(seconds: number): number {
  return Math.trunc(Math.round(seconds * 1e9) / 1e6);
}

/** Reads durations and their arithmetic, for offsets and brackets. `context` and `expected` word its faults. */
export class DurationReader {
  private readonly reader: TokenReader;
  private readonly context: string;
  private readonly expected: string;

  constructor(reader: TokenReader, context: string, expected = expectedDuration) {
    this.reader = reader;
    this.context = context;
    this.expected = expected;
  }

  /** What stands in brackets: greater than 0 where it is known already. */
  positive(): DurationExpression {
    const duration = this.sum();
    if (duration.kind === 'duration-number' && !(duration.seconds > 0)) {
      throw new ParseFailure(duration.span, 'duration must be greater than 0');
    }
    return duration;
  }

  /**
   * What follows `offset`. A number or a call ends it, so that `x offset 5m ^ 2` is a power of `x offset 5m`; arithmetic needs
   * parentheses: `x offset (5m ^ 2)`.
   */
  offset(): DurationExpression {
    const sign = this.sign();
    if (sign) {
      if (this.sign(true)) return this.signed(sign, this.unary());
      return this.signed(sign, this.primary());
    }
    return this.reader.is('(') ? this.sum() : this.primary();
  }

  private sign(onlyLook = false): Token | undefined {
    const { reader } = this;
    if (!reader.is('+') && !reader.is('-')) return undefined;
    return onlyLook ? reader.peek() : reader.next();
  }

  private sum(): DurationExpression {
    return this.chain(['+', '-'], () => this.product());
  }

  private product(): DurationExpression {
    return this.chain(['*', '/', '%'], () => this.unary());
  }

  private chain(operators: readonly Operation['operator'][], operand: () => DurationExpression): DurationExpression {
    let left = operand();
    for (let links = 0; ; links++) {
      const operator = operators.find((kind) => this.reader.is(kind));
      if (operator === undefined) return left;
      const token = this.reader.next();
      const right = operand();
      if ((operator === '/' || operator === '%') && right.kind === 'duration-number' && right.seconds === 0) {
        const span = { start: token.start, end: token.end };
        throw new ParseFailure(span, operator === '/' ? 'division by zero' : 'modulo by zero');
      }
      if (links > 200) throw new ParseFailure(left.span, 'duration expression has more than 200 operators');
      const span = { start: left.span.start, end: right.span.end };
      left = { kind: 'duration-operation', operator, left, right, span };
    }
  }

  private unary(): DurationExpression {
    const sign = this.sign();
    return sign
      ? this.signed(
          sign,
          this.reader.nested(() => this.unary()),
        )
      : this.power();
  }

  private power(): DurationExpression {
    const left = this.primary();
    if (!this.reader.take('^')) return left;
    const right = this.reader.nested(() => this.unary());
    const span = { start: left.span.start, end: right.span.end };
    return { kind: 'duration-operation', operator: '^', left, right, span };
  }

  private signed(sign: Token, value: DurationExpression): DurationExpression {
    const span = { start: sign.start, end: value.span.end };
    if (value.kind !== 'duration-number') {
      return sign.kind === '-' ? { kind: 'duration-operation', operator: '-', right: value, span } : value;
    }
    return { ...value, seconds: sign.kind === '-' ? -value.seconds : value.seconds, span };
  }

  private primary(): DurationExpression {
    const { reader } = this;
    const token = reader.peek();
    switch (token.kind) {
      case 'number':
      case 'duration': {
        const { start, end } = reader.next();
        const seconds = numberOf(token);
        if (seconds > greatestSeconds || seconds < -greatestSeconds) {
          throw new ParseFailure({ start, end }, 'duration out of range');
        }
        return { kind: 'duration-number', seconds, duration: token.kind === 'duration', span: { start, end } };
      }
      case 'step':
      case 'range':
        reader.next();
        this.expect('(');
        return {
          kind: token.kind === 'step' ? 'duration-step' : 'duration-range',
          span: { start: token.start, end: this.expect(')').end },
        };
      case 'min_of':
      case 'max_of': {
        reader.next();
        this.expect('(');
        const left = reader.nested(() => this.sum());
        this.expect(',');
        const right = reader.nested(() => this.sum());
        const span = { start: token.start, end: this.expect(')').end };
        return { kind: 'duration-operation', operator: token.kind === 'min_of' ? 'min' : 'max', left, right, span };
      }
      case '(': {
        reader.next();
        const inner = reader.nested(() => this.sum());
        const span = { start: token.start, end: this.expect(')').end };
        if (inner.kind === 'duration-operation') return { ...inner, wrapped: true };
        // Others keep their parentheses as a sign that does nothing.
        return { kind: 'duration-operation', operator: '+', right: inner, wrapped: true, span };
      }
      default:
        return reader.unexpected(this.context, this.expected);
    }
  }

  private expect(kind: string): Token {
    return this.reader.expect(kind, this.context, this.expected);
  }
}
