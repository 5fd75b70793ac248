import type { QueryLimits } from '@sightline/store/port';
import {
  firstLabel,
  labelName,
  quoted,
  range,
  readVector,
  valueOrThrow,
  type TelemetryReads,
} from '../metrics/telemetry-reads.ts';
import type { Labels } from '../promql/source.ts';
import type { FleetScope } from './site-signals.ts';

/** Names of one quantity: what Prometheus makes of OpenTelemetry's, with and without units, and older ones. */
export const gaugeNames = {
  cpu: ['system_cpu_utilization', 'system_cpu_utilization_ratio', 'system_cpu_utilization_percent'],
  memory: ['system_memory_utilization', 'system_memory_utilization_ratio', 'system_memory_utilization_percent'],
  disk: [
    'system_filesystem_utilization',
    'system_filesystem_utilization_ratio',
    'system_filesystem_utilization_percent',
  ],
  queue: ['messaging_queue_depth', 'queue_depth', 'sync_queue_depth'],
} as const;
export type Gauge = keyof typeof gaugeNames;

export const counterNames = {
  orders: ['order_count_total', 'order_count', 'orders_total'],
  revenue: ['order_revenue_USD_total', 'order_revenue_total', 'order_revenue'],
  payments: ['payment_attempts_total', 'payment_attempts'],
} as const;

/** Exporters send each minute at the latest; two missed turns and the value is no longer the present one. */
const gaugeWindowMs = 5 * 60_000;

export type SiteGauges = Readonly<Record<Gauge, number | null>>;

const kindOfName = new Map<string, Gauge>(
  Object.entries(gaugeNames).flatMap(([kind, names]) => names.map((name) => [name, kind as Gauge] as const)),
);
const allGauges = Object.values(gaugeNames).flat().join('|');

const hostLabels = ['device', 'device.id', 'terminal.id', 'host.name', 'instance', 'service.instance.id'];
const stateLabels = ['state', 'cpu.mode', 'system.cpu.state', 'system.memory.state', 'system.filesystem.state'];
const partLabels = ['mountpoint', 'system.filesystem.mountpoint', 'cpu', 'cpu.logical_number', 'queue', 'device'];

/** One series of a gauge with its present value. */
export interface GaugeValue {
  readonly kind: Gauge;
  readonly labels: Labels;
  readonly value: number;
}

/** Percent as a share. */
export const scaleOf = (metric: string): number => (metric.endsWith('_percent') ? 0.01 : 1);

/**
 * The four levels of one site from latest values of its series: of states, the used share alone; of processor cores the mean, of
 * everything else the fullest; the fullest host of the site. Null where nothing was reported.
 */
export function levelsOf(values: readonly GaugeValue[]): SiteGauges {
  const levels: Record<Gauge, number | null> = { cpu: null, memory: null, disk: null, queue: null };
  for (const [kind, ofKind] of Map.groupBy(values, (value) => value.kind)) {
    for (const ofHost of Map.groupBy(ofKind, (value) => firstLabel(value.labels, hostLabels)).values()) {
      const parts = Map.groupBy(ofHost, ({ labels }) =>
        kind === 'cpu' ? firstLabel(labels, ['cpu', 'cpu.logical_number']) : firstLabel(labels, partLabels),
      );
      const ofParts = [...parts.values()].map((part) => partLevel(kind, part));
      const level = kind === 'cpu' ? ofParts.reduce((sum, one) => sum + one, 0) / ofParts.length : Math.max(...ofParts);
      levels[kind] = Math.max(levels[kind] ?? -Infinity, level);
    }
  }
  return levels;
}

function partLevel(kind: Gauge, part: readonly GaugeValue[]): number {
  const states = part.map(({ labels, value }) => ({ state: firstLabel(labels, stateLabels), value }));
  const sum = (wanted: (state: string) => boolean): number =>
    states.reduce((total, { state, value }) => (wanted(state) ? total + value : total), 0);
  if (states.every(({ state }) => state === '')) return Math.max(...states.map(({ value }) => value));
  if (kind !== 'cpu') return sum((state) => state === 'used' || state === '');
  return states.some(({ state }) => state === 'idle')
    ? 1 - sum((state) => state === 'idle')
    : sum((state) => state !== 'idle');
}

