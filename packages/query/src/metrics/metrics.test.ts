import type { TelemetryReader } from '@sightline/store/port';
import { describe, expect, it } from 'vitest';
import type { Labels } from '../promql/source.ts';
import { InMemoryEngine, type Samples } from '../promql/test-support/in-memory-engine.ts';
import { listMetricLabels, listMetrics, queryMetric, type MetricAggregate, type MetricQuery } from './metrics.ts';
import { nameExpression, type TelemetryReads } from './telemetry-reads.ts';

const minute = 60_000;
const start = 1_764_000_000_000 - (1_764_000_000_000 % 3_600_000);
const end = start + 10 * minute;

const engine = new InMemoryEngine();
const rows: TelemetryReader = {
  query: () => Promise.reject(new Error('metrics are not read as rows')),
  stream: () => {
    throw new Error('metrics are not read as rows');
  },
};
const reads: TelemetryReads = { ...rows, metrics: engine };

function add(
  metric: string,
  labels: Labels,
  values: readonly (readonly [minutes: number, value: number])[],
  { organisation = 'acme', type = 'gauge' } = {},
): void {
  const samples: Samples = values.map(([minutes, value]) => [start + minutes * minute, value]);
  engine.add(organisation, metric, { site: 'STORE_001', service: 'orders', ...labels }, samples, { type, unit: 'ms' });
}

add('heap', { pool: 'old' }, [
  [0, 10],
  [0.5, 20],
  [1, 40],
  [5, 100],
  [6, NaN],
]);
add('heap', { pool: 'new', site: 'STORE_002' }, [
  [0, 1],
  [1, 3],
]);
add('heap', {}, [[0, 1000]], { organisation: 'rival' });
// 100 → 160 → (restart) 5 → 25: +60, +5, +20.
add(
  'requests_total',
  { code: '200' },
  [
    [-0.5, 100],
    [0.5, 160],
    [1.5, 5],
    [2.5, 25],
  ],
  { type: 'counter' },
);
// Two minutes without a sample: the whole increase stands where the gap ends.
add(
  'requests_total',
  { code: '500' },
  [
    [0.5, 0],
    [3.5, 90],
  ],
  { type: 'counter' },
);
for (const [le, count] of Object.entries({ '0.1': 10, '0.5': 60, '1': 90, '+Inf': 100 }))
  add('latency_bucket', { le }, [
    [0.5, 0],
    [1.5, count],
  ]);
add('latency_count', {}, [
  [0.5, 0],
  [1.5, 100],
]);
add('latency_sum', {}, [
  [0.5, 0],
  [1.5, 42],
]);
add('native', {}, [[0, 1]], { organisation: 'natives', type: 'histogram' });
for (let i = 0; i < 60; i++) add('many', { n: String(i) }, [[1, i]]);

const scope = { organisation: 'acme', fromMs: start, toMs: end, environment: '', site: '', service: '' };
async function ask(
  metric: string,
  aggregate: MetricAggregate,
  over: Partial<Omit<MetricQuery, 'scope'>> & { scope?: Partial<typeof scope> } = {},
) {
  const found = await queryMetric(reads, {
    metric,
    aggregate,
    by: [],
    where: new Map(),
    points: 10,
    ...over,
    scope: { ...scope, ...over.scope },
  });
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
}
/** Values by minute from the start, of the only series. */
async function values(...asked: Parameters<typeof ask>): Promise<Record<number, number>> {
  const { series } = await ask(...asked);
  expect(series.length).toBeLessThanOrEqual(1);
  return Object.fromEntries(
    (series[0]?.points ?? []).map((p) => [(p.at - start) / minute, Number(p.value.toFixed(6))]),
  );
}

