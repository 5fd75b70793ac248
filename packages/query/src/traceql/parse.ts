import { fail, ok, type Result } from '@sightline/base';
import {
  intrinsics,
  metricFunctions,
  type ArithmeticOperator,
  type ComparisonOperator,
  type Field,
  type Intrinsic,
  type Literal,
  type Metric,
  type MetricFunction,
  type MetricMath,
  type MetricStage,
  type Pipeline,
  type Query,
  type Scalar,
  type Scope,
  type Spanset,
  type Stage,
  type Structure,
  type TraceqlError,
} from './ast.ts';
import { calculate } from './calculate.ts';
import { checkQuery } from './check.ts';
import { lex, type Token, Unreadable } from './lex.ts';

const longestQuery = 10_000;
const deepest = 100;
/** Metrics queries in one arithmetic. */
const mostQueries = 10;

/** Stronger ones bind tighter; `&&` and `||` bind alike, from left to right, as in Tempo's grammar. */
const strength: Readonly<Record<string, number>> = {
  '&&': 1,
  '||': 1,
  '=': 2,
  '!=': 2,
  '<': 2,
  '<=': 2,
  '>': 2,
  '>=': 2,
  '=~': 2,
  '!~': 2,
  '+': 3,
  '-': 3,
  '*': 4,
  '/': 4,
  '%': 4,
  '^': 5,
};
const structures = new Set(['>', '<', '>>', '<<', '~', '!>', '!<', '!>>', '!<<', '!~', '&>', '&<', '&>>', '&<<', '&~']);
const scalarComparisons = new Set(['=', '!=', '<', '<=', '>', '>=']);
const aggregates = new Set(['count', 'avg', 'min', 'max', 'sum']);
const words: Readonly<Record<string, Literal>> = {
  true: { type: 'bool', value: true },
  false: { type: 'bool', value: false },
  nil: { type: 'nil' },
  ok: { type: 'status', value: 'ok' },
  error: { type: 'status', value: 'error' },
  unset: { type: 'status', value: 'unset' },
  minInt: { type: 'number', value: -(2 ** 63), whole: true },
  maxInt: { type: 'number', value: 2 ** 63 - 1, whole: true },
  unspecified: { type: 'kind', value: 'unspecified' },
  internal: { type: 'kind', value: 'internal' },
  server: { type: 'kind', value: 'server' },
  client: { type: 'kind', value: 'client' },
  producer: { type: 'kind', value: 'producer' },
  consumer: { type: 'kind', value: 'consumer' },
};
const scopedIntrinsics: Readonly<Record<string, Intrinsic>> = {
  'span:duration': 'duration',
  'span:name': 'name',
  'span:status': 'status',
  'span:statusMessage': 'statusMessage',
  'span:kind': 'kind',
  'span:childCount': 'childCount',
  'trace:duration': 'traceDuration',
  'trace:rootName': 'rootName',
  'trace:rootService': 'rootServiceName',
};

/**
 * Reads TraceQL (https://grafana.com/docs/tempo/latest/traceql/): spansets, structural operators, pipelines and metrics queries. A
 * fault is a value with its place. Nesting is bounded.
 */
