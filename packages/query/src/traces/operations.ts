import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { niceStepMs } from '../logs/log-histogram.ts';
import type { ReadScope } from '../search/scope.ts';
import { minutesOf, rolledRows } from './rolled-rows.ts';
import {
  figureColumns,
  figureOrders,
  figuresOf,
  type FigureColumns,
  type FigureOrder,
  type SpanFigures,
} from './span-figures.ts';
import { spanKinds, type SpanRecord } from './span-row.ts';

export interface OperationSummary extends SpanFigures {
  readonly service: string;
  readonly operation: string;
  readonly kind: SpanRecord['kind'];
}

export interface OperationsAsked extends ReadScope {
  /** Only spans that serve a request, consume a message or begin a trace. */
  readonly entry: boolean;
  readonly sort: FigureOrder;
  readonly limit: number;
}

/** Rate, errors and duration of each operation of each service; whole minutes. Throws `StoreError`. */
export async function listOperations(
  reader: TelemetryReader,
  asked: OperationsAsked,
  limits: QueryLimits = {},
): Promise<OperationSummary[]> {
  const { minutes } = minutesOf(asked);
  if (minutes === 0) return [];
  const rows = rolledRows('operations', asked);
  const found = await reader.query<FigureColumns & { service: string; name: string; kindCode: number }>(
    `SELECT r.service AS service, r.name AS name, r.kind AS kindCode, ${figureColumns} FROM ${rows.sql} AS r WHERE ${asked.entry ? 'r.entry = 1' : '1'}
     GROUP BY r.service, r.name, r.kind ORDER BY ${figureOrders[asked.sort]} DESC, service, name, kindCode LIMIT {most:UInt32}`,
    { ...rows.parameters, most: asked.limit },
    limits,
  );
  return found.map((row) => ({
    service: row.service,
    operation: row.name,
    kind: spanKinds[row.kindCode] ?? 'unspecified',
    ...figuresOf(row, minutes),
  }));
}

export interface RedPoint {
  /** Start of the bucket, ms. */
  readonly at: number;
  readonly calls: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export interface RedAsked extends ReadScope {
  /** '' for all entry operations of the scope. */
  readonly operation: string;
  readonly points: number;
}

/** The course of one operation, or of what a service serves. Empty buckets are there. Throws `StoreError`. */
export async function redOverTime(
  reader: TelemetryReader,
  asked: RedAsked,
  limits: QueryLimits = {},
): Promise<{ stepMs: number; points: RedPoint[] }> {
  const condition = asked.operation === '' ? 'r.entry = 1' : 'r.name = {operation:String}';
  return courseOf(reader, 'operations', asked, { sql: condition, parameters: { operation: asked.operation } }, limits);
}

/** Figures by time of the rows of a view that fit a condition on `r`. */
export async function courseOf(
  reader: TelemetryReader,
  table: 'operations' | 'calls',
  asked: ReadScope & { readonly points: number },
  condition: { readonly sql: string; readonly parameters: Readonly<Record<string, string>> },
  limits: QueryLimits,
): Promise<{ stepMs: number; points: RedPoint[] }> {
  const { fromS, toS, minutes } = minutesOf(asked);
  const stepMs = Math.max(60_000, niceStepMs((toS - fromS) * 1000, asked.points));
  if (minutes === 0) return { stepMs, points: [] };
  const rows = rolledRows(table, asked, stepMs % 3_600_000 === 0 ? 'any' : 'minute');
  const found = await reader.query<FigureColumns & { step: string }>(
    `SELECT toString(intDiv(toInt64(toUnixTimestamp(r.minute)) * 1000, {stepMs:Int64})) AS step, ${figureColumns}
     FROM ${rows.sql} AS r WHERE ${condition.sql} GROUP BY step`,
    { ...rows.parameters, ...condition.parameters, stepMs },
    limits,
  );
  const byStep = new Map(found.map((row) => [row.step, row]));
  const points: RedPoint[] = [];
  for (let step = Math.floor((fromS * 1000) / stepMs); step * stepMs < toS * 1000; step++) {
    const row = byStep.get(String(step));
    const figures = row ? figuresOf(row, 1) : { calls: 0, errors: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 };
    const { calls, errors, p50Ms, p95Ms, p99Ms } = figures;
    points.push({ at: step * stepMs, calls, errors, p50Ms, p95Ms, p99Ms });
  }
  return { stepMs, points };
}
