import { severityNames } from '@sightline/record';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { ArchiveBound, LogReach } from '../logs/log-reach.ts';
import { nothingRead, withNewestTable, type FromArchive } from '../logs/log-table.ts';
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
  siteFits,
  streamNames,
  type Labels,
  type LogRow,
} from './labels.ts';

/** Reads of the index look at so many rows at most: labels of a range are known long before all of it was read. */
const indexRows = 20_000_000;
const indexSettings = { max_rows_to_read: indexRows, read_overflow_mode: 'break' } as const;
const mostStreams = logqlBounds.series;
const mostValues = 5000;

/** Of the archive, what one read of labels or volumes takes; of more, the newest days that fit. */
const mostArchive: ArchiveBound = { bytes: 256 * 1024 * 1024, files: 1000 };

export interface IndexScope extends LogqlScope {
  readonly range: Window;
  /** How far beyond the engine's table it reads; without one not at all. */
  readonly reach?: LogReach | undefined;
}

/** An answer, and what of the archive it was made of. */
export interface IndexAnswer<T> {
  readonly value: T;
  readonly archive: FromArchive;
}

const anything: Matcher = { label: 'service_name', op: '=~', value: '.*' };
const everything: Pick<LogExpression, 'matchers' | 'stages'> = { matchers: [anything], stages: [] };

function conditionOf({ organisation, site, range }: IndexScope, compiled: CompiledLog): Condition {
  const scope = scopeCondition({ organisation, site, fromMs: 0, toMs: 0, environment: '', service: '' }, range);
  return { sql: `${scope.sql} AND ${compiled.sql}`, parameters: { ...scope.parameters, ...compiled.parameters } };
}

const limitsFor = (limits: QueryLimits, reach?: LogReach): QueryLimits => ({
  timeoutMs: 15_000,
  threads: 2,
  ...limits,
  ...reach?.limits,
  settings: { ...reach?.limits.settings, ...indexSettings },
});

/** Reads the logs of the scope that `compiled` takes, as far as it reaches. `select` writes the statement over `FROM …`. */
async function readIndex<T>(
  reader: TelemetryReader,
  scope: IndexScope,
  compiled: CompiledLog,
  limits: QueryLimits,
  {
    select,
    parameters = {},
  }: { select: (from: string) => string; parameters?: Readonly<Record<string, ParameterValue>> },
): Promise<IndexAnswer<T[]>> {
  const { reach } = scope;
  const most = { ...mostArchive, bytes: Math.min(mostArchive.bytes, reach?.budgetBytes ?? Infinity) };
  return withNewestTable(scope.range, reach, most, async (table, range) => {
    const where = conditionOf({ ...scope, range }, compiled);
    const bound = { ...where.parameters, ...table.parameters, ...parameters };
    return reader.query<T>(select(table.from(where.sql)), bound, limitsFor(limits, reach));
  });
}

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
): Promise<IndexAnswer<FoundStream[]>> {
  const { value: rows, archive } = await readIndex<StreamRow>(reader, scope, compileLog(query), limits, {
    select: (from) =>
      `SELECT ${streamColumns}, toFloat64(count()) AS entries, toFloat64(sum(length(body))) AS bytes
       ${from} GROUP BY ${streamNames.join(', ')} ORDER BY entries DESC LIMIT {most:UInt32}`,
    parameters: { most: mostStreams },
  });
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
  return { value: [...merged.values()], archive };
}

/** Names of the stream labels of a range. Throws `StoreError`. */
export async function listLabels(
  reader: TelemetryReader,
  scope: IndexScope,
  query: Pick<LogExpression, 'matchers' | 'stages'> = everything,
  limits: QueryLimits = {},
): Promise<IndexAnswer<string[]>> {
  const held = Object.values(coreLabels).map((column) => `max(${column} != '') AS has_${column}`);
  const found = await readIndex<Record<string, unknown> & { pushed: string[]; others: string[] }>(
    reader,
    scope,
    compileLog(query),
    limits,
    {
      select: (from) =>
        `SELECT ${held.join(', ')}, max(severity > 0) AS has_level, groupUniqArrayArrayIf(1000)(res.keys, scope_name = 'loki') AS pushed,
           groupUniqArrayArrayIf(1000)(res.keys, scope_name != 'loki') AS others ${from}`,
    },
  );
  const { archive } = found;
  const [row] = found.value;
  if (!row) return { value: [], archive };
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
  const value = [...new Set([...names, ...sample(row.pushed, 1), ...sample(row.others, 0)])].toSorted();
  return { value, archive };
}

