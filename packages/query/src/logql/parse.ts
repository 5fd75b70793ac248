import { fail, ok, type Result } from '@sightline/base';
import {
  binaryOperators,
  rangeFunctions,
  vectorFunctions,
  type BinaryOperator,
  type Conversion,
  type Grouping,
  type LabelFilter,
  type LogExpression,
  type LogqlError,
  type Matching,
  type MetricExpression,
  type Query,
  type RangeAggregation,
  type RangeFunction,
  type Unwrap,
  type VectorFunction,
} from './ast.ts';
import { Cursor, isOneOf } from './cursor.ts';
import { type Token, Unreadable } from './lex.ts';
import { PipelineParser } from './parse-pipeline.ts';
import { parseSeconds } from './units.ts';

export const longestQuery = 20_000;

const strength: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '>': 3,
  '>=': 3,
  '<': 3,
  '<=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '^': 6,
};
const withUnwrap = new Set<RangeFunction>([
  'rate_counter',
  'sum_over_time',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'quantile_over_time',
  'first_over_time',
  'last_over_time',
]);
const groupable = new Set<RangeFunction>(
  [...withUnwrap].filter((name) => !['sum_over_time', 'rate_counter'].includes(name)),
);

/** Reads a query; the error says what and where, in Loki's words where it has words for it. */
export function parseLogql(text: string): Result<Query, LogqlError> {
  if (text.length > longestQuery) return fail(errorOf(text, new Unreadable('query is too long', longestQuery)));
  try {
    return ok(new QueryParser(text).query());
  } catch (error) {
    if (error instanceof Unreadable) return fail(errorOf(text, error));
    throw error;
  }
}

/** Reads a stream selector with a pipeline: what `series`, `tail` and the like take. */
export function parseLogSelector(text: string): Result<LogExpression, LogqlError> {
  const parsed = parseLogql(text);
  if (!parsed.ok) return parsed;
  if (parsed.value.kind === 'log') return ok(parsed.value);
  return fail({ message: 'parse error : only log selector is supported', position: { from: 0, to: text.length } });
}

function errorOf(text: string, { message, at, to, located }: Unreadable): LogqlError {
  const before = text.slice(0, at).split('\n');
  const where = `at line ${before.length}, col ${(before.at(-1)?.length ?? 0) + 1}: `;
  return { message: `parse error ${located ? where : ': '}${message}`, position: { from: at, to } };
}

/** Reads expressions of metrics; selectors and pipelines within them are read by the other parser. */
class QueryParser {
  readonly #tokens: Cursor;
  readonly #pipelines: PipelineParser;

  constructor(text: string) {
    this.#tokens = new Cursor(text);
    this.#pipelines = new PipelineParser(this.#tokens);
  }

