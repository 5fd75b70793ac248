import { fail, ok, parseDuration, type Result } from '@sightline/base';
import { severityNames, severityNumber } from '@sightline/record';
import type { ParameterValue } from '@sightline/store/port';
import type { Search, SearchError, Span, Test, Value } from './ast.ts';
import { findField, ownAttributes, textColumns, volumeColumns, type Field, type Table } from './fields.ts';
import { isIndexed } from './indexed.ts';
import { likePattern, literalParts, tokensOf, wordPattern } from './words.ts';

/** A search as a condition. `sql` holds no byte of the search text: all of it stands in `parameters`. */
export interface CompiledSearch {
  /** A boolean expression over the table's columns; `1` when everything matches. Never NULL. */
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** What to light up in the text of a hit: lower case, without negated terms. */
  readonly words: readonly string[];
  /** True when only dimensions of the `volume` view are asked for. */
  readonly onlyVolume: boolean;
  /** True when the site decides: then `service_volume`, which knows no sites, cannot answer. */
  readonly asksSite: boolean;
  /** True when indexes lead to all that it finds. */
  readonly indexed: boolean;
}

/** Turns a parsed search into a condition on `table`. Parameters are named `<prefix>0`, `<prefix>1`, … */
export function compile(table: Table, search: Search, prefix = 'q'): Result<CompiledSearch, SearchError> {
  const compiler = new Compiler(table, prefix);
  try {
    const sql = compiler.search(search, true);
    const { parameters, onlyVolume, asksSite } = compiler;
    return ok({ sql, parameters, words: [...compiler.words], onlyVolume, asksSite, indexed: isIndexed(table, search) });
  } catch (fault) {
    if (fault instanceof Misfit) return fail({ message: fault.message, position: fault.position });
    throw fault;
  }
}

class Misfit extends Error {
  readonly position: Span;
  constructor(message: string, position: Span) {
    super(message);
    this.position = position;
  }
}

interface FieldTest {
  readonly name: string;
  readonly at: Span;
  readonly test: Test;
}

class Compiler {
  readonly parameters: Record<string, ParameterValue> = {};
  readonly words = new Set<string>();
  onlyVolume = true;
  asksSite = false;
  readonly #table: Table;
  readonly #prefix: string;
  #count = 0;

  constructor(table: Table, prefix: string) {
    this.#table = table;
    this.#prefix = prefix;
  }

