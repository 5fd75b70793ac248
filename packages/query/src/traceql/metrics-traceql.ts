import { fail, ok, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition } from '../search/scope.ts';
import type { Metric, Pipeline, TraceqlError } from './ast.ts';
import { compareAtHand } from './compare-at-hand.ts';
import { compareSeries } from './compare-series.ts';
import { ConditionSql } from './condition-sql.ts';
import { nameOf } from './evaluate.ts';
import { readExemplars, type SpanExemplar } from './exemplars.ts';
import { answerMath } from './metric-math.ts';
import { attachExemplars, collect, type CollectedSeries, type MetricRow, throughStages } from './metric-series.ts';
import { rowsAtHand } from './metrics-at-hand.ts';
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
/** Of the engine: a step of a series each. */
const mostRows = 100_000;
const mostSteps = 11_000;
/** Exemplars of an answer. */
const mostExemplars = 100;

/** What stands before a metrics function, as SQL can answer it: filters on single spans; undefined where it cannot. */
function filtersOf({ stages }: Pipeline, compiler: ConditionSql): string | undefined {
  const conditions: string[] = [];
  for (const stage of stages) {
    if (stage.kind === 'select' || stage.kind === 'coalesce') continue;
    if (stage.kind !== 'spanset' || stage.spanset.kind !== 'filter') return undefined;
    const condition = compiler.condition(stage.spanset.condition);
    if (!condition.exact) return undefined;
    conditions.push(condition.sql);
  }
  return conditions.length === 0 ? '1' : conditions.join(' AND ');
}

type Answer = Result<readonly CollectedSeries[], TraceqlError>;

/**
 * A TraceQL metrics query over time, or arithmetic between several: in SQL where single spans are looked at, else on the traces
 * themselves, within bounds. Durations are answered in seconds. Throws `StoreError`.
 */
