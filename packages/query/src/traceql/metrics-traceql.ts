import { fail, ok, type Result } from '@sightline/base';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition } from '../search/scope.ts';
import type { Metric, Pipeline, TraceqlError } from './ast.ts';
import { ConditionSql } from './condition-sql.ts';
import { nameOf } from './evaluate.ts';
import { parseTraceql } from './parse.ts';

export interface TraceqlRange {
  readonly organisation: string;
  /** '' or undefined for all. */
  readonly site?: string | undefined;
  readonly environment?: string | undefined;
  readonly service?: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly query: string;
  /** The whole range as one step, wherever it begins. */
  readonly whole?: boolean;
}

export interface TraceqlSeries {
  readonly labels: readonly (readonly [name: string, value: string | number])[];
  /** In order of time; a step without spans is left out, but for `rate` and `count_over_time`, where it is 0. */
  readonly samples: readonly { readonly atMs: number; readonly value: number }[];
}

const mostSeries = 1000;
const mostSteps = 11_000;

/** The query of a metrics query as SQL can answer it: filters on single spans. */
function filtersOf({ stages }: Pipeline, compiler: ConditionSql): Result<string, TraceqlError> {
  const conditions: string[] = [];
  for (const stage of stages) {
    const at = stage.kind === 'spanset' ? stage.spanset.at : stage.at;
    const refuse = (what: string) =>
      fail({
        message: `${what} cannot stand before a metrics function: filter single spans with {…}`,
        position: { from: at, to: at + 1 },
      });
    if (stage.kind === 'select' || stage.kind === 'coalesce') continue;
    if (stage.kind !== 'spanset') return refuse(stage.kind === 'by' ? 'by()' : 'an aggregate');
    if (stage.spanset.kind !== 'filter') return refuse('an operator between spansets');
    const condition = compiler.condition(stage.spanset.condition);
    if (!condition.exact) return refuse('a condition on other spans of the trace');
    conditions.push(condition.sql);
  }
  return ok(conditions.length === 0 ? '1' : conditions.join(' AND '));
}

interface Row {
  readonly step: string;
  readonly labels: string[];
  readonly values: number[];
}

/**
 * A TraceQL metrics query over time, all of it in SQL. Durations are answered in seconds. Refuses, as a value, what looks at more
 * than one span at a time. Throws `StoreError`.
 */
export async function traceqlMetrics(
  reader: TelemetryReader,
  asked: TraceqlRange,
  limits: QueryLimits = {},
): Promise<Result<TraceqlSeries[], TraceqlError>> {
  const parsed = parseTraceql(asked.query);
  if (!parsed.ok) return parsed;
  const { metric, pipeline } = parsed.value;
  if (!metric) {
    return fail({
      message: 'expected a metrics function such as `| rate()`',
      position: { from: asked.query.length, to: asked.query.length + 1 },
    });
  }
  const steps = Math.ceil((asked.toMs - asked.fromMs) / asked.stepMs);
  if (!(asked.stepMs >= 1) || steps > mostSteps) {
    return fail({
      message: `the range has more than ${mostSteps} steps: choose a longer step`,
      position: { from: 0, to: 1 },
    });
  }
  const compiler = new ConditionSql();
  const filter = filtersOf(pipeline, compiler);
  if (!filter.ok) return filter;
  const fromMs =
    asked.whole === true ? Math.trunc(asked.fromMs) : Math.floor(asked.fromMs / asked.stepMs) * asked.stepMs;
  const range = { ...asked, fromMs };
  if (metric.name === 'compare') return compareSeries(reader, range, metric, filter.value, compiler, limits);
  const by: string[] = [];
  for (const field of metric.by) {
    const text = compiler.text(field);
    if (text === undefined)
      return fail({
        message: `by(${nameOf(field)}) cannot be answered: group by attributes of the span or its resource`,
        position: { from: field.at, to: field.at + 1 },
      });
    by.push(`if(${text} = '', 'nil', ${text})`);
  }
  const value = valueSql(metric, compiler);
  if (!value.ok) return value;
  const histogram = metric.name === 'histogram_over_time';
  const keys = [...by, ...(histogram ? [value.value.bucket] : [])];
  const scope = scopeCondition({
    organisation: asked.organisation,
    fromMs,
    toMs: asked.toMs,
    environment: asked.environment ?? '',
    site: asked.site ?? '',
    service: asked.service ?? '',
  });
  const rows = await reader.query<Row>(
    `SELECT toString(intDiv(toInt64(toUnixTimestamp64Milli(toDateTime64(ts, 3))) - {firstMs:Int64}, {stepMs:Int64})) AS step, [${keys.join(', ')}] AS labels, ${value.value.sql} AS values
     FROM spans PREWHERE ${scope.sql} AND ${filter.value}${value.value.only} GROUP BY step, labels ORDER BY step, labels LIMIT {most:UInt32}`,
    {
      ...scope.parameters,
      ...compiler.parameters,
      stepMs: Math.trunc(asked.stepMs),
      firstMs: Math.trunc(fromMs),
      most: mostSeries * 100 + 1,
    },
    { ...limits, resultRows: mostSeries * 100 + 1 },
  );
  if (rows.length > mostSeries * 100) {
    return fail({
      message: 'the answer has too many series: group by fewer attributes',
      position: { from: metric.at, to: metric.at + 1 },
    });
  }
  const names = [...metric.by.map(nameOf), ...(histogram ? ['__bucket'] : [])];
  const series = collect(rows, names, metric, range);
  return ok(metric.kept ? keepTop(series, metric.kept) : series);
}

