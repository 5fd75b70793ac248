import { fail, ok, type Result } from '@sightline/base';

import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { hotTable, type LogTable } from '../logs/log-table.ts';
import { logColumns, toLog, type LogColumns, type LogRecord } from '../logs/log-row.ts';
import { matchesLinePattern } from '../logql/pattern.ts';
import { logsByTime, upToSecondOf } from '../search/scope.ts';
import { aggregate } from './aggregations.ts';
import { ElasticFault, illegal, isObject, objectOf, parsing, textOf, type Json } from './fault.ts';
import { findField, indexName, metaAttributes } from './fields.ts';
import { highlighter, type Highlighter } from './highlight.ts';
import { QuerySql } from './query-sql.ts';

/** Whose documents: a key that is bound to a site sees that alone. */
export interface ElasticScope {
  readonly organisation: string;
  readonly site: string;
  /** The index expression of the path; '' for all. */
  readonly index: string;
  readonly nowMs: number;
}

export interface ElasticError {
  readonly type: string;
  readonly reason: string;
  readonly status: number;
}

const mostHits = 10_000;

/** What a search may say; the last dozen is without effect on what is found. */
const understood = new Set(
  'query post_filter size from sort search_after track_total_hits aggs aggregations _source fields docvalue_fields highlight pit timeout terminate_after version seq_no_primary_term stored_fields track_scores explain profile stats ext preference indices_boost min_score'.split(
    ' ',
  ),
);

/** Anything else would be answered as if it had not been asked (`collapse`, `knn`, `script_fields`): it is refused, unless it is empty. */
function refuseUnknown(body: Json): void {
  for (const [name, value] of Object.entries(body)) {
    const empty = value === null || (typeof value === 'object' && Object.keys(value).length === 0);
    if (!understood.has(name) && !empty) throw parsing(`Unknown key [${name}] in a search: it is not answered here.`);
  }
}
const defaultLimits: QueryLimits = { timeoutMs: 30_000, threads: 2 };

/** Runs a read; what the request itself got wrong becomes a value. */
async function guarded<T>(run: () => Promise<T>): Promise<Result<T, ElasticError>> {
  try {
    return ok(await run());
  } catch (error) {
    if (error instanceof ElasticFault) return fail({ type: error.type, reason: error.message, status: error.status });
    throw error;
  }
}

function scopeSql(
  { organisation, site, index }: ElasticScope,
  compiler: QuerySql,
  table: LogTable = hotTable,
): { sql: string; parameters: Record<string, ParameterValue> } {
  const parts = ['organisation = {organisation:String}', compiler.indices(index)];
  const parameters: Record<string, ParameterValue> = { organisation, ...table.parameters };
  if (site !== '') {
    parts.push('site = {site:String}');
    parameters['site'] = site;
  }
  return { sql: parts.filter((part) => part !== '1').join(' AND '), parameters };
}

interface SortKey {
  readonly field: string;
  readonly sql: string;
  readonly down: boolean;
  readonly numeric: boolean;
}

/**
 * `_search` over the logs (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search): query, sort, pages, `_source`,
 * fields, aggregations. Faults are Elasticsearch's. Throws `StoreError`.
 */