/** A gauge's kind, by the metric's name; undefined for every other metric. */
export const gaugeKind = (metric: string): Gauge | undefined => kindOfName.get(metric);

/** Present CPU, memory, disk (shares of 1) and queue depth by site; null where none was reported in the last 5 minutes. */
export async function readGauges(
  reads: TelemetryReads,
  scope: FleetScope,
  limits: QueryLimits,
): Promise<Map<string, SiteGauges>> {
  const samples = await readVector(
    reads,
    {
      organisation: scope.organisation,
      expression: `last_over_time({__name__=~${quoted(allGauges)},site!=""}[${range(gaugeWindowMs)}])`,
      atMs: scope.nowMs,
    },
    limits,
  );
  const bySite = new Map<string, GaugeValue[]>();
  for (const { labels, value } of samples) {
    const metric = labels['__name__'] ?? '';
    const kind = gaugeKind(metric);
    const site = labels['site'] ?? '';
    if (kind === undefined || !Number.isFinite(value)) continue;
    const known = bySite.get(site);
    const one = { kind, labels, value: value * scaleOf(metric) };
    if (known) known.push(one);
    else bySite.set(site, [one]);
  }
  return new Map([...bySite].map(([site, values]) => [site, levelsOf(values)]));
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

/** Which of some metrics a site, or any site, has. From the index alone, so that names nobody sends cost no query. */
export async function namesPresent(
  reads: TelemetryReads,
  asked: { organisation: string; metrics: readonly string[]; site?: string; fromMs: number; toMs: number },
  limits: QueryLimits,
): Promise<readonly string[]> {
  const found = await reads.metrics.labelValues({
    organisation: asked.organisation,
    label: '__name__',
    matchers: [
      [
        { label: '__name__', operator: '=~', value: asked.metrics.join('|') },
        asked.site === undefined
          ? { label: 'site', operator: '!=', value: '' }
          : { label: 'site', operator: '=', value: asked.site },
      ],
    ],
    startMs: asked.fromMs,
    endMs: asked.toMs,
    limit: 0,
    ...(limits.signal ? { signal: limits.signal } : {}),
  });
  return valueOrThrow(found).items;
}

/**
 * How much counters grew in [fromMs, toMs), by site, metric and label; what did not report there is left out. Growth counts from the last
 * value before the range, through restarts; a counter without one counts from its start where the client told it, else from
 * its first value.
 */
export async function readIncreases(
  reads: TelemetryReads,
  asked: CounterRange,
  limits: QueryLimits,
): Promise<CounterIncrease[]> {
  const { organisation, fromMs, toMs, label } = asked;
  const names = await namesPresent(reads, { organisation, metrics: asked.metrics, fromMs, toMs }, limits);
  const sites = asked.sites && new Set(asked.sites);
  const by = label === '' ? 'site' : `site,${labelName(label)}`;
  const found = await Promise.all(
    names.map(async (metric) => {
      const samples = await readVector(
        reads,
        {
          organisation,
          expression: `sum by (${by}) (increase({__name__=${quoted(metric)},site!=""}[${range(toMs - fromMs)}] anchored))`,
          atMs: toMs - 1,
          lookbackMs: toMs - fromMs > 3_600_000 ? dayBaselineMs : windowBaselineMs,
        },
        limits,
      );
      return samples.map(({ labels, value }) => ({
        site: labels['site'] ?? '',
        metric,
        label: label === '' ? '' : (labels[label] ?? ''),
        increase: value,
      }));
    }),
  );
  return found.flat().filter(({ site, increase }) => Number.isFinite(increase) && (!sites || sites.has(site)));
}
