import type { Aggregate, Binary, BinaryOperator, Call, Expression, Span, ValueType, VectorSelector } from '../ast.ts';
import { ParseFailure } from './fault.ts';
import { functions, type FunctionSignature } from './functions.ts';
import { quote } from './quote.ts';
import { matchesEmpty } from './read-selector.ts';

/** The type of an expression's value. Of a tree that was checked; a function that is not known counts as a vector. */
export function typeOf(expression: Expression): ValueType {
  switch (expression.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'parentheses':
    case 'unary':
      return typeOf(expression.inner);
    case 'binary': {
      const scalars = typeOf(expression.left) === 'scalar' && typeOf(expression.right) === 'scalar';
      return scalars ? 'scalar' : 'vector';
    }
    case 'call':
      return functions.get(expression.name)?.returns ?? 'vector';
    case 'aggregate':
    case 'vector-selector':
      return 'vector';
    case 'matrix-selector':
    case 'subquery':
      return 'matrix';
  }
}

/** The names of types in the documentation. */
function named(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  return type === 'matrix' ? 'range vector' : type;
}

/**
 * Checks types and the rules of selectors and vector matching; throws `ParseFailure` at the first fault. Settles `matching` of
 * binary operations: it goes where a side is no vector, and set operators become many-to-many.
 */
export function checkExpression(text: string, expression: Expression): void {
  new Checker(text).check(expression);
}

function refuse(span: Span, message: string): never {
  throw new ParseFailure(span, message);
}

const comparisons: ReadonlySet<BinaryOperator> = new Set(['==', '!=', '>', '<', '>=', '<=']);
const setOperators: ReadonlySet<BinaryOperator> = new Set(['and', 'or', 'unless']);

class Checker {
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  check(expression: Expression): ValueType {
    switch (expression.kind) {
      case 'number':
        return 'scalar';
      case 'string':
        return 'string';
      case 'parentheses':
        return this.check(expression.inner);
      case 'unary': {
        const type = this.check(expression.inner);
        if (type !== 'scalar' && type !== 'vector') {
          const what = 'unary expression only allowed on expressions of type scalar or instant vector';
          return refuse(expression.span, `${what}, got ${quote(named(type))}`);
        }
        return type;
      }
      case 'binary':
        return this.binary(expression);
      case 'call':
        return this.call(expression);
      case 'aggregate':
        return this.aggregate(expression);
      case 'vector-selector':
        return this.selector(expression);
      case 'matrix-selector':
        this.selector(expression.selector);
        return 'matrix';
      case 'subquery': {
        const type = this.check(expression.inner);
        if (type !== 'vector') {
          return refuse(expression.span, `subquery is only allowed on instant vector, got ${type} instead`);
        }
        return 'matrix';
      }
    }
  }

  private expect(expression: Expression, wanted: ValueType, context: string): void {
    const type = this.check(expression);
    if (type !== wanted) {
      refuse(expression.span, `expected type ${named(wanted)} in ${context}, got ${named(type)}`);
    }
  }

  private selector({ name, matchers, span }: VectorSelector, mayBeEmpty = false): ValueType {
    if (name !== '') {
      // The last matcher is the name before the braces.
      const other = matchers.slice(0, -1).find(({ label }) => label === '__name__');
      if (other) {
        refuse(span, `metric name must not be set twice: ${quote(name)} or ${quote(other.value)}`);
      }
    } else if (!mayBeEmpty && matchers.every(matchesEmpty)) {
      refuse(span, 'vector selector must contain at least one non-empty matcher');
    }
    return 'vector';
  }

  private aggregate({ operator, inner, parameter }: Aggregate): ValueType {
    this.expect(inner, 'vector', 'aggregation expression');
    if (parameter) this.expect(parameter, operator === 'count_values' ? 'string' : 'scalar', 'aggregation parameter');
    return 'vector';
  }

