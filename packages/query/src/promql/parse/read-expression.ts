import {
  type Aggregate,
  aggregators,
  type Binary,
  type BinaryOperator,
  binaryOperators,
  type Expression,
  type VectorMatching,
  type VectorSelector,
} from '../ast.ts';
import { ParseFailure } from './fault.ts';
import { functions } from './functions.ts';
import { readPostfix } from './read-postfix.ts';
import { numberOf } from './read-duration.ts';
import { readGrouping, readVectorSelector } from './read-selector.ts';
import { unquote } from './quote.ts';
import { TokenReader } from './token-reader.ts';
import { aggregatorNames, isMetricName, namedFunctions, type Token } from './token.ts';

/** Operands that stand in one another's left side, as `a + b + c + …` does. */
const depthLimit = 1000;
const powerPrecedence = 6;
const precedences: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '>': 3,
  '<': 3,
  '>=': 3,
  '<=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': powerPrecedence,
};
const withParameter: ReadonlySet<string> = new Set([
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);

/** Reads one expression by precedence climbing; the grammar is that of Prometheus' promql/parser/generated_parser.y. */
export class ExpressionReader {
  private readonly reader: TokenReader;
  private readonly depths = new WeakMap<Expression, number>();

  constructor(text: string) {
    this.reader = new TokenReader(text);
  }

  read(): Expression {
    const { reader } = this;
    if (reader.is('end of input')) throw new ParseFailure({ start: 0, end: 0 }, 'no expression found in input');
    const expression = this.binary(1);
    if (!reader.is('end of input')) reader.unexpected();
    return expression;
  }

  readSelector(): VectorSelector {
    const { reader } = this;
    if (!reader.is('{') && !isMetricName(reader.peek())) reader.unexpected();
    const selector = readVectorSelector(reader);
    if (!reader.is('end of input')) reader.unexpected();
    return selector;
  }

  /** Notes how deep a tree is and refuses what is too deep to be walked. */
  private made<T extends Expression>(expression: T, ...children: readonly Expression[]): T {
    const depth = 1 + Math.max(0, ...children.map((child) => this.depths.get(child) ?? 1));
    if (depth > depthLimit) {
      throw new ParseFailure(expression.span, `expression has more than ${depthLimit} operations in a row`);
    }
    this.depths.set(expression, depth);
    return expression;
  }

  private binary(least: number): Expression {
    let left = this.unary();
    for (;;) {
      const operator = binaryOperators.find((kind) => this.reader.is(kind));
      if (operator === undefined || precedences[operator] < least) return left;
      this.reader.next();
      const modifiers = this.binaryModifiers();
      const higher = precedences[operator] + 1;
      const right = operator === '^' ? this.reader.nested(() => this.binary(powerPrecedence)) : this.binary(higher);
      const span = { start: left.span.start, end: right.span.end };
      left = this.made({ kind: 'binary', operator, left, right, ...modifiers, span }, left, right);
    }
  }

  private unary(): Expression {
    const { reader } = this;
    const sign = reader.is('+') || reader.is('-') ? reader.next() : undefined;
    if (!sign) return this.postfix();
    const inner = reader.nested(() => this.binary(powerPrecedence));
    const operator = sign.kind === '-' ? '-' : '+';
    const span = { start: sign.start, end: inner.span.end };
    if (inner.kind === 'number') return { ...inner, value: operator === '-' ? -inner.value : inner.value, span };
    return this.made({ kind: 'unary', operator, inner, span }, inner);
  }

  private postfix(): Expression {
    let expression = this.primary();
    for (;;) {
      const more = readPostfix(this.reader, expression);
      if (more === undefined) return expression;
      expression = this.made(more, expression);
    }
  }

  private primary(): Expression {
    const { reader } = this;
    const token = reader.peek();
    const { start, end } = token;
    switch (token.kind) {
      case 'number':
      case 'duration':
        reader.next();
        return { kind: 'number', value: numberOf(token), duration: token.kind === 'duration', span: { start, end } };
      case 'string':
        reader.next();
        return { kind: 'string', value: unquote(token.text), span: { start, end } };
      case '(': {
        reader.next();
        const inner = reader.nested(() => this.binary(1));
        return this.made({ kind: 'parentheses', inner, span: { start, end: reader.expect(')').end } }, inner);
      }
      case '{':
        return readVectorSelector(reader);
      default:
    }
    const follows = reader.peekSecond().kind;
    if (follows === '(' && (token.kind === 'identifier' || namedFunctions.has(token.kind))) return this.call();
    if (aggregatorNames.has(token.kind) && ['(', 'by', 'without'].includes(follows)) return this.aggregate();
    return isMetricName(token) ? readVectorSelector(reader) : reader.unexpected();
  }

  private call(): Expression {
    const { reader } = this;
    const name = reader.next();
    const { expressions, end } = this.argumentList();
    if (!functions.has(name.text)) {
      throw new ParseFailure(spanOf(name), `unknown function with name "${name.text}"`);
    }
    const span = { start: name.start, end };
    return this.made({ kind: 'call', name: name.text, arguments: expressions, span }, ...expressions);
  }

  private argumentList(): { expressions: Expression[]; end: number } {
    const { reader } = this;
    reader.expect('(');
    const expressions: Expression[] = [];
    if (!reader.is(')')) {
      expressions.push(reader.nested(() => this.binary(1)));
      for (let comma = reader.take(','); comma; comma = reader.take(',')) {
        if (!this.startsExpression()) {
          if (reader.is('error')) reader.unexpected();
          throw new ParseFailure(spanOf(comma), 'trailing commas not allowed in function call args');
        }
        expressions.push(reader.nested(() => this.binary(1)));
      }
    }
    return { expressions, end: reader.expect(')').end };
  }

  private startsExpression(): boolean {
    const token = this.reader.peek();
    return ['number', 'duration', 'string', '(', '{', '+', '-'].includes(token.kind) || isMetricName(token);
  }

  private aggregate(): Aggregate {
    const { reader } = this;
    const name = reader.next();
    const operator = aggregators.find((each) => each === name.kind) ?? reader.unexpected();
    return reader.aggregated(() => {
      const before = this.aggregateModifier();
      const { expressions, end } = this.argumentList();
      const after = before ? undefined : this.aggregateModifier();
      const { grouping = [], without = false } = before ?? after ?? {};
      const span = { start: name.start, end: after?.end ?? end };
      if (expressions.length === 0) {
        throw new ParseFailure(span, 'no arguments for aggregate expression provided');
      }
      const wanted = withParameter.has(operator) ? 2 : 1;
      const inner = expressions[wanted - 1];
      if (expressions.length !== wanted || inner === undefined) {
        throw new ParseFailure(
          span,
          `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${expressions.length}`,
        );
      }
      const parameter = wanted === 2 ? expressions[0] : undefined;
      return this.made(
        { kind: 'aggregate', operator, inner, ...(parameter ? { parameter } : {}), grouping, without, span },
        ...expressions,
      );
    });
  }

  private aggregateModifier(): { grouping: string[]; without: boolean; end: number } | undefined {
    const { reader } = this;
    if (!reader.is('by') && !reader.is('without')) return undefined;
    const without = reader.next().kind === 'without';
    return { grouping: readGrouping(reader), without, end: reader.lastEnd };
  }

  private binaryModifiers(): Pick<Binary, 'bool'> & { matching: VectorMatching } {
    const { reader } = this;
    const bool = reader.take('bool') !== undefined;
    const on = reader.is('on');
    const named = on || reader.is('ignoring');
    const labels = named ? (reader.next(), readGrouping(reader)) : [];
    const side = named ? (reader.take('group_left') ?? reader.take('group_right')) : undefined;
    const include = side && reader.is('(') ? readGrouping(reader) : [];
    const cardinality = side === undefined ? 'one-to-one' : side.kind === 'group_left' ? 'many-to-one' : 'one-to-many';
    return { bool, matching: { cardinality, on, labels, include, ...this.fills() } };
  }

  private fills(): Pick<VectorMatching, 'fillLeft' | 'fillRight'> {
    const { reader } = this;
    if (reader.take('fill')) {
      const value = this.fillValue();
      return { fillLeft: value, fillRight: value };
    }
    const first = reader.take('fill_left') ?? reader.take('fill_right');
    if (!first) return {};
    const left = first.kind === 'fill_left';
    const value = this.fillValue();
    const other = reader.take(left ? 'fill_right' : 'fill_left') ? this.fillValue() : undefined;
    const second = other === undefined ? {} : { [left ? 'fillRight' : 'fillLeft']: other };
    return { [left ? 'fillLeft' : 'fillRight']: value, ...second };
  }

  private fillValue(): number {
    const { reader } = this;
    reader.expect('(');
    const sign = reader.take('-') ?? reader.take('+');
    const token = reader.take('number') ?? reader.expect('duration');
    const value = numberOf(token);
    reader.expect(')');
    return sign?.kind === '-' ? -value : value;
  }
}

function spanOf({ start, end }: Token): { start: number; end: number } {
  return { start, end };
}
