import { ask } from '../metrics/ask.ts';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { increaseOf } from '../metrics/samples-sql.ts';
import type { FleetScope } from './site-signals.ts';

/** Names of one quantity: OpenTelemetry's, and what Prometheus clients make of it. */
export const gaugeNames = {
  cpu: ['system.cpu.utilization', 'system_cpu_utilization', 'system_cpu_utilization_ratio'],
  memory: ['system.memory.utilization', 'system_memory_utilization', 'system_memory_utilization_ratio'],
  disk: ['system.filesystem.utilization', 'system_filesystem_utilization', 'system_filesystem_utilization_ratio'],
  queue: [
    'messaging.queue.depth',
    'queue.depth',
    'sync.queue.depth',
    'messaging_queue_depth',
    'queue_depth',
    'sync_queue_depth',
  ],
} as const;
export type Gauge = keyof typeof gaugeNames;

export const counterNames = {
  orders: ['order.count', 'order_count', 'order_count_total'],
  revenue: ['order.revenue', 'order_revenue', 'order_revenue_total'],
  payments: ['payment.attempts', 'payment_attempts', 'payment_attempts_total'],
} as const;

/** Exporters send each minute at the latest; two missed turns and the value is no longer the present one. */
const gaugeWindowMs = 5 * 60_000;

export type SiteGauges = Readonly<Record<Gauge, number | null>>;

/** The first of some labels that is set: clients of several generations name the same thing differently. */
function firstLabel(...names: string[]): string {
  return `arrayFirst(x -> x != '', [${names.map((name) => `labels['${name}']`).join(', ')}, ''])`;
}
const hostLabel = firstLabel('device.id', 'terminal.id', 'host.name', 'instance', 'service.instance.id');
const stateLabel = firstLabel(
  'state',
  'cpu.mode',
  'system.cpu.state',
  'system.memory.state',
  'system.filesystem.state',
);
const partLabel = firstLabel(
  'mountpoint',
  'system.filesystem.mountpoint',
  'cpu',
  'cpu.logical_number',
  'queue',
  'device',
);

/**
 * The four levels of one site from latest values of its series, in SQL over rows (metric kind, host, part, state, value):
 * of states, the used share alone; of processor cores the mean, of everything else the fullest; the fullest host of a site.
 */
export function levelsSql(latest: string, groupBy: readonly string[]): string {
  const keys = groupBy.map((key) => `${key}, `).join('');
  return `SELECT ${keys}kind, max(level) AS value
    FROM (SELECT ${keys}kind, host, if(kind = 'cpu', avg(level), max(level)) AS level
      FROM (SELECT ${keys}kind, host, part, multiIf(countIf(state != '') = 0, max(value),
            kind = 'cpu' AND countIf(state = 'idle') > 0, 1 - sumIf(value, state = 'idle'),
            kind = 'cpu', sumIf(value, state != 'idle'), sumIf(value, state IN ('used', ''))) AS level
        FROM (${latest}) GROUP BY ${keys}kind, host, part)
      GROUP BY ${keys}kind, host)
    GROUP BY ${keys}kind`;
}

/** Series of the four gauges: fp, site, kind, host, part, state, scale. Bound: organisation, one array of names a kind. */
export function gaugeSeriesSql(site: boolean): string {
  const kinds = Object.keys(gaugeNames);
  const kind = `multiIf(${kinds.map((k) => `metric IN {${k}:Array(String)}, '${k}'`).join(', ')}, '')`;
  return `SELECT fp, site, ${kind} AS kind, ${hostLabel} AS host, if(kind = 'cpu', labels['cpu'], ${partLabel}) AS part,
      ${stateLabel} AS state, if(unit = '%', 0.01, 1) AS scale
    FROM (SELECT fp, any(toString(metric)) AS metric, any(toString(site)) AS site, any(toString(unit)) AS unit, any(labels) AS labels FROM series
      WHERE organisation = {organisation:String} AND metric IN {gauges:Array(String)} AND last_seen >= toDateTime({seenS:UInt32})
        AND ${site ? 'site = {site:String}' : "site != ''"}
      GROUP BY fp)`;
}

/** Parameters of `gaugeSeriesSql`. */
export const gaugeParameters = { ...gaugeNames, gauges: Object.values(gaugeNames).flat() };