export function parseTraceql(query: string): Result<Query, TraceqlError> {
  try {
    if (query.length > longestQuery) throw new Unreadable(`the query is longer than ${longestQuery} characters`, 0, 1);
    const parsed = new Parser(lex(query)).query();
    checkQuery(parsed);
    return ok(parsed);
  } catch (fault) {
    if (!(fault instanceof Unreadable)) throw fault;
    return fail({ message: fault.message, position: { from: fault.from, to: Math.max(fault.from + 1, fault.to) } });
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #queries = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    const math = this.#metricWithin(this.#next) > 0 ? this.#staged(this.#math()) : undefined;
    const { pipeline, metric } = math
      ? { pipeline: math.kind === 'query' ? math.pipeline : { stages: [] }, metric: undefined }
      : this.#pipeline(true);
    const exemplars = this.#accept('with') ? this.#hints() : undefined;
    this.#expectEnd();
    return { pipeline, metric, math, exemplars };
  }

  /**
   * How many parentheses deep the first metrics function stands, of all tokens from here on or, where here is a parenthesis, of those in
   * it; 0 for none, or where it stands in no parenthesis.
   */
  #metricWithin(from: number, inside = false): number {
    let parentheses = 0;
    for (let i = from; i < this.#tokens.length; i++) {
      const token = this.#tokens[i];
      if (isOp(token, '(')) parentheses++;
      else if (isOp(token, ')') && --parentheses === 0 && inside) return 0;
      const after = this.#tokens[i + 1];
      if (isOp(token, '|') && after?.kind === 'word' && metricFunctions.includes(after.text as MetricFunction))
        return parentheses;
    }
    return 0;
  }

  /** `({…} | rate()) / ({…} | rate())`, `100 * (…)`: each query stands in parentheses, as in Tempo. */
  #math(least = 0): MetricMath {
    let left = this.#mathOperand();
    for (;;) {
      const token = this.#token;
      const binds = token.kind === 'op' && ['+', '-', '*', '/'].includes(token.text) ? (strength[token.text] ?? 0) : 0;
      if (binds === 0 || binds < least) return left;
      this.#next++;
      const right = this.#deeper(() => this.#math(binds + 1));
      left = {
        kind: 'arithmetic',
        op: (token as { text: string }).text as '+' | '-' | '*' | '/',
        left,
        right,
        at: token.at,
      };
    }
  }

  #mathOperand(): MetricMath {
    const { at, end } = this.#token;
    if (!this.#is('(')) {
      const literal = this.#literal();
      if (literal?.type === 'number') return { kind: 'number', value: literal.value, at };
      throw new Unreadable('expected a number, or a metrics query in parentheses: `({} | rate())`', at, end);
    }
    const isQuery = this.#metricWithin(this.#next, true) === 1;
    this.#next++;
    const inner = this.#deeper((): MetricMath => {
      if (!isQuery) return this.#staged(this.#math());
      if (++this.#queries > mostQueries) throw new Unreadable(`at most ${mostQueries} metrics queries in one`, at, end);
      const { pipeline, metric } = this.#pipeline(true);
      if (!metric) throw this.#unexpected('a metrics function such as `| rate()`');
      if (metric.name === 'compare') throw new Unreadable('compare() cannot be part of arithmetic', metric.at);
      return { kind: 'query', pipeline, metric, at: metric.at };
    });
    this.#expect(')');
    return inner;
  }

  #staged(of: MetricMath): MetricMath {
    const stages = this.#comparisons();
    while (this.#accept('|')) stages.push(this.#top(), ...this.#comparisons());
    return stages.length === 0 ? of : { kind: 'staged', of, stages, at: of.at };
  }

  get #token(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] ?? { kind: 'end', at: 0, end: 0 };
  }

  #is(text: string, ahead = 0): boolean {
    const token = this.#tokens[this.#next + ahead];
    return token !== undefined && (token.kind === 'op' || token.kind === 'word') && token.text === text;
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#unexpected(`\`${text}\``);
  }

  #expectEnd(): void {
    if (this.#token.kind !== 'end') throw this.#unexpected('the end, or `|`');
  }

  #unexpected(wanted: string): Unreadable {
    const token = this.#token;
    const found = token.kind === 'end' ? 'the query ends' : `found ${shown(token)}`;
    return new Unreadable(`expected ${wanted}, ${found}`, token.at, token.end);
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > deepest) throw new Unreadable('nested too deeply', this.#token.at);
    const value = read();
    this.#depth--;
    return value;
  }

  #pipeline(top: boolean): { pipeline: Pipeline; metric: Metric | undefined } {
    const stages: Stage[] = [];
    let metric: Metric | undefined;
    do {
      const token = this.#token;
      const name = token.kind === 'word' ? token.text : '';
      if (metric) {
        metric = { ...metric, stages: [...metric.stages, this.#top(), ...this.#comparisons()] };
      } else if (top && stages.length > 0 && metricFunctions.includes(name as MetricFunction)) {
        const own = this.#metric(name as MetricFunction);
        metric = { ...own, stages: this.#comparisons(name === 'compare') };
      } else stages.push(this.#stage(stages.length === 0));
    } while (this.#accept('|'));
    return { pipeline: { stages }, metric };
  }

  /** `with (name=value, …)`: of Tempo's hints `exemplars` says what is answered, the others how Tempo works; they have no effect here. */
  #hints(): Query['exemplars'] {
    let exemplars: Query['exemplars'];
    this.#expect('(');
    do {
      const token = this.#token;
      if (token.kind !== 'word') throw this.#unexpected('the name of a hint, such as `exemplars`');
      this.#next++;
      this.#expect('=');
      const at = this.#token;
      const literal = this.#literal();
      if (!literal) throw this.#unexpected('the value of the hint');
      if (token.text !== 'exemplars') continue;
      if (literal.type === 'bool' || (literal.type === 'number' && literal.whole)) exemplars = literal.value;
      else throw new Unreadable('exemplars is true, false or a whole number', at.at, at.end);
    } while (this.#accept(','));
    this.#expect(')');
    return exemplars;
  }

  #top(): MetricStage {
    const token = this.#token;
    const name = token.kind === 'word' ? token.text : '';
    if (name !== 'topk' && name !== 'bottomk') throw this.#unexpected('`topk` or `bottomk`');
    this.#next++;
    return { kind: 'top', name, count: this.#countInParentheses() };
  }

  /** Comparisons behind a metrics function, arithmetic or `topk`: `| rate() > 10`. */
  #comparisons(refused = false): MetricStage[] {
    const stages: MetricStage[] = [];
    for (let token = this.#token; token.kind === 'op' && scalarComparisons.has(token.text); token = this.#token) {
      if (refused) throw new Unreadable('compare() cannot stand before a comparison', token.at, token.end);
      this.#next++;
      const value = constantOf(this.#scalar(0));
      stages.push({ kind: 'compare', op: token.text as '=' | '!=' | '<' | '<=' | '>' | '>=', value });
    }
    return stages;
  }

  #stage(first: boolean): Stage {
    const { at } = this.#token;
    if (!first && this.#accept('coalesce')) {
      this.#expect('(');
      this.#expect(')');
      return { kind: 'coalesce', at };
    }
    if (this.#is('by') && this.#is('(', 1)) {
      this.#next += 2;
      const field = this.#field();
      this.#expect(')');
      return { kind: 'by', field, at };
    }
    if (this.#is('select') && this.#is('(', 1)) {
      this.#next += 2;
      const fields = [this.#field()];
      while (this.#accept(',')) fields.push(this.#field());
      this.#expect(')');
      return { kind: 'select', fields, at };
    }
    if (this.#beginsScalar()) return this.#scalarFilter();
    return { kind: 'spanset', spanset: this.#spanset() };
  }

  /** Whether an aggregate or a literal comes, behind any number of parentheses. */
  #beginsScalar(): boolean {
    let ahead = this.#next;
    while (isOp(this.#tokens[ahead], '(')) ahead++;
    const token = this.#tokens[ahead];
    if (token?.kind === 'number' || token?.kind === 'duration' || isOp(token, '-')) return true;
    return token?.kind === 'word' && (aggregates.has(token.text) || words[token.text] !== undefined);
  }

  #scalarFilter(): Stage {
    const left = this.#scalar(0);
    const token = this.#token;
    if (token.kind !== 'op' || !scalarComparisons.has(token.text)) throw this.#unexpected('a comparison such as `> 2`');
    this.#next++;
    const op = token.text as '=' | '!=' | '<' | '<=' | '>' | '>=';
    return { kind: 'scalar', op, left, right: this.#scalar(0), at: token.at };
  }

  #scalar(least: number): Scalar {
    let left = this.#scalarOperand();
    for (;;) {
      const token = this.#token;
      const binds = token.kind === 'op' ? (strength[token.text] ?? 0) : 0;
      if (token.kind !== 'op' || binds < 3 || binds < least) return left;
      this.#next++;
      const right = this.#deeper(() => this.#scalar(token.text === '^' ? binds : binds + 1));
      left = { kind: 'arithmetic', op: token.text as ArithmeticOperator, left, right, at: token.at };
    }
  }

  #scalarOperand(): Scalar {
    const token = this.#token;
    if (this.#accept('(')) {
      const inner = this.#deeper(() => this.#scalar(0));
      this.#expect(')');
      return inner;
    }
    if (token.kind === 'word' && aggregates.has(token.text)) {
      this.#next++;
      const name = token.text as 'count' | 'avg' | 'min' | 'max' | 'sum';
      this.#expect('(');
      const of = name === 'count' ? undefined : this.#field();
      this.#expect(')');
      return { kind: 'aggregate', name, of, at: token.at };
    }
    const literal = this.#literal();
    if (!literal) throw this.#unexpected('a number or an aggregate such as `count()`');
    return { kind: 'literal', literal, at: token.at };
  }

  #spanset(least = 0): Spanset {
    let left = this.#spansetOperand();
    for (;;) {
      const token = this.#token;
      if (token.kind !== 'op') return left;
      const logic = token.text === '&&' || token.text === '||';
      const binds = logic ? 1 : structures.has(token.text) ? 2 : 0;
      if (binds === 0 || binds < least) return left;
      this.#next++;
      const right = this.#deeper(() => this.#spanset(binds + 1));
      if (token.text === '&&' || token.text === '||')
        left = { kind: 'logic', op: token.text, left, right, at: token.at };
      else {
        const mode = token.text.startsWith('!') ? '!' : token.text.startsWith('&') ? '&' : '';
        left = { kind: 'structure', op: token.text.slice(mode.length) as Structure, mode, left, right, at: token.at };
      }
    }
  }

  #spansetOperand(): Spanset {
    const { at } = this.#token;
    if (this.#accept('{')) {
      if (this.#accept('}')) return { kind: 'filter', condition: undefined, at };
      const condition = this.#field();
      this.#expect('}');
      return { kind: 'filter', condition, at };
    }
    if (this.#accept('(')) {
      const { pipeline } = this.#deeper(() => this.#pipeline(false));
      this.#expect(')');
      const [only] = pipeline.stages;
      return pipeline.stages.length === 1 && only?.kind === 'spanset'
        ? only.spanset
        : { kind: 'pipeline', pipeline, at };
    }
    throw this.#unexpected('`{`');
  }

  #field(least = 0): Field {
    let left = this.#fieldOperand();
    for (;;) {
      const token = this.#token;
      const binds = token.kind === 'op' ? (strength[token.text] ?? 0) : 0;
      if (token.kind !== 'op' || binds === 0 || binds < least) return left;
      this.#next++;
      const right = this.#deeper(() => this.#field(token.text === '^' ? binds : binds + 1));
      const { at, text } = token;
      if (text === '&&' || text === '||') left = { kind: 'logic', op: text, left, right, at };
      else if (binds === 2) left = { kind: 'compare', op: text as ComparisonOperator, left, right, at };
      else left = { kind: 'arithmetic', op: text as ArithmeticOperator, left, right, at };
    }
  }

  #fieldOperand(): Field {
    const token = this.#token;
    const { at } = token;
    if (this.#accept('(')) {
      const inner = this.#deeper(() => this.#field());
      this.#expect(')');
      return inner;
    }
    if (this.#accept('!')) return { kind: 'not', operand: this.#deeper(() => this.#field(3)), at };
    if (this.#accept('-')) return { kind: 'negate', operand: this.#deeper(() => this.#field(5)), at };
    const literal = this.#literal();
    if (literal) return { kind: 'literal', literal, at };
    this.#next++;
    if (token.kind === 'attribute') return attributeOf(token.prefix, token.name, at);
    if (token.kind === 'word') {
      const name = scopedIntrinsics[token.text] ?? intrinsics.find((known) => known === token.text);
      if (name !== undefined) return { kind: 'intrinsic', name, at };
      throw new Unreadable(
        `\`${token.text}\` is no intrinsic; an attribute begins with a dot or a scope: \`.${token.text}\`, \`span.${token.text}\``,
        at,
        token.end,
      );
    }
    this.#next--;
    throw this.#unexpected('a value, an attribute or an intrinsic');
  }

  #literal(): Literal | undefined {
    const token = this.#token;
    let literal: Literal | undefined;
    if (token.kind === 'text') literal = { type: 'text', value: token.text };
    else if (token.kind === 'number') literal = { type: 'number', value: token.value, whole: token.whole };
    else if (token.kind === 'duration') literal = { type: 'duration', value: token.value };
    else if (token.kind === 'word') literal = words[token.text];
    else if (isOp(token, '-')) {
      const after = this.#tokens[this.#next + 1];
      if (after?.kind === 'number') literal = { type: 'number', value: -after.value, whole: after.whole };
      else if (after?.kind === 'duration') literal = { type: 'duration', value: -after.value };
      if (literal) this.#next++;
    }
    if (literal) this.#next++;
    return literal;
  }

  #countInParentheses(): number {
    this.#expect('(');
    const token = this.#token;
    if (token.kind !== 'number' || !token.whole || token.value < 1)
      throw this.#unexpected('a whole number of at least 1');
    this.#next++;
    this.#expect(')');
    return token.value;
  }

  #metric(name: MetricFunction): Metric {
    const { at } = this.#token;
    this.#next++;
    this.#expect('(');
    let of: Field | undefined;
    let selection: Spanset | undefined;
    let top = 10;
    const numbers: number[] = [];
    if (name === 'compare') selection = this.#spanset();
    else if (name !== 'rate' && name !== 'count_over_time') of = this.#field();
    while (this.#accept(',')) {
      const literal = this.#literal();
      if (literal?.type !== 'number') throw this.#unexpected('a number');
      numbers.push(literal.value);
    }
    this.#expect(')');
    if (name === 'compare' && numbers[0] !== undefined) top = numbers[0];
    const by: Field[] = [];
    if (this.#accept('by')) {
      this.#expect('(');
      by.push(this.#field());
      while (this.#accept(',')) by.push(this.#field());
      this.#expect(')');
    }
    const quantiles = name === 'quantile_over_time' ? numbers : [];
    const [, from, to] = name === 'compare' ? numbers : [];
    const selectionRange = from === undefined ? undefined : { from, to: to ?? 0 };
    return { name, of, quantiles, by, selection, top, selectionRange, stages: [], at };
  }
}

function attributeOf(prefix: string, name: string, at: number): Field {
  const parent = prefix.startsWith('parent.');
  const scope = (prefix.replace(/^parent\./, '').replace(/\.$/, '') || 'any') as Scope;
  return { kind: 'attribute', scope, parent, name, at };
}

/** A number that the query itself gives, such as `1 / 2`; durations count in seconds, as samples do. Throws `Unreadable`. */
function constantOf(scalar: Scalar): number {
  if (scalar.kind === 'literal') {
    if (scalar.literal.type === 'duration') return scalar.literal.value / 1e9;
    if (scalar.literal.type === 'number') return scalar.literal.value;
  }
  if (scalar.kind !== 'arithmetic') throw new Unreadable('expected a number or a duration', scalar.at);
  return calculate(scalar.op, constantOf(scalar.left), constantOf(scalar.right));
}

function isOp(token: Token | undefined, text: string): boolean {
  return token?.kind === 'op' && token.text === text;
}

function shown(token: Token): string {
  if (token.kind === 'op' || token.kind === 'word') return `\`${token.text}\``;
  if (token.kind === 'text') return JSON.stringify(token.text).slice(0, 40);
  if (token.kind === 'attribute') return `\`${token.prefix}${token.name}\``.slice(0, 60);
  return token.kind === 'end' ? 'the end' : 'a number';
}
