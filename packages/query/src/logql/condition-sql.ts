import { severityName } from '@sightline/record';
import type { ParameterValue } from '@sightline/store/port';
import { likePattern, tokensOf } from '../search/words.ts';
import type { LabelFilter, LineOperator, LineValue, LogExpression, Matcher, MatchOperator, Stage } from './ast.ts';
import { coreLabels, identifierOf, levelLabels, levelsOf, storedNames } from './labels.ts';
import { endsOpen, parseLinePattern } from './pattern.ts';

/** A condition on `logs`. Where it is not `exact` it lets more lines pass than the query wants, never fewer. */
export interface SqlCondition {
  readonly sql: string;
  readonly exact: boolean;
}

const everything: SqlCondition = { sql: '1', exact: false };
const lowered = 'lowerUTF8(body)';
/** Texts that stand in JSON and logfmt as they are. */
const plainText = /^[A-Za-z0-9_.-]+$/;
const plainWord = /^[\x20-\x7e]+$/;

/** A log query as far as the engine can decide it. */
export interface CompiledLog {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** True when `sql` decides all: the pipeline then only changes lines and labels. */
  readonly exact: boolean;
  /** True when service, environment, level and site alone are asked for. */
  readonly onlyVolume: boolean;
  readonly asksSite: boolean;
}

/** Compiles conditions; no byte of the query becomes part of a statement, all of it stands in `parameters`. */
export class ConditionSql {
  readonly parameters: Record<string, ParameterValue> = {};
  onlyVolume = true;
  asksSite = false;
  #count = 0;
  /** The stages before the one that is compiled; labels mean what these made of them. */
  #parser: 'none' | 'json' | 'other' = 'none';
  readonly #metric: boolean;
  readonly #prune: boolean;

  /**
   * In a metric query a label that is no number where one is compared drops the line; in a log query it is marked. With `prune` the
   * text index leads to words, beside the comparison that decides.
   */
  constructor(metric: boolean, prune = true) {
    this.#metric = metric;
    this.#prune = prune;
  }

  bind(type: string, value: ParameterValue): string {
    const name = `l${this.#count++}`;
    this.parameters[name] = value;
    return `{${name}:${type}}`;
  }

  /** Selector and pipeline. Behind it `value()` says what a label is at the pipeline's end. */
  log({ matchers, stages }: Pick<LogExpression, 'matchers' | 'stages'>): SqlCondition {
    const conditions = matchers.map((matcher) => this.selector(matcher));
    let exact = true;
    let lineIsBody = true;
    for (const stage of stages) {
      const made = lineIsBody || stage.kind === 'labels' ? this.#stage(stage) : everything;
      if (made.sql !== '1') conditions.push(made);
      if (!made.exact) exact = false;
      if (['line_format', 'decolorize', 'unpack'].includes(stage.kind)) lineIsBody = false;
    }
    const parts = conditions.filter(({ sql }) => sql !== '1').map(({ sql }) => sql);
    return { sql: parts.length === 0 ? '1' : parts.join(' AND '), exact };
  }

