import type { ParameterValue } from '@sightline/store/port';
import type { ComparisonOperator, Field, Literal, Spanset } from './ast.ts';
import { flippedOperators } from './evaluate.ts';

/** A condition on the table `spans`. Where it is not `exact` it lets more spans pass than the query wants, never fewer. */
export interface SqlCondition {
  readonly sql: string;
  readonly exact: boolean;
}

const everything: SqlCondition = { sql: '1', exact: false };
const statusCodes: Readonly<Record<string, number>> = { unset: 0, ok: 1, error: 2 };
const kindCodes: Readonly<Record<string, number>> = {
  unspecified: 0,
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const statusNames = `['unset', 'ok', 'error'][status_code + 1]`;
const kindNames = `['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'][kind + 1]`;
const root = `parent_id = toFixedString('', 8)`;

/** Text columns of intrinsics. */
const textColumns: Readonly<Record<string, string>> = {
  name: 'toString(name)',
  statusMessage: 'status_message',
  'span:id': 'lower(hex(span_id))',
  'trace:id': 'lower(hex(trace_id))',
  'instrumentation:name': 'toString(scope_name)',
};

/** A field of which a span has several values, one for each element of `array`: SQL of one element `x`. */
interface Many {
  readonly array: string;
  /** Whether the element has the field; undefined where each has it. */
  readonly present?: string;
  readonly text?: string;
  /** A nullable number. */
  readonly number?: string;
}

/** Fields that are not stored: no span has them. */
const isNever = (field: Field): boolean =>
  (field.kind === 'intrinsic' && field.name === 'instrumentation:version') ||
  (field.kind === 'attribute' && field.scope === 'instrumentation');

/** Compiles conditions; no byte of the query becomes part of a statement, all of it stands in `parameters`. */
export class ConditionSql {
  readonly parameters: Record<string, ParameterValue> = {};
  #count = 0;

  bind(type: string, value: ParameterValue): string {
    const name = `t${this.#count++}`;
    this.parameters[name] = value;
    return `{${name}:${type}}`;
  }

  /** Conditions of which a matching trace satisfies each with at least one span. */
  needs(spanset: Spanset): SqlCondition[] {
    switch (spanset.kind) {
      case 'filter':
        return [this.condition(spanset.condition)];
      case 'pipeline':
        return spanset.pipeline.stages.flatMap((stage) => (stage.kind === 'spanset' ? this.needs(stage.spanset) : []));
      case 'structure':
        return [...(spanset.mode === '!' ? [] : this.needs(spanset.left)), ...this.needs(spanset.right)];
      case 'logic': {
        const [left, right] = [this.needs(spanset.left), this.needs(spanset.right)];
        if (spanset.op === '&&') return [...left, ...right];
        const either = [left[0] ?? everything, right[0] ?? everything];
        return [{ sql: `(${either.map(({ sql }) => sql).join(' OR ')})`, exact: false }];
      }
    }
  }

  condition(field: Field | undefined): SqlCondition {
    if (!field) return { sql: '1', exact: true };
    switch (field.kind) {
      case 'logic': {
        const [left, right] = [this.condition(field.left), this.condition(field.right)];
        const exact = left.exact && right.exact;
        return { sql: `(${left.sql} ${field.op === '&&' ? 'AND' : 'OR'} ${right.sql})`, exact };
      }
      case 'not': {
        const inner = this.condition(field.operand);
        return inner.exact ? { sql: `NOT ${inner.sql}`, exact: true } : everything;
      }
      case 'literal':
        return field.literal.type === 'bool' ? { sql: field.literal.value ? '1' : '0', exact: true } : everything;
      case 'attribute': {
        const value = this.text(field);
        return value === undefined ? everything : { sql: `${value} = 'true'`, exact: true };
      }
      case 'compare':
        return this.#comparison(field);
      default:
        return everything;
    }
  }

  #comparison({ op, left, right }: Extract<Field, { kind: 'compare' }>): SqlCondition {
    if (left.kind === 'literal' && right.kind !== 'literal' && flippedOperators[op]) {
      return this.#comparison({ kind: 'compare', op: flippedOperators[op], left: right, right: left, at: left.at });
    }
    const exactly = (sql: string | undefined): SqlCondition => (sql === undefined ? everything : { sql, exact: true });
    const many = this.#many(left);
    if (right.kind !== 'literal') return many ? everything : exactly(this.#numbers(op, left, right));
    const { literal } = right;
    if (literal.type === 'nil') return exactly(this.#presence(left, op));
    if (isNever(left)) return exactly('0');
    if (many) return exactly(this.#anyOf(many, op, literal));
    if (left.kind === 'intrinsic') {
      if (left.name === 'status' && literal.type === 'status')
        return exactly(`status_code ${op} ${this.bind('UInt8', statusCodes[literal.value] ?? 0)}`);
      if (left.name === 'kind' && literal.type === 'kind')
        return exactly(`kind ${op} ${this.bind('UInt8', kindCodes[literal.value] ?? 0)}`);
      if (left.name === 'nestedSetParent' && literal.type === 'number') return exactly(rootTest(op, literal.value));
    }
    if (literal.type === 'number' || literal.type === 'duration') {
      if (op === '=' && literal.type === 'number' && literal.whole && left.kind === 'attribute')
        return exactly(this.#equalText(left, String(literal.value)));
      return exactly(this.#numbers(op, left, right));
    }
    const value = String(literal.value);
    if (left.kind === 'attribute' && op === '=') return exactly(this.#equalText(left, value));
    const text = this.text(left);
    if (text === undefined) return everything;
    const present = this.#presence(left, '!=');
    const test = (of: string): string => this.#textTest(of, op, value);
    const tested = left.kind === 'attribute' ? ofElements(text, op, test(text), test) : test(text);
    return exactly(`(${present === undefined ? '1' : present} AND ${tested})`);
  }

  /** What a span has several of: its events and links. */
  #many(field: Field): Many | undefined {
    if (field.kind === 'intrinsic') {
      if (field.name === 'event:name') return { array: 'events.name', text: 'toString(x)' };
      if (field.name === 'event:timeSinceStart')
        return { array: 'events.ts', number: 'toFloat64(toUnixTimestamp64Nano(x) - toUnixTimestamp64Nano(ts))' };
      if (field.name === 'link:traceID') return { array: 'links.trace_id', text: 'lower(hex(x))' };
      return field.name === 'link:spanID' ? { array: 'links.span_id', text: 'lower(hex(x))' } : undefined;
    }
    if (field.kind !== 'attribute' || field.parent || (field.scope !== 'event' && field.scope !== 'link'))
      return undefined;
    const key = this.bind('String', field.name);
    return { array: `${field.scope}s.attrs`, present: `mapContains(x, ${key})`, text: `x[${key}]` };
  }

  /** Whether any of several values satisfies a comparison with a literal. */
  #anyOf({ array, present = '1', text, number }: Many, op: ComparisonOperator, literal: Literal): string | undefined {
    if (literal.type === 'nil') return undefined;
    let test: string;
    if (literal.type === 'number' || literal.type === 'duration') {
      const value = number ?? `toFloat64OrNull(${text ?? "''"})`;
      test = `ifNull(${value} ${op} ${this.bind('Float64', literal.value)}, 0)`;
    } else if (text === undefined) return undefined;
    else test = this.#textTest(text, op, String(literal.value));
    return `arrayExists(x -> ${present} AND ${test}, ${array})`;
  }

  #textTest(text: string, op: ComparisonOperator, value: string): string {
    if (op !== '=~' && op !== '!~') return `${text} ${op} ${this.bind('String', value)}`;
    // The whole value, as Tempo has it since 2.7.
    return `${op === '!~' ? 'NOT ' : ''}match(${text}, ${this.bind('String', `^(?:${value})$`)})`;
  }

  /** The bloom filters on the values prune; the key then decides. */
  #equalText(field: Extract<Field, { kind: 'attribute' }>, value: string): string | undefined {
    if (field.parent) return undefined;
    const text = this.bind('String', value);
    if (field.name === 'service.name' && field.scope !== 'span') return `service = ${text}`;
    const key = this.bind('String', field.name);
    const within = (map: string): string =>
      `((has(mapValues(${map}), ${text}) AND ${map}[${key}] = ${text} AND mapContains(${map}, ${key})) OR (has(elements, ${text}) AND startsWith(${map}[${key}], '[') AND has(${elementsOf(`${map}[${key}]`)}, ${text})))`;
    const [own, inherited] = [within('attrs'), within('res')];
    if (field.scope === 'span') return own;
    return field.scope === 'resource' ? inherited : `(${own} OR (${inherited} AND NOT mapContains(attrs, ${key})))`;
  }

  /** Whether a field is there (`!=` nil) or not (`=`). */
  #presence(field: Field, op: ComparisonOperator): string | undefined {
    const not = op === '=' ? 'NOT ' : '';
    if (isNever(field)) return op === '=' ? '1' : '0';
    const many = this.#many(field);
    if (many) return `${not}arrayExists(x -> ${many.present ?? '1'}, ${many.array})`;
    if (field.kind === 'intrinsic') {
      if (field.name === 'instrumentation:name') return `${not}(scope_name != '')`;
      if (field.name === 'parent' || field.name === 'span:parentID') return op === '=' ? root : `NOT ${root}`;
      return textColumns[field.name] !== undefined || ['status', 'kind', 'duration'].includes(field.name)
        ? op === '='
          ? '0'
          : '1'
        : undefined;
    }
    if (field.kind !== 'attribute' || field.parent) return undefined;
    if (field.name === 'service.name' && field.scope !== 'span') return op === '=' ? '0' : '1';
    const key = this.bind('String', field.name);
    if (field.scope === 'span') return `${not}mapContains(attrs, ${key})`;
    if (field.scope === 'resource') return `${not}mapContains(res, ${key})`;
    return `${not}(mapContains(attrs, ${key}) OR mapContains(res, ${key}))`;
  }

  /** The text of a field, of several the first; '' where it is missing; undefined where SQL cannot tell. */
  text(field: Field): string | undefined {
    if (isNever(field)) return `''`;
    const many = this.#many(field);
    if (many)
      return many.text === undefined
        ? undefined
        : `arrayFirst(y -> y != '', arrayMap(x -> ${many.text}, ${many.array}))`;
    if (field.kind === 'intrinsic') {
      if (field.name === 'status') return statusNames;
      return field.name === 'kind' ? kindNames : textColumns[field.name];
    }
    if (field.kind !== 'attribute' || field.parent) return undefined;
    if (field.name === 'service.name' && field.scope !== 'span') return 'toString(service)';
    const key = this.bind('String', field.name);
    if (field.scope === 'span') return `attrs[${key}]`;
    return field.scope === 'resource' ? `res[${key}]` : `if(mapContains(attrs, ${key}), attrs[${key}], res[${key}])`;
  }

  #numbers(op: ComparisonOperator, left: Field, right: Field): string | undefined {
    const [l, r] = [this.number(left), this.number(right)];
    if (l === undefined || r === undefined) return undefined;
    const whole = `ifNull(${l} ${op} ${r}, 0)`;
    const text = left.kind === 'attribute' && right.kind === 'literal' ? this.text(left) : undefined;
    if (text === undefined) return whole;
    // Of a list the whole is no number; each element is one, or differs in kind.
    const each = (x: string): string => `ifNull(toFloat64OrNull(${x}) ${op} ${r}, 0)`;
    return `if(startsWith(${text}, '['), ${op === '!=' ? allOf(text, each) : anyOf(text, each)}, ${whole})`;
  }

  /** A nullable number; durations in nanoseconds. Undefined where SQL cannot tell. */
  number(field: Field): string | undefined {
    switch (field.kind) {
      case 'literal':
        return field.literal.type === 'number' || field.literal.type === 'duration'
          ? this.bind('Float64', field.literal.value)
          : undefined;
      case 'intrinsic':
        if (field.name === 'event:timeSinceStart')
          return `if(empty(events.ts), NULL, toFloat64(toUnixTimestamp64Nano(events.ts[1]) - toUnixTimestamp64Nano(ts)))`;
        return field.name === 'duration' ? 'toFloat64(duration_ns)' : undefined;
      case 'attribute': {
        const text = this.text(field);
        return text === undefined ? undefined : `toFloat64OrNull(${text})`;
      }
      case 'negate': {
        const inner = this.number(field.operand);
        return inner === undefined ? undefined : `(-${inner})`;
      }
      case 'arithmetic': {
        const [l, r] = [this.number(field.left), this.number(field.right)];
        if (l === undefined || r === undefined) return undefined;
        return field.op === '^' ? `pow(${l}, ${r})` : `(${l} ${field.op} ${r})`;
      }
      default:
        return undefined;
    }
  }
}

