import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { LogTable } from '../logs/log-table.ts';
import type { Grid, ScannedSeries } from '../promql/source.ts';
import type { Grouping, RangeAggregation } from './ast.ts';
import { logqlBounds } from './bounds.ts';
import { bucketSql, mostFolded, takeRow, type BucketAggregate, type BucketRow } from './bucket-sql.ts';
import { compileLog, type ConditionSql } from './condition-sql.ts';
import { levelLabels, streamColumns, streamLabels, streamNames, type Labels, type LogRow } from './labels.ts';
import { largeParts, type LargePart } from './large-parts.ts';
import { linesWithin, minutesWithin } from './line-scope.ts';
import { isLong, noResourceHas, standsEverywhere } from './look-ahead.ts';
import type { MetricQuery } from './metric-query.ts';
import { readByParts } from './read-by-parts.ts';
import { type GroupLabels, readRows, SeriesRows } from './series-rows.ts';
import { mergeSame, windowsOf } from './windows.ts';

/** Blocks of as many lines as the engine takes of narrow columns: a wide one would cut them to a third. */
const wideBlocks = { preferred_block_size_bytes: 8_000_000 } as const;

/** As many groups as series may be answered; one thread cannot have more. */
const groupBound = { max_rows_to_group_by: logqlBounds.series, group_by_overflow_mode: 'throw' } as const;

const volumeLabels = new Set(['service_name', 'site', 'environment', ...levelLabels]);

/** A range aggregation that the engine groups by bucket and labels. */
export interface EngineQuestion {
  readonly leaf: RangeAggregation;
  readonly grid: Grid;
  readonly grouping: Grouping | undefined;
  /** Where the lines lie; without one the views by minute must tell. */
  readonly table: LogTable | undefined;
}

/** How buckets of equal length cover the windows of a grid. */
interface BucketPlan {
  /** Where the first bucket begins, Unix milliseconds. */
  readonly originMs: number;
  readonly bucketMs: number;
  readonly buckets: number;
  /** From the first bucket's beginning to the last one's end. */
  readonly spanMs: number;
}

/** What the engine computes, in SQL. */
interface Expressions {
  readonly compiled: ReturnType<typeof compileLog>;
  readonly partial: PartialAggregate;
  /** Of each label of the grouping; undefined for series as they come. */
  readonly columns: readonly (string | undefined)[] | undefined;
}

/**
 * Answers a range aggregation by grouping in SQL, and tells whether the views by minute or the lines answered; undefined where SQL cannot
 * tell. Throws `StoreError`, and `QueryFailure` where there are more series than are answered.
 */
