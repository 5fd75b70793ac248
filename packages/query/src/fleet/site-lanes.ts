import { ask } from '../metrics/ask.ts';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { range, readMatrix, selectorOf, type TelemetryReads } from '../metrics/telemetry-reads.ts';
import { counterLookback, timeGrid, type TimeGrid } from '../metrics/time-grid.ts';
import type { Labels } from '../promql/source.ts';
import {
  counterNames,
  gaugeKind,
  gaugeNames,
  levelsOf,
  namesPresent,
  scaleOf,
  type Gauge,
  type GaugeValue,
} from './site-metrics.ts';

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
  reader: TelemetryReads,
  asked: SiteRange,
  nowMs: number,
  limits: QueryLimits = {},
): Promise<Lane[]> {
  const grid = timeGrid(asked, lanePoints, 60_000);
  const [traffic, gauges, counters] = await Promise.all([
    readTrafficLanes(reader, asked, grid, limits),
    readGaugeLanes(reader, asked, grid, limits),
    readCounterLanes(reader, asked, grid, limits),
  ]);
  const heard = new Set([...traffic.heard, ...gauges.map((row) => row.at)]);
  const online: Point[] = [];
  for (let i = 0; i < grid.count; i++) {
    const at = grid.firstMs + i * grid.stepMs;
    if (at <= nowMs) online.push({ at, value: heard.has(at) ? 1 : 0 });
  }
  const gauge = (kind: Gauge): Point[] =>
    gauges.filter((row) => row.kind === kind).map(({ at, value }) => ({ at, value }));
  const counter = (kind: CounterPoint['kind']): Point[] =>
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
  asked: SiteRange,
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
      organisation: asked.organisation,
      site: asked.site,
      stepS: grid.stepMs / 1000,
      fromS: Math.floor(grid.firstMs / 1000),
      toMs: asked.toMs,
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

interface GaugePoint extends Point {
  readonly kind: Gauge;
}

/** Levels of the site's machines over the grid: means of each series within a bucket, then judged as the fleet page does. */
async function readGaugeLanes(
  reads: TelemetryReads,
  asked: SiteRange,
  grid: TimeGrid,
  limits: QueryLimits,
): Promise<GaugePoint[]> {
  const metrics = Object.values(gaugeNames).flat();
  const names = await namesPresent(reads, { ...asked, metrics, fromMs: grid.firstMs }, limits);
  const byBucket = new Map<number, GaugeValue[]>();
  const read = names.map(async (metric) => {
    const kind = gaugeKind(metric);
    if (kind === undefined) return;
    const selector = selectorOf(metric, { site: asked.site });
    const series = await readGrid(reads, asked, grid, `avg_over_time(${selector}[${range(grid.stepMs)}])`, limits);
    for (const { labels, points } of series)
      for (const { at, value } of points) {
        const bucket = byBucket.get(at) ?? [];
        byBucket.set(at, bucket);
        bucket.push({ kind, labels, value: value * scaleOf(metric) });
      }
  });
  await Promise.all(read);
  return [...byBucket]
    .sort(([a], [b]) => a - b)
    .flatMap(([at, values]) =>
      Object.entries(levelsOf(values)).flatMap(([kind, value]) =>
        value === null ? [] : [{ kind: kind as Gauge, at, value }],
      ),
    );
}

interface CounterPoint extends Point {
  readonly kind: 'paid' | 'failed' | 'orders';
}

async function readCounterLanes(
  reads: TelemetryReads,
  asked: SiteRange,
  grid: TimeGrid,
  limits: QueryLimits,
): Promise<CounterPoint[]> {
  const orders: readonly string[] = counterNames.orders;
  const metrics = [...counterNames.orders, ...counterNames.payments];
  const names = await namesPresent(reads, { ...asked, metrics, fromMs: grid.firstMs }, limits);
  const found = await Promise.all(
    names.map(async (metric) => {
      const selector = selectorOf(metric, { site: asked.site });
      const grown = `sum by (outcome) (increase(${selector}[${range(grid.stepMs)}] anchored))`;
      const series = await readGrid(reads, asked, grid, grown, limits);
      return series.flatMap(({ labels, points }) => {
        const kind = orders.includes(metric) ? 'orders' : labels['outcome'] === 'failure' ? 'failed' : 'paid';
        return points.map((point) => ({ ...point, kind }) as const);
      });
    }),
  );
  const sums = new Map<string, CounterPoint>();
  for (const point of found.flat()) {
    const id = `${point.kind} ${point.at}`;
    sums.set(id, { ...point, value: point.value + (sums.get(id)?.value ?? 0) });
  }
  return [...sums.values()].sort((a, b) => a.at - b.at);
}

/** An expression at the ends of the grid's buckets; each value stands at its bucket's start. */
async function readGrid(
  reads: TelemetryReads,
  asked: SiteRange,
  grid: TimeGrid,
  expression: string,
  limits: QueryLimits,
): Promise<{ labels: Labels; points: Point[] }[]> {
  if (grid.count === 0) return [];
  const series = await readMatrix(
    reads,
    {
      organisation: asked.organisation,
      expression,
      // A bucket holds its first moment and not its last; PromQL's windows are open at their left end.
      startMs: grid.firstMs + grid.stepMs - 1,
      endMs: grid.firstMs + grid.count * grid.stepMs - 1,
      stepMs: grid.stepMs,
      lookbackMs: counterLookback(grid),
    },
    limits,
  );
  return series.map(({ labels, floats }) => ({
    labels,
    points: Array.from(floats.times, (at, i) => ({ at: at + 1 - grid.stepMs, value: floats.values[i] ?? NaN })).filter(
      ({ value }) => Number.isFinite(value),
    ),
  }));
}
