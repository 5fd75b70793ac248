import { fail, ok, type Result } from '@sightline/base';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { TreeSpan } from '../traces/analyse/trace-tree.ts';
import { scopeCondition, type ReadScope } from '../search/scope.ts';
import type { Metric, Pipeline, Spanset, TraceqlError } from './ast.ts';
import { ConditionSql } from './condition-sql.ts';
import { numberOf, runPipeline, valueOf, type TraceAtHand } from './evaluate.ts';
import type { SpanExemplar } from './exemplars.ts';
import type { FullSpan } from './full-span.ts';
import { aroundMs, loadTraces, mostSpans } from './load-traces.ts';
import type { MetricRow } from './metric-series.ts';
import type { TraceqlRange } from './metrics-traceql.ts';

/** Traces that are judged, and loaded at once. */
const mostTraces = 10_000;
const batch = 250;
/** Spans that count, of all traces. */
const mostCounted = 1_000_000;
const withinMs = 20_000;
/** Spans of a trace of which one may be an exemplar. */
const mostOfTrace = 10;

/** A span that a pipeline leaves, where it stands, and what an exemplar of it says. */
interface SpanAtHand {
  readonly span: TreeSpan;
  readonly trace: TraceAtHand;
  /** Steps from the beginning of the range. */
  readonly step: number;
}

/** Counts a span: what it stands for as an exemplar; undefined where it does not count. */
type Count = (at: SpanAtHand) => Pick<SpanExemplar, 'labels' | 'value'> | undefined;

/**
 * What SQL cannot tell of single spans (structural operators, aggregates, conditions on other spans of the trace): the traces that may matter are
 * loaded and the query is evaluated on them. The numbers are exact, or the query is refused, as a value, where it would have to
 * look at more traces than the bound. Throws `StoreError`.
 */
export async function rowsAtHand(
  reader: TelemetryReader,
  { pipeline, metric }: { readonly pipeline: Pipeline; readonly metric: Metric },
  range: TraceqlRange,
  exemplars: number,
  limits: QueryLimits,
): Promise<Result<{ rows: MetricRow[]; exemplars: SpanExemplar[] }, TraceqlError>> {
  const tally = new Tally(metric);
  const counted = await countAtHand(
    reader,
    { pipeline, at: metric.at, count: ({ span, trace, step }) => tally.add(step, span, trace) },
    range,
    exemplars,
    limits,
  );
  return counted.ok ? ok({ rows: tally.rows(), exemplars: counted.value }) : counted;
}

/**
 * Each span that a pipeline leaves of whole traces is handed to `count`, once, and examples of what counted are answered. Refuses, as a value,
 * what would look at more traces or spans than the bounds. Throws `StoreError`.
 */
export async function countAtHand(
  reader: TelemetryReader,
  { pipeline, at, count }: { readonly pipeline: Pipeline; readonly at: number; readonly count: Count },
  range: TraceqlRange,
  exemplars: number,
  limits: QueryLimits,
): Promise<Result<SpanExemplar[], TraceqlError>> {
  const refuse = (why: string) =>
    fail({
      message: `this looks at whole traces, and ${why}: filter single spans further, or choose a shorter range`,
      position: { from: at, to: at + 1 },
    });
  const until = performance.now() + withinMs;
  const ids = await candidates(reader, pipeline, range, limits);
  if (ids.length > mostTraces) return refuse(`more than ${mostTraces} traces may match`);
  let counted = 0;
  const examples: Examples[] = [];
  for (let i = 0; i < ids.length; i += batch) {
    if (performance.now() > until) return refuse(`${ids.length} traces take too long`);
    const loaded = await loadTraces(reader, range, ids.slice(i, i + batch), limits);
    let spans = 0;
    for (const [id, trace] of loaded) {
      spans += trace.tree.spans.length;
      const own: SpanExemplar[] = [];
      for (const span of runPipeline(pipeline, trace).flatMap((group) => group.spans)) {
        const atMs = Number(BigInt(span.span.startNs) / 1_000_000n);
        if (atMs < range.fromMs || atMs >= range.toMs) continue;
        if ((range.service ?? '') !== '' && span.span.service !== range.service) continue;
        const value = count({ span, trace, step: Math.floor((atMs - range.fromMs) / range.stepMs) });
        if (!value) continue;
        counted++;
        if (own.length >= mostOfTrace) continue;
        const { spanId, name, service } = span.span as FullSpan;
        own.push({
          ...value,
          atMs,
          spanLabels: [
            ['trace:id', id],
            ['span:id', spanId],
            ['span:name', name],
            ['service.name', service],
          ],
        });
      }
      if (exemplars > 0 && own[0]) examples.push({ atMs: own[0].atMs, own });
    }
    if (spans >= mostSpans) return refuse(`${batch} of them have more than ${mostSpans} spans`);
    if (counted > mostCounted) return refuse(`more than ${mostCounted} spans match`);
  }
  return ok(spread(examples, exemplars));
}

