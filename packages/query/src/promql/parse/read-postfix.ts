import type { DurationExpression, Expression, MatrixSelector, Subquery, TimeShift, VectorSelector } from '../ast.ts';
import { ParseFailure } from './fault.ts';
import { DurationReader, msOf, numberOf } from './read-duration.ts';
import type { TokenReader } from './token-reader.ts';
import type { Token } from './token.ts';

const timestampLimit = 2 ** 63;

/** What stands behind an expression and belongs to it: `[…]`, `offset`, `@`, `anchored`, `smoothed`; undefined when nothing does. */
export function readPostfix(reader: TokenReader, expression: Expression): Expression | undefined {
  switch (reader.peek().kind) {
    case '[':
      return readBrackets(reader, expression, reader.next());
    case 'offset':
      reader.next();
      return readOffset(reader, expression);
    case '@':
      reader.next();
      return readAt(reader, expression);
    case 'anchored':
    case 'smoothed':
      return extend(expression, reader.next().kind === 'anchored' ? 'anchored' : 'smoothed');
    default:
      return undefined;
  }
}

function readBrackets(reader: TokenReader, inner: Expression, opened: Token): MatrixSelector | Subquery {
  const range = new DurationReader(reader, 'subquery or range selector').positive();
  const { rangeMs, rangeExpression } = rangeOf(range);
  const ranged = { rangeMs, ...(rangeExpression ? { rangeExpression } : {}) };
  if (reader.take(':')) {
    const expected = 'number, duration, step(), range(), or "]"';
    const step = reader.is(']') ? undefined : new DurationReader(reader, 'subquery selector', expected).positive();
    const { end } = reader.expect(']', 'subquery selector', '"]"');
    const { rangeMs: stepMs, rangeExpression: stepExpression } = step ? rangeOf(step) : { rangeMs: 0 };
    return {
      kind: 'subquery',
      inner,
      ...ranged,
      stepMs,
      ...(stepExpression ? { stepExpression } : {}),
      shift: { offsetMs: 0 },
      span: { start: inner.span.start, end },
    };
  }
  const { end } = reader.expect(']', 'subquery or range', '":" or "]"');
  const brackets = { start: opened.start, end };
  if (inner.kind !== 'vector-selector') throw new ParseFailure(brackets, 'ranges only allowed for vector selectors');
  if (isOffset(inner.shift)) throw new ParseFailure(brackets, 'no offset modifiers allowed before range');
  if (inner.shift.at !== undefined) throw new ParseFailure(brackets, 'no @ modifiers allowed before range');
  return { kind: 'matrix-selector', selector: inner, ...ranged, span: { start: inner.span.start, end } };
}

function rangeOf(duration: DurationExpression): { rangeMs: number; rangeExpression?: DurationExpression } {
  if (duration.kind === 'duration-number') return { rangeMs: msOf(duration.seconds) };
  return { rangeMs: 0, rangeExpression: duration };
}

function isOffset({ offsetMs, offsetExpression }: TimeShift): boolean {
  return offsetMs !== 0 || offsetExpression !== undefined;
}

function readOffset(reader: TokenReader, expression: Expression): Expression {
  const duration = new DurationReader(reader, 'offset').offset();
  const shift = shiftOf(expression);
  if (!shift) {
    throw new ParseFailure(
      expression.span,
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  }
  if (isOffset(shift)) throw new ParseFailure(expression.span, 'offset may not be set multiple times');
  return withShift(
    expression,
    duration.kind === 'duration-number'
      ? { ...shift, offsetMs: msOf(duration.seconds) }
      : { ...shift, offsetExpression: duration },
    reader.lastEnd,
  );
}

function readAt(reader: TokenReader, expression: Expression): Expression {
  const at = readTimestamp(reader, expression);
  const shift = shiftOf(expression);
  if (!shift) {
    throw new ParseFailure(
      expression.span,
      '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  }
  if (shift.at !== undefined) throw new ParseFailure(expression.span, '@ <timestamp> may not be set multiple times');
  return withShift(expression, { ...shift, at }, reader.lastEnd);
}

function readTimestamp(reader: TokenReader, { span }: Expression): number | 'start' | 'end' {
  const word = reader.take('start') ?? reader.take('end');
  if (word) {
    reader.expect('(', '@', 'timestamp');
    reader.expect(')', '@', 'timestamp');
    return word.kind === 'start' ? 'start' : 'end';
  }
  const sign = reader.take('-') ?? reader.take('+');
  const token = reader.take('number') ?? reader.expect('duration', '@', 'timestamp');
  const seconds = sign?.kind === '-' ? -numberOf(token) : numberOf(token);
  if (!(Math.abs(seconds) < timestampLimit)) {
    throw new ParseFailure(span, `timestamp out of bounds for @ modifier: ${showFloat(seconds)}`);
  }
  return Math.round(seconds * 1000);
}

/** As Go's `%f`. */
function showFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return `${BigInt(value)}.000000`;
}

function shiftOf(expression: Expression): TimeShift | undefined {
  if (expression.kind === 'matrix-selector') return expression.selector.shift;
  return expression.kind === 'vector-selector' || expression.kind === 'subquery' ? expression.shift : undefined;
}

function withShift(expression: Expression, shift: TimeShift, end: number): Expression {
  const span = { start: expression.span.start, end };
  if (expression.kind === 'matrix-selector') {
    return { ...expression, selector: { ...expression.selector, shift }, span };
  }
  if (expression.kind === 'vector-selector' || expression.kind === 'subquery') return { ...expression, shift, span };
  return expression;
}

function extend(expression: Expression, extended: 'anchored' | 'smoothed'): Expression {
  const fault = (message: string): never => {
    throw new ParseFailure(expression.span, message);
  };
  const extendSelector = (selector: VectorSelector): VectorSelector =>
    selector.extended !== undefined && selector.extended !== extended
      ? fault('anchored and smoothed modifiers cannot be used together')
      : { ...selector, extended };
  switch (expression.kind) {
    case 'vector-selector':
      return extendSelector(expression);
    case 'matrix-selector':
      return { ...expression, selector: extendSelector(expression.selector) };
    case 'subquery':
      return fault(`${extended} modifier is not supported for subqueries`);
    default:
      return fault(`${extended} modifier not implemented`);
  }
}
