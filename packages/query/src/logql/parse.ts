import { fail, ok, type Result } from '@sightline/base';
import { RE2JS, RE2JSSyntaxException } from 're2js';
import {
  binaryOperators,
  lineOperators,
  rangeFunctions,
  vectorFunctions,
  type BinaryOperator,
  type Conversion,
  type Extraction,
  type Grouping,
  type LabelChoice,
  type LabelFilter,
  type LabelFormat,
  type LineOperator,
  type LineValue,
  type LogExpression,
  type LogqlError,
  type Matcher,
  type Matching,
  type MatchOperator,
  type MetricExpression,
  type NumberOperator,
  type Query,
  type RangeAggregation,
  type RangeFunction,
  type Stage,
  type Unwrap,
  type VectorFunction,
} from './ast.ts';
import { parseIpPattern } from './ip.ts';
import { parseJsonPath } from './json-path.ts';
import { lex, type Token, Unreadable } from './lex.ts';
import { parseLinePattern, parsePattern } from './pattern.ts';
import { parseTemplate, TemplateError } from './template.ts';
import { parseBytes, parseSeconds } from './units.ts';

export const longestQuery = 20_000;
const deepest = 100;

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
    return ok(new Parser(text).query());
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

const isOneOf = <T extends string>(list: readonly T[], text: string): text is T => list.includes(text as T);