describe('series', () => {
  it.each<[string, MetricAggregate, Record<number, number>]>([
    // Means within a series first (15 and 1 in the first minute), then over series; minute 6 holds no number: a gap.
    ['heap', 'avg', { 0: 8, 1: 21.5, 5: 100 }],
    ['heap', 'sum', { 0: 16, 1: 43, 5: 100 }],
    ['heap', 'min', { 0: 1, 1: 3, 5: 100 }],
    ['heap', 'max', { 0: 20, 1: 40, 5: 100 }],
    ['heap', 'p50', { 0: 8, 1: 21.5, 5: 100 }],
    ['requests_total', 'increase', { 0: 60, 1: 5, 2: 20, 3: 90 }],
    ['latency', 'p50', { 1: 0.42 }],
    ['latency', 'p95', { 1: 1 }],
    ['latency', 'count', { 1: 100 }],
    ['latency', 'sum', { 1: 42 }],
    ['latency', 'avg', { 1: 0.42 }],
    ['unknown', 'avg', {}],
    ['"} or vector(1) #', 'rate', {}],
  ])('%s %s', async (metric, aggregate, expected) => {
    const found = await values(metric, aggregate);
    // A counter that stands still is zero, not a gap.
    const grown = Object.entries(found).filter(([, value]) => value !== 0);
    expect(
      Object.fromEntries(
        aggregate === 'increase' || aggregate === 'count' || aggregate === 'sum' ? grown : Object.entries(found),
      ),
    ).toEqual(expected);
  });

  it.each<[MetricAggregate, number, string]>([
    ['p95', 10, 'histogram_quantile(0.95, sum by () (rate({__name__="native"}[150000ms])))'],
    ['count', 10, 'histogram_count(sum by () (rate({__name__="native"}[150000ms]) * 60))'],
    ['rate', 1, 'histogram_count(sum by () (rate({__name__="native"}[600000ms])))'],
  ])('of a native histogram, %s looks at two samples or more: %i points', async (aggregate, points, expected) => {
    const asked: string[] = [];
    const range: typeof engine.range = (query) => {
      asked.push(query.expression);
      return engine.range(query);
    };
    const metrics = new Proxy(engine, {
      get: (target, name) => (name === 'range' ? range : Reflect.get(target, name).bind(target)),
    });
    const query: MetricQuery = {
      metric: 'native',
      aggregate,
      by: [],
      where: new Map(),
      points,
      scope: { ...scope, organisation: 'natives' },
    };
    await queryMetric({ ...rows, metrics }, query);
    expect(asked).toEqual([expected]);
  });

  it('splits and filters by labels, site and service', async () => {
    const by = await ask('heap', 'max', { by: ['site', 'pool'] });
    expect(by.series.map((s) => s.labels)).toEqual([
      { site: 'STORE_001', pool: 'old' },
      { site: 'STORE_002', pool: 'new' },
    ]);
    expect(by).toMatchObject({ stepMs: minute, unit: 'ms', others: 0 });
    expect(await values('heap', 'max', { where: new Map([['pool', 'new']]) })).toEqual({ 0: 1, 1: 3 });
    const both = new Map([
      ['pool', 'new'],
      ['site', 'STORE_001'],
    ]);
    expect(await values('heap', 'max', { where: both })).toEqual({});
    expect(await values('heap', 'max', { scope: { site: 'STORE_002' } })).toEqual({ 0: 1, 1: 3 });
    expect(await values('heap', 'max', { where: new Map([[`pool"} or vector(1) #`, '"']]) })).toEqual({});
  });
  it('shows the fifty greatest series and counts the others', async () => {
    const many = await ask('many', 'avg', { by: ['n'] });
    expect(many.series).toHaveLength(50);
    expect(many.series[0]?.labels).toEqual({ n: '59' });
    expect(many.others).toBe(10);
  });
});

it('keeps organisations apart', async () => {
  expect(await values('heap', 'max', { scope: { organisation: 'rival' } })).toEqual({ 0: 1000 });
  expect((await listMetrics(reads, { ...scope, organisation: 'rival' }, '')).map((m) => m.metric)).toEqual(['heap']);
  expect(await listMetricLabels(reads, { ...scope, organisation: 'nobody' }, 'heap')).toEqual([]);
});

it('lists metrics and their labels', async () => {
  expect((await listMetrics(reads, scope, '')).map((m) => [m.metric, m.type, m.series])).toEqual([
    ['heap', 'gauge', 2],
    ['latency', 'histogram', 6],
    ['many', 'gauge', 60],
    ['requests_total', 'counter', 2],
  ]);
  expect((await listMetrics(reads, scope, 'LAT ency')).map((m) => m.metric)).toEqual(['latency']);
  expect(await listMetrics(reads, { ...scope, fromMs: end + 3_600_000, toMs: end + 7_200_000 }, '')).toEqual([]);
  expect(await listMetricLabels(reads, scope, 'heap')).toEqual([
    { label: 'pool', values: ['new', 'old'] },
    { label: 'service', values: ['orders'] },
    { label: 'site', values: ['STORE_001', 'STORE_002'] },
  ]);
  expect((await listMetricLabels(reads, scope, 'latency')).map((l) => l.label)).toEqual(['service', 'site']);
});

it.each([
  ['up', 'up', true],
  ['up', 'up_total', false],
  ['order.count', 'order_count_total', true],
  ['order.count', 'order.count', true],
  ['order.count', 'order_counts', false],
  ['system.cpu.utilization', 'system_cpu_utilization_ratio', true],
  ['a.b|c', 'c', false],
])('the name %s finds %s: %j', (name, metric, found) => {
  expect(new RegExp(`^(?:${nameExpression(name)})$`).test(metric)).toBe(found);
});