/**
 * Values of a stream label, in order. What the views by minute know is read there, as long as they know it; sites of before that come from the
 * archive's catalogue: those of files that meet the range. Throws `StoreError`.
 */
export async function listLabelValues(
  reader: TelemetryReader,
  scope: IndexScope,
  label: string,
  query: Pick<LogExpression, 'matchers' | 'stages'> = everything,
  limits: QueryLimits = {},
): Promise<IndexAnswer<string[]>> {
  const compiled = compileLog(query);
  const value = levelLabels.has(label) ? 'severity' : compiled.compiler.stored(label, ['res']);
  const select = (from: string): string =>
    `SELECT toString(${value}) AS value ${from} GROUP BY value ORDER BY value LIMIT {most:UInt32}`;
  const parameters = { ...compiled.compiler.parameters, most: mostValues };
  const found = new Set<string>();
  const { reach, range } = scope;
  // Columns of the views by minute: no log is read.
  const quick = compiled.compiler.onlyVolume && compiled.exact;
  let unread: Window | undefined = range;
  if (quick) {
    const { table, sql, parameters: bound } = minutes(scope, compiled);
    const rows = await reader.query<{ value: string }>(
      select(`FROM ${table} PREWHERE ${sql}`),
      { ...bound, ...parameters },
      limitsFor(limits),
    );
    for (const row of rows) found.add(row.value);
    unread = reach && beforeViews(range, reach);
  }
  const known = unread && quick && label === 'site' && onlySite(query) ? await reach?.sites(unread) : undefined;
  for (const site of known ?? []) if (siteFits(query.matchers, site)) found.add(site);
  let archive = nothingRead;
  if (unread && !known) {
    const one = await readIndex<{ value: string }>(reader, { ...scope, range: unread }, compiled, limits, {
      select,
      parameters,
    });
    for (const row of one.value) found.add(row.value);
    archive = one.archive;
  }
  found.delete('');
  const values = [...found].toSorted().slice(0, mostValues);
  if (!levelLabels.has(label)) return { value: values, archive };
  const present = new Set(values.map((text) => Math.ceil(Number(text) / 4) - 1));
  return { value: severityNames.filter((_, index) => present.has(index)), archive };
}

/** The part of a range that is older than the views by minute. */
function beforeViews({ fromNs, toNs }: Window, { volumeFromMs }: LogReach): Window | undefined {
  const viewsFromNs = BigInt(Math.ceil(volumeFromMs)) * 1_000_000n;
  const until = toNs < viewsFromNs ? toNs : viewsFromNs;
  return fromNs < until ? { fromNs, toNs: until } : undefined;
}

const onlySite = ({ matchers, stages }: Pick<LogExpression, 'matchers' | 'stages'>): boolean =>
  stages.length === 0 && matchers.every(({ label }) => label === 'site');

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
): Promise<IndexAnswer<IndexStats>> {
  const identity = 'service, site, device, environment, release, intDiv(severity + 3, 4)';
  const { value, archive } = await readIndex<IndexStats>(reader, scope, compileLog(query), limits, {
    select: (from) =>
      `SELECT toFloat64(uniq(${identity})) AS streams, toFloat64(uniq(${identity}, toStartOfHour(ts))) AS chunks,
         toFloat64(count()) AS entries, toFloat64(sum(length(body))) AS bytes ${from}`,
  });
  return { value: value[0] ?? { streams: 0, chunks: 0, entries: 0, bytes: 0 }, archive };
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
): Promise<IndexAnswer<VolumeSeries[]>> {
  const compiled = compileLog(query);
  const columns = by.labels.map((label, index) => `${compiled.compiler.stored(label)} AS g${index}`);
  // Of what was asked for: what is read of it may begin later.
  const bucket =
    by.stepMs === undefined ? '0' : 'intDiv(toUnixTimestamp64Nano(ts) - {firstNs:Int64}, {stepMs:Int64} * 1000000)';
  const names = by.labels.map((_, index) => `g${index}`);
  const { value: rows, archive } = await readIndex<Record<string, unknown> & { k: number; bytes: number }>(
    reader,
    scope,
    compiled,
    limits,
    {
      select: (from) =>
        `SELECT ${[`toUInt32(${bucket}) AS k`, ...columns, 'toFloat64(sum(length(body))) AS bytes'].join(', ')}
         ${from} GROUP BY ${['k', ...names].join(', ')} ORDER BY k`,
      parameters: { ...compiled.compiler.parameters, stepMs: by.stepMs ?? 1, firstNs: scope.range.fromNs },
    },
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
  return { value: [...series.values()].sort((a, b) => b.bytes - a.bytes).slice(0, by.limit), archive };
}
