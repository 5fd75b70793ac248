import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition, type Condition, type ReadScope } from '../search/scope.ts';
import { middleMs } from './duration-buckets.ts';
import { minutesOf, rolledRows } from './rolled-rows.ts';
import { pairsOfSite } from './service-map.ts';
import { spanKinds, type SpanRecord } from './span-row.ts';

const mostNames = 5000;

/** Services that sent spans in the range, by name. Throws `StoreError`. */
export async function listSpanServices(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits = {},
): Promise<string[]> {
  const rows = rolledRows('operations', scope);
  const found = await reader.query<{ service: string }>(
    `SELECT DISTINCT toString(r.service) AS service FROM ${rows.sql} AS r ORDER BY service LIMIT ${mostNames}`,
    rows.parameters,
    limits,
  );
  return found.map(({ service }) => service);
}

/** Names and kinds of the spans of the scope's service. Throws `StoreError`. */
export async function listSpanNames(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits = {},
): Promise<{ name: string; kind: SpanRecord['kind'] }[]> {
  const rows = rolledRows('operations', scope);
  const found = await reader.query<{ name: string; kindCode: number }>(
    `SELECT DISTINCT toString(r.name) AS name, r.kind AS kindCode FROM ${rows.sql} AS r ORDER BY name, kindCode LIMIT ${mostNames}`,
    rows.parameters,
    limits,
  );
  return found.map(({ name, kindCode }) => ({ name, kind: spanKinds[kindCode] ?? 'unspecified' }));
}

/** Calls from service to service; of a site those between its own spans. Throws `StoreError`. */
export async function listDependencies(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits = {},
): Promise<{ caller: string; callee: string; calls: number; errors: number }[]> {
  const rows = scope.site === '' ? rolledRows('edges', scope) : pairsOfSite(scope);
  const found = await reader.query<{ caller: string; callee: string; total: string; failed: string }>(
    `SELECT toString(r.caller) AS caller, toString(r.callee) AS callee, toString(sum(r.calls)) AS total, toString(sum(r.errors)) AS failed FROM ${rows.sql} AS r
     GROUP BY caller, callee ORDER BY sum(r.calls) DESC LIMIT ${mostNames}`,
    rows.parameters,
    limits,
  );
  return found.map(({ caller, callee, total, failed }) => ({
    caller,
    callee,
    calls: Number(total),
    errors: Number(failed),
  }));
}

export interface SpanMetricsAsked extends ReadScope {
  readonly services: readonly string[];
  readonly byOperation: boolean;
  /** Codes of kinds; empty for all. */
  readonly kinds: readonly number[];
  readonly stepMs: number;
  readonly quantile: number;
}

/** One point of the course of a service or operation. */
export interface SpanMetricsPoint {
  readonly service: string;
  readonly operation: string;
  readonly atMs: number;
  readonly calls: number;
  readonly errors: number;
  readonly quantileMs: number;
}

/** Calls, errors and a quantile of latency over time, by service or operation. Throws `StoreError`. */
export async function spanMetrics(
  reader: TelemetryReader,
  asked: SpanMetricsAsked,
  limits: QueryLimits = {},
): Promise<SpanMetricsPoint[]> {
  if (minutesOf(asked).minutes === 0) return [];
  const rows = rolledRows('operations', asked, 'minute');
  // A level is a constant of the statement; a number that we write out ourselves.
  const level = Math.min(1, Math.max(0, asked.quantile)).toFixed(4);
  const found = await reader.query<{
    service: string;
    name: string;
    step: string;
    total: string;
    failed: string;
    bucket: number;
  }>(
    `SELECT toString(r.service) AS service, ${asked.byOperation ? 'toString(r.name)' : `''`} AS name, toString(intDiv(toInt64(toUnixTimestamp(r.minute)) * 1000, {stepMs:Int64})) AS step,
       toString(sum(r.calls)) AS total, toString(sum(r.errors)) AS failed, toInt32(quantileExactWeighted(${level})(r.bucket, r.calls)) AS bucket
     FROM ${rows.sql} AS r WHERE has({services:Array(String)}, toString(r.service)) AND (empty({kinds:Array(UInt8)}) OR has({kinds:Array(UInt8)}, r.kind))
     GROUP BY service, name, step ORDER BY service, name, toInt64(step) LIMIT 50000`,
    { ...rows.parameters, services: [...asked.services], kinds: [...asked.kinds], stepMs: asked.stepMs },
    limits,
  );
  return found.map(({ service, name, step, total, failed, bucket }) => ({
    service,
    operation: name,
    atMs: Number(step) * asked.stepMs,
    calls: Number(total),
    errors: Number(failed),
    quantileMs: middleMs(bucket),
  }));
}

/** Newest spans whose attributes are looked through for names and values. */
const spansLookedAt = 200_000;

/** Names or values of tags, and whether all spans of the range were looked at and all that was found is here. */
export interface FoundTags<T> {
  readonly found: T;
  readonly complete: boolean;
}

