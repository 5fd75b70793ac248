import { ask } from '../metrics/ask.ts';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { counterBuckets, counterLookbackMs, samplesInRange } from '../metrics/samples-sql.ts';
import { timeGrid, type TimeGrid } from '../metrics/time-grid.ts';
import { counterNames, gaugeParameters, gaugeSeriesSql, levelsSql, type Gauge } from './site-metrics.ts';

export interface Point {
  readonly at: number;
  readonly value: number;
}
export interface Lane {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'bar' | 'line';
  readonly points: Point[];
}

export interface SiteRange {
  readonly organisation: string;
  readonly site: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const lanePoints = 120;

/**
 * The lanes of a site's time line over a range, each with at most 120 buckets of a minute or more. A bucket in which
 * nothing was reported has no point; `online` alone has one in every bucket up to now, 1 or 0.
 */
export async function readLanes(
  reader: TelemetryReader,
  range: SiteRange,
  nowMs: number,
  limits: QueryLimits = {},
): Promise<Lane[]> {
  const grid = timeGrid(range, lanePoints, 60_000);
  const [traffic, gauges, counters] = await Promise.all([
    readTrafficLanes(reader, range, grid, limits),
    readGaugeLanes(reader, range, grid, limits),
    readCounterLanes(reader, range, grid, limits),
  ]);
  const heard = new Set([...traffic.heard, ...gauges.flatMap((row) => (row.at === undefined ? [] : [row.at]))]);
  const online: Point[] = [];
  for (let i = 0; i < grid.count; i++) {
    const at = grid.firstMs + i * grid.stepMs;
    if (at <= nowMs) online.push({ at, value: heard.has(at) ? 1 : 0 });
  }
  const gauge = (kind: Gauge): Point[] =>
    gauges.filter((row) => row.kind === kind).map(({ at, value }) => ({ at, value }));
  const counter = (kind: CounterRow['kind']): Point[] =>
    counters.filter((row) => row.kind === kind).map(({ at, value }) => ({ at, value }));
  return [
    { name: 'online', unit: '', kind: 'bar', points: online },
    { name: 'errors', unit: 'errors', kind: 'bar', points: traffic.errors },
    { name: 'requests', unit: 'requests/min', kind: 'line', points: traffic.requests },
    { name: 'p95', unit: 'ms', kind: 'line', points: traffic.p95 },
    { name: 'payments', unit: 'payments', kind: 'bar', points: counter('paid') },
    { name: 'failed payments', unit: 'payments', kind: 'bar', points: counter('failed') },
    { name: 'CPU', unit: 'share', kind: 'line', points: gauge('cpu') },
    { name: 'memory', unit: 'share', kind: 'line', points: gauge('memory') },
    { name: 'disk', unit: 'share', kind: 'line', points: gauge('disk') },
    { name: 'queue', unit: 'items', kind: 'line', points: gauge('queue') },
    { name: 'orders', unit: 'orders', kind: 'bar', points: counter('orders') },
  ];
}

interface TrafficRow {
  readonly at: number;
  readonly requests: number;
  readonly failed: number;
  readonly errorLogs: number;
  readonly events: number;
  readonly p95Ms: number;
}

async function readTrafficLanes(
  reader: TelemetryReader,
  range: SiteRange,
  grid: TimeGrid,
  limits: QueryLimits,
): Promise<{ heard: number[]; errors: Point[]; requests: Point[]; p95: Point[] }> {
  const bucket = 'toFloat64(intDiv(toUnixTimestamp(minute), {stepS:UInt32}) * {stepS:UInt32}) * 1000';
  const where = `organisation = {organisation:String} AND site = {site:String} AND minute >= toDateTime({fromS:UInt32})
    AND toUInt64(toUnixTimestamp(minute)) * 1000 < {toMs:Int64}`;
  const rows = await ask<TrafficRow>(
    reader,
    `SELECT at, sum(r) AS requests, sum(f) AS failed, sum(l) AS errorLogs, sum(e) AS events, max(p) AS p95Ms
    FROM (
      SELECT ${bucket} AS at, toFloat64(sum(requests)) AS r, toFloat64(sum(errors)) AS f, 0. AS l, 0. AS e,
        toFloat64(quantilesTDigestMerge(0.5, 0.95, 0.99)(latency)[2]) / 1e6 AS p FROM red WHERE ${where} GROUP BY at
      UNION ALL SELECT ${bucket} AS at, 0., 0., toFloat64(sumIf(records, severity >= 17)), 0., 0. FROM volume WHERE ${where} GROUP BY at
      UNION ALL SELECT ${bucket} AS at, 0., 0., 0., toFloat64(sum(events)), 0. FROM issue_volume WHERE ${where} GROUP BY at)
    GROUP BY at ORDER BY at LIMIT 1000`,
    {
      organisation: range.organisation,
      site: range.site,
      stepS: grid.stepMs / 1000,
      fromS: Math.floor(grid.firstMs / 1000),
      toMs: range.toMs,
    },
    limits,
  );
  const served = rows.filter((row) => row.requests > 0);
  return {
    heard: rows.map((row) => row.at),
    errors: rows.map((row) => ({ at: row.at, value: Math.max(row.failed, row.errorLogs, row.events) })),
    requests: served.map((row) => ({ at: row.at, value: row.requests / (grid.stepMs / 60_000) })),
    p95: served.map((row) => ({ at: row.at, value: row.p95Ms })),
  };
}

function readGaugeLanes(
  reader: TelemetryReader,
  range: SiteRange,
  grid: TimeGrid,
  limits: QueryLimits,
): Promise<{ kind: Gauge; at: number; value: number }[]> {
  const series = gaugeSeriesSql(true);
  return ask(
    reader,
    `${levelsSql(
      `SELECT at, kind, host, part, state, mean * scale AS value
      FROM (SELECT fp, toFloat64(intDiv(toUnixTimestamp64Milli(ts), {stepMs:Int64}) * {stepMs:Int64}) AS at, avg(value) AS mean
        FROM samples WHERE ${samplesInRange} AND fp IN (SELECT fp FROM (${series})) GROUP BY fp, at) AS v
      INNER JOIN (${series}) AS s USING (fp)`,
      ['at'],
    )} ORDER BY at LIMIT 5000`,
    {
      organisation: range.organisation,
      site: range.site,
      fromMs: grid.firstMs,
      toMs: range.toMs,
      stepMs: grid.stepMs,
      seenS: Math.floor(grid.firstMs / 1000),
      ...gaugeParameters,
    },
    limits,
  );
}

interface CounterRow {
  readonly kind: 'paid' | 'failed' | 'orders';
  readonly at: number;
  readonly value: number;
}

function readCounterLanes(
  reader: TelemetryReader,
  range: SiteRange,
  grid: TimeGrid,
  limits: QueryLimits,
): Promise<CounterRow[]> {
  const series = `SELECT fp, any(temporality) AS temporality,
      multiIf(any(metric) IN {orders:Array(String)}, 'orders', any(labels)['outcome'] = 'failure', 'failed', 'paid') AS kind
    FROM series WHERE organisation = {organisation:String} AND metric IN {counters:Array(String)} AND site = {site:String}
      AND last_seen >= toDateTime({seenS:UInt32}) GROUP BY fp`;
  return ask<CounterRow>(
    reader,
    `SELECT kind, toFloat64(at) AS at, sum(increase) AS value
    FROM (${counterBuckets(series)}) AS b INNER JOIN (${series}) AS k USING (fp)
    GROUP BY kind, at ORDER BY at LIMIT 5000`,
    {
      organisation: range.organisation,
      site: range.site,
      fromMs: grid.firstMs,
      toMs: range.toMs,
      stepMs: grid.stepMs,
      lookbackMs: Math.max(counterLookbackMs, grid.stepMs),
      seenS: Math.floor(grid.firstMs / 1000),
      orders: counterNames.orders,
      counters: [...counterNames.orders, ...counterNames.payments],
    },
    limits,
  );
}
