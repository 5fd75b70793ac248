import { ok, type Result } from '@sightline/base';
import { severityName } from '@sightline/record';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { SearchError } from '../search/ast.ts';
import { findField, knownFields, volumeColumns, type Field, type Table } from '../search/fields.ts';
import {
  logsByTime,
  minuteCondition,
  scopeCondition,
  upToSecondOf,
  windowOf,
  type Condition,
  type ReadScope,
} from '../search/scope.ts';
import { likePattern } from '../search/words.ts';
import type { CompiledSearch } from '../search/compile.ts';
import { compileSearch } from '../search/search.ts';
import { fromSource, overAll, parametersOf, readStretches } from './log-reach.ts';
import { hexId } from './log-row.ts';

/** More records than this in the range, and facets are counted on a sample, unless the caller says otherwise. */
const usualSample = 2_000_000;
const facetValues = 10;
const mostValues = 200;
const facetFields = 20;

export interface Facet {
  readonly field: string;
  readonly values: { value: string; records: number }[];
  /** True when `records` were scaled up from a sample. */
  readonly estimated: boolean;
}

export interface FacetSearch extends ReadScope {
  readonly q: string;
  /** Names of the search language, well-known or attributes; at most 20 are counted. */
  readonly fields: readonly string[];
  /** Beyond so many records in the range the counts are estimated from about that many. Default 2,000,000. */
  readonly sampleRecords?: number;
  /** Values of each field; default 10, at most 200. */
  readonly most?: number;
}

/**
 * The most frequent values of each field among the logs that match. Throws `StoreError`.
 */
export async function logFacets(
  reader: TelemetryReader,
  input: FacetSearch,
  limits: QueryLimits = {},
): Promise<Result<Facet[], SearchError>> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  const every = await sampling(reader, input, input.sampleRecords ?? usualSample, limits);
  const most = Math.min(mostValues, input.most ?? facetValues);
  const wanted = [...new Set(input.fields.filter((name) => name !== ''))].slice(0, facetFields).map((name) => {
    const field = findField('logs', name);
    const fromVolume =
      search.value.onlyVolume && wholeMinutes(input) && field.kind !== 'attribute' && volumeColumns.has(field.column);
    const { reach } = input;
    return { name, field, fromVolume, far: reach !== undefined && !(fromVolume && reach.volumeFromMs <= input.fromMs) };
  });
  const counted = await countedStretches(
    reader,
    input,
    search.value,
    wanted.filter(({ far }) => far),
    every,
    limits,
  );
  const facets: Facet[] = [];
  for (const { name, field, fromVolume, far } of wanted) {
    if (far) {
      const values = merged(field, counted.rows.get(name) ?? []).slice(0, most);
      facets.push({ field: name, values, estimated: every > 1 || !counted.whole });
      continue;
    }
    const parameters: Record<string, ParameterValue> = { ...search.value.parameters, every, most };
    const value = valueOf(field, parameters, 'f');
    const scope = fromVolume ? minutesOf(input) : scopeCondition(input);
    const source = fromVolume
      ? `sum(volume.records) AS found FROM volume PREWHERE ${scope.sql} AND ${search.value.sql}`
      : `count() * {every:UInt64} AS found FROM logs PREWHERE ${scope.sql}${every > 1 ? sampledRecords : ''} AND ${search.value.sql}`;
    const rows = await reader.query<{ value: string; total: string }>(
      `SELECT value, toString(found) AS total FROM (SELECT ${value} AS value, ${source} GROUP BY value)
       WHERE value != '' ORDER BY found DESC, value LIMIT {most:UInt32}`,
      { ...parameters, ...scope.parameters },
      { ...limits, settings: { ...limits.settings, max_bytes_before_external_group_by: 300_000_000 } },
    );
    facets.push({ field: name, values: merged(field, rows), estimated: !fromVolume && every > 1 });
  }
  return ok(facets);
}

const sampledRecords = ' AND cityHash64(ts) % {every:UInt64} = 0';
/** Of each stretch: what is frequent in the whole range is among them. */
const valuesOfStretch = 1000;

interface CountedValue {
  readonly value: string;
  readonly total: string;
}

