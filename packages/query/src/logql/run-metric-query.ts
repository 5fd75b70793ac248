import { fail, ok, type Result } from '@sightline/base';
import { StoreError, type ParameterValue, type QueryLimits, type TelemetryReader } from '@sightline/store/port';
import type { Expression } from '../promql/ast.ts';
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
import type { LogReach } from '../logs/log-reach.ts';
import { hotTable, tooMuchArchive, withTable, type FromArchive, type LogTable } from '../logs/log-table.ts';
import { logsByTime, minuteCondition, scanCondition, type Condition } from '../search/scope.ts';
import type { Grouping, LogExpression, MetricExpression, RangeAggregation, RangeFunction } from './ast.ts';
import { type LogqlScope, logqlBounds, tooManyLines, tooManySeries } from './bounds.ts';
import {
  addRow,
  bucketSql,
  byPart,
  mostFolded,
  takeRow,
  type BucketAggregate,
  type BucketRow,
  type Buckets,
} from './bucket-sql.ts';
import { compileLog, type ConditionSql } from './condition-sql.ts';
import { keptCountsOf } from './kept-counts.ts';
import {
  labelKey,
  levelLabels,
  rowColumns,
  streamColumns,
  streamLabels,
  streamNames,
  type Labels,
  type LogRow,
} from './labels.ts';
import { largeParts, stillThere, type LargePart } from './large-parts.ts';
import { isLong, noResourceHas, standsEverywhere } from './look-ahead.ts';
import { compilePipeline, compileUnwrap } from './pipeline.ts';
import { overWindows, type Samples } from './range-functions.ts';
import { entryOf } from './run-log-query.ts';

export interface MetricQuery extends LogqlScope {
  readonly query: MetricExpression;
  readonly startMs: number;
  /** Included; equal to `startMs` for an instant query. */
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  /** As in `LogQuery`. */
  readonly reach?: LogReach | undefined;
  /** Parts of the table with so many lines are read for themselves, and what they hold is remembered. Default 500,000. */
  readonly largePartLines?: number;
}

export interface LogqlAnswer {
  readonly value: QueryValue;
  /** Lines that a pipeline outside the engine looked at. */
  readonly lines: number;
  readonly bytes: number;
  /** How the range aggregations were computed, for statistics and tests. */
  readonly ways: readonly Way[];
  readonly archive: FromArchive;
}
/** `volume`: from the views by minute; `engine`: grouped by the engine; `lines`: over streamed rows. */
export type Way = 'volume' | 'engine' | 'lines';

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

const span = { start: 0, end: 0 };
const leafLabel = '__logql_leaf__';
const number = (value: number): Expression => ({ kind: 'number', value, duration: false, span });
const text = (value: string): Expression => ({ kind: 'string', value, span });
const comparisons = new Set(['==', '!=', '>', '>=', '<', '<=']);

/** A query as PromQL's evaluator has it: range aggregations become selectors that `LogSource` knows by their number. */
function toPromql(query: MetricExpression, leaves: RangeAggregation[]): Expression {
  switch (query.kind) {
    case 'number':
      return number(query.value);
    case 'vector':
      return { kind: 'call', name: 'vector', arguments: [number(query.value)], span };
    case 'range': {
      const matcher = { label: leafLabel, operator: '=', value: String(leaves.length) } as const;
      leaves.push(query);
      return { kind: 'vector-selector', name: '', matchers: [matcher], shift: { offsetMs: 0 }, span };
    }
    case 'label_replace': {
      const { inner, to, replacement, from, pattern } = query;
      const args = [toPromql(inner, leaves), ...[to, replacement, from, pattern].map(text)];
      return { kind: 'call', name: 'label_replace', arguments: args, span };
    }
    case 'vector-aggregation': {
      const { name, parameter, grouping } = query;
      const inner = toPromql(query.inner, leaves);
      if (name === 'sort' || name === 'sort_desc') return { kind: 'call', name, arguments: [inner], span };
      return {
        kind: 'aggregate',
        // We hold all of the series: the exact answer is the best approximation.
        operator: name === 'approx_topk' ? 'topk' : name,
        inner,
        ...(parameter === undefined ? {} : { parameter: number(parameter) }),
        grouping: grouping?.labels ?? [],
        without: grouping?.without ?? false,
        span,
      };
    }
    case 'binary': {
      const [left, right] = [toPromql(query.left, leaves), toPromql(query.right, leaves)];
      const scalars = [query.left, query.right].map(isScalar);
      const vectors = scalars.every((scalar) => !scalar);
      const set = ['and', 'or', 'unless'].includes(query.op);
      const { matching } = query;
      return {
        kind: 'binary',
        operator: query.op,
        left,
        right,
        // Between two numbers PromQL knows no filter.
        bool: query.bool || (comparisons.has(query.op) && scalars.every(Boolean)),
        ...(vectors
          ? {
              matching: {
                cardinality: set
                  ? 'many-to-many'
                  : matching?.group === 'left'
                    ? 'many-to-one'
                    : matching?.group === 'right'
                      ? 'one-to-many'
                      : 'one-to-one',
                on: matching?.on ?? false,
                labels: matching?.labels ?? [],
                include: matching?.include ?? [],
              },
            }
          : {}),
        span,
      };
    }
  }
}