/** Ids of the traces with a span in the range that may count and, around it, a span for each thing that the query needs. */
async function candidates(
  reader: TelemetryReader,
  pipeline: Pipeline,
  range: TraceqlRange,
  limits: QueryLimits,
): Promise<string[]> {
  const compiler = new ConditionSql();
  const scope: ReadScope = {
    organisation: range.organisation,
    fromMs: range.fromMs,
    toMs: range.toMs,
    environment: range.environment ?? '',
    site: range.site ?? '',
    service: range.service ?? '',
  };
  const own = scopeCondition(scope);
  const counts = countedSql(pipeline, compiler);
  const needs = pipeline.stages.flatMap((stage) => (stage.kind === 'spanset' ? compiler.needs(stage.spanset) : []));
  const around = scopeCondition({
    ...scope,
    service: '',
    fromMs: range.fromMs - aroundMs,
    toMs: range.toMs + aroundMs,
  });
  const parameters: Record<string, ParameterValue> = {
    ...own.parameters,
    ...compiler.parameters,
    aroundFromNs: around.parameters['fromNs'] ?? 0,
    aroundToNs: around.parameters['toNs'] ?? 0,
    most: mostTraces + 1,
  };
  const wide = around.sql.replaceAll('{fromNs:', '{aroundFromNs:').replaceAll('{toNs:', '{aroundToNs:');
  const others = [...new Set(needs.map(({ sql }) => sql))].filter((sql) => sql !== '1' && sql !== counts);
  const rows = await reader.query<{ trace: string }>(
    `SELECT lower(hex(trace_id)) AS trace FROM spans PREWHERE ${own.sql} AND ${counts}
     ${others.length === 0 ? '' : `WHERE ${others.map((sql) => `trace_id IN (SELECT trace_id FROM spans PREWHERE ${wide} AND ${sql})`).join(' AND ')}`}
     GROUP BY trace_id LIMIT {most:UInt32}`,
    parameters,
    { ...limits, resultRows: mostTraces + 1 },
  );
  return rows.map(({ trace }) => trace);
}

/** SQL of what each span that a pipeline leaves satisfies, as far as SQL can tell. */
function countedSql({ stages }: Pipeline, compiler: ConditionSql): string {
  const parts = stages.flatMap((stage) => (stage.kind === 'spanset' ? [leftSql(stage.spanset, compiler)] : []));
  const useful = parts.filter((sql) => sql !== '1');
  return useful.length === 0 ? '1' : `(${useful.join(' AND ')})`;
}

function leftSql(spanset: Spanset, compiler: ConditionSql): string {
  if (spanset.kind === 'filter') return compiler.condition(spanset.condition).sql;
  if (spanset.kind === 'pipeline') return countedSql(spanset.pipeline, compiler);
  if (spanset.kind === 'structure' && spanset.mode !== '&') return leftSql(spanset.right, compiler);
  const sides = [leftSql(spanset.left, compiler), leftSql(spanset.right, compiler)];
  return sides.includes('1') ? '1' : `(${sides.join(' OR ')})`;
}

/** Numbers by step and group. */
class Tally {
  readonly #metric: Metric;
  readonly #lasting: boolean;
  readonly #cells = new Map<string, { step: number; labels: string[]; values: number[]; count: number }>();

  constructor(metric: Metric) {
    this.#metric = metric;
    const { of } = metric;
    this.#lasting = of?.kind === 'intrinsic' && ['duration', 'traceDuration', 'event:timeSinceStart'].includes(of.name);
  }

  /** What was added and to which group; undefined where the span has no such number. */
  add(step: number, span: TreeSpan, trace: TraceAtHand): Pick<SpanExemplar, 'labels' | 'value'> | undefined {
    const { of, by, name } = this.#metric;
    let value = of ? numberOf(valueOf(of, span, trace)) : undefined;
    if (of && (value === undefined || !Number.isFinite(value))) return undefined;
    if (value !== undefined && this.#lasting) value /= 1e9;
    const labels = by.map((field) => {
      const text = String(valueOf(field, span, trace) ?? '');
      return text === '' ? 'nil' : text;
    });
    // Powers of two, as where SQL counts.
    if (name === 'histogram_over_time') labels.push(String(2 ** Math.ceil(Math.log2(Math.max(value ?? 0, 1e-9)))));
    const key = JSON.stringify([step, labels]);
    let cell = this.#cells.get(key);
    if (!cell) this.#cells.set(key, (cell = { step, labels, values: [], count: 0 }));
    cell.count++;
    if (value !== undefined && name !== 'histogram_over_time') this.#put(cell.values, value);
    return { labels, value };
  }

  #put(values: number[], value: number): void {
    const [so] = values;
    if (this.#metric.name === 'quantile_over_time' || so === undefined) values.push(value);
    else if (this.#metric.name === 'min_over_time') values[0] = Math.min(so, value);
    else values[0] = this.#metric.name === 'max_over_time' ? Math.max(so, value) : so + value;
  }

  rows(): MetricRow[] {
    const { name, quantiles } = this.#metric;
    return [...this.#cells.values()].map(({ step, labels, values, count }) => {
      const [value] = values;
      if (name === 'quantile_over_time') {
        const sorted = Float64Array.from(values).toSorted();
        return { step: String(step), labels, values: quantiles.map((q) => quantileOf(sorted, q)) };
      }
      const result = value === undefined ? count : name === 'avg_over_time' ? value / count : value;
      return { step: String(step), labels, values: [result] };
    });
  }
}

/** Between the two nearest, as the engine's `quantiles`. */
function quantileOf(sorted: Float64Array, q: number): number {
  const place = q * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  return low + ((sorted[Math.ceil(place)] ?? low) - low) * (place - Math.floor(place));
}

/** Spans of one trace of which one may be an exemplar. */
interface Examples {
  readonly atMs: number;
  readonly own: readonly SpanExemplar[];
}

/**
 * One span each of as many traces as are wanted, from all over the range. Traces are alike: were it the first span of each, one series would
 * have all exemplars, so it is another each time.
 */
function spread(all: readonly Examples[], most: number): SpanExemplar[] {
  const sorted = all.toSorted((a, b) => a.atMs - b.atMs);
  const shown = Math.min(most, sorted.length);
  return Array.from({ length: shown }, (_, i) => sorted[Math.floor((i * sorted.length) / shown)]).flatMap(
    (one, i) => one?.own[i % one.own.length] ?? [],
  );
}