/** The elements of a list, which is stored as JSON; none where a text only looks like one. */
const elementsOf = (text: string): string => `JSONExtract(${text}, 'Array(String)')`;
const anyOf = (text: string, test: (x: string) => string): string =>
  `arrayExists(x -> ${test('x')}, ${elementsOf(text)})`;
const allOf = (text: string, test: (x: string) => string): string =>
  `(notEmpty(${elementsOf(text)}) AND arrayAll(x -> ${test('x')}, ${elementsOf(text)}))`;

/** As Tempo has it since 3.0: of a list any element may satisfy a comparison, for `!=` and `!~` all have to. */
function ofElements(text: string, op: ComparisonOperator, whole: string, test: (x: string) => string): string {
  return op === '!=' || op === '!~'
    ? `(${whole} AND (NOT startsWith(${text}, '[') OR arrayAll(x -> ${test('x')}, ${elementsOf(text)})))`
    : `(${whole} OR (startsWith(${text}, '[') AND ${anyOf(text, test)}))`;
}

/** A root's number of its parent is -1, any other's at least 1. */
function rootTest(op: ComparisonOperator, value: number): string | undefined {
  const test = (n: number): boolean | undefined =>
    op === '<'
      ? n < value
      : op === '<='
        ? n <= value
        : op === '>'
          ? n > value
          : op === '>='
            ? n >= value
            : op === '='
              ? n === value
              : op === '!='
                ? n !== value
                : undefined;
  const [ofRoot, ofFirst, ofLast] = [test(-1), test(1), test(Number.MAX_SAFE_INTEGER)];
  if (ofRoot === undefined || ofFirst !== ofLast) return undefined;
  if (ofRoot === ofFirst) return op === '=' || op === '!=' ? undefined : ofRoot ? '1' : '0';
  return ofRoot ? root : `NOT ${root}`;
}
