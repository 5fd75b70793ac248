import { ok, type Result } from '@sightline/base';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { niceStepMs } from '../logs/log-histogram.ts';
import type { SearchError } from '../search/ast.ts';
import { scopeCondition, type ReadScope } from '../search/scope.ts';
import { compileSearch } from '../search/search.ts';
import { bucketSql, bucketsPerOctave } from './duration-buckets.ts';
import { minutesOf, rolledRows } from './rolled-rows.ts';
import { exampleColumns, toExample, type ExampleColumns, type SpanExample } from './span-example.ts';

export interface HeatCell {
  readonly at: number;
  readonly bucket: number;
  readonly spans: number;
  readonly errors: number;
}

export interface HeatMapAsked extends ReadScope {
  readonly q: string;
  /** '' for what serves requests. */
  readonly operation: string;
  readonly columns: number;
}

const entrySpans = `(kind IN (2, 5) OR parent_id = toFixedString('', 8))`;

/**
 * Spans by time and duration. Without a search from the view; with one from the spans. A faulty search is a value. Throws
 * `StoreError`.
 */
export async function latencyHeatMap(
  reader: TelemetryReader,
  asked: HeatMapAsked,
  limits: QueryLimits = {},
): Promise<Result<{ stepMs: number; perOctave: number; cells: HeatCell[] }, SearchError>> {
  const { fromS, toS, minutes } = minutesOf(asked);
  const stepMs = Math.max(60_000, niceStepMs((toS - fromS) * 1000, asked.columns));
  const search = compileSearch('spans', asked.q);
  if (!search.ok) return search;
  if (minutes === 0) return ok({ stepMs, perOctave: bucketsPerOctave, cells: [] });
  const step = (time: string): string => `toString(intDiv(toInt64(toUnixTimestamp(${time})) * 1000, {stepMs:Int64}))`;
  const found = await (asked.q.trim() === '' ? fromView() : fromSpans());
  return ok({
    stepMs,
    perOctave: bucketsPerOctave,
    cells: found.map((row) => ({
      at: Number(row.step) * stepMs,
      bucket: row.bucket,
      spans: Number(row.total),
      errors: Number(row.failed),
    })),
  });

  function fromView(): Promise<HeatRow[]> {
    const rows = rolledRows('operations', asked, stepMs % 3_600_000 === 0 ? 'any' : 'minute');
    return reader.query<HeatRow>(
      `SELECT ${step('r.minute')} AS step, r.bucket AS bucket, toString(sum(r.calls)) AS total, toString(sum(r.errors)) AS failed
       FROM ${rows.sql} AS r WHERE ${asked.operation === '' ? 'r.entry = 1' : 'r.name = {operation:String}'} GROUP BY step, r.bucket`,
      { ...rows.parameters, stepMs, operation: asked.operation },
      limits,
    );
  }
  function fromSpans(): Promise<HeatRow[]> {
    const scope = scopeCondition({ ...asked, fromMs: fromS * 1000, toMs: toS * 1000 });
    const matching = search.ok ? search.value : { sql: '1', parameters: {} };
    return reader.query<HeatRow>(
      `SELECT ${step('ts')} AS step, ${bucketSql} AS bucket, toString(count()) AS total, toString(countIf(status_code = 2)) AS failed
       FROM spans PREWHERE ${scope.sql} AND ${matching.sql}${asked.operation === '' ? '' : ' AND name = {operation:String}'} GROUP BY step, bucket`,
      { ...scope.parameters, ...matching.parameters, stepMs, operation: asked.operation },
      limits,
    );
  }
}

interface HeatRow {
  readonly step: string;
  readonly bucket: number;
  readonly total: string;
  readonly failed: string;
}

export interface ExamplesAsked extends ReadScope {
  readonly q: string;
  readonly operation: string;
  /** Durations from here, milliseconds, included. */
  readonly minMs: number;
  /** Excluded. */
  readonly maxMs: number;
  readonly limit: number;
}

/** Spans inside a rectangle of the heat map, drawn evenly by their ids, oldest first. Throws `StoreError`. */
export async function latencyExamples(
  reader: TelemetryReader,
  asked: ExamplesAsked,
  limits: QueryLimits = {},
): Promise<Result<{ spans: SpanExample[]; matching: number }, SearchError>> {
  const search = compileSearch('spans', asked.q);
  if (!search.ok) return search;
  const scope = scopeCondition(asked);
  const which = asked.operation !== '' ? 'name = {operation:String}' : asked.q.trim() === '' ? entrySpans : '1';
  const condition = `${scope.sql} AND duration_ns >= {minNs:UInt64} AND duration_ns < {maxNs:UInt64} AND ${search.value.sql} AND ${which}`;
  const parameters: Record<string, ParameterValue> = {
    ...scope.parameters,
    ...search.value.parameters,
    operation: asked.operation,
    minNs: BigInt(Math.round(asked.minMs * 1e6)),
    maxNs: BigInt(Math.round(asked.maxMs * 1e6)),
    most: asked.limit,
  };
  const [spans, counted] = await Promise.all([
    reader.query<ExampleColumns>(
      `SELECT * FROM (SELECT ${exampleColumns} FROM spans PREWHERE ${condition} ORDER BY cityHash64(trace_id, span_id) LIMIT {most:UInt32}) ORDER BY startNs`,
      parameters,
      limits,
    ),
    reader.query<{ total: string }>(
      `SELECT toString(count()) AS total FROM spans PREWHERE ${condition}`,
      parameters,
      limits,
    ),
  ]);
  return ok({ spans: spans.map(toExample), matching: Number(counted[0]?.total ?? 0) });
}