  /** `wanted` is false below an odd number of negations: what must not stand there is not lit up. */
  search(search: Search, wanted: boolean): string {
    switch (search.kind) {
      case 'everything':
        return '1';
      case 'and':
      case 'or':
        return `(${search.items.map((item) => this.search(item, wanted)).join(search.kind === 'and' ? ' AND ' : ' OR ')})`;
      case 'not':
        return `NOT ${this.search(search.item, !wanted)}`;
      case 'text':
        this.onlyVolume = false;
        if (wanted) this.#light(search.value);
        return any([
          ...textColumns[this.#table].map((column) => this.#text(column, search.value)),
          ...this.#identifier(search.value),
        ]);
      case 'regex':
        this.onlyVolume = false;
        return any(textColumns[this.#table].map((column) => this.#regex(column, search.pattern)));
      case 'named':
        this.onlyVolume = false;
        return `arrayExists(name -> ${this.#regex('name', search.pattern)}, mapKeys(${ownAttributes[this.#table]}))`;
      case 'field':
        return this.#field({ name: search.field, at: search.at, test: search.test }, wanted);
    }
  }

  #bind(type: string, value: ParameterValue): string {
    const name = `${this.#prefix}${this.#count++}`;
    this.parameters[name] = value;
    return `{${name}:${type}}`;
  }

  #light(value: Value): void {
    const parts = value.wildcard ? literalParts(value.text) : [value.text];
    for (const part of parts) if (part.trim()) this.words.add(part.trim().toLowerCase());
  }

  /** Consecutive whole words, ignoring case and punctuation; with a wildcard, one run without spaces. */
  #text(column: string, value: Value): string {
    const lowered = `lowerUTF8(${column})`;
    const text = value.text.toLowerCase();
    if (value.wildcard) {
      const pattern = wordPattern(text);
      // LIKE lets the text index prune; the expression then looks at the edges of the words.
      const like = literalParts(text).map((part) => `${lowered} LIKE ${this.#bind('String', likePattern(part, true))}`);
      return `(${[...like, ...(pattern ? [`match(${lowered}, ${this.#bind('String', pattern)})`] : [])].join(' AND ')})`;
    }
    const tokens = tokensOf(text);
    if (tokens.length === 0) return `position(${lowered}, ${this.#bind('String', text)}) > 0`;
    if (tokens.length === 1 && tokens[0]) return `hasToken(${lowered}, ${this.#bind('String', tokens[0])})`;
    return `hasPhrase(${lowered}, ${this.#bind('String', tokens.join(' '))})`;
  }

  /** A bare word that looks like an id also finds the records that carry it: pasting an id is enough. */
  #identifier(value: Value): string[] {
    if (value.wildcard || !/^[\w.:@-]{8,128}$/.test(value.text) || !/\d/.test(value.text)) return [];
    const id = this.#bind('String', value.text);
    const found = [`correlation_id = ${id}`];
    const hex = filledUp(value.text.replaceAll('-', ''));
    if (/^[0-9a-f]{32}$/i.test(hex)) found.push(`trace_id = toFixedString(unhex(${this.#bind('String', hex)}), 16)`);
    if (this.#table === 'errors') found.push(`order_id = ${id}`, `user_id = ${id}`, `event_id = ${id}`);
    else found.push(`has(mapValues(attrs), ${id})`);
    return found;
  }

  #regex(expression: string, pattern: string): string {
    return `match(${expression}, ${this.#bind('String', pattern)})`;
  }

  #field(asked: FieldTest, wanted: boolean): string {
    const field = findField(this.#table, asked.name);
    if (field.kind === 'attribute' || !volumeColumns.has(field.column)) this.onlyVolume = false;
    else if (field.column === 'site') this.asksSite = true;
    switch (field.kind) {
      case 'attribute':
        return this.#attribute(field, asked);
      case 'text':
        return this.#textField(field.column, asked, wanted);
      case 'dimension':
        return this.#string(field.column, asked, true);
      case 'id':
        return this.#string(field.column, asked, false);
      case 'hex':
        return this.#hex(field.column, field.bytes, asked);
      case 'severity':
        return this.#severity(field.column, asked);
      case 'code':
        return this.#code(field, asked);
      case 'duration':
        return this.#number(`toFloat64(${field.column})`, asked, nanoseconds, `${field.column} > 0`);
      case 'number':
        return this.#number(field.column, asked, plainNumber, `${field.column} != 0`);
      case 'flag':
        return this.#flag(field.column, asked);
      case 'issue':
        return this.#issue(field.column, asked);
    }
  }

  #textField(column: string, asked: FieldTest, wanted: boolean): string {
    const { test } = asked;
    if (test.kind === 'exists') return `${column} != ''`;
    if (test.kind === 'regex') return this.#regex(column, test.pattern);
    const value = test.kind === 'is' ? test.value : rangeAsText(asked);
    if (wanted) this.#light(value);
    return value.text === '' ? `${column} = ''` : this.#text(column, value);
  }