  #stage(stage: Stage): SqlCondition {
    switch (stage.kind) {
      case 'line':
        this.onlyVolume = false;
        return this.#line(stage.op, stage.values);
      case 'labels':
        return this.#filter(stage.filter);
      case 'json':
        this.onlyVolume = false;
        this.#parser = this.#parser === 'none' && stage.fields.length === 0 ? 'json' : 'other';
        return { sql: '1', exact: true };
      case 'drop':
      case 'keep':
      case 'label_format':
      case 'logfmt':
      case 'pattern':
      case 'regexp':
      case 'unpack':
        // They drop no line, but labels are no longer what the store holds.
        this.onlyVolume = false;
        this.#parser = 'other';
        return { sql: '1', exact: true };
      case 'line_format':
      case 'decolorize':
        this.onlyVolume = false;
        return { sql: '1', exact: true };
    }
  }

  #line(op: LineOperator, values: readonly LineValue[]): SqlCondition {
    const negated = op.startsWith('!');
    const parts = values.map((value) => (value.ip ? everything : this.#lineValue(op, value.text, negated)));
    const exact = parts.every((part) => part.exact);
    if (negated && !exact) return everything;
    const sql = parts.length === 1 ? (parts[0]?.sql ?? '1') : `(${parts.map((part) => part.sql).join(' OR ')})`;
    return { sql: negated ? `NOT ${sql}` : sql, exact };
  }

  #lineValue(op: LineOperator, text: string, negated: boolean): SqlCondition {
    if (op === '|=' || op === '!=') {
      if (text === '') return { sql: '1', exact: true };
      return {
        sql: `(${[...(negated ? [] : this.#pruning(text)), `position(body, ${this.bind('String', text)}) > 0`].join(' AND ')})`,
        exact: true,
      };
    }
    if (op === '|>' || op === '!>') {
      const literals = parseLinePattern(text);
      if (!literals.ok) return everything;
      const prune = negated ? [] : literals.value.flatMap((literal) => this.#pruning(literal));
      return { sql: `(${[...prune, this.#linePattern(literals.value)].join(' AND ')})`, exact: true };
    }
    const prune = negated ? [] : this.#regexPruning(text);
    // As in Go a dot is no line break, unless the expression says so.
    return { sql: `(${[...prune, `match(body, ${this.bind('String', `(?-s)${text}`)})`].join(' AND ')})`, exact: true };
  }

  /** `matchesLinePattern` over bytes: where the next text may begin, from 1; 0 once one was not found. */
  #linePattern(literals: readonly string[]): string {
    const texts = literals.filter((literal) => literal !== '');
    if (texts.length === 0) return literals.length === 1 ? "body = ''" : "body != ''";
    const open = literals.map((literal, index) => (literal === '' ? -1 : index)).filter((index) => index >= 0);
    const like = this.bind('String', `%${texts.map((text) => likePattern(text, true).slice(1, -1)).join('%')}%`);
    const behind = `arrayFold((at, text, open) -> if(at = 0 OR position(body, text, at) = 0 OR (open AND position(body, text, at) = at), toUInt64(0), position(body, text, at) + length(text)),
      ${this.bind('Array(String)', texts)}, ${this.bind(
        'Array(UInt8)',
        open.map((index) => (index > 0 ? 1 : 0)),
      )}, toUInt64(1))`;
    return `body LIKE ${like} AND ${endsOpen(literals) ? `${behind} BETWEEN 1 AND length(body)` : `${behind} = length(body) + 1`}`;
  }

  /** Conditions that the text index can decide for whole blocks: words that stand whole inside, and the text itself. */
  #pruning(text: string): string[] {
    if (!this.#prune || !plainWord.test(text)) return [];
    const small = text.toLowerCase();
    // A word at the edge may go on in the line; those between two others are whole.
    const inner = tokensOf(small.replace(/^[0-9a-z]+/, '').replace(/[0-9a-z]+$/, ''));
    const words = [...new Set(inner)].slice(0, 8).map((word) => `hasToken(${lowered}, ${this.bind('String', word)})`);
    const edges = tokensOf(small).filter((word) => word.length >= 3 && !inner.includes(word));
    return [
      ...words,
      ...edges.slice(0, 2).map((word) => `${lowered} LIKE ${this.bind('String', likePattern(word, true))}`),
    ];
  }

  /** Of an expression that is nothing but words between bars. */
  #regexPruning(text: string): string[] {
    const bare = text.replace(/^\(\?i\)/, '').replace(/^\((?:\?:)?([^()]*)\)$/, '$1');
    const words = bare.split('|');
    if (words.length > 8 || !words.every((word) => /^[\w :=,"'/-]{3,}$/.test(word))) return [];
    const any = words.map((word) => this.#pruning(word).join(' AND ')).filter((sql) => sql !== '');
    return any.length === words.length
      ? [any.length === 1 ? any[0]! : `(${any.map((sql) => `(${sql})`).join(' OR ')})`]
      : [];
  }

  #filter(filter: LabelFilter): SqlCondition {
    switch (filter.kind) {
      case 'and':
      case 'or': {
        const [left, right] = [this.#filter(filter.left), this.#filter(filter.right)];
        const exact = left.exact && right.exact;
        return { sql: `(${left.sql} ${filter.kind === 'and' ? 'AND' : 'OR'} ${right.sql})`, exact };
      }
      case 'text':
        return this.#textFilter(filter);
      case 'ip':
        this.onlyVolume = false;
        return everything;
      case 'number': {
        this.onlyVolume = false;
        if (filter.type !== 'number') return everything;
        const text = this.value(filter.label);
        if (text === undefined) return everything;
        const number = `toFloat64OrNull(${text})`;
        // What is no number stays, marked as a fault: that is for the pipeline to say.
        return {
          sql: `ifNull(${number} ${filter.op === '==' ? '=' : filter.op} ${this.bind('Float64', filter.value)}, ${this.#metric ? '0' : `${text} != ''`})`,
          exact: this.#metric,
        };
      }
    }
  }

  #textFilter(matcher: Matcher): SqlCondition {
    if (matcher.label.startsWith('__error')) return everything;
    if (this.#parser === 'none') return this.#matches(matcher, ['res', 'attrs']);
    this.onlyVolume = false;
    if (this.#parser === 'json') {
      const text = this.value(matcher.label);
      if (text !== undefined) {
        const exact = this.#compare(text, matcher);
        const prune = matcher.op === '=' && matcher.value !== '' ? this.#holds(matcher) : undefined;
        return { sql: prune === undefined ? exact : `(${prune} AND ${exact})`, exact: true };
      }
    }
    const prune = matcher.op === '=' && matcher.value !== '' ? this.#holds(matcher) : undefined;
    return prune === undefined ? everything : { sql: prune, exact: false };
  }

  /** A value that a parser found stands in the line, or among what the record has already. */
  #holds({ label, value }: Matcher): string | undefined {
    if (!plainText.test(value) || (this.#parser === 'other' && !this.#keepsValues)) return undefined;
    const text = this.bind('String', value);
    const own = this.#column(label);
    if (own !== undefined) return undefined;
    return `((${[...this.#pruning(value), `position(body, ${text}) > 0`].join(' AND ')}) OR has(mapValues(attrs), ${text}) OR has(mapValues(res), ${text}))`;
  }

  /** False once a stage made values that need not stand in the line. */
  #keepsValues = true;

  /** Whether stages before the end make labels of their own (`label_format`). */
  noteStages(stages: readonly Stage[]): void {
    this.#keepsValues = !stages.some((stage) => ['label_format', 'line_format', 'unpack'].includes(stage.kind));
  }

  /** A matcher of the stream selector: columns, and everything that the resource holds. */
  selector(matcher: Matcher): SqlCondition {
    return this.#matches(matcher, ['res']);
  }

  #matches(matcher: Matcher, maps: readonly ('res' | 'attrs')[]): SqlCondition {
    const { label, op, value } = matcher;
    if (levelLabels.has(label)) {
      const levels = levelsOf({ op, value });
      // Numbers of our own, not the client's.
      const numbers = Array.from({ length: 25 }, (_, number) => number).filter((number) =>
        levels.has(severityName(number)),
      );
      if (numbers.length === 0) return { sql: '0', exact: true };
      return { sql: numbers.length === 25 ? '1' : `severity IN (${numbers.join(', ')})`, exact: true };
    }
    const column = Object.hasOwn(coreLabels, label) ? coreLabels[label] : undefined;
    if (column !== undefined) {
      if (column === 'site') this.asksSite = true;
      else if (column === 'device' || column === 'release') this.onlyVolume = false;
      return { sql: this.#compare(column, matcher), exact: true };
    }
    this.onlyVolume = false;
    const id = identifierOf(label);
    if (id && op === '=' && new RegExp(`^[0-9a-f]{${id.bytes * 2}}$`, 'i').test(value))
      return { sql: `${id.column} = toFixedString(unhex(${this.bind('String', value)}), ${id.bytes})`, exact: true };
    const text = this.stored(label, maps);
    const compared = this.#compare(text, matcher);
    if (op !== '=' || value === '' || id || label === 'correlation_id') return { sql: compared, exact: true };
    // The bloom filters on the values prune; the name then decides.
    const bound = this.bind('String', value);
    const any = maps.map((map) => `has(mapValues(${map}), ${bound})`).join(' OR ');
    return { sql: `((${any}) AND ${compared})`, exact: true };
  }

  #compare(text: string, { op, value }: { readonly op: MatchOperator; readonly value: string }): string {
    if (op === '=' || op === '!=') return `${text} ${op} ${this.bind('String', value)}`;
    return `${op === '!~' ? 'NOT ' : ''}match(${text}, ${this.bind('String', `^(?s:${value})$`)})`;
  }

  #column(label: string): string | undefined {
    if (Object.hasOwn(coreLabels, label)) return coreLabels[label];
    return levelLabels.has(label) ? levelSql : undefined;
  }

  /** A label that the record had before any parser; '' where there is none. */
  stored(label: string, maps: readonly ('res' | 'attrs')[] = ['res', 'attrs']): string {
    const column = this.#column(label);
    if (column !== undefined) {
      if (column === 'site') this.asksSite = true;
      else if (column === 'device' || column === 'release') this.onlyVolume = false;
      return column;
    }
    this.onlyVolume = false;
    const id = identifierOf(label);
    if (id) return `if(${id.column} = toFixedString('', ${id.bytes}), '', lower(hex(${id.column})))`;
    if (label === 'correlation_id') return 'correlation_id';
    const [only = '', ...more] = storedNames(label);
    const places = maps.map((map) =>
      more.length === 0
        ? `${map}[${this.bind('String', only)}]`
        : // One walk over the map, however many names would do.
          `arrayFirst((v, k) -> v != '' AND has(${this.bind('Array(String)', [only, ...more])}, k), mapValues(${map}), mapKeys(${map}))`,
    );
    const [first = "''", second] = places;
    return second === undefined ? first : `if(${first} != '', ${first}, ${second})`;
  }

  /** The names under which a resource may hold a label; none for what stands in a column. */
  resourceNames(label: string): readonly string[] {
    const inColumn = this.#column(label) !== undefined || identifierOf(label) || label === 'correlation_id';
    return inColumn ? [] : storedNames(label);
  }

  /** What a label is at the end of the stages that were compiled; undefined where SQL cannot tell. */
  value(label: string, maps: readonly ('res' | 'attrs')[] = ['res', 'attrs']): string | undefined {
    if (this.#parser === 'other' || label.startsWith('__')) return undefined;
    const own = this.stored(label, maps);
    if (this.#parser === 'none' || this.#column(label) !== undefined) return own;
    if (label === 'msg' || label === 'message' || label.endsWith('_extracted')) return undefined;
    const paths = jsonPaths(label);
    if (paths === undefined) return undefined;
    const found = paths.map((path) => {
      const place = ['body', ...path.map((step) => this.bind('String', step))].join(', ');
      return `multiIf(JSONType(${place}) = 'String', JSONExtractString(${place}), JSONType(${place}) IN ('Int64', 'UInt64', 'Double', 'Bool'), JSONExtractRaw(${place}), '')`;
    });
    return `arrayFirst(x -> x != '', [${[own, ...found].join(', ')}])`;
  }
}

/** The names of severity numbers. */
const levelSql = `['', 'trace', 'debug', 'info', 'warn', 'error', 'fatal'][1 + if(severity > 24, 0, intDiv(severity + 3, 4))]`;

/**
 * Where a label's value may stand in a JSON object: `a_b` is `a_b`, `a.b`, `a-b`, or `b` in `a`. Undefined where there are
 * too many.
 */
function jsonPaths(label: string): string[][] | undefined {
  const [first = '', ...rest] = label.split('_');
  if (rest.length > 2) return undefined;
  let paths = [[first]];
  for (const part of rest) {
    paths = paths.flatMap((path) => [
      ...['_', '.', '-'].map((between) => [...path.slice(0, -1), `${path.at(-1)}${between}${part}`]),
      [...path, part],
    ]);
  }
  return paths.filter((path) => path.every((step) => step !== ''));
}

/** Selector and pipeline as a condition with its values. */
export function compileLog(
  log: Pick<LogExpression, 'matchers' | 'stages'>,
  metric = false,
  prune = true,
): CompiledLog & { readonly compiler: ConditionSql } {
  const compiler = new ConditionSql(metric, prune);
  compiler.noteStages(log.stages);
  const { sql, exact } = compiler.log(log);
  const { parameters, onlyVolume, asksSite } = compiler;
  return { sql, exact, parameters, onlyVolume, asksSite, compiler };
}
