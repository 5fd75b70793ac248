import type { Result } from '@sightline/base';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition } from '../search/scope.ts';
import type { Metric, TraceqlError } from './ast.ts';
import { type CompareRow, comparedSeries, mostSeries } from './compared-series.ts';
import type { ConditionSql } from './condition-sql.ts';
import { readExemplars } from './exemplars.ts';
import type { TraceqlRange, TraceqlSeries } from './metrics-traceql.ts';

/** Names and values of all that is compared. What other spans of the trace would have to tell (`rootName`), ids and durations are not. */
const pairs = `arrayConcat(
  arrayMap((k, v) -> (concat('span.', k), v), mapKeys(attrs), mapValues(attrs)),
  arrayMap((k, v) -> (concat('resource.', k), v), mapKeys(res), mapValues(res)),
  arrayDistinct(arrayFlatten(arrayMap(m -> arrayMap((k, v) -> (concat('event.', k), v), mapKeys(m), mapValues(m)), events.attrs))),
  arrayDistinct(arrayFlatten(arrayMap(m -> arrayMap((k, v) -> (concat('link.', k), v), mapKeys(m), mapValues(m)), links.attrs))),
  arrayMap(x -> ('event:name', toString(x)), arrayDistinct(events.name)),
  [('name', toString(name)), ('kind', ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'][kind + 1]), ('status', ['unset', 'ok', 'error'][status_code + 1]),
    ('statusMessage', status_message), ('instrumentation:name', toString(scope_name))],
  if(mapContains(res, 'service.name'), [], [('resource.service.name', toString(service))]))`;

/**
 * `compare()` behind filters on single spans, in the engine; undefined where the selection looks at more than one span at a time. Refuses, as
 * a value, answers that would be too large. Throws `StoreError`.
 */
export async function compareSeries(
  reader: TelemetryReader,
  range: TraceqlRange,
  metric: Metric,
  filter: string,
  compiler: ConditionSql,
  mostExemplars: number,
  limits: QueryLimits,
): Promise<Result<TraceqlSeries[], TraceqlError> | undefined> {
  const selection = metric.selection?.kind === 'filter' ? compiler.condition(metric.selection.condition) : undefined;
  if (!selection?.exact) return undefined;
  const scope = scopeCondition({
    organisation: range.organisation,
    fromMs: range.fromMs,
    toMs: range.toMs,
    environment: range.environment ?? '',
    site: range.site ?? '',
    service: range.service ?? '',
  });
  const within = metric.selectionRange;
  const parameters: Record<string, ParameterValue> = {
    ...scope.parameters,
    ...compiler.parameters,
    top: metric.top,
    firstMs: Math.trunc(range.fromMs),
    stepMs: Math.trunc(range.stepMs),
    ...(within ? { selectedFrom: BigInt(Math.trunc(within.from)), selectedTo: BigInt(Math.trunc(within.to)) } : {}),
  };
  const inRange = within
    ? ' AND toUnixTimestamp64Nano(ts) > {selectedFrom:Int64} AND toUnixTimestamp64Nano(ts) <= {selectedTo:Int64}'
    : '';
  const each = `SELECT toUInt8(${selection.sql}${inRange}) AS selected, intDiv(toInt64(toUnixTimestamp64Milli(toDateTime64(ts, 3))) - {firstMs:Int64}, {stepMs:Int64}) AS step,
      arrayJoin(arrayFilter(p -> p.2 != '', ${pairs})) AS pair
    FROM spans PREWHERE ${scope.sql} AND ${filter}`;
  const rows = await reader.query<CompareRow>(
    `SELECT selected, name, value, total, steps, counts, toString(different) AS different FROM (
       SELECT selected, name, value, 0 AS total, arrayMap(x -> toString(x), mapKeys(sumMap(map(step, 1)) AS over)) AS steps, arrayMap(x -> toString(x), mapValues(over)) AS counts,
         count() OVER (PARTITION BY selected, name) AS different, row_number() OVER (PARTITION BY selected, name ORDER BY sum(1) DESC, value) AS place
       FROM (SELECT selected, step, pair.1 AS name, pair.2 AS value FROM (${each})) GROUP BY selected, name, value QUALIFY place <= {top:UInt32}
       UNION ALL
       SELECT selected, name, 'nil' AS value, 1 AS total, arrayMap(x -> toString(x), mapKeys(sumMap(map(step, 1)) AS over)) AS steps, arrayMap(x -> toString(x), mapValues(over)) AS counts,
         0 AS different, 0 AS place
       FROM (SELECT selected, step, pair.1 AS name FROM (${each})) GROUP BY selected, name)
     ORDER BY total, selected DESC, name, value LIMIT {most:UInt32}`,
    { ...parameters, most: mostSeries + 1 },
    { ...limits, resultRows: mostSeries + 1 },
  );
  const examples =
    mostExemplars === 0 || rows.length === 0
      ? []
      : await readExemplars(
          reader,
          {
            filter: `${scope.sql} AND ${filter}`,
            parameters,
            labels: [
              `toString(toUInt8(${selection.sql}${inRange}))`,
              `toJSONString(arrayMap(p -> [p.1, p.2], arrayFilter(p -> p.2 != '', ${pairs})))`,
            ],
            value: undefined,
            fromMs: Math.trunc(range.fromMs),
            toMs: range.toMs,
            stepMs: Math.trunc(range.stepMs),
            most: mostExemplars,
          },
          limits,
        );
  return comparedSeries(rows, examples, metric, range, mostExemplars);
}