  #string(column: string, asked: FieldTest, ignoreCase: boolean): string {
    const { test } = asked;
    if (test.kind === 'exists') return `${column} != ''`;
    if (test.kind === 'regex') return this.#regex(column, test.pattern);
    const value = test.kind === 'is' ? test.value : rangeAsText(asked);
    if (value.wildcard)
      return `lowerUTF8(${column}) LIKE ${this.#bind('String', likePattern(value.text.toLowerCase(), false))}`;
    if (ignoreCase) return `lowerUTF8(${column}) = ${this.#bind('String', value.text.toLowerCase())}`;
    return `${column} = ${this.#bind('String', value.text)}`;
  }

  #hex(column: string, bytes: number, asked: FieldTest): string {
    const { test } = asked;
    if (test.kind === 'exists') return `${column} != toFixedString('', ${bytes})`;
    if (test.kind === 'regex') return this.#regex(`lower(hex(${column}))`, test.pattern);
    if (test.kind !== 'is') throw noOrder(asked);
    if (test.value.wildcard) {
      return `lower(hex(${column})) LIKE ${this.#bind('String', likePattern(test.value.text.toLowerCase(), false))}`;
    }
    const digits = test.value.text.replaceAll('-', '');
    const hex = bytes === 16 ? filledUp(digits) : digits;
    if (!/^[0-9a-f]+$/i.test(hex) || hex.length !== bytes * 2) {
      throw new Misfit(`expected ${bytes * 2} hexadecimal digits after \`${asked.name}:\``, test.value.at);
    }
    return `${column} = toFixedString(unhex(${this.#bind('String', hex)}), ${bytes})`;
  }

  #severity(column: string, asked: FieldTest): string {
    const { test } = asked;
    if (test.kind === 'exists') return `${column} > 0`;
    if (test.kind === 'regex')
      throw new Misfit(`expected ${severityNames.join(', ')} or a number after \`${asked.name}:\``, test.at);
    // A name stands for its group of four numbers.
    const group = (value: Value): [number, number] => {
      const number = /^\d{1,2}$/.test(value.text) ? Number(value.text) : undefined;
      if (number !== undefined && number <= 24) return [number, number];
      const first = severityNumber(value.text);
      if (value.wildcard || first === 0) {
        throw new Misfit(
          `expected ${severityNames.join(', ')} or a number from 0 to 24 after \`${asked.name}:\``,
          value.at,
        );
      }
      const low = Math.floor((first - 1) / 4) * 4 + 1;
      return [low, low + 3];
    };
    const compare = (operator: string, bound: number): string => `${column} ${operator} ${this.#bind('UInt8', bound)}`;
    if (test.kind === 'is') {
      const [low, high] = group(test.value);
      return low === high ? compare('=', low) : `(${compare('>=', low)} AND ${compare('<=', high)})`;
    }
    if (test.kind === 'compare') {
      const [low, high] = group(test.value);
      const fromTop = test.comparison === '>' || test.comparison === '<=';
      return compare(test.comparison, fromTop ? high : low);
    }
    const [low, lowTop] = group(test.low);
    const [highBottom, high] = group(test.high);
    return `(${test.includeLow ? compare('>=', low) : compare('>', lowTop)} AND ${test.includeHigh ? compare('<=', high) : compare('<', highBottom)})`;
  }

  #code(field: Extract<Field, { kind: 'code' }>, asked: FieldTest): string {
    const { test } = asked;
    if (test.kind === 'exists') return `${field.column} > 0`;
    const name = test.kind === 'is' && !test.value.wildcard ? test.value.text.toLowerCase() : '';
    const code = Object.hasOwn(field.codes, name) ? field.codes[name] : undefined;
    if (code !== undefined) return `${field.column} = ${this.#bind('UInt8', code)}`;
    const numeric =
      test.kind === 'compare' || test.kind === 'range' || (test.kind === 'is' && /^[\d*]+$/.test(test.value.text));
    if (field.otherwise && numeric) {
      return this.#attribute({ kind: 'attribute', keys: field.otherwise, maps: ['attrs'] }, asked);
    }
    const place = test.kind === 'is' || test.kind === 'compare' ? test.value.at : asked.at;
    throw new Misfit(
      `expected ${Object.keys(field.codes).join(', ')}${field.otherwise ? ' or a number' : ''} after \`${asked.name}:\``,
      place,
    );
  }

  #number(column: string, asked: FieldTest, read: (value: Value, name: string) => number, exists: string): string {
    const { test } = asked;
    const bound = (value: Value): string => this.#bind('Float64', read(value, asked.name));
    switch (test.kind) {
      case 'exists':
        return exists;
      case 'regex':
        throw new Misfit(`expected a number after \`${asked.name}:\``, test.at);
      case 'is':
        return `${column} = ${bound(test.value)}`;
      case 'compare':
        return `${column} ${test.comparison} ${bound(test.value)}`;
      case 'range':
        return `(${column} ${test.includeLow ? '>=' : '>'} ${bound(test.low)} AND ${column} ${test.includeHigh ? '<=' : '<'} ${bound(test.high)})`;
    }
  }

  #flag(column: string, asked: FieldTest): string {
    const word = asked.test.kind === 'is' ? asked.test.value.text.toLowerCase() : '';
    if (asked.test.kind === 'exists') return '1';
    if (['true', 'yes', '1'].includes(word)) return `${column} = 1`;
    if (['false', 'no', '0'].includes(word)) return `${column} = 0`;
    throw new Misfit(`expected true or false after \`${asked.name}:\``, asked.at);
  }

  #issue(column: string, asked: FieldTest): string {
    if (asked.test.kind === 'exists') return `${column} != 0`;
    const text = asked.test.kind === 'is' && !asked.test.value.wildcard ? asked.test.value.text : '';
    const short = /^SIGHTLINE-([0-9a-f]{8,16})$/i.exec(text)?.[1];
    if (short !== undefined) {
      const end = (digit: string): string => this.#bind('UInt64', BigInt(`0x${short.padEnd(16, digit)}`));
      return `(${column} >= ${end('0')} AND ${column} <= ${end('f')})`;
    }
    if (!/^[0-9a-f]{16}$/i.test(text))
      throw new Misfit(
        `expected 16 hexadecimal digits or a short id such as SIGHTLINE-3F2A91BC after \`${asked.name}:\``,
        asked.at,
      );
    return `${column} = ${this.#bind('UInt64', BigInt(`0x${text}`))}`;
  }

  /** True when any of the keys in any of the maps satisfies the test. */
  #attribute(field: Extract<Field, { kind: 'attribute' }>, asked: FieldTest): string {
    const { test } = asked;
    const keys = field.keys.map((key) => this.#bind('String', key));
    const places = field.maps.flatMap((map) => keys.map((key) => ({ map, key, value: `${map}[${key}]` })));
    const over = (condition: (place: { map: string; key: string; value: string }) => string): string =>
      any(places.map(condition));
    switch (test.kind) {
      case 'exists':
        return over(({ map, key }) => `mapContains(${map}, ${key})`);
      case 'regex': {
        const pattern = this.#bind('String', test.pattern);
        return over(({ map, key, value }) => `(mapContains(${map}, ${key}) AND match(${value}, ${pattern}))`);
      }
      case 'is':
        return this.#attributeIs(field, keys, test.value);
      case 'compare':
      case 'range': {
        if (test.kind === 'range' && ![test.low, test.high].every(isNumber))
          return this.#attributeIs(field, keys, rangeAsText(asked));
        const conditions = places.map(({ value }) => {
          const number = `toFloat64OrNull(${value})`;
          return `ifNull(${this.#number(number, asked, plainNumber, '1')}, 0)`;
        });
        return any(conditions);
      }
    }
  }

  #attributeIs(field: Extract<Field, { kind: 'attribute' }>, keys: readonly string[], value: Value): string {
    if (value.wildcard) {
      const pattern = this.#bind('String', likePattern(value.text.toLowerCase(), false));
      return any(
        field.maps.flatMap((map) =>
          keys.map((key) => `(mapContains(${map}, ${key}) AND lowerUTF8(${map}[${key}]) LIKE ${pattern})`),
        ),
      );
    }
    // An empty value and none are the same to whoever asks for one.
    const text = this.#bind('String', value.text);
    if (value.text === '')
      return `(${field.maps.flatMap((map) => keys.map((key) => `${map}[${key}] = ${text}`)).join(' AND ')})`;
    // The bloom filter on the values prunes; the key then decides.
    return any(
      field.maps.map(
        (map) => `(has(mapValues(${map}), ${text}) AND ${any(keys.map((key) => `${map}[${key}] = ${text}`))})`,
      ),
    );
  }
}