export async function answerInEngine(
  reader: TelemetryReader,
  input: MetricQuery,
  { leaf, grid, grouping, table }: EngineQuestion,
  limits: QueryLimits,
): Promise<{ readonly series: ScannedSeries[]; readonly way: 'volume' | 'engine' } | undefined> {
  const plan = bucketsFor(leaf, grid);
  const labels = leaf.name === 'absent_over_time' ? [] : grouping?.labels;
  const first = plan && !grouping?.without ? expressionsOf(leaf, labels, plan) : undefined;
  if (!plan || !first) return undefined;
  const { compiler } = first.compiled;
  const volume = countedByMinute(leaf, compiler, labels, plan);
  if (!volume && !table) return undefined;
  const { originMs, bucketMs, buckets, spanMs } = plan;
  // What is asked, apart from its range.
  const question = JSON.stringify([
    input.organisation,
    input.site,
    first.compiled.sql,
    first.columns ?? streamColumns,
    first.partial,
    compiler.parameters,
  ]);
  const { compiled, partial, columns, parts } =
    volume || input.reach
      ? { ...first, parts: [] }
      : await lookedAhead(reader, input, leaf, labels, plan, first, limits);
  const groups = labels ? (columns ?? []).map((sql, index) => `${sql} AS g${index}`) : [streamColumns];
  const names = labels ? labels.map((_, index) => `g${index}`) : streamNames;
  const toMs = originMs + spanMs;
  const minutes = volume ? minutesWithin(input, originMs, toMs, compiler.asksSite) : undefined;
  const scope = minutes ?? linesWithin(input, originMs, toMs);
  const bucket = volume
    ? 'intDiv(toInt64(toUnixTimestamp(minute)) * 1000 - {originMs:Int64}, {bucketMs:Int64})'
    : 'intDiv(toUnixTimestamp64Nano(ts) - {originMs:Int64} * 1000000 - 1, {bucketMs:Int64} * 1000000)';
  const condition = [scope.sql, compiled.sql, ...(partial.where ? [partial.where] : [])].join(' AND ');
  const parameters: Record<string, ParameterValue> = {
    ...scope.parameters,
    ...compiled.compiler.parameters,
    ...(volume ? {} : table?.parameters),
    originMs,
    bucketMs,
  };
  const { aggregate } = partial;
  const bucketsOf = (from: string | readonly string[], fresh = 0): string => {
    const counts = volume ? 'records' : '';
    return bucketSql({ columns: groups, names, bucket, buckets, fresh, counts, aggregate }, from);
  };
  const ofGroup = groupsOf(labels, names);
  const own: QueryLimits = {
    ...limits,
    resultRows: logqlBounds.values,
    settings: {
      ...(volume ? {} : wideBlocks),
      ...limits.settings,
      // Folded buckets are held for each group: more groups than may be answered are not begun.
      ...(buckets > mostFolded ? {} : groupBound),
    },
  };
  const sized = aggregate !== undefined;
  const sums = !sized || leaf.name === 'bytes_rate' || leaf.name === 'bytes_over_time';
  const byParts =
    parts.length > 0 && buckets <= mostFolded && sums
      ? await readByParts(
          reader,
          { question, condition, parameters, parts, bucketsOf, originMs, bucketMs, buckets, sized },
          ofGroup,
          own,
        )
      : undefined;
  const from = minutes || !table ? `FROM ${minutes?.table ?? 'logs'} PREWHERE ${condition}` : table.from(condition);
  const rows =
    byParts ?? (await readGroups(reader, bucketsOf(from), parameters, new SeriesRows(ofGroup, buckets), own));
  const series = mergeSame(rows.all(), buckets, leaf.name).map((one) => ({
    labels: one.labels,
    ...windowsOf(leaf, one, grid, bucketMs),
  }));
  return { series, way: volume ? 'volume' : 'engine' };
}

/** The longest buckets of which every window consists; undefined where they would be too many, or no whole milliseconds. */
function bucketsFor(leaf: RangeAggregation, grid: Grid): BucketPlan | undefined {
  const steps = Math.max(1, grid.count);
  const bucketMs = grid.count > 1 && grid.stepMs > 0 ? divisor(leaf.rangeMs, grid.stepMs) : leaf.rangeMs;
  const spanMs = leaf.rangeMs + (steps - 1) * grid.stepMs;
  const buckets = Math.round(spanMs / bucketMs);
  if (!Number.isInteger(bucketMs) || buckets > logqlBounds.buckets) return undefined;
  return { originMs: grid.startMs - leaf.rangeMs, bucketMs, buckets, spanMs };
}

/** The question in SQL; undefined where it cannot tell exactly. */
function expressionsOf(
  leaf: RangeAggregation,
  labels: readonly string[] | undefined,
  { bucketMs }: BucketPlan,
): Expressions | undefined {
  const compiled = compileLog(leaf.log, true);
  if (!compiled.exact) return undefined;
  const partial = partialOf(leaf, compiled.compiler, leaf.rangeMs === bucketMs);
  if (partial === undefined) return undefined;
  const columns = labels?.map((label) => compiled.compiler.value(label));
  if (columns?.includes(undefined)) return undefined;
  // Without a grouping the parsed labels of each line are part of its series.
  if (!labels && leaf.log.stages.some(({ kind }) => kind !== 'line' && kind !== 'labels')) return undefined;
  return { compiled, partial, columns };
}

/** Whether the views by minute hold all that is asked. */
const countedByMinute = (
  leaf: RangeAggregation,
  compiler: ConditionSql,
  labels: readonly string[] | undefined,
  { originMs, bucketMs }: BucketPlan,
): boolean =>
  compiler.onlyVolume &&
  !leaf.unwrap &&
  labels?.every((label) => volumeLabels.has(label)) === true &&
  ['rate', 'count_over_time', 'absent_over_time'].includes(leaf.name) &&
  bucketMs % 60_000 === 0 &&
  originMs % 60_000 === 0;