export async function traceqlMetrics(
  reader: TelemetryReader,
  asked: TraceqlRange,
  limits: QueryLimits = {},
): Promise<Result<TraceqlSeries[], TraceqlError>> {
  const parsed = parseTraceql(asked.query);
  if (!parsed.ok) return parsed;
  const { metric, pipeline, math } = parsed.value;
  const of = metric ? { kind: 'query' as const, pipeline, metric, at: metric.at } : math;
  if (!of) {
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
  const fromMs =
    asked.whole === true ? Math.trunc(asked.fromMs) : Math.floor(asked.fromMs / asked.stepMs) * asked.stepMs;
  const range = { ...asked, fromMs, stepMs: Math.trunc(asked.stepMs) };
  const most = exemplarsWanted(parsed.value.exemplars, asked);
  const answer = await answerMath(of, range, (query, exemplars) =>
    answerQuery(reader, query, range, exemplars ? most : 0, limits),
  );
  if (!answer.ok) return answer;
  const found = answer.value.length;
  if (found > mostSeries && metric?.name !== 'compare') {
    return fail({
      message: `the answer has ${found} series, more than ${mostSeries}: group by fewer attributes, or end with \`| topk(10)\``,
      position: { from: of.at, to: of.at + 1 },
    });
  }
  return ok(answer.value.map(({ labels, samples, exemplars }) => ({ labels, samples, exemplars })));
}

async function answerQuery(
  reader: TelemetryReader,
  { pipeline, metric }: { readonly pipeline: Pipeline; readonly metric: Metric },
  range: TraceqlRange,
  most: number,
  limits: QueryLimits,
): Promise<Answer> {
  const compiler = new ConditionSql();
  const filter = filtersOf(pipeline, compiler);
  if (metric.name === 'compare') {
    const inSql = filter !== undefined && (await compareSeries(reader, range, metric, filter, compiler, most, limits));
    const compared = inSql || (await compareAtHand(reader, { pipeline, metric }, range, most, limits));
    return compared.ok ? ok(compared.value.map((one) => ({ ...one, group: '' }))) : compared;
  }
  const grouped = filter !== undefined ? groupsOf(metric, compiler) : undefined;
  const found =
    filter !== undefined && grouped
      ? await rowsInSql(reader, { filter, metric, ...grouped }, compiler, range, limits)
      : await rowsAtHand(reader, { pipeline, metric }, range, most, limits);
  if (!found.ok) return found;
  const { rows, exemplars } = found.value;
  const names = [...metric.by.map(nameOf), ...(metric.name === 'histogram_over_time' ? ['__bucket'] : [])];
  const collected = collect(rows, names, metric, range);
  if (!collected.ok) return collected;
  const series = throughStages(collected.value, metric.stages);
  if (most === 0 || series.length === 0) return ok(series);
  const examples = typeof exemplars === 'function' ? await exemplars(most) : exemplars;
  return ok(attachExemplars(series, examples, metric.by.map(nameOf), range));
}

/** What spans are grouped by and measured by, as SQL; undefined where SQL cannot tell. */
function groupsOf(metric: Metric, compiler: ConditionSql): { by: string[]; value: ValueSql } | undefined {
  const by: string[] = [];
  for (const field of metric.by) {
    const text = compiler.text(field);
    if (text === undefined) return undefined;
    by.push(`if(${text} = '', 'nil', ${text})`);
  }
  const value = valueSql(metric, compiler);
  return value && { by, value };
}

async function rowsInSql(
  reader: TelemetryReader,
  {
    filter,
    metric,
    by,
    value,
  }: { readonly filter: string; readonly metric: Metric; readonly by: readonly string[]; readonly value: ValueSql },
  compiler: ConditionSql,
  range: TraceqlRange,
  limits: QueryLimits,
): Promise<Result<{ rows: MetricRow[]; exemplars: (most: number) => Promise<SpanExemplar[]> }, TraceqlError>> {
  const labels = [...by, ...(metric.name === 'histogram_over_time' ? [value.bucket] : [])];
  const scope = scopeCondition({
    organisation: range.organisation,
    fromMs: range.fromMs,
    toMs: range.toMs,
    environment: range.environment ?? '',
    site: range.site ?? '',
    service: range.service ?? '',
  });
  const parameters = { ...scope.parameters, ...compiler.parameters };
  const where = `${scope.sql} AND ${filter}${value.only}`;
  const rows = await reader.query<MetricRow>(
    `SELECT toString(intDiv(toInt64(toUnixTimestamp64Milli(toDateTime64(ts, 3))) - {firstMs:Int64}, {stepMs:Int64})) AS step, [${labels.join(', ')}] AS labels, ${value.sql} AS values
     FROM spans PREWHERE ${where} GROUP BY step, labels ORDER BY step, labels LIMIT {most:UInt32}`,
    { ...parameters, stepMs: range.stepMs, firstMs: Math.trunc(range.fromMs), most: mostRows + 1 },
    { ...limits, resultRows: mostRows + 1 },
  );
  if (rows.length > mostRows) {
    return fail({
      message: 'the answer has too many series: group by fewer attributes',
      position: { from: metric.at, to: metric.at + 1 },
    });
  }
  const { fromMs, toMs, stepMs } = range;
  return ok({
    rows,
    exemplars: (most) =>
      readExemplars(
        reader,
        { filter: where, parameters, labels, value: value.each, fromMs: Math.trunc(fromMs), toMs, stepMs, most },
        limits,
      ),
  });
}

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

interface ValueSql {
  readonly sql: string;
  readonly only: string;
  readonly bucket: string;
  /** Of one span; undefined for a count. */
  readonly each: string | undefined;
}

function valueSql(metric: Metric, compiler: ConditionSql): ValueSql | undefined {
  if (!metric.of) return { sql: '[toFloat64(count())]', only: '', bucket: '', each: undefined };
  const number = compiler.number(metric.of);
  if (number === undefined) return undefined;
  const lasting = metric.of.kind === 'intrinsic' && ['duration', 'event:timeSinceStart'].includes(metric.of.name);
  const value = `assumeNotNull(${number})${lasting ? ' / 1e9' : ''}`;
  const each = `toFloat64(${value})`;
  const only = ` AND isNotNull(${number})`;
  if (metric.name === 'histogram_over_time') {
    // Powers of two, as Tempo's: the label is the upper end.
    const bucket = `toString(pow(2, ceil(log2(greatest(${value}, 1e-9)))))`;
    return { sql: '[toFloat64(count())]', only, bucket, each };
  }
  if (metric.name === 'quantile_over_time') {
    // Levels are constants of a statement, not parameters: numbers between 0 and 1, written out by us.
    const levels = metric.quantiles.map((q) => q.toFixed(6)).join(', ');
    return { sql: `quantiles(${levels})(${value})`, only, bucket: '', each };
  }
  const aggregate = aggregateSql[metric.name] ?? ((v: string) => `sum(${v})`);
  return { sql: `[toFloat64(${aggregate(value)})]`, only, bucket: '', each };
}