/** Where attributes stand. */
const attributeMaps = {
  span: 'mapKeys(attrs)',
  resource: 'mapKeys(res)',
  event: 'arrayFlatten(arrayMap(x -> mapKeys(x), events.attrs))',
  link: 'arrayFlatten(arrayMap(x -> mapKeys(x), links.attrs))',
} as const;
export type TagScope = keyof typeof attributeMaps;
type TagNames = Readonly<Record<TagScope, string[]>>;

/** The newest spans that are looked at, those alone that satisfy `filter`. */
function spansOf(scope: ReadScope, filter: Condition | undefined, columns: string): Condition {
  const condition = scopeCondition(scope);
  return {
    sql: `(SELECT ${columns} FROM spans PREWHERE ${condition.sql}${filter ? ` AND (${filter.sql})` : ''} ORDER BY toStartOfMinute(ts) DESC LIMIT ${spansLookedAt})`,
    parameters: { ...condition.parameters, ...filter?.parameters },
  };
}

/**
 * Names of attributes of spans, resources, events and links, at most `most` of each, in the order of the alphabet; those alone of spans that
 * satisfy `filter`, where there is one. Throws `StoreError`.
 */
export async function listSpanTags(
  reader: TelemetryReader,
  scope: ReadScope,
  { filter, most }: { readonly filter?: Condition | undefined; readonly most: number },
  limits: QueryLimits = {},
): Promise<FoundTags<TagNames>> {
  const spans = spansOf(scope, filter, 'attrs, res, events.attrs, links.attrs');
  // How many are kept is a constant of the statement; a number that we write out ourselves.
  const kept = Math.max(1, Math.trunc(most)) + 1;
  const names = Object.entries(attributeMaps).map(([name, keys]) => `groupUniqArrayArray(${kept})(${keys}) AS ${name}`);
  const [row] = await reader.query<TagNames & { looked: string }>(
    `SELECT ${names.join(', ')}, toString(count()) AS looked FROM ${spans.sql}`,
    spans.parameters,
    limits,
  );
  const all = row ?? { span: [], resource: [], event: [], link: [], looked: '0' };
  const first = (list: readonly string[]): string[] => list.toSorted().slice(0, kept - 1);
  return {
    found: { span: first(all.span), resource: first(all.resource), event: first(all.event), link: first(all.link) },
    complete:
      Number(all.looked) < spansLookedAt &&
      [all.span, all.resource, all.event, all.link].every((list) => list.length < kept),
  };
}

/** Columns and lists whose values may be asked for. */
const valueColumns = {
  name: '[toString(name)]',
  service: '[toString(service)]',
  status_message: '[status_message]',
  scope_name: '[toString(scope_name)]',
  event_name: 'arrayMap(x -> toString(x), arrayDistinct(events.name))',
} as const;
/** Of a list, which is stored as JSON, its elements. */
const valueOrElements = (text: string): string =>
  `if(startsWith(${text}, '[') AND notEmpty(JSONExtract(${text}, 'Array(String)')), arrayDistinct(JSONExtract(${text}, 'Array(String)')), [${text}])`;
/** What stands for a key in each place. */
const valueMaps: Readonly<Record<TagScope, string>> = {
  span: valueOrElements('attrs[{key:String}]'),
  resource: valueOrElements('res[{key:String}]'),
  event: 'arrayDistinct(arrayMap(x -> x[{key:String}], events.attrs))',
  link: 'arrayDistinct(arrayMap(x -> x[{key:String}], links.attrs))',
};

/**
 * Values of an attribute, those of most spans first: of a `column`, else of the key in the named places. Those alone of spans that satisfy
 * `filter`, where there is one. Throws `StoreError`.
 */
export async function listTagValues(
  reader: TelemetryReader,
  scope: ReadScope,
  of: { readonly column: keyof typeof valueColumns } | { readonly key: string; readonly places: readonly TagScope[] },
  { filter, most }: { readonly filter?: Condition | undefined; readonly most: number },
  limits: QueryLimits = {},
): Promise<FoundTags<string[]>> {
  const spans = spansOf(
    scope,
    filter,
    'name, service, status_message, scope_name, attrs, res, events.name, events.attrs, links.attrs',
  );
  const values =
    'column' in of ? valueColumns[of.column] : `arrayConcat(${of.places.map((place) => valueMaps[place]).join(', ')})`;
  const rows = await reader.query<{ value: string; looked: string }>(
    `SELECT arrayJoin(if(empty(own), [''], own)) AS value, toString(any(spans)) AS looked
     FROM (SELECT arrayFilter(x -> x != '', ${values}) AS own, count() OVER () AS spans FROM ${spans.sql}) GROUP BY value ORDER BY value = '', count() DESC, value LIMIT {most:UInt32}`,
    { ...spans.parameters, key: 'key' in of ? of.key : '', most: most + 2 },
    limits,
  );
  const found = rows.map(({ value }) => value).filter((value) => value !== '');
  return {
    found: found.slice(0, most),
    complete: found.length <= most && Number(rows[0]?.looked ?? 0) < spansLookedAt,
  };
}