/** Values of each field with their records in all stretches, which are read once for all fields; not `whole` where a bound ended the call. */
async function countedStretches(
  reader: TelemetryReader,
  input: FacetSearch,
  search: CompiledSearch,
  fields: readonly { readonly name: string; readonly field: Field }[],
  every: number,
  limits: QueryLimits,
): Promise<{ readonly rows: ReadonlyMap<string, CountedValue[]>; readonly whole: boolean }> {
  const rows = new Map<string, CountedValue[]>();
  if (fields.length === 0) return { rows, whole: true };
  const parameters: Record<string, ParameterValue> = { ...search.parameters, every };
  const values = fields.map(({ field }, n) => `(toUInt8(${n}), toString(${valueOf(field, parameters, `f${n}_`)}))`);
  const reached = await readStretches(
    windowOf(input),
    'newest',
    { reach: input.reach, growing: false },
    limits,
    async (window, sources, own) => {
      const scope = scopeCondition(input, window);
      const condition = `${scope.sql}${every > 1 ? sampledRecords : ''} AND ${search.sql}`;
      const counted = overAll(
        sources,
        (source) =>
          `SELECT arrayJoin(arrayFilter(pair -> pair.2 != '', [${values.join(', ')}])) AS pair, count() * {every:UInt64} AS found ${fromSource(source, condition)} GROUP BY pair`,
      );
      const found = await reader.query<CountedValue & { field: number }>(
        `SELECT pair.1 AS field, pair.2 AS value, toString(sum(found)) AS total FROM (${counted}) GROUP BY field, value
         ORDER BY field, sum(found) DESC, value LIMIT ${valuesOfStretch} BY field`,
        { ...parameters, ...scope.parameters, ...parametersOf(sources) },
        { ...own, settings: { ...own.settings, max_bytes_before_external_group_by: 300_000_000 } },
      );
      for (const { field, value, total } of found) {
        const name = fields[field]?.name ?? '';
        const known = rows.get(name) ?? [];
        known.push({ value, total });
        rows.set(name, known);
      }
      return 'more';
    },
  );
  return { rows, whole: reached?.done !== false };
}

/** An attribute that records of a result have. */
export interface FoundField {
  readonly name: string;
  readonly from: 'attributes' | 'resource';
  /** Records that have it. */
  readonly records: number;
}

export interface FoundFields {
  /** The most frequent first. */
  readonly fields: FoundField[];
  /** Records that match. */
  readonly records: number;
  /** True when the counts were scaled up from a sample. */
  readonly estimated: boolean;
}

/** Names alone cost a read of both maps: a smaller sample than that of values tells them as well. */
const namesSample = 500_000;
const namesShown = 200;

/**
 * The attributes that the logs which match have, with how many have each. Exact up to `sampleRecords` (500,000) in the
 * range, estimated beyond: a name that few records have may be missing then. Throws `StoreError`.
 */
export async function foundLogFields(
  reader: TelemetryReader,
  input: ReadScope & { readonly q: string; readonly sampleRecords?: number },
  limits: QueryLimits = {},
): Promise<Result<FoundFields, SearchError>> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  const every = await sampling(reader, input, input.sampleRecords ?? namesSample, limits);
  const scope = scopeCondition(input);
  // Whole stretches of time, at least two hundred of them: records lie in order of time, so that what lies between is not read.
  const stretchMs = Math.max(1, Math.floor((input.toMs - input.fromMs) / Math.max(20_000, 200 * every)));
  const sampled = ' AND cityHash64(intDiv(toUnixTimestamp64Milli(ts), {stretchMs:Int64})) % {every:UInt64} = 0';
  // Every record gives one name that none can have: so the count of all comes with the same read.
  const rows = await reader.query<{ name: string; origin: number; total: string }>(
    `SELECT tupleElement(pair, 2) AS name, tupleElement(pair, 1) AS origin, toString(count() * {every:UInt64}) AS total
     FROM (SELECT arrayJoin(arrayConcat([(toUInt8(0), '')], arrayMap(x -> (toUInt8(1), x), mapKeys(attrs)),
         arrayMap(x -> (toUInt8(2), x), mapKeys(res)))) AS pair
       FROM logs PREWHERE ${scope.sql}${every > 1 ? sampled : ''} AND ${search.value.sql})
     GROUP BY origin, name ORDER BY origin = 0 DESC, count() DESC, origin, name LIMIT {most:UInt32}`,
    { ...search.value.parameters, ...scope.parameters, every, stretchMs, most: namesShown + 1 },
    { ...limits, settings: { ...limits.settings, max_bytes_before_external_group_by: 300_000_000 } },
  );
  const fields = rows
    .filter(({ origin, name }) => origin !== 0 && name !== '')
    .map(({ name, origin, total }): FoundField => ({
      name,
      from: origin === 1 ? 'attributes' : 'resource',
      records: Number(total),
    }));
  const records = Number(rows.find(({ origin }) => origin === 0)?.total ?? 0);
  return ok({ fields, records, estimated: every > 1 });
}

/** Severity numbers of one group count together. */
function merged(field: Field, rows: readonly { value: string; total: string }[]): Facet['values'] {
  const values = new Map<string, number>();
  for (const row of rows) {
    const name = field.kind === 'severity' ? severityName(Number(row.value)) : row.value;
    if (name !== '') values.set(name, (values.get(name) ?? 0) + Number(row.total));
  }
  return [...values].map(([value, records]) => ({ value, records })).sort((a, b) => b.records - a.records);
}

