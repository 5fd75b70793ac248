import { severityNames } from '@sightline/record';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { minuteCondition, scopeCondition, type Condition, type Window } from '../search/scope.ts';
import type { LogExpression, Matcher } from './ast.ts';
import { type LogqlScope, logqlBounds } from './bounds.ts';
import { compileLog, type CompiledLog } from './condition-sql.ts';
import {
  coreLabels,
  labelKey,
  levelLabels,
  streamColumns,
  streamLabels,
  streamNames,
  type Labels,
  type LogRow,
} from './labels.ts';

/** Reads of the index look at so many rows at most: labels of a range are known long before all of it was read. */
const indexRows = 20_000_000;
const indexSettings = { max_rows_to_read: indexRows, read_overflow_mode: 'break' } as const;
const mostStreams = logqlBounds.series;
const mostValues = 5000;

export interface IndexScope extends LogqlScope {
  readonly range: Window;
}

const anything: Matcher = { label: 'service_name', op: '=~', value: '.*' };
const everything: Pick<LogExpression, 'matchers' | 'stages'> = { matchers: [anything], stages: [] };

function conditionOf({ organisation, site, range }: IndexScope, compiled: CompiledLog): Condition {
  const scope = scopeCondition({ organisation, site, fromMs: 0, toMs: 0, environment: '', service: '' }, range);
  return { sql: `${scope.sql} AND ${compiled.sql}`, parameters: { ...scope.parameters, ...compiled.parameters } };
}

const limitsFor = (limits: QueryLimits): QueryLimits => ({
  timeoutMs: 15_000,
  threads: 2,
  ...limits,
  settings: indexSettings,
});

interface StreamRow extends Omit<LogRow, 'tsNs' | 'line' | 'attributes' | 'traceHex' | 'spanHex' | 'correlation'> {
  readonly entries: number;
  readonly bytes: number;
}
export interface FoundStream {
  readonly labels: Labels;
  readonly entries: number;
  readonly bytes: number;
}

/** The streams that a selector matches with what they hold, at most some thousands. Throws `StoreError`. */
export async function listStreams(
  reader: TelemetryReader,
  scope: IndexScope,
  query: Pick<LogExpression, 'matchers' | 'stages'> = everything,
  limits: QueryLimits = {},
): Promise<FoundStream[]> {
  const where = conditionOf(scope, compileLog(query));
  const rows = await reader.query<StreamRow>(
    `SELECT ${streamColumns}, toFloat64(count()) AS entries, toFloat64(sum(length(body))) AS bytes
     FROM logs PREWHERE ${where.sql} GROUP BY ${streamNames.join(', ')} ORDER BY entries DESC LIMIT {most:UInt32}`,
    { ...where.parameters, most: mostStreams },
    limitsFor(limits),
  );
  const merged = new Map<string, FoundStream>();
  for (const row of rows) {
    const labels = streamLabels(row);
    const key = labelKey(labels);
    const other = merged.get(key);
    merged.set(key, {
      labels,
      entries: row.entries + (other?.entries ?? 0),
      bytes: row.bytes + (other?.bytes ?? 0),
    });
  }
  return [...merged.values()];
}

/** Names of the stream labels of a range. Throws `StoreError`. */
export async function listLabels(
  reader: TelemetryReader,
  scope: IndexScope,
  query: Pick<LogExpression, 'matchers' | 'stages'> = everything,
  limits: QueryLimits = {},
): Promise<string[]> {
  const where = conditionOf(scope, compileLog(query));
  const held = Object.values(coreLabels).map((column) => `max(${column} != '') AS has_${column}`);
  const [row] = await reader.query<Record<string, unknown> & { pushed: string[]; others: string[] }>(
    `SELECT ${held.join(', ')}, max(severity > 0) AS has_level, groupUniqArrayArrayIf(1000)(res.keys, scope_name = 'loki') AS pushed,
       groupUniqArrayArrayIf(1000)(res.keys, scope_name != 'loki') AS others FROM logs PREWHERE ${where.sql}`,
    where.parameters,
    limitsFor(limits),
  );
  if (!row) return [];
  const sample = (keys: readonly string[], pushed: number): string[] =>
    Object.keys(
      streamLabels({
        service: '',
        site: '',
        device: '',
        environment: '',
        release: '',
        sev: 0,
        pushed,
        resource: Object.fromEntries(keys.map((key) => [key, 'x'])),
      }),
    );
  const names = Object.entries(coreLabels).flatMap(([label, column]) =>
    Number(row[`has_${column}`]) > 0 ? [label] : [],
  );
  if (Number(row['has_level']) > 0) names.push('level');
  return [...new Set([...names, ...sample(row.pushed, 1), ...sample(row.others, 0)])].toSorted();
}

