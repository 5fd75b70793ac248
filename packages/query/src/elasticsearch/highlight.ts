import { tokensOf } from '../search/words.ts';
import { ElasticFault, isObject, type Json } from './fault.ts';
import { findField } from './fields.ts';
import { parseLucene, type Lucene } from './lucene.ts';

/** What of a document's fields a query found, marked; undefined where it was nothing. */
export type Highlighter = (fields: ReadonlyMap<string, string>) => Record<string, string[]> | undefined;

interface Asked {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly fragments: number;
  readonly size: number;
}

/** Words or, of fields that are no text, whole values that a query asks for, by field: each tells whether a word is one. */
type Wanted = Map<string, ((word: string) => boolean)[]>;

const deepest = 20;
const mostWords = 200;
const mostFields = 50;

/** Of `highlight` in a search: the words of the message, and the values of other fields, that its query found. */
export function highlighter(body: Json): Highlighter | undefined {
  const asked = askedOf(body['highlight']);
  if (asked.length === 0) return undefined;
  const wanted: Wanted = new Map();
  collect(isObject(body['highlight']) ? (body['highlight']['highlight_query'] ?? body['query']) : undefined, wanted, 0);
  if (wanted.size === 0) return undefined;
  return (fields) => {
    const found: Record<string, string[]> = {};
    for (const one of asked) {
      for (const [name, tests] of wanted) {
        const value = fields.get(name);
        if (value === undefined || (one.name !== '*' && findField(one.name).name !== name)) continue;
        const shown = name === 'message' ? markedText(value, tests, one) : markedValue(value, tests, one);
        if (shown.length > 0) found[one.name === '*' ? name : one.name] = shown;
      }
    }
    return Object.keys(found).length > 0 ? found : undefined;
  };
}

function askedOf(given: unknown): Asked[] {
  if (!isObject(given)) return [];
  const listed = Array.isArray(given['fields']) ? (given['fields'] as unknown[]) : [given['fields']];
  const entries = listed.flatMap((fields) => (isObject(fields) ? Object.entries(fields) : []));
  return entries.slice(0, mostFields).map(([name, own]) => {
    const option = (key: string): unknown => (isObject(own) ? (own[key] ?? given[key]) : given[key]);
    const tag = (key: string, otherwise: string): string => {
      const value = option(key);
      const first: unknown = Array.isArray(value) ? value[0] : value;
      return typeof first === 'string' ? first.slice(0, 100) : otherwise;
    };
    const number = (key: string, otherwise: number): number => {
      const value = Number(option(key) ?? otherwise);
      return Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
    };
    return {
      name,
      before: tag('pre_tags', '<em>'),
      after: tag('post_tags', '</em>'),
      fragments: Math.min(100, number('number_of_fragments', 5)),
      size: number('fragment_size', 100),
    };
  });
}

/** Every condition that may hold, whatever joins them; what must not hold marks nothing. */
function collect(query: unknown, wanted: Wanted, depth: number): void {
  if (!isObject(query) || depth > deepest) return;
  const each = (value: unknown): void =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).forEach((inner) => collect(inner, wanted, depth + 1));
  for (const [kind, body] of Object.entries(query)) {
    if (!isObject(body)) continue;
    if (kind === 'bool') for (const part of ['must', 'filter', 'should']) each(body[part]);
    else if (kind === 'dis_max') each(body['queries']);
    else if (kind === 'constant_score') each(body['filter']);
    else if (kind === 'function_score') each(body['query']);
    else if (kind === 'multi_match') for (const name of namesOf(body['fields'])) take(name, 'match', body, wanted);
    else if (kind === 'query_string' || kind === 'simple_query_string')
      collectLucene(body, kind === 'simple_query_string', wanted);
    else for (const [name, given] of Object.entries(body)) take(name, kind, given, wanted);
  }
}

function take(name: string, kind: string, given: unknown, wanted: Wanted): void {
  const value = isObject(given) ? (given['query'] ?? given['value'] ?? given[kind]) : given;
  const texts = (Array.isArray(value) ? (value as unknown[]) : [value]).filter(
    (one) => typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean',
  );
  for (const text of texts.map(String)) {
    if (kind === 'prefix') add(name, (word) => word.startsWith(text.toLowerCase()), wanted);
    else if (kind === 'wildcard') add(name, wildcard(text), wanted);
    else if (kind === 'term' || kind === 'terms' || kind.startsWith('match')) takeText(name, text, kind, wanted);
  }
}

function takeText(name: string, text: string, kind: string, wanted: Wanted): void {
  const lower = text.toLowerCase();
  if (findField(name).kind !== 'text') return add(name, (word) => word === lower, wanted);
  const tokens = tokensOf(lower);
  const last = kind.endsWith('prefix') ? tokens.pop() : undefined;
  const words = new Set(tokens);
  add(name, (word) => words.has(word) || (last !== undefined && word.startsWith(last)), wanted);
}