class Parser {
  readonly #tokens: Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = lex(text);
  }

  query(): Query {
    const query = this.#expression(1);
    if (this.#peek().kind !== 'end') throw this.#unexpected();
    return query;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]!;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#next += 1;
    return token;
  }

  #is(text: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return (token.kind === 'op' || token.kind === 'word') && token.text === text;
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#next += 1;
    return true;
  }

  #expect(text: string): Token {
    if (!this.#is(text)) throw this.#unexpected(text);
    return this.#take();
  }

  #unexpected(...wanted: string[]): Unreadable {
    const token = this.#peek();
    const name =
      tokenNames[token.kind] ?? (token.kind === 'word' && !reserved.has(token.text) ? 'IDENTIFIER' : token.text);
    const expecting = wanted.length === 0 ? '' : `, expecting ${wanted.join(' or ')}`;
    return new Unreadable(`syntax error: unexpected ${name}${expecting}`, token.at, Math.max(token.end, token.at + 1));
  }

  #word(): string {
    if (this.#peek().kind !== 'word') throw this.#unexpected('IDENTIFIER');
    return this.#take().text;
  }

  #text(): string {
    if (this.#peek().kind !== 'text') throw this.#unexpected('STRING');
    return this.#take().text;
  }

  #regex(pattern: string, token: Token): void {
    try {
      RE2JS.compile(pattern);
    } catch (error) {
      if (error instanceof RE2JSSyntaxException) throw new Unreadable(error.message, token.at, token.end, false);
      throw error;
    }
  }

  #within<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > deepest) throw new Unreadable('query is nested too deeply', this.#peek().at);
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #expression(least: number): Query {
    return this.#within(() => {
      let left = this.#operand();
      for (;;) {
        const token = this.#peek();
        const op = token.text;
        if ((token.kind !== 'op' && token.kind !== 'word') || !isOneOf(binaryOperators, op)) return left;
        if (strength[op] < least) return left;
        this.#take();
        const bool = this.#accept('bool');
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
    const on = this.#is('on');
    if (!on && !this.#is('ignoring')) return undefined;
    this.#take();
    const labels = this.#labelList();
    const left = this.#is('group_left');
    if (!left && !this.#is('group_right')) return { on, labels, group: undefined, include: [] };
    this.#take();
    return { on, labels, group: left ? 'left' : 'right', include: this.#is('(') ? this.#labelList() : [] };
  }

  #labelList(): string[] {
    this.#expect('(');
    const labels: string[] = [];
    while (!this.#accept(')')) {
      if (labels.length > 0) this.#expect(',');
      if (labels.length > 0 && this.#accept(')')) break;
      labels.push(this.#word());
    }
    return labels;
  }

  #operand(): Query {
    const token = this.#peek();
    if (token.kind === 'op' && (token.text === '+' || token.text === '-')) {
      this.#take();
      const digits = this.#peek();
      if (digits.kind !== 'number') throw this.#unexpected('NUMBER');
      this.#take();
      return { kind: 'number', value: (token.text === '-' ? -1 : 1) * Number(digits.text) };
    }
    if (token.kind === 'number') {
      this.#take();
      return { kind: 'number', value: Number(token.text) };
    }
    if (this.#is('{')) return this.#log();
    if (this.#accept('(')) {
      const inner = this.#expression(1);
      this.#expect(')');
      // A pipeline may go on behind its parentheses.
      if (inner.kind === 'log') return { ...inner, stages: [...inner.stages, ...this.#stages()] };
      return inner;
    }
    if (token.kind === 'word') {
      const name = token.text;
      if (isOneOf(rangeFunctions, name)) return this.#range(name);
      if (isOneOf(vectorFunctions, name)) return this.#vector(name);
      if (name === 'vector') {
        this.#take();
        this.#expect('(');
        const value = this.#number();
        this.#expect(')');
        return { kind: 'vector', value };
      }
      if (name === 'label_replace') return this.#labelReplace();
    }
    throw this.#unexpected();
  }

  #number(): number {
    const negative = this.#accept('-');
    if (!negative) this.#accept('+');
    if (this.#peek().kind !== 'number') throw this.#unexpected('NUMBER');
    return (negative ? -1 : 1) * Number(this.#take().text);
  }

  #log(): LogExpression {
    const matchers = this.#selector();
    return { kind: 'log', matchers, stages: this.#stages() };
  }

  #selector(): Matcher[] {
    const open = this.#expect('{');
    const matchers: Matcher[] = [];
    while (!this.#accept('}')) {
      if (matchers.length > 0 && !this.#accept(',')) throw this.#unexpected('}', ',');
      if (matchers.length > 0 && this.#accept('}')) break;
      if (this.#peek().kind !== 'word') throw this.#unexpected('IDENTIFIER', '}');
      matchers.push(this.#matcher());
    }
    const selective = matchers.some(
      ({ op, value }) =>
        (op === '=' && value !== '') ||
        (op === '=~' && !RE2JS.compile(`^(?s:${value})$`).matches('')) ||
        (op === '!=' && value === '') ||
        (op === '!~' && RE2JS.compile(`^(?s:${value})$`).matches('')),
    );
    if (!selective)
      throw new Unreadable(
        'queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will',
        open.at,
        this.#peek().at,
        false,
      );
    return matchers;
  }

  #matcher(): Matcher {
    const label = this.#word();
    const op = this.#matchOperator();
    const value = this.#peek();
    const text = this.#text();
    if (op === '=~' || op === '!~') this.#regex(text, value);
    return { label, op, value: text };
  }

  #matchOperator(): MatchOperator {
    const op = this.#peek().text;
    if (this.#peek().kind !== 'op' || !isOneOf(['=', '!=', '=~', '!~'] as const, op))
      throw this.#unexpected('=', '!=', '=~', '!~');
    this.#take();
    return op;
  }

  #stages(): Stage[] {
    const stages: Stage[] = [];
    for (;;) {
      const { kind, text } = this.#peek();
      if (kind !== 'op') return stages;
      if (text === '|') {
        if (this.#is('unwrap', 1)) return stages;
        this.#take();
        stages.push(this.#stage());
      } else if (isOneOf(lineOperators, text)) {
        // `!=` between metric queries is a comparison; behind a selector a text follows.
        if (!['text', 'word'].includes(this.#peek(1).kind)) return stages;
        this.#take();
        stages.push(this.#lineFilter(text));
      } else return stages;
      if (stages.length > 100) throw new Unreadable('too many stages', this.#peek().at);
    }
  }

  #lineFilter(op: LineOperator): Stage {
    const values = [this.#lineValue(op)];
    while (this.#accept('or')) values.push(this.#lineValue(op));
    return { kind: 'line', op, values };
  }

  #lineValue(op: LineOperator): LineValue {
    const token = this.#peek();
    if (this.#accept('ip')) {
      if (op !== '|=' && op !== '!=')
        throw new Unreadable(`ip: invalid operation: ${op} is not supported`, token.at, token.end);
      this.#expect('(');
      const text = this.#ip();
      this.#expect(')');
      return { text, ip: true };
    }
    const text = this.#text();
    if (op === '|~' || op === '!~') this.#regex(text, token);
    if (op === '|>' || op === '!>') this.#checked(token, () => parseLinePattern(text));
    return { text, ip: false };
  }

  #ip(): string {
    const token = this.#peek();
    const text = this.#text();
    if (parseIpPattern(text) === undefined)
      throw new Unreadable(`ip: invalid pattern: ${JSON.stringify(text)}`, token.at, token.end);
    return text;
  }

  /** Parsers of nested languages say what is wrong; we say where. */
  #checked<T>(token: Token, read: () => Result<T, string>): T {
    const value = read();
    if (!value.ok) throw new Unreadable(value.error, token.at, token.end);
    return value.value;
  }

  #stage(): Stage {
    const token = this.#peek();
    if (token.kind !== 'word' && !this.#is('(')) throw this.#unexpected();
    switch (token.text) {
      case 'json':
        this.#take();
        return { kind: 'json', fields: this.#extractions() };
      case 'logfmt': {
        this.#take();
        let [strict, keepEmpty] = [false, false];
        while (this.#peek().text.startsWith('--')) {
          if (this.#accept('--strict')) strict = true;
          else if (this.#accept('--keep-empty')) keepEmpty = true;
          else throw this.#unexpected('--strict', '--keep-empty');
        }
        return { kind: 'logfmt', strict, keepEmpty, fields: this.#extractions() };
      }
      case 'pattern':
      case 'regexp': {
        this.#take();
        const at = this.#peek();
        const pattern = this.#text();
        if (token.text === 'pattern') this.#checked(at, () => parsePattern(pattern));
        else this.#regexpParser(pattern, at);
        return { kind: token.text, pattern };
      }
      case 'unpack':
      case 'decolorize':
        this.#take();
        return { kind: token.text };
      case 'line_format': {
        this.#take();
        return { kind: 'line_format', template: this.#template() };
      }
      case 'label_format':
        this.#take();
        return { kind: 'label_format', formats: this.#labelFormats() };
      case 'drop':
      case 'keep':
        this.#take();
        return { kind: token.text, choices: this.#choices() };
      default:
        return { kind: 'labels', filter: this.#labelFilter(1) };
    }
  }

  #regexpParser(pattern: string, token: Token): void {
    this.#regex(pattern, token);
    const names = Object.keys(RE2JS.compile(pattern).namedGroups());
    if (names.length === 0)
      throw new Unreadable('at least one named capture must be supplied', token.at, token.end, false);
    const wrong = names.find((name) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name));
    if (wrong !== undefined)
      throw new Unreadable(`invalid extracted label name '${wrong}'`, token.at, token.end, false);
  }

  #template(): string {
    const token = this.#peek();
    const template = this.#text();
    try {
      parseTemplate(template);
    } catch (error) {
      if (error instanceof TemplateError)
        throw new Unreadable(`invalid template: ${error.message}`, token.at, token.end);
      throw error;
    }
    return template;
  }

  #extractions(): Extraction[] {
    const fields: Extraction[] = [];
    // A word begins an extraction only where a stage may not begin: directly behind the parser's name.
    while (this.#peek().kind === 'word' && (fields.length === 0 || this.#is(',', -1))) {
      if (isOneOf(binaryOperators, this.#peek().text) && !this.#is('=', 1)) break;
      if (['offset', 'by', 'without'].includes(this.#peek().text) && !this.#is('=', 1)) break;
      const label = this.#word();
      if (this.#accept('=')) {
        const token = this.#peek();
        const expression = this.#text();
        this.#checked(token, () => parseJsonPath(expression));
        fields.push({ label, expression });
      } else {
        fields.push({ label, expression: label });
      }
      if (!this.#accept(',')) break;
    }
    return fields;
  }

  #labelFormats(): LabelFormat[] {
    const formats: LabelFormat[] = [];
    do {
      const token = this.#peek();
      const label = this.#word();
      if (formats.some((other) => other.label === label))
        throw new Unreadable(
          `multiple label name '${label}' not allowed in a single format operation`,
          token.at,
          token.end,
          false,
        );
      this.#expect('=');
      if (this.#peek().kind === 'text') formats.push({ label, from: undefined, template: this.#template() });
      else formats.push({ label, from: this.#word(), template: '' });
    } while (this.#accept(','));
    return formats;
  }

  #choices(): LabelChoice[] {
    const choices: LabelChoice[] = [];
    do {
      const label = this.#peek().text;
      const compares = this.#peek(1).kind === 'op' && ['=', '!=', '=~', '!~'].includes(this.#peek(1).text);
      // `| drop a != "x"` is a matcher; a line filter may not follow a bare name without a bar.
      choices.push({ label, matcher: compares ? this.#matcher() : (this.#word(), undefined) });
    } while (this.#accept(','));
    return choices;
  }

  /** `or` binds weakest, then `and`, `,` and a blank, which are all the same. */
  #labelFilter(least: 1 | 2): LabelFilter {
    return this.#within(() => {
      let left: LabelFilter;
      if (this.#accept('(')) {
        left = this.#labelFilter(1);
        this.#expect(')');
      } else left = this.#condition();
      for (;;) {
        if (this.#is('or')) {
          if (least > 1) return left;
          this.#take();
          left = { kind: 'or', left, right: this.#labelFilter(2) };
        } else if (this.#is('and') || this.#is(',')) {
          this.#take();
          left = { kind: 'and', left, right: this.#filterOperand() };
        } else if (this.#peek().kind === 'word' && this.#peek(1).kind === 'op' && this.#startsCondition()) {
          left = { kind: 'and', left, right: this.#filterOperand() };
        } else return left;
      }
    });
  }

  #filterOperand(): LabelFilter {
    if (!this.#accept('(')) return this.#condition();
    const inner = this.#labelFilter(1);
    this.#expect(')');
    return inner;
  }

  #startsCondition(): boolean {
    return (
      !isOneOf(binaryOperators, this.#peek().text) &&
      ['=', '==', '!=', '=~', '!~', '>', '>=', '<', '<='].includes(this.#peek(1).text)
    );
  }

  #condition(): LabelFilter {
    const label = this.#word();
    const token = this.#peek();
    const operators = ['=', '==', '!=', '=~', '!~', '>', '>=', '<', '<='] as const;
    const op = token.text;
    if (token.kind !== 'op' || !isOneOf(operators, op)) throw this.#unexpected('=', '=~', '!=', '!~', '==', '>', '<');
    this.#take();
    const value = this.#peek();
    if (this.#is('ip') && this.#is('(', 1)) {
      if (op !== '=' && op !== '!=' && op !== '==')
        throw new Unreadable(`ip: invalid operation: ${op}`, token.at, token.end);
      this.#take();
      this.#take();
      const text = this.#ip();
      this.#expect(')');
      return { kind: 'ip', label, op: op === '!=' ? '!=' : '=', value: text };
    }
    if (value.kind === 'text') {
      if (!isOneOf(['=', '!=', '=~', '!~'] as const, op))
        throw new Unreadable(
          `syntax error: unexpected STRING, expecting NUMBER or DURATION or BYTES`,
          value.at,
          value.end,
        );
      this.#take();
      if (op === '=~' || op === '!~') this.#regex(value.text, value);
      return { kind: 'text', label, op, value: value.text };
    }
    if (op === '=~' || op === '!~') throw this.#unexpected('STRING');
    const compared: NumberOperator = op === '=' ? '==' : op;
    if (value.kind === 'unit') {
      this.#take();
      const seconds = parseSeconds(value.text);
      if (seconds !== undefined)
        return { kind: 'number', type: 'duration', label, op: compared, value: seconds, written: value.text };
      const bytes = parseBytes(value.text);
      if (bytes === undefined) throw new Unreadable(`invalid unit: ${value.text}`, value.at, value.end);
      return { kind: 'number', type: 'bytes', label, op: compared, value: bytes, written: value.text };
    }
    const sign = this.#is('-') ? '-' : '';
    const found = this.#number();
    return { kind: 'number', type: 'number', label, op: compared, value: found, written: `${sign}${Math.abs(found)}` };
  }

  #range(name: RangeFunction): RangeAggregation {
    const start = this.#take();
    const before = this.#grouping();
    this.#expect('(');
    let parameter: number | undefined;
    if (this.#peek().kind === 'number' || this.#is('-')) {
      parameter = this.#number();
      this.#expect(',');
    }
    const range = this.#logRange();
    this.#expect(')');
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
    if (this.#accept('(')) {
      const inner = this.#logRange0();
      this.#expect(')');
      return this.#rangeTail(inner);
    }
    return this.#rangeTail(this.#logRange0());
  }

  /** A selector with range, pipeline and unwrap in any of the orders that Loki takes. */
  #logRange0(): { log: LogExpression; unwrap?: Unwrap; rangeMs?: number; offsetMs?: number } {
    const parenthesised = this.#accept('(');
    const matchers = this.#selector();
    const early = this.#is('[') ? this.#duration() : {};
    const stages = this.#stages();
    const unwrap = this.#unwrap();
    if (parenthesised) this.#expect(')');
    return { log: { kind: 'log', matchers, stages }, ...(unwrap ? { unwrap } : {}), ...early };
  }

  #rangeTail(inner: {
    log: LogExpression;
    unwrap?: Unwrap;
    rangeMs?: number;
    offsetMs?: number;
  }): Pick<RangeAggregation, 'log' | 'unwrap' | 'rangeMs' | 'offsetMs'> {
    const late = this.#is('[') && inner.rangeMs === undefined ? this.#duration() : {};
    const stages = this.#stages();
    const unwrap = inner.unwrap ?? this.#unwrap();
    const found = { ...inner, ...late };
    if (found.rangeMs === undefined) throw this.#unexpected('RANGE');
    const offsetMs = found.offsetMs ?? this.#offset() ?? 0;
    const log = stages.length === 0 ? inner.log : { ...inner.log, stages: [...inner.log.stages, ...stages] };
    return { log, unwrap, rangeMs: found.rangeMs, offsetMs };
  }

  #duration(): { rangeMs: number; offsetMs?: number } {
    this.#expect('[');
    const token = this.#take();
    const seconds = token.kind === 'unit' ? parseSeconds(token.text) : undefined;
    if (seconds === undefined || seconds <= 0)
      throw new Unreadable(`not a valid duration string: ${JSON.stringify(token.text)}`, token.at, token.end);
    if (!this.#is(']')) throw new Unreadable("missing closing ']' in duration", this.#peek().at);
    this.#take();
    const offsetMs = this.#offset();
    return { rangeMs: seconds * 1000, ...(offsetMs === undefined ? {} : { offsetMs }) };
  }

  #offset(): number | undefined {
    if (!this.#accept('offset')) return undefined;
    const negative = this.#accept('-');
    const token = this.#take();
    const seconds = token.kind === 'unit' ? parseSeconds(token.text) : undefined;
    if (seconds === undefined)
      throw new Unreadable('syntax error: unexpected token, expecting DURATION', token.at, token.end);
    return (negative ? -1 : 1) * seconds * 1000;
  }

  #unwrap(): Unwrap | undefined {
    if (!this.#is('|') || !this.#is('unwrap', 1)) return undefined;
    this.#take();
    this.#take();
    let label = this.#word();
    let conversion: Conversion = '';
    if (isOneOf(['duration', 'duration_seconds', 'bytes'] as const, label) && this.#is('(')) {
      conversion = label;
      this.#take();
      label = this.#word();
      this.#expect(')');
    } else if (this.#is('(')) throw this.#unexpected();
    const filters: LabelFilter[] = [];
    while (this.#accept('|')) filters.push(this.#labelFilter(1));
    return { label, conversion, filters };
  }

  #grouping(): Grouping | undefined {
    const without = this.#is('without');
    if (!without && !this.#is('by')) return undefined;
    this.#take();
    return { without, labels: this.#labelList() };
  }

  #vector(name: VectorFunction): MetricExpression {
    const start = this.#take();
    const before = this.#grouping();
    this.#expect('(');
    let parameter: number | undefined;
    const first = this.#peek();
    if ((first.kind === 'number' || this.#is('-')) && this.#peek(first.kind === 'number' ? 1 : 2).text === ',') {
      parameter = this.#number();
      this.#expect(',');
    }
    const inner = this.#expression(1);
    if (inner.kind === 'log')
      throw new Unreadable(`syntax error: unexpected ${this.#is(')') ? ')' : this.#peek().text}`, this.#peek().at);
    this.#expect(')');
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
    this.#take();
    this.#expect('(');
    const inner = this.#expression(1);
    if (inner.kind === 'log') throw this.#unexpected();
    const texts: string[] = [];
    let last = this.#peek();
    for (let index = 0; index < 4; index++) {
      this.#expect(',');
      last = this.#peek();
      texts.push(this.#text());
    }
    this.#expect(')');
    const [to = '', replacement = '', from = '', pattern = ''] = texts;
    this.#regex(pattern, last);
    return { kind: 'label_replace', inner, to, replacement, from, pattern };
  }
}
