import { severityName, severityNumber } from '@sightline/record';
import type { ParameterValue } from '@sightline/store/port';
import { RE2JS } from 're2js';
import { likePattern, tokensOf } from '../search/words.ts';
import { parseDate } from './dates.ts';
import { ElasticFault, illegal, isObject, objectOf, onlyMember, parsing, textOf, type Json } from './fault.ts';
import { findField, hasId, indexName, type ElasticField } from './fields.ts';
import { parseLucene, type Lucene } from './lucene.ts';

const lowered = 'lowerUTF8(body)';
const mostClauses = 1024;
const deepest = 50;

/** Compiles queries to conditions on `logs` that are never NULL. No byte of the query becomes part of a statement: all of it stands in `parameters`. */
export class QuerySql {
  readonly parameters: Record<string, ParameterValue> = {};
  readonly nowMs: number;
  #count = 0;
  #clauses = 0;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  bind(type: string, value: ParameterValue): string {
    const name = `e${this.#count++}`;
    this.parameters[name] = value;
    return `{${name}:${type}}`;
  }

  /** `{"bool": …}` and the like; everything where there is none. */
  query(value: unknown, depth = 0): string {
    if (value === undefined || value === null) return '1';
    if (depth > deepest || ++this.#clauses > mostClauses) throw illegal(`maxClauseCount is set to ${mostClauses}`);
    const [kind, body] = onlyMember(value, 'query');
    switch (kind) {
      case 'match_all':
        return '1';
      case 'match_none':
        return '0';
      case 'bool':
        return this.#bool(objectOf(body, 'bool'), depth);
      case 'constant_score':
      case 'function_score':
        return this.query(objectOf(body, kind)[kind === 'constant_score' ? 'filter' : 'query'], depth + 1);
      case 'dis_max':
        return any(listOf(objectOf(body, kind)['queries']).map((inner) => this.query(inner, depth + 1)));
      case 'term':
      case 'match':
      case 'match_phrase':
      case 'match_phrase_prefix':
      case 'match_bool_prefix':
      case 'prefix':
      case 'wildcard':
      case 'regexp':
      case 'range':
        return this.#onField(kind, body);
      case 'terms': {
        const entries = Object.entries(objectOf(body, kind)).filter(([name]) => name !== 'boost');
        const [name = '', values] = entries[0] ?? [];
        if (!Array.isArray(values)) throw parsing('[terms] query requires a list of values');
        return any(
          values.slice(0, mostClauses).map((item) => this.#term(findField(name), textOf(item, 'terms'), false)),
        );
      }
      case 'exists':
        return this.exists(findField(textOf(objectOf(body, kind)['field'], 'exists')));
      case 'ids': {
        const ids = listOf(objectOf(body, kind)['values']).map((id) => this.bind('String', textOf(id, 'ids')));
        return ids.length === 0 ? '0' : hasId(ids);
      }
      case 'multi_match': {
        const { fields, query, type, operator } = objectOf(body, kind);
        const given = { query, operator };
        const names = this.#names(fields);
        const phrase = type === 'phrase' || type === 'phrase_prefix';
        return any(names.map((name) => this.#match(findField(name), given, phrase ? 'match_phrase' : 'match')));
      }
      case 'query_string':
      case 'simple_query_string': {
        const { query, default_field: field, fields, default_operator: operator = 'or' } = objectOf(body, kind);
        const names = this.#names(fields ?? (field === undefined ? undefined : [field]));
        const joined = textOf(operator, kind).toLowerCase() === 'and' ? 'and' : 'or';
        return this.#lucene(parseLucene(textOf(query, kind), joined, kind === 'simple_query_string'), names);
      }
      default:
        throw parsing(`unknown query [${kind}]`);
    }
  }

  /** Names of fields, without boosts; the message where none or all are meant. */
  #names(fields: unknown): string[] {
    const names = listOf(fields).map((name) => textOf(name, 'fields').replace(/\^[\d.]+$/, ''));
    return names.length === 0 || names.includes('*') ? ['message'] : names.slice(0, 50);
  }

  #bool(body: Json, depth: number): string {
    const all = (name: string): string[] => listOf(body[name]).map((inner) => this.query(inner, depth + 1));
    const unknown = Object.keys(body).find(
      (name) =>
        ![
          'must',
          'filter',
          'should',
          'must_not',
          'minimum_should_match',
          'boost',
          '_name',
          'adjust_pure_negative',
        ].includes(name),
    );
    if (unknown !== undefined) throw parsing(`[bool] query does not support [${unknown}]`);
    const needed = [...all('must'), ...all('filter')];
    const should = all('should');
    const parts = [...needed, ...all('must_not').map((sql) => `NOT (${sql})`)];
    const given = body['minimum_should_match'];
    const least = given === undefined ? (needed.length === 0 ? 1 : 0) : minimum(given, should.length);
    if (should.length > 0 && least > 0)
      parts.push(least === 1 ? any(should) : `(${should.map((sql) => `toUInt8(${sql})`).join(' + ')}) >= ${least}`);
    return parts.length === 0 ? '1' : `(${parts.join(' AND ')})`;
  }

  #onField(kind: string, body: unknown): string {
    const entries = Object.entries(objectOf(body, kind)).filter(([name]) => name !== 'boost' && name !== '_name');
    const [name = '', given] = entries[0] ?? [];
    if (name === '') throw parsing(`[${kind}] query malformed, no field given`);
    if (entries.length > 1)
      throw parsing(`[${kind}] query doesn't support multiple fields, found [${name}] and [${entries[1]?.[0]}]`);
    const field = findField(name);
    if (kind === 'range') return this.#range(field, objectOf(given, kind));
    if (kind.startsWith('match')) {
      return this.#match(field, isObject(given) ? given : { query: given }, kind);
    }
    const options = isObject(given) ? given : {};
    const text = textOf(isObject(given) ? (given['value'] ?? given[kind] ?? given['query']) : given, kind);
    const ignoreCase = options['case_insensitive'] === true;
    if (kind === 'term') return this.#term(field, text, ignoreCase);
    const pattern = kind === 'prefix' ? `${escapeWildcards(text)}*` : text;
    return kind === 'regexp' ? this.#regexp(field, text, ignoreCase) : this.#wildcard(field, pattern, ignoreCase);
  }

  /** The text of a field; '' where there is none. */
  text(field: ElasticField): string {
    if (field.kind === 'date') return `toString(toUnixTimestamp64Milli(${field.sql}))`;
    if (field.kind !== 'attribute') return field.sql;
    const key = this.bind('String', field.key);
    return `if(mapContains(attrs, ${key}), attrs[${key}], res[${key}])`;
  }

  /** The number of a field, NULL where it has none. Dates are milliseconds. */
  number(field: ElasticField): string {
    if (field.kind === 'date') return `toNullable(toFloat64(toUnixTimestamp64Milli(${field.sql})))`;
    return `toFloat64OrNull(${this.text(field)})`;
  }

  exists(field: ElasticField): string {
    return field.kind === 'date' ? '1' : `${this.text(field)} != ''`;
  }

  #term(field: ElasticField, text: string, ignoreCase: boolean): string {
    if (field.kind === 'text') return this.#tokens(tokensOf(text.toLowerCase()), 'and', text);
    if (field.kind === 'date') {
      const [from, to] = [false, true].map((up) =>
        this.bind('Int64', Math.round(parseDate(text, this.nowMs, { up, zone: '' }))),
      );
      return `(toUnixTimestamp64Milli(${field.sql}) BETWEEN ${from} AND ${to})`;
    }
    if (field.name === 'log.level') {
      // Under any of its spellings, as clients write them.
      const name = severityName(severityNumber(text)) || text;
      return `${this.text(field)} = ${this.bind('String', name)}`;
    }
    if (field.name === 'trace.id' && /^[0-9a-f]{32}$/i.test(text))
      return `trace_id = toFixedString(unhex(${this.bind('String', text)}), 16)`;
    const value = this.bind('String', ignoreCase ? text.toLowerCase() : text);
    const own = this.text(field);
    if (ignoreCase) return `lowerUTF8(${own}) = ${value}`;
    if (field.kind !== 'attribute' || text === '') return `${own} = ${value}`;
    // The bloom filters on the values prune; the name then decides.
    return `((has(mapValues(attrs), ${value}) OR has(mapValues(res), ${value})) AND ${own} = ${value})`;
  }

  #tokens(tokens: readonly string[], operator: 'and' | 'or', text: string): string {
    if (tokens.length === 0) return text.trim() === '' ? '0' : `position(body, ${this.bind('String', text)}) > 0`;
    const parts = tokens.slice(0, 100).map((word) => `hasToken(${lowered}, ${this.bind('String', word)})`);
    return operator === 'and' ? `(${parts.join(' AND ')})` : any(parts);
  }

  #match(field: ElasticField, given: Json, kind: string): string {
    const text = textOf(given['query'], kind);
    if (field.kind !== 'text') return this.#term(field, text, false);
    const tokens = tokensOf(text.toLowerCase());
    if (kind === 'match_phrase' && tokens.length > 1)
      return `hasPhrase(${lowered}, ${this.bind('String', tokens.join(' '))})`;
    if (kind.endsWith('prefix')) {
      const last = tokens.pop();
      const begins =
        last === undefined
          ? '1'
          : `match(${lowered}, ${this.bind('String', `(^|[^0-9a-z\\x{80}-\\x{10FFFF}])${quoteRegex(last)}`)})`;
      return tokens.length === 0
        ? begins
        : `(hasPhrase(${lowered}, ${this.bind('String', tokens.join(' '))}) AND ${begins})`;
    }
    const operator = textOf(given['operator'] ?? 'or', kind).toLowerCase() === 'and' ? 'and' : 'or';
    return this.#tokens(tokens, kind === 'match_phrase' ? 'and' : operator, text);
  }

  #wildcard(field: ElasticField, pattern: string, ignoreCase: boolean): string {
    const parts = pattern.match(/\\.|[*?]|[^*?\\]+/gs) ?? [];
    const like = parts
      .map((part) =>
        part === '*' ? '%' : part === '?' ? '_' : likePattern(part.replaceAll(/\\(.)/gs, '$1'), true).slice(1, -1),
      )
      .join('');
    if (field.kind !== 'text') {
      const own = this.text(field);
      const text = ignoreCase || field.name === 'log.level' ? `lowerUTF8(${own})` : own;
      return `(${own} != '' AND ${text} LIKE ${this.bind('String', ignoreCase || field.name === 'log.level' ? like.toLowerCase() : like)})`;
    }
    // Of an analysed text each word is compared.
    const words = parts
      .map((part) =>
        part === '*' ? '\\S*' : part === '?' ? '\\S' : quoteRegex(part.replaceAll(/\\(.)/gs, '$1').toLowerCase()),
      )
      .join('');
    return `match(${lowered}, ${this.bind('String', `(^|[^0-9a-z\\x{80}-\\x{10FFFF}])${words}($|[^0-9a-z\\x{80}-\\x{10FFFF}])`)})`;
  }

  #regexp(field: ElasticField, pattern: string, ignoreCase: boolean): string {
    try {
      RE2JS.compile(pattern);
    } catch {
      throw new ElasticFault('illegal_argument_exception', `failed to parse regular expression [${pattern}]`);
    }
    const flags = ignoreCase || field.kind === 'text' ? '(?is)' : '(?s)';
    if (field.kind !== 'text') return `match(${this.text(field)}, ${this.bind('String', `${flags}^(?:${pattern})$`)})`;
    return `match(body, ${this.bind('String', `${flags}(^|[^0-9A-Za-z])(?:${pattern})($|[^0-9A-Za-z])`)})`;
  }

  #range(field: ElasticField, given: Json): string {
    const zone = typeof given['time_zone'] === 'string' ? given['time_zone'] : '';
    const bounds: [string, unknown][] = [];
    for (const [name, value] of Object.entries(given)) {
      if (
        ['format', 'time_zone', 'boost', 'relation', '_name', 'include_lower', 'include_upper'].includes(name) ||
        value === null
      )
        continue;
      const op = {
        gte: '>=',
        gt: '>',
        lte: '<=',
        lt: '<',
        from: given['include_lower'] === false ? '>' : '>=',
        to: given['include_upper'] === false ? '<' : '<=',
      }[name];
      if (op === undefined) throw parsing(`[range] query does not support [${name}]`);
      bounds.push([op, value]);
    }
    const parts = bounds.map(([op, value]) => this.#bound(field, op, value, zone));
    return parts.length === 0 ? this.exists(field) : `(${parts.join(' AND ')})`;
  }

  #bound(field: ElasticField, op: string, value: unknown, zone: string): string {
    if (field.kind === 'date') {
      const up = op === '<=' || op === '>';
      const ms = Math.round(parseDate(value, this.nowMs, { up, zone }));
      // A bound of milliseconds takes its whole millisecond in.
      const ns = BigInt(ms) * 1_000_000n + (up ? 999_999n : 0n);
      const moment = `fromUnixTimestamp64Nano(${this.bind('Int64', clampNs(ns))})`;
      if (field.sql !== 'ts') return `${field.sql} ${op} ${moment}`;
      // The sorting key begins with the minute.
      return `(toStartOfMinute(ts) ${op.startsWith('>') ? '>=' : '<='} toStartOfMinute(${moment}) AND ts ${op} ${moment})`;
    }
    const number = typeof value === 'number' ? value : Number(textOf(value, 'range'));
    if (Number.isFinite(number)) return `ifNull(${this.number(field)} ${op} ${this.bind('Float64', number)}, 0)`;
    const own = this.text(field);
    return `(${own} != '' AND ${own} ${op} ${this.bind('String', textOf(value, 'range'))})`;
  }

  #lucene(node: Lucene, names: readonly string[]): string {
    if (++this.#clauses > mostClauses) throw illegal(`maxClauseCount is set to ${mostClauses}`);
    const over = (field: string, read: (found: ElasticField) => string): string =>
      any((field === '' || field === '*' ? names : [field]).map((name) => read(findField(name))));
    switch (node.kind) {
      case 'all':
        return '1';
      case 'not':
        return `NOT (${this.#lucene(node.item, names)})`;
      case 'and':
        return `(${node.items.map((item) => this.#lucene(item, names)).join(' AND ')})`;
      case 'or':
        return any(node.items.map((item) => this.#lucene(item, names)));
      case 'exists':
        return this.exists(findField(node.field));
      case 'term':
        return over(node.field, (field) => this.#match(field, { query: node.text, operator: 'and' }, 'match'));
      case 'phrase':
        return over(node.field, (field) => this.#match(field, { query: node.text }, 'match_phrase'));
      case 'wildcard':
        return over(node.field, (field) => this.#wildcard(field, node.text, field.kind === 'text'));
      case 'regexp':
        return over(node.field, (field) => this.#regexp(field, node.text, false));
      case 'range': {
        const given: Record<string, unknown> = {};
        if (node.low !== '*') given[node.includeLow ? 'gte' : 'gt'] = node.low;
        if (node.high !== '*') given[node.includeHigh ? 'lte' : 'lt'] = node.high;
        return over(node.field, (field) => this.#range(field, given));
      }
    }
  }

  /** `logs-*,-logs-old`, `_all`: the documents of these indices. */
  indices(expression: string): string {
    const names = expression
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    const wanted = names.filter((name) => !name.startsWith('-'));
    const like = (name: string): string =>
      `${indexName} LIKE ${this.bind('String', likePattern(name.replaceAll('\\', ''), false))}`;
    const parts: string[] = [];
    if (wanted.length > 0 && !wanted.some((name) => name === '*' || name === '_all'))
      parts.push(any(wanted.slice(0, 100).map(like)));
    for (const name of names.slice(0, 100)) if (name.startsWith('-')) parts.push(`NOT (${like(name.slice(1))})`);
    return parts.length === 0 ? '1' : parts.join(' AND ');
  }
}

const lastNs = 4_294_944_000n * 1_000_000_000n;
const clampNs = (ns: bigint): bigint => (ns < 0n ? 0n : ns > lastNs ? lastNs : ns);
const any = (parts: readonly string[]): string =>
  parts.length === 0 ? '0' : parts.length === 1 ? (parts[0] ?? '0') : `(${parts.join(' OR ')})`;
const listOf = (value: unknown): readonly unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? (value as unknown[]) : [value];
const quoteRegex = (text: string): string => text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&');
const escapeWildcards = (text: string): string => text.replaceAll(/[\\*?]/g, '\\$&');

/** `2`, `-1`, `75%`. */
function minimum(value: unknown, of: number): number {
  const text = textOf(value, 'minimum_should_match');
  const number = text.endsWith('%') ? Math.trunc((Number(text.slice(0, -1)) / 100) * of) : Math.trunc(Number(text));
  if (!Number.isFinite(number)) throw illegal(`failed to parse minimum_should_match [${text}]`);
  return Math.max(0, Math.min(of, number < 0 ? of + number : number));
}