  private call(call: Call): ValueType {
    const { name, arguments: given, span } = call;
    const signature = functions.get(name);
    if (!signature) return refuse(span, `unknown function with name ${quote(name)}`);
    checkCount(call, signature);
    if (name === 'info') checkInfo(call);
    for (const [at, argument] of given.entries()) {
      const wanted = signature.takes[Math.min(at, signature.takes.length - 1)];
      if (wanted === undefined) continue;
      const type =
        name === 'info' && at === 1 && argument.kind === 'vector-selector'
          ? this.selector(argument, true)
          : this.check(argument);
      if (type !== wanted) {
        refuse(argument.span, `expected type ${named(wanted)} in call to function ${quote(name)}, got ${named(type)}`);
      }
    }
    return signature.returns;
  }

  private binary(expression: Binary): ValueType {
    const { operator, left, right, bool, matching, span } = expression;
    const types = [this.check(left), this.check(right)] as const;
    const scalars = types[0] === 'scalar' && types[1] === 'scalar';
    if (bool && !comparisons.has(operator)) {
      refuse(this.operatorSpan(expression), 'bool modifier can only be used on comparison operators');
    }
    if (comparisons.has(operator) && !bool && scalars) {
      refuse(this.operatorSpan(expression), 'comparisons between scalars must use BOOL modifier');
    }
    const doubled = matching?.on && matching.labels.find((label) => matching.include.includes(label));
    if (doubled) {
      refuse(this.operatorSpan(expression), `label ${quote(doubled)} must not occur in ON and GROUP clause at once`);
    }
    for (const [at, side] of [left, right].entries()) {
      if (types[at] !== 'scalar' && types[at] !== 'vector') {
        refuse(side.span, 'binary expression must contain only scalar and instant vector types');
      }
    }
    const isSet = setOperators.has(operator);
    const fills = matching?.fillLeft !== undefined || matching?.fillRight !== undefined;
    const settled = expression as { -readonly [Key in keyof Binary]: Binary[Key] };
    if (types[0] !== 'vector' || types[1] !== 'vector') {
      if (matching && matching.labels.length > 0) refuse(span, 'vector matching only allowed between instant vectors');
      if (fills) refuse(span, 'filling in missing series only allowed between instant vectors');
      delete settled.matching;
      if (isSet) refuse(span, `set operator ${quote(operator)} not allowed in binary scalar expression`);
    } else if (isSet && matching) {
      if (matching.cardinality !== 'one-to-one') refuse(span, `no grouping allowed for ${quote(operator)} operation`);
      if (fills) refuse(span, 'filling in missing series not allowed for set operators');
      settled.matching = { ...matching, cardinality: 'many-to-many' };
    }
    return scalars ? 'scalar' : 'vector';
  }

  /** From the operator to the right side, without the spaces around it. */
  private operatorSpan({ left, right }: Binary): Span {
    const between = this.text.slice(left.span.end, right.span.start);
    const start = left.span.end + (between.length - between.trimStart().length);
    return { start, end: start + between.trim().length };
  }
}

function checkCount({ name, arguments: given, span }: Call, { takes, variadic }: FunctionSignature): void {
  const count = given.length;
  const wrong = (bound: string, wanted: number): never =>
    refuse(span, `expected ${bound}${wanted} argument(s) in call to ${quote(name)}, got ${count}`);
  if (variadic === 0) {
    if (count !== takes.length) wrong('', takes.length);
    return;
  }
  const least = takes.length - 1;
  if (count < least) wrong('at least ', least);
  if (variadic > 0 && count > least + variadic) wrong('at most ', least + variadic);
}

function checkInfo({ arguments: given, span }: Call): void {
  const selector = given[1];
  if (selector === undefined) return;
  const type = typeOf(selector);
  if (type !== 'vector') {
    refuse(span, `expected type instant vector in call to function "info", got ${named(type)}`);
  }
  if (selector.kind !== 'vector-selector') refuse(selector.span, 'expected label selectors only');
  else if (selector.name !== '') {
    refuse(selector.span, 'expected label selectors only, got vector selector instead');
  }
}
