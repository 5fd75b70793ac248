import { ElasticFault, illegal, objectOf, onlyMember, parsing, textOf, type Json } from './fault.ts';
import { findField, type ElasticField } from './fields.ts';
import type { QuerySql } from './query-sql.ts';

const mostSources = 16;
const mostBuckets = 10_000;

/** One part of a composite bucket's key. */
export interface CompositeSource {
  readonly name: string;
  /** The part as text; '' where it is missing. */
  readonly sql: string;
  readonly where: string;
  readonly isNumber: boolean;
  readonly isDate: boolean;
  /** Keys are shown as text in this form. */
  readonly format: string;
  readonly down: boolean;
  readonly missing: boolean;
}

export interface Composite {
  /** The key's parts, as a JSON list of texts. */
  readonly sql: string;
  readonly where: string;
  /** `ORDER BY … LIMIT …` over the column that holds the key. */
  readonly end: (key: string) => string;
  readonly shownKey: (key: string) => Record<string, unknown>;
}

/** What is needed of the single aggregations that a source may be: the expression of their key, as text, and their condition. */
export interface SourceLevels {
  readonly dateHistogram: (body: Json) => { readonly sql: string; readonly where: string };
  readonly histogram: (body: Json) => { readonly sql: string; readonly where: string };
}

/**
 * `composite`: every combination of its sources' values, a page behind the other
 * (https://www.elastic.co/docs/reference/aggregations/search-aggregations-bucket-composite-aggregation). Throws `ElasticFault`.
 */
export function readComposite(body: Json, compiler: QuerySql, levels: SourceLevels): Composite {
  const size = Number(body['size'] ?? 10);
  if (!Number.isInteger(size) || size < 1 || size > mostBuckets)
    throw illegal(`[size] must be a positive integer of at most ${mostBuckets}, found [${String(body['size'])}]`);
  const given = body['sources'];
  if (!Array.isArray(given) || given.length === 0) throw illegal('Composite [sources] cannot be null or empty');
  if (given.length > mostSources) throw illegal(`Composite [sources] cannot be more than ${mostSources}`);
  const sources = given.map((item) => readSource(item, compiler, levels));
  const twice = sources.find(({ name }, index) => sources.findIndex((other) => other.name === name) < index);
  if (twice) throw illegal(`Composite source names must be unique, found duplicates: [${twice.name}]`);
  const wheres = sources.flatMap((source) => (source.missing ? [] : [source.where])).filter((sql) => sql !== '1');
  if (body['after'] !== undefined) wheres.push(afterSql(objectOf(body['after'], 'after'), sources, compiler));
  const part = (key: string, index: number): string => `JSONExtractString(${key}, ${index + 1})`;
  return {
    sql: `toJSONString([${sources.map(({ sql }) => `toString(${sql})`).join(', ')}])`,
    where: wheres.join(' AND ') || '1',
    end: (key) =>
      `ORDER BY ${sources
        .map((source, index) => {
          const value = source.isNumber ? `toFloat64OrNull(${part(key, index)})` : part(key, index);
          const nulls = source.isNumber ? ` NULLS ${source.down ? 'LAST' : 'FIRST'}` : '';
          return `${value} ${source.down ? 'DESC' : 'ASC'}${nulls}`;
        })
        .join(', ')} LIMIT ${size}`,
    shownKey: (key) => {
      const parts = JSON.parse(key) as string[];
      return Object.fromEntries(sources.map((source, index) => [source.name, shownPart(parts[index] ?? '', source)]));
    },
  };
}

function shownPart(text: string, { isNumber, isDate, format }: CompositeSource): string | number | null {
  if (text === '') return null;
  if (isDate && format !== '') return formatted(Number(text), format);
  return isNumber ? Number(text) : text;
}