function collectLucene(body: Json, simple: boolean, wanted: Wanted): void {
  const { query, default_field: field, fields } = body;
  if (typeof query !== 'string') return;
  const names = namesOf(fields ?? (typeof field === 'string' ? [field] : undefined));
  const walk = (node: Lucene): void => {
    if (node.kind === 'and' || node.kind === 'or') return node.items.forEach(walk);
    if (node.kind !== 'term' && node.kind !== 'phrase' && node.kind !== 'wildcard') return;
    for (const name of node.field === '' || node.field === '*' ? names : [node.field]) {
      if (node.kind === 'wildcard') add(name, wildcard(node.text), wanted);
      else takeText(name, node.text, 'match', wanted);
    }
  };
  try {
    walk(parseLucene(query, 'or', simple));
  } catch (error) {
    // The query itself says what is wrong with it.
    if (!(error instanceof ElasticFault)) throw error;
  }
}

/** As a query reads its fields: the message where none or all are meant. */
function namesOf(fields: unknown): string[] {
  const names = (Array.isArray(fields) ? (fields as unknown[]) : []).map((name) =>
    String(name).replace(/\^[\d.]+$/, ''),
  );
  return names.length === 0 || names.includes('*') ? ['message'] : names.slice(0, mostFields);
}

function add(name: string, test: (word: string) => boolean, wanted: Wanted): void {
  const field = findField(name).name;
  const tests = wanted.get(field) ?? [];
  if (tests.length < mostWords) tests.push(test);
  if (wanted.size < mostFields) wanted.set(field, tests);
}

/** `*` and `?` in one word; takes time in proportion to pattern times word. */
function wildcard(pattern: string): (word: string) => boolean {
  const wild = pattern.toLowerCase().slice(0, 200).replaceAll(/\*+/g, '*');
  return (word) => {
    let [at, from, star, back] = [0, 0, -1, 0];
    while (from < word.length) {
      if (wild[at] === '*') [star, back, at] = [at, from, at + 1];
      else if (at < wild.length && (wild[at] === '?' || wild[at] === word[from])) [at, from] = [at + 1, from + 1];
      else if (star >= 0) [at, back, from] = [star + 1, back + 1, back + 1];
      else return false;
    }
    while (wild[at] === '*') at++;
    return at === wild.length;
  };
}

const longestValue = 20_000;

function markedValue(value: string, tests: readonly ((word: string) => boolean)[], { before, after }: Asked): string[] {
  const lower = value.toLowerCase();
  return tests.some((test) => test(lower)) ? [`${before}${value}${after}`] : [];
}

/** Pieces of a text around its marked words; the whole text for no pieces. */
function markedText(value: string, tests: readonly ((word: string) => boolean)[], asked: Asked): string[] {
  const text = value.slice(0, longestValue);
  const spots = [...text.matchAll(/[0-9a-z\u0080-\u{10FFFF}]+/giu)]
    .map((match) => ({ from: match.index, to: match.index + match[0].length, word: match[0].toLowerCase() }))
    .filter(({ word }) => tests.some((test) => test(word)));
  if (spots.length === 0) return [];
  const whole = asked.fragments === 0 || asked.size === 0;
  const pieces: { from: number; to: number; spots: typeof spots }[] = [];
  for (const spot of spots) {
    const last = pieces.at(-1);
    if (last && (whole || spot.to <= last.to)) last.spots.push(spot);
    else if (whole) pieces.push({ from: 0, to: text.length, spots: [spot] });
    else {
      const from = spot.from < asked.size / 4 ? 0 : begun(text, spot.from - Math.floor(asked.size / 4), spot.from);
      const to = Math.max(spot.to, ended(text, from + asked.size));
      pieces.push({ from: Math.max(from, last?.to ?? 0), to, spots: [spot] });
    }
  }
  return pieces.slice(0, whole ? 1 : asked.fragments).map((piece) => {
    let at = piece.from;
    let shown = '';
    for (const spot of piece.spots) {
      shown += `${text.slice(at, spot.from)}${asked.before}${text.slice(spot.from, spot.to)}${asked.after}`;
      at = spot.to;
    }
    return shown + text.slice(at, piece.to);
  });
}

/** The next place behind a space from `at`, before `most`. */
function begun(text: string, at: number, most: number): number {
  const space = text.indexOf(' ', at);
  return space < 0 || space >= most ? at : space + 1;
}

/** The last space before `at`, or the end. */
function ended(text: string, at: number): number {
  if (at >= text.length) return text.length;
  const space = text.lastIndexOf(' ', at);
  return space <= 0 ? at : space;
}