/** The text of a field's value as SQL, '' where a record has none. Names of its parameters begin with `prefix`. */
function valueOf(field: Field, parameters: Record<string, ParameterValue>, prefix: string): string {
  switch (field.kind) {
    case 'attribute': {
      const places = field.maps.flatMap((map, m) =>
        field.keys.map((key, k) => {
          parameters[`${prefix}${m}_${k}`] = key;
          return `${map}[{${prefix}${m}_${k}:String}]`;
        }),
      );
      return places.length === 1 && places[0] ? places[0] : `arrayFirst(x -> x != '', [${places.join(', ')}])`;
    }
    case 'hex':
      return hexId(field.column, field.bytes);
    case 'severity':
      return `if(severity = 0 OR severity > 24, '', toString(intDiv(severity - 1, 4) * 4 + 1))`;
    case 'text':
      return `substring(${field.column}, 1, 200)`;
    default:
      return `toString(${field.column})`;
  }
}

/** One in how many records to count. */
async function sampling(
  reader: TelemetryReader,
  input: ReadScope,
  sampleRecords: number,
  limits: QueryLimits,
): Promise<number> {
  const scope = minutesOf(input);
  const [row] = await reader.query<{ total: string }>(
    `SELECT toString(sum(records)) AS total FROM volume PREWHERE ${scope.sql}`,
    scope.parameters,
    limits,
  );
  return Math.max(1, Math.ceil(Number(row?.total ?? 0) / sampleRecords));
}

function minutesOf(input: ReadScope): Condition {
  const last = 4_294_944_000;
  return minuteCondition(
    input,
    Math.min(last, Math.floor(input.fromMs / 60_000) * 60),
    Math.min(last, Math.ceil(input.toMs / 60_000) * 60),
  );
}

/** A facet may read whole minutes at its edges when they are few of many. */
const wholeMinutes = (input: ReadScope): boolean => input.toMs - input.fromMs >= 3_600_000;

/** How many recent records tell which attributes there are. */
const recentRecords = 50_000;

/**
 * For completion: without `field` the fields of a table (well-known ones, then the attributes of recent records, most
 * frequent first); with it the values that begin with `prefix`, ignoring case. Throws `StoreError`.
 */
export async function completeSearch(
  reader: TelemetryReader,
  table: Exclude<Table, 'errors'>,
  input: ReadScope & { readonly field: string; readonly prefix: string },
  limits: QueryLimits = {},
): Promise<{ fields: string[]; values: string[] }> {
  const scope = scopeCondition(input);
  const parameters: Record<string, ParameterValue> = {
    ...scope.parameters,
    pattern: `${likePattern(input.prefix.toLowerCase().replace(/[\\*]/g, '\\$&'), false)}%`,
    recent: recentRecords,
  };
  const source = `FROM ${table} PREWHERE ${scope.sql}`;
  const order =
    table === 'logs'
      ? `AND ${upToSecondOf('DESC', source, '{recent:UInt32}')} ORDER BY ${logsByTime('DESC')}`
      : 'ORDER BY toStartOfMinute(ts) DESC, ts DESC';
  const recent = (columns: string): string => `SELECT ${columns} ${source} ${order} LIMIT {recent:UInt32}`;
  if (input.field === '') {
    const rows = await reader.query<{ name: string }>(
      `SELECT arrayJoin(arrayConcat(mapKeys(attrs), mapKeys(res))) AS name, count() AS found FROM (${recent('attrs, res')})
       WHERE lowerUTF8(name) LIKE {pattern:String} GROUP BY name ORDER BY found DESC, name LIMIT 200`,
      parameters,
      limits,
    );
    const known = knownFields(table).filter((name) => name.startsWith(input.prefix.toLowerCase()));
    return { fields: [...new Set([...known, ...rows.map((row) => row.name)])], values: [] };
  }
  const field = findField(table, input.field);
  if (field.kind === 'severity')
    return { fields: [], values: startingWith(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], input.prefix) };
  if (field.kind === 'code') return { fields: [], values: startingWith(Object.keys(field.codes), input.prefix) };
  if (field.kind === 'text' || field.kind === 'duration') return { fields: [], values: [] };
  const value = valueOf(field, parameters, 'f');
  const rows = await reader.query<{ value: string }>(
    `SELECT ${value} AS value, count() AS found FROM (${recent(field.kind === 'attribute' ? 'attrs, res' : field.column)})
     WHERE value != '' AND lowerUTF8(value) LIKE {pattern:String} GROUP BY value ORDER BY found DESC, value LIMIT 50`,
    parameters,
    limits,
  );
  return { fields: [], values: rows.map((row) => row.value) };
}

const startingWith = (words: readonly string[], prefix: string): string[] =>
  words.filter((word) => word.startsWith(prefix.toLowerCase()));
