import { fail, ok, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { growingWindows, scopeCondition, windowOf, type ReadScope, type Window } from '../search/scope.ts';
import { seriesAskedAt, type Field, type Query, type Spanset, type TraceqlError } from './ast.ts';
import { ConditionSql } from './condition-sql.ts';
import { nameOf, runPipeline, valueOf, type FieldValue, type TraceAtHand } from './evaluate.ts';
import type { FullSpan } from './full-span.ts';
import { loadTraces } from './load-traces.ts';
import { parseTraceql } from './parse.ts';

export interface TraceqlSearch {
  readonly organisation: string;
  /** The one whose spans make up the traces, as if there were no others; '' or undefined for all. */
  readonly site?: string | undefined;
  /** What is of another environment is not looked at; '' or undefined for all. */
  readonly environment?: string | undefined;
  /** Only traces in which this service takes part; '' or undefined for all. */
  readonly service?: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  /** TraceQL; a metrics query is refused. */
  readonly query: string;
  readonly limit: number;
  /** Spans of a spanset that are answered. */
  readonly spansPerSet: number;
  /** Traces shorter or longer than these are left out, milliseconds; undefined for no bound. */
  readonly minMs?: number;
  readonly maxMs?: number;
}

export interface MatchedSpan {
  readonly spanId: string;
  readonly name: string;
  readonly startNs: string;
  readonly durationNs: number;
  readonly values: Readonly<Record<string, FieldValue>>;
}

export interface MatchedSet {
  /** Spans that matched; `spans` are the first of them. */
  readonly matched: number;
  readonly spans: MatchedSpan[];
  readonly values: Readonly<Record<string, FieldValue>>;
}

export interface MatchedTrace {
  readonly traceId: string;
  readonly rootServiceName: string;
  readonly rootName: string;
  readonly startNs: string;
  readonly durationMs: number;
  readonly services: Readonly<Record<string, { readonly spans: number; readonly errors: number }>>;
  readonly sets: MatchedSet[];
}

export interface TraceqlFound {
  readonly traces: MatchedTrace[];
  readonly inspectedTraces: number;
  /** False where the search ended at its bounds before the range was done. */
  readonly complete: boolean;
}

/** Traces that are loaded and judged at once, and in all. */
const batch = 100;
const mostCandidates = 2000;
const searchWithinMs = 15_000;

/**
 * Traces that match, newest first. SQL finds candidates by what it can tell of single spans; their spans are loaded, a hundred traces
 * at a time, and the query is evaluated on them, until the limit, the end of the range or the bound is reached.
 */
export async function searchTraceql(
  reader: TelemetryReader,
  asked: TraceqlSearch,
  limits: QueryLimits = {},
): Promise<Result<TraceqlFound, TraceqlError>> {
  const parsed = parseTraceql(asked.query);
  if (!parsed.ok) return parsed;
  const at = seriesAskedAt(parsed.value);
  if (at !== undefined) {
    return fail({
      message: 'this is a metrics query: ask /api/metrics/query_range',
      position: { from: at, to: at + 1 },
    });
  }
  const fields = shownFields(parsed.value);
  const traces: MatchedTrace[] = [];
  const seen = new Set<string>();
  const until = performance.now() + searchWithinMs;
  for await (const ids of candidates(reader, asked, parsed.value, seen, limits)) {
    const loaded = await loadTraces(reader, asked, ids, limits);
    for (const id of ids) {
      const trace = loaded.get(id);
      const found = trace && judge(id, trace, parsed.value, fields, asked);
      if (found) traces.push(found);
      if (traces.length >= asked.limit) return ok({ traces, inspectedTraces: seen.size, complete: true });
    }
    if (seen.size >= mostCandidates || performance.now() > until)
      return ok({ traces, inspectedTraces: seen.size, complete: false });
  }
  return ok({ traces, inspectedTraces: seen.size, complete: true });
}

function judge(
  traceId: string,
  trace: TraceAtHand,
  { pipeline }: Query,
  fields: readonly Field[],
  { minMs = 0, maxMs = Infinity, spansPerSet, service = '' }: TraceqlSearch,
): MatchedTrace | undefined {
  const { tree, root } = trace;
  const durationMs = tree.durationNs / 1e6;
  if (durationMs < minMs || durationMs > maxMs) return undefined;
  if (service !== '' && !tree.spans.some(({ span }) => span.service === service)) return undefined;
  const groups = runPipeline(pipeline, trace);
  if (groups.length === 0) return undefined;
  const services: Record<string, { spans: number; errors: number }> = {};
  for (const { span } of tree.spans) {
    const of = (services[span.service] ??= { spans: 0, errors: 0 });
    of.spans++;
    if (span.status === 'error') of.errors++;
  }
  return {
    traceId,
    rootServiceName: root?.span.service ?? '',
    rootName: root?.span.name ?? '',
    startNs: String(tree.startNs),
    durationMs,
    services,
    sets: groups.map(({ spans, values }) => ({
      matched: spans.length,
      values,
      spans: spans.slice(0, spansPerSet).map((one) => {
        const { spanId, name, startNs, durationNs } = one.span as FullSpan;
        const own = fields.map((field) => [nameOf(field), valueOf(field, one, trace)] as const);
        return {
          spanId,
          name,
          startNs,
          durationNs,
          values: Object.fromEntries(own.filter(([, value]) => value !== undefined)),
        };
      }),
    })),
  };
}

/** Ids of traces that may match, the newest first, each once; `seen` grows with them. */
async function* candidates(
  reader: TelemetryReader,
  asked: TraceqlSearch,
  { pipeline }: Query,
  seen: Set<string>,
  limits: QueryLimits,
): AsyncGenerator<string[]> {
  const compiler = new ConditionSql();
  const needs = pipeline.stages.flatMap((stage) => (stage.kind === 'spanset' ? compiler.needs(stage.spanset) : []));
  const useful = [...new Set(needs.map(({ sql }) => sql))].filter((sql) => sql !== '1');
  const scope: ReadScope = {
    organisation: asked.organisation,
    fromMs: asked.fromMs,
    toMs: asked.toMs,
    environment: asked.environment ?? '',
    site: asked.site ?? '',
    service: '',
  };
  // One condition is read in the order of time and ends with the page; several need all of a stretch, so those grow.
  const windows = useful.length <= 1 ? [windowOf(scope)] : growingWindows(windowOf(scope), 'newest');
  for (const window of windows) {
    for (let toNs = window.toNs; toNs > window.fromNs && seen.size < mostCandidates;) {
      const rows = await page(reader, scope, { fromNs: window.fromNs, toNs }, useful, compiler.parameters, limits);
      const ids = rows.map(({ trace }) => trace).filter((id) => !seen.has(id));
      for (const id of ids) seen.add(id);
      if (ids.length > 0) yield ids;
      const last = rows.at(-1);
      if (rows.length < batch || !last) break;
      // A page ends in the middle of a nanosecond at worst: its moment is read again, what was seen is left out.
      const next = BigInt(last.newest) + 1n;
      toNs = next < toNs ? next : toNs - 1n;
    }
  }
}

/** Traces by their newest span that satisfies any of the conditions, of those that have a span for each. */
function page(
  reader: TelemetryReader,
  scope: ReadScope,
  window: Window,
  conditions: readonly string[],
  parameters: ConditionSql['parameters'],
  limits: QueryLimits,
): Promise<{ trace: string; newest: string }[]> {
  const condition = scopeCondition(scope, window);
  const bound = { ...condition.parameters, ...parameters, batch };
  if (conditions.length <= 1) {
    return reader.query(
      `SELECT lower(hex(trace_id)) AS trace, toString(toUnixTimestamp64Nano(ts)) AS newest FROM spans PREWHERE ${condition.sql} AND ${conditions[0] ?? '1'}
       ORDER BY toStartOfMinute(ts) DESC, ts DESC LIMIT 1 BY trace_id LIMIT {batch:UInt32}`,
      bound,
      limits,
    );
  }
  return reader.query(
    `SELECT lower(hex(trace_id)) AS trace, toString(max(toUnixTimestamp64Nano(ts))) AS newest FROM spans PREWHERE ${condition.sql} AND (${conditions.join(' OR ')})
     GROUP BY trace_id HAVING ${conditions.map((sql) => `max(${sql}) = 1`).join(' AND ')} ORDER BY max(ts) DESC LIMIT {batch:UInt32}`,
    bound,
    limits,
  );
}

/** What `select()` names and what conditions look at: Tempo answers both with each span. */
function shownFields({ pipeline }: Query): Field[] {
  const fields = new Map<string, Field>();
  const add = (field: Field): void => {
    if (field.kind === 'attribute') fields.set(nameOf(field), field);
    else if (field.kind === 'intrinsic') {
      if (!['duration', 'name'].includes(field.name)) fields.set(field.name, field);
    } else if (field.kind === 'not' || field.kind === 'negate') add(field.operand);
    else if (field.kind !== 'literal') for (const side of [field.left, field.right]) add(side);
  };
  const visit = (spanset: Spanset): void => {
    if (spanset.kind === 'filter') {
      if (spanset.condition) add(spanset.condition);
    } else if (spanset.kind === 'pipeline') for (const stage of spanset.pipeline.stages) stageFields(stage);
    else for (const side of [spanset.left, spanset.right]) visit(side);
  };
  const stageFields = (stage: Query['pipeline']['stages'][number]): void => {
    if (stage.kind === 'spanset') visit(stage.spanset);
    else if (stage.kind === 'select') for (const field of stage.fields) add(field);
    else if (stage.kind === 'by') add(stage.field);
  };
  for (const stage of pipeline.stages) stageFields(stage);
  return [...fields.values()].slice(0, 100);
}