const aggregateSql: Readonly<Record<string, (value: string) => string>> = {
  min_over_time: (value) => `min(${value})`,
  max_over_time: (value) => `max(${value})`,
  avg_over_time: (value) => `avg(${value})`,
  sum_over_time: (value) => `sum(${value})`,
};

function valueSql(
  metric: Metric,
  compiler: ConditionSql,
): Result<{ sql: string; only: string; bucket: string }, TraceqlError> {
  if (!metric.of) return ok({ sql: '[toFloat64(count())]', only: '', bucket: '' });
  const number = compiler.number(metric.of);
  if (number === undefined) {
    return fail({
      message: `${metric.name} of this cannot be answered: take an attribute or duration`,
      position: { from: metric.of.at, to: metric.of.at + 1 },
    });
  }
  const lasting = metric.of.kind === 'intrinsic' && metric.of.name === 'duration';
  const value = `assumeNotNull(${number})${lasting ? ' / 1e9' : ''}`;
  const only = ` AND isNotNull(${number})`;
  if (metric.name === 'histogram_over_time') {
    // Powers of two, as Tempo's: the label is the upper end.
    return ok({ sql: '[toFloat64(count())]', only, bucket: `toString(pow(2, ceil(log2(greatest(${value}, 1e-9)))))` });
  }
  if (metric.name === 'quantile_over_time') {
    // Levels are constants of a statement, not parameters: numbers between 0 and 1, written out by us.
    return ok({
      sql: `quantiles(${metric.quantiles.map((q) => q.toFixed(6)).join(', ')})(${value})`,
      only,
      bucket: '',
    });
  }
  const aggregate = aggregateSql[metric.name] ?? ((v: string) => `sum(${v})`);
  return ok({ sql: `[toFloat64(${aggregate(value)})]`, only, bucket: '' });
}

function collect(rows: readonly Row[], names: readonly string[], metric: Metric, range: TraceqlRange): TraceqlSeries[] {
  const per = metric.name === 'rate' ? range.stepMs / 1000 : 1;
  const filled = metric.name === 'rate' || metric.name === 'count_over_time';
  const series = new Map<string, { labels: (readonly [string, string | number])[]; at: Map<number, number> }>();
  for (const { step, labels, values } of rows) {
    for (const [i, value] of values.entries()) {
      const quantile = metric.name === 'quantile_over_time' ? metric.quantiles[i] : undefined;
      const key = JSON.stringify([labels, quantile]);
      let one = series.get(key);
      if (!one) {
        const named = names.map((name, n) => {
          const text = labels[n] ?? '';
          return [name, name === '__bucket' ? Number(text) : text] as const;
        });
        const own = quantile === undefined ? named : [...named, ['p', quantile] as const];
        one = { labels: own.length === 0 ? [['__name__', metric.name]] : own, at: new Map() };
        series.set(key, one);
      }
      if (Number.isFinite(value)) one.at.set(range.fromMs + Number(step) * range.stepMs, value / per);
    }
  }
  if (series.size === 0 && filled && names.length === 0)
    series.set('', { labels: [['__name__', metric.name]], at: new Map() });
  return [...series.values()].slice(0, mostSeries).map(({ labels, at }) => {
    const samples: { atMs: number; value: number }[] = [];
    for (let atMs = range.fromMs; atMs < range.toMs; atMs += range.stepMs) {
      const value = at.get(atMs) ?? (filled ? 0 : undefined);
      if (value !== undefined) samples.push({ atMs, value });
    }
    return { labels, samples };
  });
}