  query(): Query {
    const query = this.#expression(1);
    if (this.#tokens.peek().kind !== 'end') throw this.#tokens.unexpected();
    return query;
  }

  #expression(least: number): Query {
    return this.#tokens.within(() => {
      let left = this.#operand();
      for (;;) {
        const token = this.#tokens.peek();
        const op = token.text;
        if ((token.kind !== 'op' && token.kind !== 'word') || !isOneOf(binaryOperators, op)) return left;
        if (strength[op] < least) return left;
        this.#tokens.take();
        const bool = this.#tokens.accept('bool');
        if (bool && strength[op] !== 3)
          throw new Unreadable('bool modifier can only be used on comparison operators', token.at);
        const matching = this.#matching();
        const right = this.#expression(op === '^' ? strength[op] : strength[op] + 1);
        left = this.#binary(op, token, left, right, bool, matching);
      }
    });
  }

  #binary(
    op: BinaryOperator,
    token: Token,
    left: Query,
    right: Query,
    bool: boolean,
    matching: Matching | undefined,
  ): MetricExpression {
    for (const [side, name] of [
      [left, 'left'],
      [right, 'right'],
    ] as const) {
      if (side.kind === 'log')
        throw new Unreadable(
          `unexpected type for ${name} leg of binary operation (${op}): *syntax.${side.stages.length > 0 ? 'PipelineExpr' : 'MatchersExpr'}`,
          token.at,
          token.end,
        );
      if (side.kind === 'number' && ['or', 'and', 'unless'].includes(op))
        throw new Unreadable(
          `unexpected literal for ${name} leg of logical/set binary operation (${op}): ${side.value}`,
          token.at,
          token.end,
        );
    }
    return {
      kind: 'binary',
      op,
      left: left as MetricExpression,
      right: right as MetricExpression,
      bool,
      matching,
    };
  }

  #matching(): Matching | undefined {
    const on = this.#tokens.is('on');
    if (!on && !this.#tokens.is('ignoring')) return undefined;
    this.#tokens.take();
    const labels = this.#labelList();
    const left = this.#tokens.is('group_left');
    if (!left && !this.#tokens.is('group_right')) return { on, labels, group: undefined, include: [] };
    this.#tokens.take();
    return { on, labels, group: left ? 'left' : 'right', include: this.#tokens.is('(') ? this.#labelList() : [] };
  }

  #labelList(): string[] {
    this.#tokens.expect('(');
    const labels: string[] = [];
    while (!this.#tokens.accept(')')) {
      if (labels.length > 0) this.#tokens.expect(',');
      if (labels.length > 0 && this.#tokens.accept(')')) break;
      labels.push(this.#tokens.word());
    }
    return labels;
  }

  #operand(): Query {
    const token = this.#tokens.peek();
    if (token.kind === 'op' && (token.text === '+' || token.text === '-')) {
      this.#tokens.take();
      const digits = this.#tokens.peek();
      if (digits.kind !== 'number') throw this.#tokens.unexpected('NUMBER');
      this.#tokens.take();
      return { kind: 'number', value: (token.text === '-' ? -1 : 1) * Number(digits.text) };
    }
    if (token.kind === 'number') {
      this.#tokens.take();
      return { kind: 'number', value: Number(token.text) };
    }
    if (this.#tokens.is('{')) return this.#pipelines.log();
    if (this.#tokens.accept('(')) {
      const inner = this.#expression(1);
      this.#tokens.expect(')');
      // A pipeline may go on behind its parentheses.
      if (inner.kind === 'log') return { ...inner, stages: [...inner.stages, ...this.#pipelines.stages()] };
      return inner;
    }
    if (token.kind === 'word') {
      const name = token.text;
      if (isOneOf(rangeFunctions, name)) return this.#range(name);
      if (isOneOf(vectorFunctions, name)) return this.#vector(name);
      if (name === 'vector') {
        this.#tokens.take();
        this.#tokens.expect('(');
        const value = this.#tokens.number();
        this.#tokens.expect(')');
        return { kind: 'vector', value };
      }
      if (name === 'label_replace') return this.#labelReplace();
    }
    throw this.#tokens.unexpected();
  }

  #range(name: RangeFunction): RangeAggregation {
    const start = this.#tokens.take();
    const before = this.#grouping();
    this.#tokens.expect('(');
    let parameter: number | undefined;
    if (this.#tokens.peek().kind === 'number' || this.#tokens.is('-')) {
      parameter = this.#tokens.number();
      this.#tokens.expect(',');
    }
    const range = this.#logRange();
    this.#tokens.expect(')');
    const grouping = before ?? this.#grouping();
    const refuse = (message: string): Unreadable => new Unreadable(message, start.at, start.end, false);
    if (name === 'quantile_over_time' && parameter === undefined)
      throw refuse('parameter required for operation quantile_over_time');
    if (name !== 'quantile_over_time' && parameter !== undefined)
      throw refuse(`parameter ${parameter} not supported for operation ${name}`);
    if (grouping && !groupable.has(name)) throw refuse(`grouping not allowed for ${name} aggregation`);
    if (!range.unwrap && withUnwrap.has(name)) throw refuse(`invalid aggregation ${name} without unwrap`);
    if (range.unwrap && !withUnwrap.has(name) && !['rate', 'absent_over_time'].includes(name))
      throw refuse(`invalid aggregation ${name} with unwrap`);
    return { kind: 'range', name, parameter, ...range, grouping };
  }

  #logRange(): Pick<RangeAggregation, 'log' | 'unwrap' | 'rangeMs' | 'offsetMs'> {
    if (this.#tokens.accept('(')) {
      const inner = this.#logRange0();
      this.#tokens.expect(')');
      return this.#rangeTail(inner);
    }
    return this.#rangeTail(this.#logRange0());
  }

  /** A selector with range, pipeline and unwrap in any of the orders that Loki takes. */
  #logRange0(): { log: LogExpression; unwrap?: Unwrap; rangeMs?: number; offsetMs?: number } {
    const parenthesised = this.#tokens.accept('(');
    const matchers = this.#pipelines.selector();
    const early = this.#tokens.is('[') ? this.#duration() : {};
    const stages = this.#pipelines.stages();
    const unwrap = this.#unwrap();
    if (parenthesised) this.#tokens.expect(')');
    return { log: { kind: 'log', matchers, stages }, ...(unwrap ? { unwrap } : {}), ...early };
  }

  #rangeTail(inner: {
    log: LogExpression;
    unwrap?: Unwrap;
    rangeMs?: number;
    offsetMs?: number;
  }): Pick<RangeAggregation, 'log' | 'unwrap' | 'rangeMs' | 'offsetMs'> {
    const late = this.#tokens.is('[') && inner.rangeMs === undefined ? this.#duration() : {};
    const stages = this.#pipelines.stages();
    const unwrap = inner.unwrap ?? this.#unwrap();
    const found = { ...inner, ...late };
    if (found.rangeMs === undefined) throw this.#tokens.unexpected('RANGE');
    const offsetMs = found.offsetMs ?? this.#offset() ?? 0;
    const log = stages.length === 0 ? inner.log : { ...inner.log, stages: [...inner.log.stages, ...stages] };
    return { log, unwrap, rangeMs: found.rangeMs, offsetMs };
  }

  #duration(): { rangeMs: number; offsetMs?: number } {
    this.#tokens.expect('[');
    const token = this.#tokens.take();
    const seconds = token.kind === 'unit' ? parseSeconds(token.text) : undefined;
    if (seconds === undefined || seconds <= 0)
      throw new Unreadable(`not a valid duration string: ${JSON.stringify(token.text)}`, token.at, token.end);
    if (!this.#tokens.is(']')) throw new Unreadable("missing closing ']' in duration", this.#tokens.peek().at);
    this.#tokens.take();
    const offsetMs = this.#offset();
    return { rangeMs: seconds * 1000, ...(offsetMs === undefined ? {} : { offsetMs }) };
  }

  #offset(): number | undefined {
    if (!this.#tokens.accept('offset')) return undefined;
    const negative = this.#tokens.accept('-');
    const token = this.#tokens.take();
    const seconds = token.kind === 'unit' ? parseSeconds(token.text) : undefined;
    if (seconds === undefined)
      throw new Unreadable('syntax error: unexpected token, expecting DURATION', token.at, token.end);
    return (negative ? -1 : 1) * seconds * 1000;
  }

  #unwrap(): Unwrap | undefined {
    if (!this.#tokens.is('|') || !this.#tokens.is('unwrap', 1)) return undefined;
    this.#tokens.take();
    this.#tokens.take();
    let label = this.#tokens.word();
    let conversion: Conversion = '';
    if (isOneOf(['duration', 'duration_seconds', 'bytes'] as const, label) && this.#tokens.is('(')) {
      conversion = label;
      this.#tokens.take();
      label = this.#tokens.word();
      this.#tokens.expect(')');
    } else if (this.#tokens.is('(')) throw this.#tokens.unexpected();
    const filters: LabelFilter[] = [];
    while (this.#tokens.accept('|')) filters.push(this.#pipelines.labelFilter(1));
    return { label, conversion, filters };
  }

  #grouping(): Grouping | undefined {
    const without = this.#tokens.is('without');
    if (!without && !this.#tokens.is('by')) return undefined;
    this.#tokens.take();
    return { without, labels: this.#labelList() };
  }

  #vector(name: VectorFunction): MetricExpression {
    const start = this.#tokens.take();
    const before = this.#grouping();
    this.#tokens.expect('(');
    let parameter: number | undefined;
    const first = this.#tokens.peek();
    if (
      (first.kind === 'number' || this.#tokens.is('-')) &&
      this.#tokens.peek(first.kind === 'number' ? 1 : 2).text === ','
    ) {
      parameter = this.#tokens.number();
      this.#tokens.expect(',');
    }
    const inner = this.#expression(1);
    if (inner.kind === 'log')
      throw new Unreadable(
        `syntax error: unexpected ${this.#tokens.is(')') ? ')' : this.#tokens.peek().text}`,
        this.#tokens.peek().at,
      );
    this.#tokens.expect(')');
    const grouping = before ?? this.#grouping();
    const takes = ['topk', 'bottomk', 'approx_topk'].includes(name);
    const refuse = (message: string): Unreadable => new Unreadable(message, start.at, start.end, false);
    if (takes && parameter === undefined) throw refuse(`parameter required for operation ${name}`);
    if (takes && !(Number.isInteger(parameter) && (parameter ?? 0) > 0))
      throw refuse(`invalid parameter (must be greater than 0) ${name}(${parameter}`);
    if (!takes && parameter !== undefined) throw refuse(`unsupported parameter for operation ${name}(${parameter},`);
    if (grouping && (name === 'sort' || name === 'sort_desc')) throw refuse(`grouping not allowed for ${name}`);
    return { kind: 'vector-aggregation', name, parameter, inner, grouping };
  }

  #labelReplace(): MetricExpression {
    this.#tokens.take();
    this.#tokens.expect('(');
    const inner = this.#expression(1);
    if (inner.kind === 'log') throw this.#tokens.unexpected();
    const texts: string[] = [];
    let last = this.#tokens.peek();
    for (let index = 0; index < 4; index++) {
      this.#tokens.expect(',');
      last = this.#tokens.peek();
      texts.push(this.#tokens.text());
    }
    this.#tokens.expect(')');
    const [to = '', replacement = '', from = '', pattern = ''] = texts;
    this.#tokens.regex(pattern, last);
    return { kind: 'label_replace', inner, to, replacement, from, pattern };
  }
}
