import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import { listMetricLabels, listMetrics, queryMetric, type MetricAggregate, type MetricQuery } from './metrics.ts';

const minute = 60_000;
const start = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 86_400_000;
const end = start + 10 * minute;
let test: TestStore;

interface SeriesOf {
  readonly metric: string;
  readonly labels?: Record<string, string>;
  readonly over?: Record<string, unknown>;
}

function points(
  { metric, labels = {}, over = {} }: SeriesOf,
  values: readonly (readonly [minutes: number, value: number | null])[],
) {
  const digest = createHash('sha256')
    .update(JSON.stringify([metric, labels, over]))
    .digest('hex')
    .slice(0, 16);
  return values.map(([minutes, value]) => ({
    organisation: 'acme',
    site: 'STORE_001',
    service: 'orders',
    metric,
    type: 'gauge',
    unit: 'ms',
    temporality: 0,
    monotonic: 0,
    labels,
    fp: String(BigInt(`0x${digest}`)),
    ts: engineTime(start + minutes * minute),
    value: value ?? 'nan',
    received_at: engineTime(start + minutes * minute),
    ...over,
  }));
}
const counter = { type: 'counter', temporality: 2, monotonic: 1 };

beforeAll(async () => {
  test = await openTestStore();
  const buckets = (minutes: number, counts: Record<string, number>, times: number) =>
    Object.entries(counts).flatMap(([le, count]) =>
      points({ metric: 'latency_bucket', labels: { le }, over: { ...counter, type: 'histogram' } }, [
        [minutes, count * times],
      ]),
    );
  await test.insert('points', [
    ...points({ metric: 'heap', labels: { pool: 'old' } }, [
      [0, 10],
      [0.5, 20],
      [1, 40],
      [5, 100],
      [6, null],
    ]),
    ...points({ metric: 'heap', labels: { pool: 'new' }, over: { site: 'STORE_002' } }, [
      [0, 1],
      [1, 3],
    ]),
    ...points({ metric: 'heap', over: { organisation: 'rival' } }, [[0, 1000]]),
    // 100 → 160 → (restart) 5 → 25: +60, +5, +20.
    ...points({ metric: 'requests', labels: { code: '200' }, over: counter }, [
      [-0.5, 100],
      [0.5, 160],
      [1.5, 5],
      [2.5, 25],
    ]),
    // Two minutes without a sample: the whole increase stands where the gap ends.
    ...points({ metric: 'requests', labels: { code: '500' }, over: counter }, [
      [0.5, 0],
      [3.5, 90],
    ]),
    ...points({ metric: 'bytes', over: { ...counter, temporality: 1 } }, [
      [0.2, 30],
      [0.6, 30],
      [2, 120],
    ]),
    ...buckets(0.5, { '0.1': 10, '0.5': 60, '1': 90, '+Inf': 100 }, 0),
    ...buckets(1.5, { '0.1': 10, '0.5': 60, '1': 90, '+Inf': 100 }, 1),
    ...points({ metric: 'latency_count', over: { ...counter, type: 'histogram' } }, [
      [0.5, 0],
      [1.5, 100],
    ]),
    ...points({ metric: 'latency_sum', over: { ...counter, type: 'histogram' } }, [
      [0.5, 0],
      [1.5, 42],
    ]),
    // Prometheus' remote write tells no types.
    ...points({ metric: 'untyped_bucket', labels: { le: '+Inf' }, over: { type: '' } }, [[1, 1]]),
    ...points({ metric: 'untyped_count', over: { type: '' } }, [[1, 1]]),
    ...Array.from({ length: 60 }, (_, i) => points({ metric: 'many', labels: { n: String(i) } }, [[1, i]])).flat(),
  ]);
});
afterAll(() => test.close());