/** Values of a stream label, in order. Throws `StoreError`. */
export async function listLabelValues(
  reader: TelemetryReader,
  scope: IndexScope,
  label: string,
  query: Pick<LogExpression, 'matchers' | 'stages'> = everything,
  limits: QueryLimits = {},
): Promise<string[]> {
  const compiled = compileLog(query);
  const value = levelLabels.has(label) ? 'severity' : compiled.compiler.stored(label, ['res']);
  // Columns of the views by minute: no log is read.
  const quick = compiled.compiler.onlyVolume && compiled.exact;
  const from = quick ? minutes(scope, compiled) : { table: 'logs', ...conditionOf(scope, compiled) };
  const rows = await reader.query<{ value: string }>(
    `SELECT toString(${value}) AS value FROM ${from.table} PREWHERE ${from.sql} GROUP BY value ORDER BY value LIMIT {most:UInt32}`,
    { ...from.parameters, ...compiled.compiler.parameters, most: mostValues },
    limitsFor(limits),
  );
  const values = rows.map((row) => row.value).filter((text) => text !== '');
  if (!levelLabels.has(label)) return values;
  const present = new Set(values.map((text) => Math.ceil(Number(text) / 4) - 1));
  return severityNames.filter((_, index) => present.has(index));
}

function minutes({ organisation, site, range }: IndexScope, compiled: CompiledLog): Condition & { table: string } {
  const minuteNs = 60_000_000_000n;
  const [fromS, toS] = [Number(range.fromNs / minuteNs) * 60, Number((range.toNs + minuteNs - 1n) / minuteNs) * 60];
  const scope = { organisation, site, fromMs: 0, toMs: 0, environment: '', service: '' };
  const condition = minuteCondition(scope, fromS, toS);
  return { table: 'volume', sql: `${condition.sql} AND ${compiled.sql}`, parameters: condition.parameters };
}

export interface IndexStats {
  readonly streams: number;
  /** Streams by the hour: what Loki would hold in chunks of about that length. */
  readonly chunks: number;
  readonly entries: number;
  readonly bytes: number;
}

/** How much a selector matches. Throws `StoreError`. */
export async function indexStats(
  reader: TelemetryReader,
  scope: IndexScope,
  query: LogExpression,
  limits: QueryLimits = {},
): Promise<IndexStats> {
  const where = conditionOf(scope, compileLog(query));
  const identity = 'service, site, device, environment, release, intDiv(severity + 3, 4)';
  const [row] = await reader.query<IndexStats>(
    `SELECT toFloat64(uniq(${identity})) AS streams, toFloat64(uniq(${identity}, toStartOfHour(ts))) AS chunks,
       toFloat64(count()) AS entries, toFloat64(sum(length(body))) AS bytes FROM logs PREWHERE ${where.sql}`,
    where.parameters,
    limitsFor(limits),
  );
  return row ?? { streams: 0, chunks: 0, entries: 0, bytes: 0 };
}

export interface VolumeSeries {
  readonly labels: Labels;
  /** Bucket (counted from the range's start) and bytes. */
  readonly points: readonly (readonly [number, number])[];
  readonly bytes: number;
}

/** Bytes by labels, the largest first; in buckets of `stepMs`, or one for the whole range. Throws `StoreError`. */
export async function indexVolume(
  reader: TelemetryReader,
  scope: IndexScope,
  query: LogExpression,
  by: { readonly labels: readonly string[]; readonly limit: number; readonly stepMs: number | undefined },
  limits: QueryLimits = {},
): Promise<VolumeSeries[]> {
  const compiled = compileLog(query);
  const columns = by.labels.map((label, index) => `${compiled.compiler.stored(label)} AS g${index}`);
  const where = conditionOf(scope, compiled);
  const bucket =
    by.stepMs === undefined ? '0' : 'intDiv(toUnixTimestamp64Nano(ts) - {fromNs:Int64}, {stepMs:Int64} * 1000000)';
  const names = by.labels.map((_, index) => `g${index}`);
  const rows = await reader.query<Record<string, unknown> & { k: number; bytes: number }>(
    `SELECT ${[`toUInt32(${bucket}) AS k`, ...columns, 'toFloat64(sum(length(body))) AS bytes'].join(', ')}
     FROM logs PREWHERE ${where.sql} GROUP BY ${['k', ...names].join(', ')} ORDER BY k`,
    { ...where.parameters, ...compiled.compiler.parameters, stepMs: by.stepMs ?? 1 },
    limitsFor(limits),
  );
  const series = new Map<string, { labels: Labels; points: [number, number][]; bytes: number }>();
  for (const row of rows) {
    const labels = Object.fromEntries(
      by.labels.map((label, index) => [label, String(row[`g${index}`])]).filter(([, value]) => value !== ''),
    );
    const key = JSON.stringify(labels);
    const one = series.get(key) ?? { labels, points: [] as [number, number][], bytes: 0 };
    one.points.push([row.k, row.bytes]);
    one.bytes += row.bytes;
    series.set(key, one);
  }
  return [...series.values()].sort((a, b) => b.bytes - a.bytes).slice(0, by.limit);
}