export function searchDocuments(
  reader: TelemetryReader,
  scope: ElasticScope,
  body: Json,
  limits: QueryLimits = {},
  table: LogTable = hotTable,
): Promise<Result<Json, ElasticError>> {
  return guarded(async () => {
    const compiler = new QuerySql(scope.nowMs);
    const base = scopeSql(scope, compiler, table);
    const where = `${base.sql} AND ${compiler.query(body['query'])}`;
    const filtered = body['post_filter'] === undefined ? where : `${where} AND ${compiler.query(body['post_filter'])}`;
    const all = { ...defaultLimits, ...limits };
    const size = count(body['size'], 'size', 10);
    const from = count(body['from'], 'from', 0);
    if (from + size > mostHits)
      throw illegal(
        `Result window is too large, from + size must be less than or equal to: [${mostHits}] but was [${from + size}]. See the scroll api for a more efficient way to request large data sets.`,
      );
    refuseUnknown(body);
    const shape = shapeOf(body);
    const marked = highlighter(body);
    const topHits = async (
      given: Json,
      levels: readonly { sql: string }[],
      inner: string,
    ): Promise<Map<string, unknown>> => {
      const keys = levels.map(({ sql }, index) => `${sql} AS k${index}`);
      const names = levels.map((_, index) => `k${index}`);
      const sort = sortKeys(given['sort'], compiler);
      const wanted = Math.min(100, count(given['size'], 'size', 3));
      const rows = await reader.query<DocumentRow & Json>(
        `SELECT ${[...keys, documentColumns, ...sortColumns(sort)].join(', ')}, toFloat64(${names.length > 0 ? `count() OVER (PARTITION BY ${names.join(', ')})` : 'count() OVER ()'}) AS n ${table.from(inner)}
         ORDER BY ${orderSql(sort)} LIMIT ${wanted}${names.length > 0 ? ` BY ${names.join(', ')}` : ''}`,
        { ...base.parameters, ...compiler.parameters },
        all,
      );
      const found = new Map<string, { hits: { total: object; max_score: null; hits: Json[] } }>();
      for (const row of rows) {
        const key = names.map((name) => String(row[name])).join('\u0001');
        const known = found.get(key) ?? {
          hits: { total: { value: Number(row['n']), relation: 'eq' }, max_score: null, hits: [] as Json[] },
        };
        known.hits.hits.push(hitOf(row, shapeOf(given), sort, given['sort'] !== undefined));
        found.set(key, known);
      }
      return found;
    };
    const aggregations = body['aggs'] ?? body['aggregations'];
    const answered =
      aggregations === undefined
        ? undefined
        : await aggregate(aggregations, {
            reader,
            compiler,
            where,
            scope: base.parameters,
            limits: all,
            table,
            topHits,
          });
    const sort = sortKeys(body['sort'], compiler);
    const after = body['search_after'] === undefined ? '1' : afterSql(body['search_after'], sort, compiler);
    const found = `${table.from(filtered)} WHERE ${after}`;
    // Only the engine's own table ends early by its key.
    const near =
      table === hotTable && sort[0]?.field === '@timestamp'
        ? upToSecondOf(sort[0].down ? 'DESC' : 'ASC', found, '{enough:UInt32}')
        : '1';
    const rows =
      size === 0
        ? []
        : await reader.query<DocumentRow & Json>(
            `SELECT ${[documentColumns, ...sortColumns(sort)].join(', ')} ${found} AND ${near}
             ORDER BY ${orderSql(sort)} LIMIT {size:UInt32} OFFSET {from:UInt32}`,
            { ...base.parameters, ...compiler.parameters, size, from, enough: size + from },
            all,
          );
    const total = await totalOf(
      reader,
      filtered,
      { ...base.parameters, ...compiler.parameters },
      body['track_total_hits'],
      all,
      table,
    );
    return {
      timed_out: false,
      _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
      hits: {
        ...(total ? { total } : {}),
        max_score: body['sort'] === undefined && rows.length > 0 ? 1 : null,
        hits: rows.map((row) => hitOf(row, shape, sort, body['sort'] !== undefined, marked)),
      },
      ...(answered ? { aggregations: answered } : {}),
    };
  });
}

/** `_count`. Throws `StoreError`. */
export function countDocuments(
  reader: TelemetryReader,
  scope: ElasticScope,
  body: Json,
  limits: QueryLimits = {},
  table: LogTable = hotTable,
): Promise<Result<number, ElasticError>> {
  return guarded(async () => {
    const compiler = new QuerySql(scope.nowMs);
    const base = scopeSql(scope, compiler, table);
    const where = `${base.sql} AND ${compiler.query(body['query'])}`;
    const all = { ...defaultLimits, ...limits };
    const total = await totalOf(reader, where, { ...base.parameters, ...compiler.parameters }, true, all, table);
    return total?.value ?? 0;
  });
}

export interface ElasticIndex {
  readonly name: string;
  readonly documents: number;
  readonly bytes: number;
}

/** The indices of the last days by name. Throws `StoreError`. */
export async function listIndices(
  reader: TelemetryReader,
  scope: ElasticScope,
  limits: QueryLimits = {},
): Promise<ElasticIndex[]> {
  const compiler = new QuerySql(scope.nowMs);
  const base = scopeSql(scope, compiler);
  return reader.query<ElasticIndex>(
    `SELECT ${indexName} AS name, toFloat64(count()) AS documents, toFloat64(sum(length(body))) AS bytes FROM logs PREWHERE ${base.sql} GROUP BY name ORDER BY name LIMIT 1000`,
    { ...base.parameters, ...compiler.parameters },
    { ...defaultLimits, ...limits, settings: indexSettings },
  );
}

const indexSettings = { max_rows_to_read: 20_000_000, read_overflow_mode: 'break' } as const;

/** Names of attributes in these indices, at most a thousand. Throws `StoreError`. */
export async function listAttributes(
  reader: TelemetryReader,
  scope: ElasticScope,
  limits: QueryLimits = {},
): Promise<string[]> {
  const compiler = new QuerySql(scope.nowMs);
  const base = scopeSql(scope, compiler);
  const [row] = await reader.query<{ names: string[] }>(
    `SELECT arraySort(groupUniqArrayArray(1000)(arrayConcat(attrs.keys, res.keys))) AS names FROM logs PREWHERE ${base.sql}`,
    { ...base.parameters, ...compiler.parameters },
    { ...defaultLimits, ...limits, settings: indexSettings },
  );
  return row?.names ?? [];
}