/** Present CPU, memory, disk (shares of 1) and queue depth by site; null where none was reported in the last 5 minutes. */
export async function readGauges(
  reader: TelemetryReader,
  scope: FleetScope,
  limits: QueryLimits,
): Promise<Map<string, SiteGauges>> {
  const fromMs = scope.nowMs - gaugeWindowMs;
  const series = gaugeSeriesSql(false);
  const rows = await ask<{ site: string; kind: Gauge; value: number }>(
    reader,
    levelsSql(
      `SELECT site, kind, host, part, state, latest * scale AS value
      FROM (SELECT fp, argMax(value, ts) AS latest FROM samples
        WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Milli({fromMs:Int64})
          AND ts < fromUnixTimestamp64Milli({toMs:Int64}) AND isFinite(value) AND fp IN (SELECT fp FROM (${series}))
        GROUP BY fp) AS v INNER JOIN (${series}) AS s USING (fp)`,
      ['site'],
    ),
    {
      organisation: scope.organisation,
      fromMs,
      toMs: scope.nowMs + 1,
      seenS: Math.floor(fromMs / 1000),
      ...gaugeParameters,
    },
    limits,
  );
  const none: SiteGauges = { cpu: null, memory: null, disk: null, queue: null };
  const bySite = new Map<string, SiteGauges>();
  for (const row of rows) bySite.set(row.site, { ...(bySite.get(row.site) ?? none), [row.kind]: row.value });
  return bySite;
}

export interface CounterRange {
  readonly organisation: string;
  readonly metrics: readonly string[];
  /** Only these sites; undefined means all. */
  readonly sites?: readonly string[];
  /** Label to split by; '' splits by none. */
  readonly label: string;
  readonly fromMs: number;
  readonly toMs: number;
}
export interface CounterIncrease {
  readonly site: string;
  readonly metric: string;
  readonly label: string;
  readonly increase: number;
}

/** How far before a day the last value of a counter is sought: a store that closes at 18:00 has one at midnight. */
const dayBaselineMs = 6 * 3_600_000;
/** Before a window of minutes the exporters' last turns are enough: the fewer samples are read the better. */
const windowBaselineMs = 3 * 60_000;

/**
 * How much counters grew in [fromMs, toMs), by site, metric and label; series without a sample there are left out.
 * Cumulative counters are differenced through restarts. A series without an earlier sample began at zero when its site and
 * service had been heard for a minute before; otherwise nobody knows what it counted before we listened, and its first
 * value is where it starts.
 */
export function readIncreases(
  reader: TelemetryReader,
  range: CounterRange,
  limits: QueryLimits,
): Promise<CounterIncrease[]> {
  const inSites = range.sites ? 'AND has({sites:Array(String)}, toString(site))' : "AND site != ''";
  const series = `SELECT fp, any(toString(metric)) AS metric, any(toString(site)) AS site, any(toString(service)) AS service,
      any(temporality) AS temporality, any(labels)[{label:String}] AS label
    FROM series WHERE organisation = {organisation:String} AND metric IN {metrics:Array(String)}
      AND last_seen >= toDateTime({fromS:UInt32}) ${inSites} GROUP BY fp`;
  return ask<CounterIncrease>(
    reader,
    `SELECT site, metric, label, sum(grown) AS increase
    FROM (SELECT s.site AS site, s.metric AS metric, s.label AS label,
        arrayMap(p -> p.2, arrayFilter(p -> p.1 >= {fromMs:Int64}, pairs)) AS inside,
        arrayMap(p -> p.2, arrayFilter(p -> p.1 < {fromMs:Int64}, pairs)) AS earlier,
        multiIf(notEmpty(earlier), [earlier[-1]], s.heardMs > 0 AND s.heardMs < pairs[1].1 - 60000, [0.], []) AS base,
        arrayConcat(base, inside) AS v,
        if(s.temporality = 1, arraySum(inside), ${increaseOf('v')}) AS grown
      FROM (SELECT fp, arraySort(groupArray((toUnixTimestamp64Milli(ts), value))) AS pairs FROM samples
        WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Milli({fromMs:Int64} - {baselineMs:Int64})
          AND ts < fromUnixTimestamp64Milli({toMs:Int64}) AND isFinite(value) AND fp IN (SELECT fp FROM (${series}))
        GROUP BY fp) AS v
      INNER JOIN (SELECT fp, metric, site, temporality, label, heardMs FROM (${series}) AS k
        LEFT JOIN (SELECT toString(site) AS site, toString(service) AS service, toUnixTimestamp64Milli(min(first_seen)) AS heardMs
          FROM seen WHERE organisation = {organisation:String} GROUP BY site, service) AS h USING (site, service)) AS s USING (fp)
      WHERE notEmpty(inside))
    GROUP BY site, metric, label`,
    {
      organisation: range.organisation,
      metrics: range.metrics,
      sites: range.sites ?? [],
      label: range.label,
      fromMs: range.fromMs,
      toMs: range.toMs,
      baselineMs: range.toMs - range.fromMs > 3_600_000 ? dayBaselineMs : windowBaselineMs,
      fromS: Math.floor(Math.max(0, range.fromMs) / 1000),
    },
    { ...limits, settings: { ...limits.settings, optimize_aggregation_in_order: 1 } },
  );
}
