import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition, type ReadScope } from '../search/scope.ts';
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
): Promise<{ caller: string; callee: string; calls: number }[]> {
  const rows = scope.site === '' ? rolledRows('edges', scope) : pairsOfSite(scope);
  const found = await reader.query<{ caller: string; callee: string; total: string }>(
    `SELECT toString(r.caller) AS caller, toString(r.callee) AS callee, toString(sum(r.calls)) AS total FROM ${rows.sql} AS r
     GROUP BY caller, callee ORDER BY sum(r.calls) DESC LIMIT ${mostNames}`,
    rows.parameters,
    limits,
  );
  return found.map(({ caller, callee, total }) => ({ caller, callee, calls: Number(total) }));
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

/** Names of attributes of spans and resources. Throws `StoreError`. */
export async function listSpanTags(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits = {},
): Promise<{ span: string[]; resource: string[] }> {
  const condition = scopeCondition(scope);
  const [row] = await reader.query<{ span: string[]; resource: string[] }>(
    `SELECT arraySort(groupUniqArrayArray(1000)(mapKeys(attrs))) AS span, arraySort(groupUniqArrayArray(1000)(mapKeys(res))) AS resource
     FROM (SELECT attrs, res FROM spans PREWHERE ${condition.sql} ORDER BY toStartOfMinute(ts) DESC LIMIT ${spansLookedAt})`,
    condition.parameters,
    limits,
  );
  return row ?? { span: [], resource: [] };
}

/**
 * Values of an attribute, the most frequent first: of a `column` (`name`, `service`, `status_message`), else of the key in the span's
 * or the resource's attributes. Throws `StoreError`.
 */
export async function listTagValues(
  reader: TelemetryReader,
  scope: ReadScope,
  of:
    | { readonly column: 'name' | 'service' | 'status_message' }
    | { readonly key: string; readonly maps: readonly ('attrs' | 'res')[] },
  most: number,
  limits: QueryLimits = {},
): Promise<string[]> {
  const condition = scopeCondition(scope);
  const values =
    'column' in of ? `[toString(${of.column})]` : `[${of.maps.map((map) => `${map}[{key:String}]`).join(', ')}]`;
  const found = await reader.query<{ value: string }>(
    `SELECT arrayJoin(arrayFilter(x -> x != '', ${values})) AS value FROM (SELECT name, service, status_message, attrs, res FROM spans PREWHERE ${condition.sql}
       ORDER BY toStartOfMinute(ts) DESC LIMIT ${spansLookedAt}) GROUP BY value ORDER BY count() DESC, value LIMIT {most:UInt32}`,
    { ...condition.parameters, key: 'key' in of ? of.key : '', most },
    limits,
  );
  return found.map(({ value }) => value);
}