async function totalOf(
  reader: TelemetryReader,
  where: string,
  parameters: Readonly<Record<string, ParameterValue>>,
  asked: unknown,
  limits: QueryLimits,
  table: LogTable,
): Promise<{ value: number; relation: 'eq' | 'gte' } | undefined> {
  if (asked === false || asked === 'false') return undefined;
  const bound =
    asked === true || asked === 'true'
      ? undefined
      : asked === undefined
        ? 10_000
        : count(asked, 'track_total_hits', 10_000);
  const sql =
    bound === undefined
      ? `SELECT toFloat64(count()) AS n ${table.from(where)}`
      : `SELECT toFloat64(count()) AS n FROM (SELECT 1 ${table.from(where)} LIMIT ${bound + 1})`;
  const [row] = await reader.query<{ n: number }>(sql, parameters, limits);
  const value = row?.n ?? 0;
  return bound !== undefined && value > bound ? { value: bound, relation: 'gte' } : { value, relation: 'eq' };
}

function count(value: unknown, name: string, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0)
    throw illegal(`[${name}] parameter cannot be negative, found [${JSON.stringify(value)}]`);
  return number;
}

type DocumentRow = LogColumns & { readonly logger: string };
const documentColumns = `${logColumns}, scope_name AS logger`;

function sortKeys(given: unknown, compiler: QuerySql): SortKey[] {
  const list = given === undefined ? [{ '@timestamp': 'desc' }] : Array.isArray(given) ? (given as unknown[]) : [given];
  const keys = list.slice(0, 10).map((item): SortKey => {
    const [name = '', options] =
      typeof item === 'string' ? item.split(':') : (Object.entries(objectOf(item, 'sort'))[0] ?? []);
    const wanted = isObject(options) ? options['order'] : options;
    const order = wanted === undefined ? (name === '_score' ? 'desc' : 'asc') : textOf(wanted, 'sort').toLowerCase();
    if (order !== 'asc' && order !== 'desc') throw illegal(`No enum constant for order [${order}]`);
    const down = order === 'desc';
    // As many of its bits as a number of JSON holds.
    if (name === '_doc' || name === '_shard_doc')
      return { field: name, sql: 'bitAnd(id, 9007199254740991)', down, numeric: true };
    if (name === '_score') return { field: name, sql: 'toUInt8(1)', down, numeric: true };
    const field = findField(name);
    if (field.kind === 'text')
      throw illegal(
        `Fielddata is disabled on [${name}] in [logs]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting.`,
      );
    if (field.kind === 'date')
      return { field: field.name, sql: `toUnixTimestamp64Milli(${field.sql})`, down, numeric: true };
    return { field: field.name, sql: compiler.text(field), down, numeric: false };
  });
  return keys;
}

const sortColumns = (keys: readonly SortKey[]): string[] =>
  keys.map(({ sql }, index) => `toString(${sql}) AS sort${index}`);

function orderSql(keys: readonly SortKey[]): string {
  const parts = keys.flatMap(({ field, sql, down }, index) => {
    const direction = down ? 'DESC' : 'ASC';
    if (field !== '@timestamp' || index > 0) return [`${sql} ${direction}`];
    // As the sorting key begins: the engine then reads in order. A time is told in milliseconds, so that the keys behind it decide within
    // one: by the nanosecond, a page that begins behind another's last hit would leave out its neighbours.
    return keys.length === 1
      ? [logsByTime(direction)]
      : [`toStartOfMinute(ts) ${direction}, toDateTime(ts) ${direction}, ${sql} ${direction}`];
  });
  return parts.join(', ');
}

/** What comes behind a page's last hit, key by key. */
function afterSql(given: unknown, keys: readonly SortKey[], compiler: QuerySql): string {
  if (!Array.isArray(given) || given.length !== keys.length)
    throw illegal(`search_after has ${Array.isArray(given) ? given.length : 0} value(s) but sort has ${keys.length}.`);
  const values = (given as unknown[]).map((value, index) => {
    const key = keys[index]!;
    if (!key.numeric) return compiler.bind('String', value === null ? '' : textOf(value, 'search_after'));
    const number =
      typeof value === 'number' ? value : Number.isNaN(Number(value)) ? Date.parse(String(value)) : Number(value);
    if (!Number.isFinite(number)) throw illegal(`Failed to parse search_after value for field [${key.field}].`);
    return compiler.bind('Int64', Math.trunc(number));
  });
  const alternatives = keys.map((key, index) => {
    const same = keys.slice(0, index).map((before, at) => `${before.sql} = ${values[at]}`);
    return `(${[...same, `${key.sql} ${key.down ? '<' : '>'} ${values[index]}`].join(' AND ')})`;
  });
  return `(${alternatives.join(' OR ')})`;
}

