import { fail, ok, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { evaluatePromql } from '../promql/evaluate/evaluate-promql.ts';
import type { QueryValue } from '../promql/metric-engine.ts';
import {
  QueryFailure,
  type Grid,
  type QueryFault,
  type ScannedSeries,
  type ScanRequest,
  type ScanResult,
  type SeriesSource,
} from '../promql/source.ts';
import { hotTable, tooMuchArchive, withTable, type FromArchive, type LogTable } from '../logs/log-table.ts';
import { logsByTime } from '../search/scope.ts';
import type { Grouping, LogExpression, MetricExpression, RangeAggregation, RangeFunction } from './ast.ts';
import { logqlBounds, tooManyLines, tooManySeries } from './bounds.ts';
import { compileLog } from './condition-sql.ts';
import { answerInEngine } from './in-engine.ts';
import { labelKey, rowColumns, type Labels, type LogRow } from './labels.ts';
import { linesWithin, nanoseconds } from './line-scope.ts';
import type { MetricQuery, Way } from './metric-query.ts';
import { compilePipeline, compileUnwrap } from './pipeline.ts';
import { overWindows, type Samples } from './range-functions.ts';
import { entryOf } from './run-log-query.ts';
import { leafOf, toPromql } from './to-promql.ts';
import { absent, grouped } from './windows.ts';

export interface LogqlAnswer {
  readonly value: QueryValue;
  /** Lines that a pipeline outside the engine looked at. */
  readonly lines: number;
  readonly bytes: number;
  /** How the range aggregations were computed, for statistics and tests. */
  readonly ways: readonly Way[];
  readonly archive: FromArchive;
}

/**
 * Evaluates a metric query. Each range aggregation is computed in the engine where it can tell; what stands around it (sums,
 * binary operations, topk) is PromQL's, and its evaluator does it. Throws `StoreError`.
 */
export async function runMetricQuery(
  reader: TelemetryReader,
  input: MetricQuery,
  limits: QueryLimits = {},
): Promise<Result<LogqlAnswer, QueryFault>> {
  const leaves: RangeAggregation[] = [];
  const expression = toPromql(input.query, leaves);
  const source = new LogSource(reader, input, leaves, limits);
  const answered = await evaluatePromql(
    expression,
    {
      text: '',
      startMs: input.startMs,
      endMs: input.endMs,
      stepMs: input.stepMs,
      bounds: { steps: logqlBounds.steps, timeoutMs: logqlBounds.timeoutMs },
      ...(limits.signal ? { signal: limits.signal } : {}),
    },
    source,
  );
  if (!answered.ok) return fail(answered.error);
  const { lines, bytes, ways, archivedBytes, missing } = source;
  return ok({
    value: answered.value.value,
    lines,
    bytes,
    ways,
    archive: { bytes: archivedBytes, missing: [...missing] },
  });
}

/** From when to when (ms, both included) a metric query looks at logs: its windows reach back behind its first step. */
export function logsOfMetric(
  query: MetricExpression,
  startMs: number,
  endMs: number,
): { readonly fromMs: number; readonly toMs: number; readonly logs: readonly LogExpression[] } {
  const leaves: RangeAggregation[] = [];
  toPromql(query, leaves);
  return {
    fromMs: Math.min(startMs, ...leaves.map(({ offsetMs, rangeMs }) => startMs - offsetMs - rangeMs)),
    toMs: Math.max(startMs, ...leaves.map(({ offsetMs }) => endMs - offsetMs)),
    logs: leaves.map(({ log }) => log),
  };
}

/** Functions whose groups may be summed before or after. */
const additive = new Set<RangeFunction>(['rate', 'count_over_time', 'bytes_rate', 'bytes_over_time', 'sum_over_time']);

class LogSource implements SeriesSource {
  lines = 0;
  bytes = 0;
  readonly ways: Way[] = [];
  archivedBytes = 0;
  readonly missing = new Set<string>();
  readonly #reader: TelemetryReader;
  readonly #input: MetricQuery;
  readonly #leaves: readonly RangeAggregation[];
  readonly #limits: QueryLimits;

  constructor(reader: TelemetryReader, input: MetricQuery, leaves: readonly RangeAggregation[], limits: QueryLimits) {
    this.#reader = reader;
    this.#input = input;
    this.#leaves = leaves;
    this.#limits = { timeoutMs: logqlBounds.timeoutMs, threads: 2, ...limits };
  }

  async scan({ matchers, grid, reduction }: ScanRequest): Promise<ScanResult> {
    const index = leafOf(matchers);
    const leaf = this.#leaves[index];
    if (!leaf) throw new Error(`no range aggregation ${index}`);
    const reduces = reduction?.operator === 'sum' && !reduction.without && !leaf.grouping && additive.has(leaf.name);
    const grouping = reduces ? { without: false, labels: reduction.grouping } : leaf.grouping;
    const shifted = { ...grid, startMs: grid.startMs - leaf.offsetMs };
    const found = await this.#read(leaf, shifted, grouping);
    const series = leaf.name === 'absent_over_time' ? absent(leaf, found, grid) : found;
    return { series, reduced: reduces, samples: 0, annotations: [] };
  }

  async #read(leaf: RangeAggregation, grid: Grid, grouping: Grouping | undefined): Promise<ScannedSeries[]> {
    const overTable = async (table: LogTable, limits: QueryLimits): Promise<ScannedSeries[]> =>
      (await this.#inEngine(leaf, grid, grouping, table, limits)) ??
      (await this.#overLines(leaf, grid, grouping, table, limits));
    const { reach } = this.#input;
    const fromMs = grid.startMs - leaf.rangeMs;
    if (!reach) return overTable(hotTable, this.#limits);
    // The views by minute know every record longer than the engine holds it.
    const counted =
      fromMs >= reach.volumeFromMs ? await this.#inEngine(leaf, grid, grouping, undefined, this.#limits) : undefined;
    if (counted) return counted;
    const toMs = grid.startMs + Math.max(0, grid.count - 1) * grid.stepMs;
    const range = { fromNs: nanoseconds(fromMs) + 1n, toNs: nanoseconds(toMs) + 1n };
    const limits = { ...this.#limits, ...reach.limits };
    const found = await withTable(range, reach, (table) => overTable(table, limits), this.archivedBytes);
    if ('tooMuch' in found) throw new QueryFailure({ kind: 'bad_data', message: tooMuchArchive(found.tooMuch) });
    this.archivedBytes += found.archive.bytes;
    for (const one of found.archive.missing) this.missing.add(one);
    return found.value;
  }

  async #inEngine(
    leaf: RangeAggregation,
    grid: Grid,
    grouping: Grouping | undefined,
    table: LogTable | undefined,
    limits: QueryLimits,
  ): Promise<ScannedSeries[] | undefined> {
    const answered = await answerInEngine(this.#reader, this.#input, { leaf, grid, grouping, table }, limits);
    if (answered) this.ways.push(answered.way);
    return answered?.series;
  }

  /** Streams the lines through the pipeline and keeps their numbers by series. */
  async #overLines(
    leaf: RangeAggregation,
    grid: Grid,
    grouping: Grouping | undefined,
    table: LogTable,
    limits: QueryLimits,
  ): Promise<ScannedSeries[]> {
    this.ways.push('lines');
    const compiled = compileLog(leaf.log, true);
    const pipeline = compilePipeline(leaf.log.stages);
    const unwrap = leaf.unwrap && compileUnwrap(leaf.unwrap);
    const originMs = grid.startMs - leaf.rangeMs;
    const endMs = grid.startMs + Math.max(0, grid.count - 1) * grid.stepMs;
    const from = linesWithin(this.#input, originMs, endMs);
    const originNs = nanoseconds(originMs);
    const sized = leaf.name === 'bytes_rate' || leaf.name === 'bytes_over_time';
    const rows = this.#reader.stream<LogRow>(
      `SELECT ${rowColumns} ${table.from(`${from.sql} AND ${compiled.sql}`)}
       ORDER BY ${logsByTime('ASC')} LIMIT {most:UInt32}`,
      { ...from.parameters, ...compiled.parameters, ...table.parameters, most: logqlBounds.lines + 1 },
      { ...limits, resultRows: logqlBounds.lines + 1 },
    );
    const series = new Map<string, Samples & { readonly labels: Labels }>();
    let lines = 0;
    for await (const row of rows) {
      lines += 1;
      this.lines += 1;
      this.bytes += row.line.length;
      if (lines > logqlBounds.lines || this.bytes > logqlBounds.bytes) throw tooManyLines();
      const entry = entryOf(row);
      if (!pipeline(entry) || entry.get('__error__') === 'LabelFilterErr') continue;
      const value = unwrap ? unwrap(entry) : sized ? Buffer.byteLength(entry.line) : 1;
      if (value === undefined) continue;
      const labels = grouped(entry.series(), grouping, (label) => entry.get(label));
      const key = labelKey(labels);
      let one = series.get(key);
      if (!one) {
        if (series.size >= logqlBounds.series) throw tooManySeries();
        one = { labels, times: [], values: [] };
        series.set(key, one);
      }
      one.times.push(Number(entry.tsNs - originNs));
      one.values.push(value);
    }
    return [...series.values()].map((one) => ({ labels: one.labels, ...overWindows(leaf, one, grid) }));
  }
}
