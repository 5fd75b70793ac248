import { ok, type Result } from '@sightline/base';
import { severityNames, type SeverityName } from '@sightline/record';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { SearchError } from '../search/ast.ts';
import type { CompiledSearch } from '../search/compile.ts';
import { minuteCondition, scopeCondition, toNs, windowOf, type ReadScope } from '../search/scope.ts';
import { compileSearch } from '../search/search.ts';
import { fromSource, overAll, parametersOf, readStretches, type ReachedSoFar } from './log-reach.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 30, 90, 365, 3650].map((n) => n * day),
];

/** The finest step that people read at a glance and that needs at most `buckets` of them. Milliseconds. */
export function niceStepMs(rangeMs: number, buckets: number): number {
  return steps.find((step) => Math.ceil(rangeMs / step) <= buckets) ?? 100 * 365 * day;
}

export interface LogHistogram {
  readonly stepMs: number;
  readonly total: number;
  /** Every bucket of the range in order, empty ones too; `at`: its start, ms. */
  readonly buckets: { at: number; counts: SeverityCounts }[];
  /** How far it counted where it reads the archive, from the newest record on. */
  readonly reached?: ReachedSoFar;
}

/** Records by severity; '' are those without one. */
export type SeverityCounts = Record<SeverityName | '', number>;

const noRecords = (): SeverityCounts => ({ '': 0, trace: 0, debug: 0, info: 0, warn: 0, error: 0, fatal: 0 });

interface Row {
  readonly bucket: string;
  readonly level: number;
  readonly records: string;
}

/** Severity numbers as their group: 0 unknown, 1 trace … 6 fatal. */
const level = 'if(severity > 24, 0, intDiv(severity + 3, 4))';

/**
 * How many logs match, by time and severity. Whole minutes come from the views of volume when the search asks for their
 * dimensions only; the rest is counted in the logs. Throws `StoreError`.
 */
export async function logHistogram(
  reader: TelemetryReader,
  input: ReadScope & { readonly q: string; readonly buckets: number },
  limits: QueryLimits = {},
): Promise<Result<LogHistogram, SearchError>> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  const fromMs = Number(toNs(input.fromMs) / 1_000_000n);
  const toMs = Number(toNs(input.toMs) / 1_000_000n);
  if (fromMs >= toMs) return ok({ stepMs: steps[0] ?? 100, total: 0, buckets: [] });
  const stepMs = niceStepMs(toMs - fromMs, input.buckets);
  const parameters: Record<string, ParameterValue> = { ...search.value.parameters, stepMs };
  const fromVolume = search.value.onlyVolume && stepMs >= minute;
  const counted = (condition: string): string => {
    const scope = scopeCondition(input);
    Object.assign(parameters, scope.parameters);
    return `SELECT intDiv(toUnixTimestamp64Milli(ts), {stepMs:Int64}) AS bucket, ${level} AS level, count() AS records
      FROM logs PREWHERE ${scope.sql} AND ${condition} AND ${search.value.sql} GROUP BY bucket, level`;
  };
  const firstMinute = Math.ceil(fromMs / minute) * minute;
  const lastMinute = Math.floor(toMs / minute) * minute;
  const { reach } = input;
  const far = (from: number, to: number): Promise<CountedStretches> =>
    countStretches(reader, { ...input, fromMs: from, toMs: to, reach }, search.value, stepMs, limits);
  if (reach && !(fromVolume && firstMinute < lastMinute && reach.volumeFromMs <= fromMs)) {
    const { rows, reached } = await far(fromMs, toMs);
    return ok({ ...fill(rows, fromMs, toMs, stepMs), ...(reached ? { reached } : {}) });
  }
  const asked: { readonly sql: string; readonly limits: QueryLimits }[] = [];
  if (fromVolume && firstMinute < lastMinute) {
    const whole = minuteCondition(input, firstMinute / 1000, lastMinute / 1000);
    Object.assign(parameters, whole.parameters);
    const view = input.site === '' && !search.value.asksSite ? 'service_volume' : 'volume';
    asked.push({
      sql: `SELECT intDiv(toInt64(toUnixTimestamp(minute)) * 1000, {stepMs:Int64}) AS bucket, ${level} AS level, sum(v.records) AS records
        FROM ${view} AS v PREWHERE ${whole.sql} AND ${search.value.sql} GROUP BY bucket, level`,
      limits,
    });
    if (!reach && (fromMs < firstMinute || lastMinute < toMs)) {
      // Parts of minutes at both ends.
      const ends = `toStartOfMinute(ts) IN (toDateTime({headS:UInt32}), toDateTime({tailS:UInt32}))
        AND (ts < fromUnixTimestamp64Nano({headNs:Int64}) OR ts >= fromUnixTimestamp64Nano({tailNs:Int64}))`;
      // The key leads to two minutes, and what the view knows stands in no other index: to ask them all took a quarter of this statement.
      asked.push({ sql: counted(ends), limits: { ...limits, settings: { ...limits.settings, use_skip_indexes: 0 } } });
      Object.assign(parameters, {
        headS: Math.max(0, firstMinute - minute) / 1000,
        tailS: lastMinute / 1000,
        headNs: toNs(firstMinute),
        tailNs: toNs(lastMinute),
      });
    }
  } else asked.push({ sql: counted('1'), limits });
  // Beside each other: to plan one of them takes as long as to read it.
  const rows = (
    await Promise.all(
      asked.map(({ sql, limits: own }) =>
        reader.query<Row>(
          `SELECT toString(bucket) AS bucket, toUInt8(level) AS level, toString(records) AS records FROM (${sql})`,
          parameters,
          own,
        ),
      ),
    )
  ).flat();
  if (!reach) return ok(fill(rows, fromMs, toMs, stepMs));
  // Parts of minutes at both ends.
  const [head, tail] = [await far(fromMs, firstMinute), await far(lastMinute, toMs)];
  return ok(fill([...rows, ...head.rows, ...tail.rows], fromMs, toMs, stepMs));
}