/** As Prometheus' `topk`: at each step the largest stay, the others lose their sample there. */
function keepTop(series: readonly TraceqlSeries[], { name, count }: NonNullable<Metric['kept']>): TraceqlSeries[] {
  const byStep = new Map<number, { of: number; value: number }[]>();
  for (const [of, { samples }] of series.entries()) {
    for (const { atMs, value } of samples) {
      const list = byStep.get(atMs) ?? [];
      list.push({ of, value });
      byStep.set(atMs, list);
    }
  }
  const kept = new Set<string>();
  for (const [atMs, list] of byStep) {
    list.sort((a, b) => (name === 'topk' ? b.value - a.value : a.value - b.value));
    for (const { of } of list.slice(0, count)) kept.add(`${of}/${atMs}`);
  }
  return series
    .map(({ labels, samples }, of) => ({ labels, samples: samples.filter(({ atMs }) => kept.has(`${of}/${atMs}`)) }))
    .filter(({ samples }) => samples.length > 0);
}

/** `compare({…}, n)`: for each attribute its n most frequent values, inside the selection and outside of it. */
async function compareSeries(
  reader: TelemetryReader,
  range: TraceqlRange,
  metric: Metric,
  filter: string,
  compiler: ConditionSql,
  limits: QueryLimits,
): Promise<Result<TraceqlSeries[], TraceqlError>> {
  const selection = metric.selection?.kind === 'filter' ? compiler.condition(metric.selection.condition) : undefined;
  if (!selection?.exact) {
    return fail({
      message: 'compare() takes one filter on single spans: compare({status = error})',
      position: { from: metric.at, to: metric.at + 1 },
    });
  }
  const scope = scopeCondition({
    organisation: range.organisation,
    fromMs: range.fromMs,
    toMs: range.toMs,
    environment: range.environment ?? '',
    site: range.site ?? '',
    service: range.service ?? '',
  });
  const parameters: Record<string, ParameterValue> = {
    ...scope.parameters,
    ...compiler.parameters,
    top: Math.min(100, Math.max(1, Math.trunc(metric.top))),
  };
  const rows = await reader.query<{ selected: number; name: string; value: string; total: string; part: number }>(
    `SELECT selected, pair.1 AS name, pair.2 AS value, toString(count()) AS total, toUInt32(row_number() OVER (PARTITION BY selected, name ORDER BY count() DESC)) AS part
     FROM (SELECT ${selection.sql} AS selected, arrayJoin(arrayConcat(
         arrayMap((k, v) -> (concat('span.', k), v), mapKeys(attrs), mapValues(attrs)), arrayMap((k, v) -> (concat('resource.', k), v), mapKeys(res), mapValues(res)),
         [('name', toString(name)), ('resource.service.name', toString(service)), ('status', ['unset', 'ok', 'error'][status_code + 1])])) AS pair
       FROM spans PREWHERE ${scope.sql} AND ${filter})
     GROUP BY selected, name, value QUALIFY part <= {top:UInt32} ORDER BY selected DESC, name, part LIMIT 5000`,
    parameters,
    limits,
  );
  return ok(
    rows.map(({ selected, name, value, total }) => ({
      labels: [['__meta_type', selected === 1 ? 'selection' : 'baseline'] as const, [name, value] as const],
      samples: [{ atMs: range.fromMs, value: Number(total) }],
    })),
  );
}