/** Asks the engine first what all lines of the range have in common, so that less is read of each. `parts`: large ones, to be read for themselves. */
async function lookedAhead(
  reader: TelemetryReader,
  { organisation, largePartLines }: MetricQuery,
  leaf: RangeAggregation,
  labels: readonly string[] | undefined,
  { originMs, bucketMs, spanMs }: BucketPlan,
  first: Expressions,
  limits: QueryLimits,
): Promise<Expressions & { readonly parts: readonly LargePart[] }> {
  const { compiler } = first.compiled;
  const range = { organisation, fromMs: originMs, toMs: originMs + spanMs };
  const names = [...new Set((labels ?? []).flatMap((label) => compiler.resourceNames(label)))];
  const parts = isLong(range) ? await largeParts(reader, range, limits, largePartLines) : [];
  const [everywhere, attributesOnly] = await Promise.all([
    standsEverywhere(reader, leaf.log, range, limits),
    noResourceHas(reader, leaf.log, names, range, limits, parts),
  ]);
  const compiled = everywhere ? compileLog(leaf.log, true, false) : first.compiled;
  const own = compiled.compiler;
  const columns =
    attributesOnly || everywhere
      ? labels?.map((label) => own.value(label, attributesOnly ? ['attrs'] : ['res', 'attrs']))
      : first.columns;
  return { compiled, columns, partial: partialOf(leaf, own, leaf.rangeMs === bucketMs) ?? first.partial, parts };
}

const groupsOf = (labels: readonly string[] | undefined, names: readonly string[]): GroupLabels => ({
  key: (row) => (names.length === 0 ? '' : labels ? keyOf(row, names) : JSON.stringify(names.map((name) => row[name]))),
  labels: (row) => (labels ? groupLabels(labels, row) : streamLabels(row as unknown as LogRow)),
});

/** Runs a statement each of whose rows is a group of its own. */
async function readGroups(
  reader: TelemetryReader,
  sql: string,
  parameters: Readonly<Record<string, ParameterValue>>,
  series: SeriesRows,
  limits: QueryLimits,
): Promise<SeriesRows> {
  await readRows(async () => {
    for await (const row of reader.stream<BucketRow>(sql, parameters, limits))
      if (row.ks.length > 0) takeRow(series.of(row), row);
  });
  return series;
}

function divisor(left: number, right: number): number {
  let [a, b] = [left, right];
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** The aggregate of one bucket from which windows are made, and what a line must have for it. */
interface PartialAggregate {
  readonly aggregate: BucketAggregate | undefined;
  readonly where: string;
}

/** The partial aggregate of a function; undefined where buckets cannot be put together. */
function partialOf(leaf: RangeAggregation, compiler: ConditionSql, whole: boolean): PartialAggregate | undefined {
  if (!leaf.unwrap) {
    if (leaf.name === 'bytes_rate' || leaf.name === 'bytes_over_time') {
      const changed = leaf.log.stages.some(({ kind }) => ['line_format', 'decolorize', 'unpack'].includes(kind));
      return changed ? undefined : { aggregate: { name: 'sum', of: 'toFloat64(length(body))' }, where: '' };
    }
    return { aggregate: undefined, where: '' };
  }
  const { label, conversion, filters } = leaf.unwrap;
  // Behind the number only conditions on faults are common, and a line without a number is no sample anyway.
  const onFaults = filters.every(
    (filter) => filter.kind === 'text' && filter.label === '__error__' && filter.value === '',
  );
  const given = compiler.value(label);
  if (conversion !== '' || !onFaults || given === undefined) return undefined;
  const sample = `toFloat64OrNull(${given})`;
  const where = `isNotNull(${sample})`;
  const ofAll = (name: string): PartialAggregate => ({
    aggregate: { name, of: `assumeNotNull(${sample})` },
    where,
  });
  switch (leaf.name) {
    case 'rate':
    case 'sum_over_time':
    case 'avg_over_time':
      return ofAll('sum');
    case 'min_over_time':
      return ofAll('min');
    case 'max_over_time':
      return ofAll('max');
    case 'quantile_over_time': {
      const { parameter = Number.NaN } = leaf;
      // Quantiles of parts make none of the whole: only where each window is a bucket of its own.
      return whole && parameter >= 0 && parameter <= 1 ? ofAll(`quantileExactInclusive(${parameter})`) : undefined;
    }
    default:
      return undefined;
  }
}

const keyOf = (row: BucketRow, names: readonly string[]): string =>
  names.map((name) => String(row[name])).join('\u0000');

function groupLabels(labels: readonly string[], row: BucketRow): Labels {
  const found: Record<string, string> = {};
  for (const [index, label] of labels.entries()) {
    const value = String(row[`g${index}`]);
    if (value !== '') found[label] = value;
  }
  return found;
}