const any = (conditions: readonly string[]): string =>
  conditions.length === 1 && conditions[0] ? conditions[0] : `(${conditions.join(' OR ')})`;

const noOrder = (asked: FieldTest): Misfit =>
  new Misfit(`expected a value after \`${asked.name}:\`, not a comparison: it has no order`, asked.at);

/** `a..b` on a field without order was meant as text. */
function rangeAsText(asked: FieldTest): Value {
  const { test } = asked;
  if (test.kind !== 'range' || !test.includeLow || test.low.text.includes(' ') || test.low.at !== test.high.at)
    throw noOrder(asked);
  return { ...test.low, text: `${test.low.text}..${test.high.text}` };
}

const isNumber = (value: Value): boolean => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.text);

function plainNumber(value: Value, name: string): number {
  if (!isNumber(value) || value.wildcard || !Number.isFinite(Number(value.text))) {
    throw new Misfit(`expected a number after \`${name}:\`, got \`${value.text.slice(0, 40)}\``, value.at);
  }
  return Number(value.text);
}

/** A duration with a unit, or milliseconds. Finer units than the ones of `parseDuration` are common in traces. */
function nanoseconds(value: Value, name: string): number {
  if (isNumber(value)) return Number(value.text) * 1e6;
  const fine = /^(\d+(?:\.\d+)?)(ns|us|µs)$/.exec(value.text);
  if (fine) return Number(fine[1]) * (fine[2] === 'ns' ? 1 : 1000);
  const parsed = parseDuration(value.text);
  if (!parsed.ok || value.wildcard) {
    throw new Misfit(
      `expected a duration such as 500ms or 1.5s after \`${name}:\`, got \`${value.text.slice(0, 40)}\``,
      value.at,
    );
  }
  return parsed.value * 1e6;
}

/** Trace ids of 64 bits, as clients of Jaeger and Zipkin print them (some without their first zeros), as they are stored: with 128. */
function filledUp(hex: string): string {
  return hex.length >= 14 && hex.length <= 16 ? hex.padStart(32, '0') : hex;
}
