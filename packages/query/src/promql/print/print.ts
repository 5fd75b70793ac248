import type {
  Aggregate,
  Binary,
  DurationExpression,
  Expression,
  MatrixSelector,
  Matcher,
  Subquery,
  TimeShift,
  VectorMatching,
  VectorSelector,
} from '../ast.ts';
import { showDuration } from '../parse/duration.ts';
import { quote } from '../parse/quote.ts';
import { formatGoNumber, plainDigits } from '../histogram/histogram.ts';

const legacyLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const showLabel = (label: string): string => (legacyLabel.test(label) ? label : quote(label));
const showLabels = (labels: readonly string[]): string => labels.map(showLabel).join(', ');

/** The expression on one line, as Prometheus' `Expr.String()` writes it. What it writes parses to the same tree. */
export function printPromql(expression: Expression): string {
  return new Printer().print(expression);
}

/** Writes each node once, however often it is asked for: the indented form asks for every level. */
export class Printer {
  private readonly printed = new WeakMap<Expression, string>();

  print(expression: Expression): string {
    const known = this.printed.get(expression);
    if (known !== undefined) return known;
    const text = this.write(expression);
    this.printed.set(expression, text);
    return text;
  }

  private write(expression: Expression): string {
    switch (expression.kind) {
      case 'number':
        return expression.duration ? showDuration(expression.value * 1000) : plainDigits(expression.value);
      case 'string':
        return quote(expression.value);
      case 'parentheses':
        return `(${this.print(expression.inner)})`;
      case 'unary':
        return expression.operator + this.print(expression.inner);
      case 'binary':
        return `${this.print(expression.left)} ${operatorText(expression)} ${this.print(expression.right)}`;
      case 'aggregate': {
        const parameter = expression.parameter ? `${this.print(expression.parameter)}, ` : '';
        return `${aggregatorText(expression)}(${parameter}${this.print(expression.inner)})`;
      }
      case 'call':
        return `${expression.name}(${expression.arguments.map((argument) => this.print(argument)).join(', ')})`;
      case 'vector-selector':
        return printSelector(expression);
      case 'matrix-selector':
        return printMatrix(expression);
      case 'subquery':
        return this.print(expression.inner) + subqueryText(expression);
    }
  }
}

/** `sum by (a) `, with the space that Prometheus writes before the parenthesis. */
export function aggregatorText({ operator, grouping, without }: Aggregate): string {
  if (without) return `${operator} without (${showLabels(grouping)}) `;
  return grouping.length > 0 ? `${operator} by (${showLabels(grouping)}) ` : operator;
}

/** `> bool on (a) group_left (b)`. */
export function operatorText({ operator, bool, matching }: Binary): string {
  return operator + (bool ? ' bool' : '') + (matching ? matchingText(matching) : '');
}

function matchingText({ cardinality, on, labels, include, fillLeft, fillRight }: VectorMatching): string {
  const grouped = cardinality === 'many-to-one' || cardinality === 'one-to-many';
  let text = '';
  if (labels.length > 0 || on || grouped) text += ` ${on ? 'on' : 'ignoring'} (${showLabels(labels)})`;
  if (grouped) text += ` group_${cardinality === 'many-to-one' ? 'left' : 'right'} (${showLabels(include)})`;
  if (fillLeft !== undefined && fillLeft === fillRight) return `${text} fill (${formatGoNumber(fillLeft)})`;
  if (fillLeft !== undefined) text += ` fill_left (${formatGoNumber(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatGoNumber(fillRight)})`;
  return text;
}

function printSelector({ name, matchers, shift, extended }: VectorSelector): string {
  const extension = extended === undefined ? '' : ` ${extended}`;
  return printMatchers(name, matchers) + atText(shift) + extension + offsetText(shift);
}

function printMatchers(name: string, matchers: readonly Matcher[]): string {
  const shown = matchers.filter(
    ({ label, operator, value }) => label !== '__name__' || operator !== '=' || value !== name || value === '',
  );
  if (shown.length === 0) return name;
  const texts = shown.map(({ label, operator, value }) => showLabel(label) + operator + quote(value));
  return `${name}{${texts.sort(byCodePoint).join(',')}}`;
}

function byCodePoint(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function printMatrix({ selector, rangeMs, rangeExpression }: MatrixSelector): string {
  const { name, matchers, shift, extended } = selector;
  const range = rangeExpression ? printDuration(rangeExpression) : showDuration(rangeMs);
  const extension = extended === undefined ? '' : ` ${extended}`;
  return `${printMatchers(name, matchers)}[${range}]${extension}${atText(shift)}${offsetText(shift)}`;
}

/** `[1h:5m] @ 10.000 offset 1m`. */
export function subqueryText({ rangeMs, rangeExpression, stepMs, stepExpression, shift }: Subquery): string {
  const range = rangeExpression ? printDuration(rangeExpression) : showDuration(rangeMs);
  const given = stepExpression ? printDuration(stepExpression) : '';
  const step = stepMs === 0 ? given : showDuration(stepMs);
  return `[${range}:${step}]${atText(shift)}${offsetText(shift)}`;
}

function atText({ at }: TimeShift): string {
  if (at === undefined) return '';
  return typeof at === 'number' ? ` @ ${(at / 1000).toFixed(3)}` : ` @ ${at}()`;
}

function offsetText({ offsetMs, offsetExpression }: TimeShift): string {
  if (offsetExpression) return ` offset ${printDuration(offsetExpression)}`;
  return offsetMs === 0 ? '' : ` offset ${showDuration(offsetMs)}`;
}

function printDuration(duration: DurationExpression): string {
  switch (duration.kind) {
    case 'duration-number':
      return duration.duration ? showDuration(duration.seconds * 1000) : plainDigits(duration.seconds);
    case 'duration-step':
      return 'step()';
    case 'duration-range':
      return 'range()';
    case 'duration-operation': {
      const text = printOperation(duration);
      return duration.wrapped ? `(${text})` : text;
    }
  }
}

function printOperation({
  operator,
  left,
  right,
}: Extract<DurationExpression, { readonly kind: 'duration-operation' }>): string {
  if (!left) return (operator === '-' ? '-' : '') + printDuration(right);
  if (operator === 'min' || operator === 'max') {
    return `${operator}_of(${printDuration(left)}, ${printDuration(right)})`;
  }
  return `${printDuration(left)} ${operator} ${printDuration(right)}`;
}
