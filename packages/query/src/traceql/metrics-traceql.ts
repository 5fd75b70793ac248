import { fail, ok, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition } from '../search/scope.ts';
import type { Metric, MetricStage, Pipeline, TraceqlError } from './ast.ts';
import { compareSeries } from './compare-series.ts';
import { ConditionSql } from './condition-sql.ts';
import { compareValues, nameOf } from './evaluate.ts';
import { readExemplars } from './exemplars.ts';
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
  /** Spans that are named beside the numbers, at most; none unless told. A hint in the query goes before it. */
  readonly exemplars?: number;
}

/** A span that is part of a sample. */
export interface TraceqlExemplar {
  readonly atMs: number;
  /** What the function took of the span; of `rate` and `count_over_time` the sample itself. */
  readonly value: number;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

export interface TraceqlSeries {
  readonly labels: readonly (readonly [name: string, value: string | number])[];
  /** In order of time; a step without spans is left out, but for `rate` and `count_over_time`, where it is 0. */
  readonly samples: readonly { readonly atMs: number; readonly value: number }[];
  /** In order of time. */
  readonly exemplars: readonly TraceqlExemplar[];
}

const mostSeries = 1000;
const mostSteps = 11_000;
/** Exemplars of an answer. */
const mostExemplars = 100;

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
  let series: readonly CollectedSeries[] = collect(rows, names, metric, range);
  for (const stage of metric.stages) series = stage.kind === 'top' ? keepTop(series, stage) : keepWhere(series, stage);
  const most = exemplarsWanted(parsed.value.exemplars, asked);
  if (most === 0 || series.length === 0) return ok(series.map(plain));
  const exemplars = await readExemplars(
    reader,
    {
      filter: `${scope.sql} AND ${filter.value}${value.value.only}`,
      parameters: { ...scope.parameters, ...compiler.parameters },
      labels: keys,
      value: value.value.each,
      fromMs: Math.trunc(fromMs),
      toMs: asked.toMs,
      stepMs: Math.trunc(asked.stepMs),
      most,
    },
    limits,
  );
  return ok(attachExemplars(series, exemplars, metric.by.map(nameOf), range).map(plain));
}

const plain = ({ labels, samples, exemplars }: CollectedSeries): TraceqlSeries => ({ labels, samples, exemplars });

function exemplarsWanted(hint: number | boolean | undefined, { exemplars = 0, whole }: TraceqlRange): number {
  if (whole === true || hint === false || exemplars === 0) return 0;
  return Math.max(0, Math.min(mostExemplars, typeof hint === 'number' ? hint : exemplars));
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
): Result<
  { sql: string; only: string; bucket: string; /** Of one span; undefined for a count. */ each: string | undefined },
  TraceqlError
> {
  if (!metric.of) return ok({ sql: '[toFloat64(count())]', only: '', bucket: '', each: undefined });
  const number = compiler.number(metric.of);
  if (number === undefined) {
    return fail({
      message: `${metric.name} of this cannot be answered: take an attribute or duration`,
      position: { from: metric.of.at, to: metric.of.at + 1 },
    });
  }
  const lasting = metric.of.kind === 'intrinsic' && ['duration', 'event:timeSinceStart'].includes(metric.of.name);
  const value = `assumeNotNull(${number})${lasting ? ' / 1e9' : ''}`;
  const each = `toFloat64(${value})`;
  const only = ` AND isNotNull(${number})`;
  if (metric.name === 'histogram_over_time') {
    // Powers of two, as Tempo's: the label is the upper end.
    return ok({
      sql: '[toFloat64(count())]',
      only,
      bucket: `toString(pow(2, ceil(log2(greatest(${value}, 1e-9)))))`,
      each,
    });
  }
  if (metric.name === 'quantile_over_time') {
    // Levels are constants of a statement, not parameters: numbers between 0 and 1, written out by us.
    return ok({
      sql: `quantiles(${metric.quantiles.map((q) => q.toFixed(6)).join(', ')})(${value})`,
      only,
      bucket: '',
      each,
    });
  }
  const aggregate = aggregateSql[metric.name] ?? ((v: string) => `sum(${v})`);
  return ok({ sql: `[toFloat64(${aggregate(value)})]`, only, bucket: '', each });
}