interface CountedStretches {
  readonly rows: readonly Row[];
  readonly reached: ReachedSoFar | undefined;
}

/** Counts the records themselves, stretch after stretch. */
async function countStretches(
  reader: TelemetryReader,
  input: ReadScope,
  search: CompiledSearch,
  stepMs: number,
  limits: QueryLimits,
): Promise<CountedStretches> {
  const rows: Row[] = [];
  const range = windowOf(input);
  if (range.fromNs >= range.toNs) return { rows, reached: undefined };
  const reached = await readStretches(
    range,
    'newest',
    { reach: input.reach, growing: false },
    limits,
    async (window, sources, own) => {
      const scope = scopeCondition(input, window);
      const counted = overAll(
        sources,
        (
          source,
        ) => `SELECT intDiv(toUnixTimestamp64Milli(ts), {stepMs:Int64}) AS bucket, ${level} AS level, count() AS records
          ${fromSource(source, `${scope.sql} AND ${search.sql}`)} GROUP BY bucket, level`,
      );
      const found = await reader.query<Row>(
        `SELECT toString(bucket) AS bucket, toUInt8(level) AS level, toString(sum(records)) AS records FROM (${counted}) GROUP BY bucket, level`,
        { ...search.parameters, ...scope.parameters, ...parametersOf(sources), stepMs },
        own,
      );
      rows.push(...found);
      return 'more';
    },
  );
  return { rows, reached };
}

function fill(rows: readonly Row[], fromMs: number, toMs: number, stepMs: number): LogHistogram {
  const counts = new Map<number, SeverityCounts>();
  let total = 0;
  for (const row of rows) {
    const bucket = Number(row.bucket);
    const ofBucket = counts.get(bucket) ?? noRecords();
    // A bucket may lie in two stretches.
    ofBucket[severityNames[row.level - 1] ?? ''] += Number(row.records);
    counts.set(bucket, ofBucket);
    total += Number(row.records);
  }
  const buckets: LogHistogram['buckets'] = [];
  for (let bucket = Math.floor(fromMs / stepMs); bucket * stepMs < toMs; bucket++) {
    buckets.push({ at: bucket * stepMs, counts: counts.get(bucket) ?? noRecords() });
  }
  return { stepMs, total, buckets };
}