/** The common forms of dates; others are refused when they are read. */
function formatted(at: number, format: string): string | number {
  const iso = new Date(at).toISOString();
  if (format === 'yyyy-MM-dd' || format === 'strict_date') return iso.slice(0, 10);
  return format === 'epoch_millis' ? String(at) : iso;
}
const formats = new Set([
  '',
  'yyyy-MM-dd',
  'strict_date',
  'epoch_millis',
  'iso8601',
  'date_time',
  'strict_date_time',
  'strict_date_optional_time',
]);

function readSource(item: unknown, compiler: QuerySql, levels: SourceLevels): CompositeSource {
  const [name, given] = onlyMember(item, 'sources');
  const [kind, inner] = onlyMember(given, name);
  const body = objectOf(inner, kind);
  const order = textOf(body['order'] ?? 'asc', 'order').toLowerCase();
  if (order !== 'asc' && order !== 'desc') throw illegal(`No enum constant for order [${order}]`);
  const missing = body['missing_bucket'] === true;
  const common = { name, down: order === 'desc', missing };
  if (kind === 'terms') {
    const field = findField(textOf(body['field'], 'terms'));
    return { ...common, sql: compiler.text(field), where: compiler.exists(field), format: '', ...kindOf(field) };
  }
  if (kind === 'date_histogram') {
    const format = textOf(body['format'] ?? '', 'format');
    if (!formats.has(format))
      throw illegal(`Invalid format: [${format}]: expected one of ${[...formats].slice(1).join(', ')}`);
    const { sql, where } = levels.dateHistogram(body);
    return { ...common, sql, where, format, isNumber: true, isDate: true };
  }
  if (kind === 'histogram') {
    const { sql, where } = levels.histogram(body);
    const text = missing ? `if(${where}, ${sql}, '')` : sql;
    return { ...common, sql: text, where, format: '', isNumber: true, isDate: false };
  }
  throw parsing(`Unknown value source type [${kind}]: expected terms, date_histogram or histogram`);
}

const kindOf = ({ kind }: ElasticField): { isNumber: boolean; isDate: boolean } => ({
  isNumber: kind === 'date',
  isDate: kind === 'date',
});

/** What comes behind the last bucket of a page. */
function afterSql(after: Json, sources: readonly CompositeSource[], compiler: QuerySql): string {
  const read = sources.map((source): { sql: string; value: string } => {
    const { name, sql, isNumber, isDate } = source;
    if (!(name in after)) throw illegal(`Missing value for [after.${name}]`);
    const value = after[name];
    if (value === null) {
      if (!source.missing) throw illegal(`Invalid value for [after.${name}]: null without [missing_bucket]`);
      return { sql: isNumber ? numberOf(sql) : sql, value: isNumber ? `toFloat64('-inf')` : `''` };
    }
    if (!isNumber) return { sql, value: compiler.bind('String', textOf(value, 'after')) };
    const number = isDate && typeof value === 'string' && !/^-?\d+$/.test(value) ? Date.parse(value) : Number(value);
    if (!Number.isFinite(number))
      throw illegal(
        `Invalid value for [after.${name}]: [${JSON.stringify(value)}] is no ${isDate ? 'date' : 'number'}`,
      );
    return { sql: numberOf(sql), value: compiler.bind('Float64', number) };
  });
  const alternatives = read.map(({ sql, value }, index) => {
    const same = read.slice(0, index).map((before) => `${before.sql} = ${before.value}`);
    return `(${[...same, `${sql} ${sources[index]?.down === true ? '<' : '>'} ${value}`].join(' AND ')})`;
  });
  return `(${alternatives.join(' OR ')})`;
}

/** A part's number; below all others where it is missing. */
const numberOf = (sql: string): string => `ifNull(toFloat64OrNull(${sql}), toFloat64('-inf'))`;

/** `composite` reads pages of the whole: it stands within nothing that has buckets of its own. */
export function refuseInner(): never {
  throw new ElasticFault(
    'illegal_argument_exception',
    '[composite] aggregation cannot be used with a parentAggregation of type: [buckets]',
  );
}