interface CollectedSeries extends TraceqlSeries {
  /** What the spans were grouped by, as one text. */
  readonly group: string;
}

function collect(
  rows: readonly Row[],
  names: readonly string[],
  metric: Metric,
  range: TraceqlRange,
): CollectedSeries[] {
  const per = metric.name === 'rate' ? range.stepMs / 1000 : 1;
  const filled = metric.name === 'rate' || metric.name === 'count_over_time';
  const series = new Map<
    string,
    { group: string; labels: (readonly [string, string | number])[]; at: Map<number, number> }
  >();
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
        one = {
          group: JSON.stringify(labels),
          labels: own.length === 0 ? [['__name__', metric.name]] : own,
          at: new Map(),
        };
        series.set(key, one);
      }
      if (Number.isFinite(value)) one.at.set(range.fromMs + Number(step) * range.stepMs, value / per);
    }
  }
  if (series.size === 0 && filled && names.length === 0)
    series.set('', { group: '[]', labels: [['__name__', metric.name]], at: new Map() });
  return [...series.values()].slice(0, mostSeries).map(({ group, labels, at }) => {
    const samples: { atMs: number; value: number }[] = [];
    for (let atMs = range.fromMs; atMs < range.toMs; atMs += range.stepMs) {
      const value = at.get(atMs) ?? (filled ? 0 : undefined);
      if (value !== undefined) samples.push({ atMs, value });
    }
    return { group, labels, samples, exemplars: [] };
  });
}

/** As Prometheus' `topk`: at each step the largest stay, the others lose their sample there. */
function keepTop(
  series: readonly CollectedSeries[],
  { name, count }: Extract<MetricStage, { kind: 'top' }>,
): CollectedSeries[] {
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
    .map((one, of) => ({ ...one, samples: one.samples.filter(({ atMs }) => kept.has(`${of}/${atMs}`)) }))
    .filter(({ samples }) => samples.length > 0);
}

/** Samples that satisfy the comparison; a series without one goes. */
function keepWhere(
  series: readonly CollectedSeries[],
  { op, value: bound }: Extract<MetricStage, { kind: 'compare' }>,
): CollectedSeries[] {
  return series
    .map((one) => ({ ...one, samples: one.samples.filter(({ value }) => compareValues(op, value, bound)) }))
    .filter(({ samples }) => samples.length > 0);
}

/**
 * Exemplars beside the samples that their spans are part of; those whose sample did not stay go. Of several quantiles of a group it is the
 * nearest.
 */
function attachExemplars(
  series: readonly CollectedSeries[],
  exemplars: Awaited<ReturnType<typeof readExemplars>>,
  names: readonly string[],
  { fromMs, stepMs }: TraceqlRange,
): CollectedSeries[] {
  const byGroup = new Map<string, { readonly at: ReadonlyMap<number, number>; readonly own: TraceqlExemplar[] }[]>();
  const result = series.map((one) => {
    const own: TraceqlExemplar[] = [];
    const at = new Map(one.samples.map(({ atMs, value }) => [atMs, value]));
    byGroup.set(one.group, [...(byGroup.get(one.group) ?? []), { at, own }]);
    return { ...one, exemplars: own };
  });
  for (const { labels, value, atMs, spanLabels } of exemplars) {
    const stepAt = fromMs + Math.floor((atMs - fromMs) / stepMs) * stepMs;
    let nearest: { readonly own: TraceqlExemplar[]; readonly sample: number } | undefined;
    for (const { at, own } of byGroup.get(JSON.stringify(labels)) ?? []) {
      const sample = at.get(stepAt);
      if (sample === undefined) continue;
      const distance = value === undefined ? 0 : Math.abs(sample - value);
      if (!nearest || distance < Math.abs(nearest.sample - (value ?? nearest.sample))) nearest = { own, sample };
    }
    nearest?.own.push({
      atMs,
      value: value ?? nearest.sample,
      labels: [...spanLabels, ...names.map((name, n) => [name, labels[n] ?? 'nil'] as const)],
    });
  }
  return result;
}
