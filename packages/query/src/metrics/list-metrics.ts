import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { ReadScope } from '../search/scope.ts';
import { ask } from './ask.ts';
import type { ParameterValue } from '@sightline/store/port';

export interface MetricInfo {
  readonly metric: string;
  readonly type: string;
  readonly unit: string;
  readonly series: number;
  readonly lastSeenAt: number;
}

const metricLimit = 2000;

/** Series of a scope that were heard since its start. Parameters: organisation, fromS, and site and service where set. */
export function seriesCondition(scope: ReadScope): { sql: string; parameters: Record<string, ParameterValue> } {
  const parameters: Record<string, ParameterValue> = {
    organisation: scope.organisation,
    fromS: Math.floor(Math.min(Math.max(0, scope.fromMs), 4_294_000_000_000) / 1000),
  };
  const parts = ['organisation = {organisation:String}', 'last_seen >= toDateTime({fromS:UInt32})'];
  for (const name of ['site', 'service'] as const) {
    if (scope[name] === '') continue;
    parameters[name] = scope[name];
    parts.push(`${name} = {${name}:String}`);
  }
  if (scope.environment !== '') {
    // Samples have no environment of their own: a label tells it where the client sent one.
    parameters.environment = scope.environment;
    parts.push(
      `arrayFirst(x -> x != '', [labels['deployment.environment.name'], labels['deployment.environment'], labels['environment'], {environment:String}]) = {environment:String}`,
    );
  }
  return { sql: parts.join(' AND '), parameters };
}

/**
 * Metrics heard since the start of the range whose name contains every word of `q` (any case), by name, at most 2,000. A
 * histogram's `_bucket`, `_count` and `_sum` show as one metric of its base name; where the protocol does not tell types, its
 * `_bucket` alone does.
 */
export function listMetrics(
  reader: TelemetryReader,
  scope: ReadScope,
  q: string,
  limits: QueryLimits = {},
): Promise<MetricInfo[]> {
  const condition = seriesCondition(scope);
  return ask<MetricInfo>(
    reader,
    `SELECT name AS metric, any(kind) AS type, any(u) AS unit, toFloat64(uniqExact(fp)) AS series, toFloat64(toUnixTimestamp(max(last_seen))) * 1000 AS lastSeenAt
    FROM (SELECT multiIf(type = 'histogram', replaceRegexpOne(toString(metric), '_(bucket|count|sum)$', ''),
          bucket, replaceRegexpOne(toString(metric), '_bucket$', ''), toString(metric)) AS name, fp,
        mapContains(labels, 'le') AND endsWith(metric, '_bucket') AS bucket, if(bucket, 'histogram', toString(type)) AS kind, toString(unit) AS u, last_seen FROM series WHERE ${condition.sql})
    WHERE arrayAll(w -> positionCaseInsensitiveUTF8(name, w) > 0, {words:Array(String)})
    GROUP BY name ORDER BY name LIMIT ${metricLimit}`,
    { ...condition.parameters, words: q.split(/\s+/).filter((word) => word !== '') },
    limits,
  );
}

/**
 * Labels of a metric (a histogram's base name included) and at most 200 of their values, by name. `le` is left out of
 * histograms: it is how they are stored.
 */
export function listMetricLabels(
  reader: TelemetryReader,
  scope: ReadScope,
  metric: string,
  limits: QueryLimits = {},
): Promise<{ label: string; values: string[] }[]> {
  const condition = seriesCondition(scope);
  return ask<{ label: string; values: string[] }>(
    reader,
    `SELECT pair.1 AS label, arraySort(groupUniqArray(200)(pair.2)) AS values
    FROM (SELECT arrayJoin(arrayConcat([('site', toString(site)), ('service', toString(service))], arrayMap((k, v) -> (toString(k), v), mapKeys(labels), mapValues(labels)))) AS pair
      FROM series WHERE ${condition.sql} AND metric IN {names:Array(String)})
    WHERE pair.2 != '' AND NOT (pair.1 = 'le' AND {metric:String} NOT LIKE '%\\\\_bucket')
    GROUP BY label ORDER BY label LIMIT 200`,
    { ...condition.parameters, metric, names: [metric, `${metric}_bucket`, `${metric}_count`] },
    limits,
  );
}