interface Shape {
  readonly source: ((name: string) => boolean) | undefined;
  readonly fields: readonly string[];
}

/** Whether a name (or with `inner` an object that it stands in) fits one of the globs. Takes time in proportion, however they are written. */
export function globTest(globs: readonly string[], inner: boolean): (name: string) => boolean {
  const tests = globs.slice(0, 500).map((glob) => glob.split('*'));
  return (name) => {
    const ends = inner ? [...name.matchAll(/\./g)].map(({ index }) => index).concat(name.length) : [name.length];
    return tests.some((literals) => ends.some((end) => matchesLinePattern(name.slice(0, end), literals)));
  };
}

function globs(value: unknown): ((name: string) => boolean) | undefined {
  const list = Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value];
  return list.length === 0
    ? undefined
    : globTest(
        list.map((item) => textOf(item, '_source')),
        true,
      );
}

function shapeOf(body: Json): Shape {
  const given = body['_source'];
  const named = (list: unknown): string[] =>
    (Array.isArray(list) ? (list as unknown[]) : []).map((item) =>
      textOf(isObject(item) ? item['field'] : item, 'fields'),
    );
  const fields = [...named(body['fields']), ...named(body['docvalue_fields'])];
  if (given === false || given === 'false') return { source: undefined, fields };
  if (isObject(given)) {
    const [includes, excludes] = [
      globs(given['includes'] ?? given['include']),
      globs(given['excludes'] ?? given['exclude']),
    ];
    return { source: (name) => (includes?.(name) ?? true) && !(excludes?.(name) ?? false), fields };
  }
  const includes = given === undefined || given === true || given === 'true' ? undefined : globs(given);
  return { source: includes ?? (() => true), fields };
}

/** A document's fields by their dotted names. */
function fieldsOf(log: LogRecord, logger: string): Map<string, string> {
  const fields = new Map<string, string>([
    ['@timestamp', isoOf(log.tsNs)],
    ['message', log.body],
  ]);
  const add = (name: string, value: string): void => {
    if (value !== '' && !fields.has(name)) fields.set(name, value);
  };
  add('log.level', log.severity);
  add('service.name', log.service);
  add('service.version', log.release);
  add('service.environment', log.environment);
  add('site.id', log.site);
  add('device.id', log.device);
  add('trace.id', log.traceId);
  add('span.id', log.spanId);
  add('correlation.id', log.correlationId);
  add('event.name', log.eventName);
  add('event.ingested', new Date(log.receivedAt).toISOString());
  add('log.logger', logger);
  for (const [name, value] of [...Object.entries(log.attributes), ...Object.entries(log.resource)])
    if (!metaAttributes.has(name)) add(name, value);
  return fields;
}

function isoOf(ns: string): string {
  const digits = ns.padStart(19, '0');
  const whole = new Date(Number(digits.slice(0, -6))).toISOString().slice(0, 19);
  const fraction = digits.slice(-9).replace(/(?<=...)0+$/, '');
  return `${whole}.${fraction}Z`;
}

/** Dotted names as nested objects; a name that stands in the way of another stays as it is. */
function nested(fields: ReadonlyMap<string, string>): Record<string, unknown> {
  const root: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of [...fields].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const path = name.split('.');
    const last = path.pop() ?? name;
    let place: Record<string, unknown> | undefined = root;
    for (const step of path) {
      const known: unknown = place[step];
      if (known === undefined) place[step] = Object.create(null);
      else if (!isObject(known)) {
        place = undefined;
        break;
      }
      place = place[step] as Record<string, unknown>;
    }
    if (place && place[last] === undefined) place[last] = value;
    else root[name] = value;
  }
  return root;
}

function hitOf(
  row: DocumentRow & Json,
  { source, fields }: Shape,
  sort: readonly SortKey[],
  sorted: boolean,
  marked?: Highlighter,
): Json {
  const log = toLog(row);
  const all = fieldsOf(log, row.logger);
  const chosen = source && new Map([...all].filter(([name]) => source(name)));
  const wanted = fields.length === 0 ? undefined : globs(fields);
  const shown =
    wanted && Object.fromEntries([...all].filter(([name]) => wanted(name)).map(([name, value]) => [name, [value]]));
  const highlight = marked?.(all);
  return {
    _index: log.attributes['elasticsearch.index'] || 'logs',
    _id: log.attributes['elasticsearch.id'] || log.id,
    _score: sorted ? null : 1,
    ...(chosen ? { _source: nested(chosen) } : {}),
    ...(shown ? { fields: shown } : {}),
    ...(highlight ? { highlight } : {}),
    ...(sorted
      ? { sort: sort.map(({ numeric }, index) => (numeric ? Number(row[`sort${index}`]) : row[`sort${index}`])) }
      : {}),
  };
}