const scope = { organisation: 'acme', fromMs: start, toMs: end, environment: '', site: '', service: '' };
async function ask(
  metric: string,
  aggregate: MetricAggregate,
  over: Partial<Omit<MetricQuery, 'scope'>> & { scope?: Partial<typeof scope> } = {},
) {
  const found = await queryMetric(test.store, {
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
    ['heap', 'count', { 0: 2, 1: 2, 5: 1 }],
    ['heap', 'p50', { 0: 8, 1: 21.5, 5: 100 }],
    ['requests', 'increase', { 0: 60, 1: 5, 2: 20, 3: 90 }],
    ['requests', 'rate', { 0: 1, 1: 0.083333, 2: 0.333333, 3: 0.5 }],
    ['bytes', 'increase', { 0: 60, 2: 120 }],
    ['bytes', 'rate', { 0: 1, 2: 2 }],
    // Half of 100 lies in (0.1, 0.5], which holds 50: 0.1 + 0.4 × 40/50.
    ['latency', 'p50', { 1: 0.42 }],
    ['latency', 'p95', { 1: 1 }],
    ['latency', 'rate', { 1: 1.666667 }],
    ['latency', 'count', { 1: 100 }],
    ['latency', 'sum', { 1: 42 }],
    ['latency', 'avg', { 1: 0.42 }],
    ['unknown', 'avg', {}],
    ["'; DROP TABLE samples; --", 'rate', {}],
  ])('%s %s', async (metric, aggregate, expected) => {
    expect(await values(metric, aggregate)).toEqual(expected);
  });

  it('splits and filters by labels, site and service', async () => {
    const by = await ask('heap', 'max', { by: ['site', 'pool'] });
    expect(by.series.map((s) => s.labels)).toEqual([
      { site: 'STORE_001', pool: 'old' },
      { site: 'STORE_002', pool: 'new' },
    ]);
    expect(by).toMatchObject({ stepMs: minute, unit: 'ms', others: 0 });
    expect(await values('heap', 'max', { where: new Map([['pool', 'new']]) })).toEqual({ 0: 1, 1: 3 });
    expect(
      await values('heap', 'max', {
        where: new Map([
          ['pool', 'new'],
          ['site', 'STORE_001'],
        ]),
      }),
    ).toEqual({});
    expect(await values('heap', 'max', { scope: { site: 'STORE_002' } })).toEqual({ 0: 1, 1: 3 });
    expect(await values('heap', 'max', { where: new Map([["pool' OR 1=1 --", "'"]]) })).toEqual({});
  });
  it('shows the fifty greatest series and counts the others', async () => {
    const many = await ask('many', 'avg', { by: ['n'] });
    expect(many.series).toHaveLength(50);
    expect(many.series[0]?.labels).toEqual({ n: '59' });
    expect(many.others).toBe(10);
  });
  it.each([{ fromMs: 0 }, { toMs: 8_640_000_000_000_000 }, { fromMs: end }])('survives the range %j', async (range) => {
    expect((await ask('heap', 'rate', { scope: range })).series.length).toBeLessThanOrEqual(1);
  });
});

it('keeps organisations apart', async () => {
  expect(await values('heap', 'max', { scope: { organisation: 'rival' } })).toEqual({ 0: 1000 });
  expect((await listMetrics(test.store, { ...scope, organisation: 'rival' }, '')).map((m) => m.metric)).toEqual([
    'heap',
  ]);
  expect(await listMetricLabels(test.store, { ...scope, organisation: 'nobody' }, 'heap')).toEqual([]);
  expect(await values('requests', 'rate', { scope: { organisation: "' OR 1=1 --" } })).toEqual({});
});

it('lists metrics and their labels', async () => {
  const all = await listMetrics(test.store, scope, '');
  expect(all.map((m) => [m.metric, m.type, m.series])).toEqual([
    ['bytes', 'counter', 1],
    ['heap', 'gauge', 2],
    ['latency', 'histogram', 6],
    ['many', 'gauge', 60],
    ['requests', 'counter', 2],
    ['untyped', 'histogram', 1],
    ['untyped_count', '', 1],
  ]);
  expect((await listMetrics(test.store, scope, 'LAT ency')).map((m) => m.metric)).toEqual(['latency']);
  expect(await listMetrics(test.store, scope, "%' OR 1")).toEqual([]);
  expect(await listMetrics(test.store, { ...scope, fromMs: end + 3_600_000 }, '')).toEqual([]);
  expect(await listMetricLabels(test.store, scope, 'heap')).toEqual([
    { label: 'pool', values: ['new', 'old'] },
    { label: 'service', values: ['orders'] },
    { label: 'site', values: ['STORE_001', 'STORE_002'] },
  ]);
  expect((await listMetricLabels(test.store, scope, 'latency')).map((l) => l.label)).toEqual(['service', 'site']);
});

it('refuses an answer of more values than a page can take, and says so', { timeout: 60_000 }, async () => {
  await test.store.execute(
    `INSERT INTO points (organisation, metric, labels, fp, ts, value) SELECT 'wide', 'wide', map('n', toString(number % 1010)),
      number % 1010, fromUnixTimestamp64Milli({start:Int64} + intDiv(number, 1010) * 60000), 1 FROM numbers(505000)`,
    { start },
  );
  const wide = { organisation: 'wide', toMs: start + 500 * minute };
  await expect(ask('wide', 'avg', { by: ['n'], points: 1000, scope: wide })).rejects.toMatchObject({
    kind: 'too-many-rows',
  });
  expect(await ask('wide', 'avg', { points: 1000, scope: wide })).toMatchObject({ series: { length: 1 } });
});