function isScalar(query: MetricExpression): boolean {
  return query.kind === 'number' || (query.kind === 'binary' && isScalar(query.left) && isScalar(query.right));
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
    const index = Number(matchers.find(({ label }) => label === leafLabel)?.value);
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

  /** Groups by bucket and labels in SQL; undefined where SQL cannot tell. Without `table` from the views by minute alone. */
  async #inEngine(
    leaf: RangeAggregation,
    grid: Grid,
    grouping: Grouping | undefined,
    table: LogTable | undefined,
    limits: QueryLimits,
  ): Promise<ScannedSeries[] | undefined> {
    if (grouping?.without) return undefined;
    let compiled = compileLog(leaf.log, true);
    if (!compiled.exact) return undefined;
    const { compiler } = compiled;
    const steps = Math.max(1, grid.count);
    const bucketMs = grid.count > 1 && grid.stepMs > 0 ? divisor(leaf.rangeMs, grid.stepMs) : leaf.rangeMs;
    const spanMs = leaf.rangeMs + (steps - 1) * grid.stepMs;
    const buckets = Math.round(spanMs / bucketMs);
    if (!Number.isInteger(bucketMs) || buckets > logqlBounds.buckets) return undefined;
    let partial = partialOf(leaf, compiler, leaf.rangeMs === bucketMs);
    if (partial === undefined) return undefined;
    const labels = leaf.name === 'absent_over_time' ? [] : grouping?.labels;
    let columns = labels?.map((label) => compiler.value(label));
    if (columns?.includes(undefined)) return undefined;
    // Without a grouping the parsed labels of each line are part of its series.
    if (!labels && leaf.log.stages.some(({ kind }) => kind !== 'line' && kind !== 'labels')) return undefined;
    const originMs = grid.startMs - leaf.rangeMs;
    const volume =
      compiler.onlyVolume &&
      !leaf.unwrap &&
      labels?.every((label) => volumeLabels.has(label)) === true &&
      ['rate', 'count_over_time', 'absent_over_time'].includes(leaf.name) &&
      bucketMs % 60_000 === 0 &&
      originMs % 60_000 === 0;
    if (!volume && !table) return undefined;
    // What is asked, apart from its range.
    const question = JSON.stringify([
      this.#input.organisation,
      this.#input.site,
      compiled.sql,
      columns ?? streamColumns,
      partial,
      compiler.parameters,
    ]);
    let parts: readonly LargePart[] = [];
    if (!volume && !this.#input.reach) {
      const range = { organisation: this.#input.organisation, fromMs: originMs, toMs: originMs + spanMs };
      const names = [...new Set((labels ?? []).flatMap((label) => compiler.resourceNames(label)))];
      if (isLong(range)) parts = await largeParts(this.#reader, range, limits, this.#input.largePartLines);
      const [everywhere, attributesOnly] = await Promise.all([
        standsEverywhere(this.#reader, leaf.log, range, limits),
        noResourceHas(this.#reader, leaf.log, names, range, limits, parts),
      ]);
      if (everywhere) compiled = compileLog(leaf.log, true, false);
      const own = compiled.compiler;
      if (attributesOnly || everywhere)
        columns = labels?.map((label) => own.value(label, attributesOnly ? ['attrs'] : ['res', 'attrs']));
      partial = partialOf(leaf, own, leaf.rangeMs === bucketMs) ?? partial;
    }
    const groups = labels ? (columns ?? []).map((sql, index) => `${sql} AS g${index}`) : [streamColumns];
    const names = labels ? labels.map((_, index) => `g${index}`) : streamNames;
    const scope = volume
      ? this.#minutes(compiler, originMs, originMs + spanMs)
      : this.#logs(originMs, originMs + spanMs);
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
    this.ways.push(volume ? 'volume' : 'engine');
    const { aggregate } = partial;
    const bucketsOf = (from: string | readonly string[], fresh = 0): string => {
      const counts = volume ? 'records' : '';
      return bucketSql({ columns: groups, names, bucket, buckets, fresh, counts, aggregate }, from);
    };
    const ofGroup: GroupLabels = {
      key: (row) =>
        names.length === 0 ? '' : labels ? keyOf(row, names) : JSON.stringify(names.map((name) => row[name])),
      labels: (row) => (labels ? groupLabels(labels, row) : streamLabels(row as unknown as LogRow)),
    };
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
    const sums = aggregate === undefined || leaf.name === 'bytes_rate' || leaf.name === 'bytes_over_time';
    const series =
      (parts.length > 0 && buckets <= mostFolded && sums
        ? await this.#byParts(
            {
              question,
              condition,
              parameters,
              parts,
              bucketsOf,
              originMs,
              bucketMs,
              buckets,
              sized: aggregate !== undefined,
            },
            ofGroup,
            own,
          )
        : undefined) ??
      (await this.#statement(
        bucketsOf(volume || !table ? `FROM ${scope.table} PREWHERE ${condition}` : table.from(condition)),
        parameters,
        new SeriesRows(ofGroup, buckets),
        own,
      ));
    const merged = mergeSame(series.all(), buckets, leaf.name);
    return merged.map((one) => ({ labels: one.labels, ...windowsOf(leaf, one, grid, bucketMs) }));
  }

  /** Runs a statement each of whose rows is a group of its own. */
  async #statement(
    sql: string,
    parameters: Readonly<Record<string, ParameterValue>>,
    series: SeriesRows,
    limits: QueryLimits,
  ): Promise<SeriesRows> {
    await tooMany(async () => {
      for await (const row of this.#reader.stream<BucketRow>(sql, parameters, limits))
        if (row.ks.length > 0) takeRow(series.of(row), row);
    });
    return series;
  }

  /**
   * The same, large parts of the table for themselves: what they held when the same was asked before is not read again. Undefined where one of them was merged away
   * meanwhile: lines might have been read twice, or not at all.
   */
  async #byParts(
    { question, condition, parameters, parts, bucketsOf, originMs, bucketMs, buckets, sized }: QuestionByParts,
    ofGroup: GroupLabels,
    limits: QueryLimits,
  ): Promise<SeriesRows | undefined> {
    const kept = keptCountsOf(this.#reader);
    const first = Math.floor(originMs / bucketMs);
    const phaseMs = originMs - first * bucketMs;
    const span = { first, end: first + buckets };
    const asked = JSON.stringify([question, bucketMs, phaseMs, buckets]);
    const mostFresh = Math.floor(mostFoldedParts / (sized ? 2 : 1) / buckets) - 1;
    const plan = kept.plan(asked, parts, span, (ms) => Math.floor((ms - phaseMs) / bucketMs), Math.max(0, mostFresh));
    const { fresh, known, edges } = plan;
    const bound: Record<string, ParameterValue> = {
      ...parameters,
      fresh: fresh.map(({ name }) => name),
      known: known.map(({ name }) => name),
    };
    // Parts stand outside PREWHERE, so that they are compared in lines that are counted alone. The engine does not open the others all the same.
    const froms = [
      `${hotTable.from(condition)}${known.length > 0 ? ' WHERE NOT has({known:Array(String)}, _part)' : ''}`,
      ...edges.map(({ part, span: own }, n) => {
        bound[`part${n}`] = part.name;
        bound[`from${n}`] = nanoseconds(own.first * bucketMs + phaseMs);
        bound[`to${n}`] = nanoseconds(own.end * bucketMs + phaseMs);
        const [from, to] = [`fromUnixTimestamp64Nano({from${n}:Int64})`, `fromUnixTimestamp64Nano({to${n}:Int64})`];
        const within = `indexHint(toStartOfMinute(ts) >= toStartOfMinute(${from}) AND toStartOfMinute(ts) <= toStartOfMinute(${to})) AND ts > ${from} AND ts <= ${to}`;
        return `${hotTable.from(`${condition} AND ${within}`)} WHERE _part = {part${n}:String}`;
      }),
    ];
    const series = new SeriesRows(ofGroup, buckets);
    const read = new Map<string, BucketRow[]>();
    const take = (part: LargePart | undefined, row: BucketRow): void => {
      if (row.ks.length === 0) return;
      addRow(series.of(row), row, 0);
      if (!part) return;
      const own = { ...row, ks: row.ks.map((k) => k + first) };
      const others = read.get(part.id);
      if (others) others.push(own);
      else read.set(part.id, [own]);
    };
    await tooMany(async () => {
      const rows = this.#reader.stream<BucketRow & { share: number }>(bucketsOf(froms, fresh.length), bound, limits);
      for await (const { share, ...row } of rows) {
        if (share > 0) take(edges[share - 1]?.part, row);
        // Numbered from 1: 0 is what is in none of them.
        else for (const own of byPart(row, buckets)) take(fresh[own.part - 1], own.row);
      }
    });
    if (!(await stillThere(this.#reader, [...known, ...fresh], limits))) return undefined;
    for (const rows of plan.kept.values())
      for (const row of rows) if (row.ks.length > 0) addRow(series.of(row), row, first);
    kept.keep(asked, plan, span, read);
    return series;
  }

  #logs(fromMs: number, toMs: number): Condition & { readonly table: string } {
    const { organisation, site } = this.#input;
    // Windows are open on their left and closed on their right.
    const window = { fromNs: nanoseconds(fromMs) + 1n, toNs: nanoseconds(toMs) + 1n };
    return {
      table: 'logs',
      ...scanCondition({ organisation, site, fromMs: 0, toMs: 0, environment: '', service: '' }, window),
    };
  }

  #minutes({ asksSite }: ConditionSql, fromMs: number, toMs: number): Condition & { readonly table: string } {
    const { organisation, site } = this.#input;
    const scope = { organisation, site, fromMs, toMs, environment: '', service: '' };
    const table = asksSite || site !== '' ? 'volume' : 'service_volume';
    return { table, ...minuteCondition(scope, Math.max(0, fromMs / 1000), Math.max(0, toMs / 1000)) };
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
    const from = this.#logs(originMs, endMs);
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

/** A question as `#byParts` reads it. */
interface QuestionByParts {
  /** What is asked, apart from its range. */
  readonly question: string;
  readonly condition: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly parts: readonly LargePart[];
  /** The statement over several `FROM …`, as `bucketSql` has it; in the first one each of so many parts `fresh` has buckets of its own behind those of all other lines. */
  readonly bucketsOf: (from: readonly string[], fresh: number) => string;
  readonly originMs: number;
  readonly bucketMs: number;
  readonly buckets: number;
  /** Whether bytes are added up beside the number of lines. */
  readonly sized: boolean;
}

/** What tells the group of a row, and its labels. */
interface GroupLabels {
  readonly key: (row: BucketRow) => string;
  readonly labels: (row: BucketRow) => Labels;
}

/** Series by the group of their rows, within the bounds of an answer. */
class SeriesRows {
  readonly #series = new Map<string, Buckets>();
  readonly #ofGroup: GroupLabels;
  readonly #buckets: number;

  constructor(ofGroup: GroupLabels, buckets: number) {
    this.#ofGroup = ofGroup;
    this.#buckets = buckets;
  }

  /** The series of a row. */
  of(row: BucketRow): Buckets {
    const key = this.#ofGroup.key(row);
    const known = this.#series.get(key);
    if (known) return known;
    const more = this.#series.size + 1;
    if (more > logqlBounds.series || more * this.#buckets > logqlBounds.values) throw tooManySeries();
    const [counts, values] = [new Float64Array(this.#buckets), new Float64Array(this.#buckets)];
    const one = { labels: this.#ofGroup.labels(row), counts, values };
    this.#series.set(key, one);
    return one;
  }

  all(): Buckets[] {
    return [...this.#series.values()];
  }
}

/** Reads a statement; more rows or groups than are answered are the client's fault. */
async function tooMany(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'too-many-rows') throw tooManySeries();
    throw error;
  }
}

/** Buckets and parts that are folded into a group at a time: 32 kB of counts. */
const mostFoldedParts = 4000;

/** Blocks of as many lines as the engine takes of narrow columns: a wide one would cut them to a third. */
const wideBlocks = { preferred_block_size_bytes: 8_000_000 } as const;

/** As many groups as series may be answered; one thread cannot have more. */
const groupBound = { max_rows_to_group_by: logqlBounds.series, group_by_overflow_mode: 'throw' } as const;

const nanoseconds = (ms: number): bigint => BigInt(Math.max(0, Math.round(ms))) * 1_000_000n;
const volumeLabels = new Set(['service_name', 'site', 'environment', ...levelLabels]);

function divisor(left: number, right: number): number {
  let [a, b] = [left, right];
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** The aggregate of one bucket from which windows are made; undefined where buckets cannot be put together. */
function partialOf(
  leaf: RangeAggregation,
  compiler: ConditionSql,
  whole: boolean,
): { readonly aggregate: BucketAggregate | undefined; readonly where: string } | undefined {
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
  const ofAll = (name: string): { aggregate: BucketAggregate; where: string } => ({
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

/** Rows of different resources may be one stream. */
function mergeSame(series: readonly Buckets[], buckets: number, name: RangeFunction): Buckets[] {
  const merged = new Map<string, Buckets>();
  for (const one of series) {
    const key = labelKey(one.labels);
    const other = merged.get(key);
    if (!other) {
      merged.set(key, one);
      continue;
    }
    for (let index = 0; index < buckets; index++) {
      if (one.counts[index] === 0) continue;
      const [mine, theirs] = [one.values[index]!, other.values[index]!];
      const first = other.counts[index] === 0;
      other.values[index] = first
        ? mine
        : name === 'min_over_time'
          ? Math.min(mine, theirs)
          : name === 'max_over_time'
            ? Math.max(mine, theirs)
            : mine + theirs;
      other.counts[index] = other.counts[index]! + one.counts[index]!;
    }
  }
  return [...merged.values()];
}

/** Buckets put together to windows. */
function windowsOf(
  { name, rangeMs }: RangeAggregation,
  { counts, values }: Buckets,
  grid: Grid,
  bucketMs: number,
): { values: Float64Array; present: Uint8Array } {
  const result = { values: new Float64Array(grid.count), present: new Uint8Array(grid.count) };
  const width = Math.round(rangeMs / bucketMs);
  const perStep = Math.round(grid.stepMs / bucketMs);
  const seconds = rangeMs / 1000;
  const extreme = name === 'min_over_time' ? Math.min : name === 'max_over_time' ? Math.max : undefined;
  for (let step = 0; step < grid.count; step++) {
    const first = step * perStep;
    let count = 0;
    let total = extreme ? Number.NaN : 0;
    for (let index = first; index < first + width; index++) {
      if (counts[index] === 0) continue;
      count += counts[index]!;
      const value = values[index]!;
      total = extreme ? (Number.isNaN(total) ? value : extreme(total, value)) : total + value;
    }
    if (count === 0) continue;
    result.present[step] = 1;
    result.values[step] =
      name === 'rate' || name === 'bytes_rate' ? total / seconds : name === 'avg_over_time' ? total / count : total;
  }
  return result;
}

function grouped(all: Labels, grouping: Grouping | undefined, get: (label: string) => string): Labels {
  if (!grouping) return all;
  if (grouping.without) {
    const dropped = new Set(grouping.labels);
    return Object.fromEntries(Object.entries(all).filter(([name]) => !dropped.has(name)));
  }
  return Object.fromEntries(grouping.labels.map((label) => [label, get(label)]).filter(([, value]) => value !== ''));
}

/** 1 wherever there is nothing, with the labels that the selector names. */
function absent({ log }: RangeAggregation, found: readonly ScannedSeries[], grid: Grid): ScannedSeries[] {
  const values = new Float64Array(grid.count).fill(1);
  const present = new Uint8Array(grid.count).fill(1);
  for (const one of found) for (let step = 0; step < grid.count; step++) if (one.present[step] === 1) present[step] = 0;
  const labels = Object.fromEntries(
    log.matchers.filter(({ op, value }) => op === '=' && value !== '').map(({ label, value }) => [label, value]),
  );
  return present.includes(1) ? [{ labels, values, present }] : [];
}
