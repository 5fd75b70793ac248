import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger, systemClock } from '@sightline/base';
import { exactlyOnceSettings, telemetryDatabase, type EmbeddedStore, type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { writeRw2Request } from '@sightline/ingest/metric-formats';
import type { FloatHistogram, QueryValue } from '@sightline/query/promql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockStartOf } from './block.ts';
import { OldSamples } from './carry/old-samples.ts';
import { openHead, type MetricHead } from './head/open-head.ts';
import { openMetrics, type Metrics } from './open-metrics.ts';
import { RollUps } from './rollup/roll-ups.ts';
import { writeRequest, writeSegment, type WrittenSeries } from './test-support/segments.ts';

const data = mkdtempSync(path.join(tmpdir(), 'sightline-metrics-'));
const folder = path.join(data, 'metrics');
let store: EmbeddedStore;
let head: MetricHead;
let metrics: Metrics;
let segments = 0;
/** A block that has ended, so that it may be cut at any time. */
const start = blockStartOf(Date.now()) - 2 * 7_200_000;

beforeAll(async () => {
  store = await openMigratedStore(data);
  await open();
});
afterAll(async () => {
  await metrics.close();
  await head.close();
  await store.close();
  rmSync(data, { recursive: true, force: true });
});

async function open(): Promise<void> {
  head = await openHead({ settings: { folder }, store, exactlyOnce: exactlyOnceSettings, logger: silentLogger });
  metrics = openMetrics({
    store,
    engine: { url: 'http://engine', socketPath: store.socketPath, database: telemetryDatabase },
    head,
    clock: systemClock,
    logger: silentLogger,
  });
}

/** The store's methods, to be replaced one by one. */
function without(of: EmbeddedStore): Omit<TelemetryStore, 'execute'> {
  return {
    query: (sql, parameters, limits) => of.query(sql, parameters, limits),
    stream: (sql, parameters, limits) => of.stream(sql, parameters, limits),
    healthy: () => of.healthy(),
    close: () => Promise.resolve(),
  };
}

async function send(...series: WrittenSeries[]): Promise<void> {
  const records = series.reduce((sum, { samples }) => sum + samples.length, 0);
  const frame = { bytes: writeRequest(series), records, receivedAtMs: Date.now() };
  await head.load(writeSegment(path.join(data, 'sent'), `s-${++segments}`, [frame]));
}

async function values(expression: string, atMs: number): Promise<Record<string, number>> {
  const answer = await metrics.instant({ organisation: 'acme', expression, atMs });
  if (!answer.ok) throw new Error(answer.error.message);
  if (answer.value.value.type !== 'vector') throw new Error(answer.value.value.type);
  return Object.fromEntries(answer.value.value.samples.map(({ labels, value }) => [labels.pod ?? '', value]));
}

/** 400 series with a sample every 30 s: value 10 a step. */
const part = (fromS: number, toS: number): WrittenSeries[] =>
  Array.from({ length: 400 }, (_, i) => ({
    labels: { __name__: 'orders_total', pod: `p${i}` },
    samples: Array.from({ length: (toS - fromS) / 30 }, (_, k) => [
      start + (fromS + 30 * k) * 1000,
      (fromS / 30 + k) * 10,
    ]),
  }));

const count = (): Promise<Record<string, number>> =>
  values('sum(count_over_time(orders_total[2h]))', start + 7_100_000);
const total = async (): Promise<number | undefined> => (await count())[''];

describe('samples are seen once, wherever they are', () => {
  test('in the head alone', async () => {
    await send(...part(0, 1800));
    expect(await total()).toBe(400 * 60);
    expect((await values('orders_total{pod="p7"}', start + 1_799_000)).p7).toBe(590);
  });
  test('after a cut, and with new ones in the head beside it', async () => {
    await head.cut();
    expect(await total()).toBe(400 * 60);
    await send(...part(1800, 3600));
    expect(await total()).toBe(400 * 120);
    expect((await values('rate(orders_total[10m])', start + 2_100_000)).p7).toBeCloseTo(1 / 3, 9);
  });
  test('after a second cut of the same block: the cache does not hide it', async () => {
    expect(await total()).toBe(400 * 120);
    await head.cut();
    expect(await total()).toBe(400 * 120);
    await send(...part(3600, 5400));
    await head.cut();
    expect(await total()).toBe(400 * 180);
    expect(await total()).toBe(400 * 180);
  });
  test('while blocks are cut all the time', async () => {
    await send(...part(5400, 6000));
    const cutting = head.cut();
    for (let i = 0; i < 20; i++) expect(await total()).toBe(400 * 200);
    await cutting;
    expect(await total()).toBe(400 * 200);
  });
  test('after both were opened anew, the head without a farewell', async () => {
    await send(...part(6000, 6600));
    await metrics.close();
    await head.close();
    await open();
    expect(await total()).toBe(400 * 220);
  });
});

test('a sample that comes late stands in its place', async () => {
  const series = { labels: { __name__: 'late_total', pod: 'x' } };
  await send({
    ...series,
    samples: [
      [start + 60_000, 1],
      [start + 180_000, 3],
    ],
  });
  await head.cut();
  await send({ ...series, samples: [[start + 120_000, 2]] });
  const raw = async (): Promise<number[]> => {
    const answer = await metrics.instant({ organisation: 'acme', expression: 'late_total[1h]', atMs: start + 600_000 });
    if (!answer.ok || answer.value.value.type !== 'matrix') throw new Error(JSON.stringify(answer));
    return [...(answer.value.value.series[0]?.floats.values ?? [])];
  };
  expect(await raw()).toEqual([1, 2, 3]);
  await head.cut();
  expect(await raw()).toEqual([1, 2, 3]);
});

test('native histograms and start times are read as they were written, from the head and from chunks', async () => {
  const histogram = (more: Partial<FloatHistogram>): FloatHistogram => ({
    counterResetHint: 0,
    schema: 1,
    zeroThreshold: 1e-3,
    zeroCount: 2,
    count: 9,
    sum: 4.5,
    positiveSpans: [
      { offset: -2, length: 1 },
      { offset: 1, length: 2 },
    ],
    negativeSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: [1, 2, 3],
    negativeBuckets: [1],
    customValues: [],
    ...more,
  });
  const custom = { schema: -53, zeroThreshold: 0, zeroCount: 0, negativeSpans: [], negativeBuckets: [] };
  const histograms = [
    histogram({ counterResetHint: 0 }),
    histogram({ counterResetHint: 1, zeroCount: 0, count: 7 }),
    histogram({ counterResetHint: 2, zeroThreshold: 0 }),
    histogram({ counterResetHint: 3, zeroCount: -2.5, positiveBuckets: [0, -0.5, 0] }),
    histogram({
      ...custom,
      customValues: [-1, 0.25, 5],
      positiveSpans: [{ offset: 0, length: 4 }],
      positiveBuckets: [1, 0, 3, 5],
    }),
    histogram({ ...custom, customValues: [], positiveSpans: [{ offset: 0, length: 1 }], positiveBuckets: [9] }),
  ];
  const times = histograms.map((_, i) => start + 60_000 * (i + 1));
  const startTimes = times.map((atMs, i) => (i === 0 ? 0 : atMs - 1000 * i));
  const bytes = writeRw2Request([
    {
      labels: ['__name__', 'native', 'pod', 'n'],
      type: 'histogram',
      unit: '',
      help: '',
      delta: false,
      times,
      values: times.map(() => 0),
      histograms,
      startTimes,
    },
  ]);
  const frame = { bytes, records: times.length, receivedAtMs: Date.now() };
  await head.load(writeSegment(path.join(data, 'sent'), `s-${++segments}`, [frame], 'rw2'));
  for (const place of ['head', 'chunks']) {
    const answer = await metrics.instant({ organisation: 'acme', expression: 'native[1h]', atMs: start + 600_000 });
    if (!answer.ok || answer.value.value.type !== 'matrix') throw new Error(JSON.stringify(answer));
    const [found] = answer.value.value.series;
    expect(found?.histograms, place).toEqual(histograms.map((one, i) => ({ atMs: times[i], histogram: one })));
    for (const [i, atMs] of times.entries())
      expect(await values('start_timestamp(native)', atMs), place).toEqual({ n: (startTimes[i] ?? 0) / 1000 });
    await head.cut();
  }
});

describe('rows of the version before chunks', () => {
  const dayMs = 86_400_000;
  const firstDay = Math.floor(Date.now() / dayMs) * dayMs - 3 * dayMs;
  /** Through the door of then: what its statements wrote of remote write and of OTLP. */
  async function given(): Promise<void> {
    await store.execute(
      `INSERT INTO points (organisation, site, service, metric, type, unit, temporality, monotonic, labels, fp, ts, value, received_at)
       SELECT 'acme', 'S1', 'till', k.1, k.2, k.3, k.4, 1, k.5, cityHash64(k.1, k.5), fromUnixTimestamp64Milli(toInt64(${firstDay} + n * 3600000)),
         if(k.4 = 0 AND n = 30, nan, toFloat64(k.6 * (n + 1))), now64(3)
       FROM (SELECT toInt64(number) AS n FROM numbers(48)) ARRAY JOIN [
         ('node_cpu_seconds_total', 'counter', '', 2, map('job', 'node', 'mode', 'idle', 'site', 'S1'), 10),
         ('node_load1', 'unknown', '', 0, map('job', 'node', 'site', 'S1'), 1),
         ('order.count', 'counter', '{order}', 1, map('job', 'till', 'store.lane', '3', 'site', 'S1'), 0.5),
         ('http.server.duration_bucket', 'histogram', 's', 2, map('job', 'till', 'le', '0.5', 'site', 'S1'), 1)] AS k`,
      {},
      { settings: { insert_deduplicate: 0 } },
    );
  }
  const at = firstDay + 2 * dayMs;
  const one = async (expression: string): Promise<unknown> => {
    const answer = await metrics.instant({ organisation: 'acme', expression, atMs: at });
    if (!answer.ok || answer.value.value.type !== 'vector') throw new Error(JSON.stringify(answer));
    return answer.value.value.samples.map(({ labels, value }) => ({ ...labels, value }));
  };
  const left = async (): Promise<number> =>
    (await store.query<{ n: number }>('SELECT toUInt32(count()) AS n FROM samples'))[0]?.n ?? -1;

  test('become chunks day by day, once, whatever is killed when', async () => {
    await given();
    expect(await left()).toBe(4 * 48);
    const oldFolder = path.join(data, 'old');
    const parts = { store, head, folder: oldFolder, clock: systemClock, logger: silentLogger };
    // The head has the first day, whose rows are still there.
    const killed = new OldSamples({
      ...parts,
      store: { ...without(store), execute: () => Promise.reject(new Error('gone')) },
    });
    await expect(killed.run()).rejects.toThrow('gone');
    expect(await left()).toBe(4 * 48);
    await metrics.close();
    await head.close();
    await open();
    await new OldSamples({ ...parts, head }).run();
    expect(await left()).toBe(0);
    await new OldSamples({ ...parts, head }).run();
    expect(readdirSync(oldFolder)).toEqual([]);
    await head.cut();

    const till = { job: 'till', service: 'till', site: 'S1' };
    expect(await one('count_over_time(node_cpu_seconds_total[2d])')).toEqual([
      { job: 'node', mode: 'idle', site: 'S1', value: 47 },
    ]);
    expect(await one('node_cpu_seconds_total offset 1h')).toEqual([
      { __name__: 'node_cpu_seconds_total', job: 'node', mode: 'idle', site: 'S1', value: 480 },
    ]);
    // No value was recorded at one of the hours.
    expect(await one('count_over_time(node_load1[2d])')).toEqual([{ job: 'node', site: 'S1', value: 46 }]);
    expect(await one('http_server_duration_seconds_bucket offset 1h')).toEqual([
      { __name__: 'http_server_duration_seconds_bucket', ...till, le: '0.5', value: 48 },
    ]);
    // Growth is added up for each day; a day begins anew, and says so.
    const grown = (0.5 * (48 * 49)) / 2;
    expect(await one('increase(order_count_total[3d])')).toEqual([
      { ...till, store_lane: '3', value: expect.closeTo(grown, -2) },
    ]);
    expect(await one('resets(order_count_total[3d])')).toEqual([{ ...till, store_lane: '3', value: 1 }]);
  });
});

/** Twelve digits of each value. */
function digits(value: QueryValue): unknown {
  if (value.type !== 'matrix') throw new Error(value.type);
  return value.series.map(({ labels, floats }) => [
    labels,
    [...floats.times],
    Array.from(floats.values, (number) => Number(number.toPrecision(12))),
  ]);
}

test('days that are rolled up and what the head has of today are one answer', async () => {
  const [hourMs, dayMs] = [3_600_000, 86_400_000];
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const sold = (fromMs: number, toMs: number): WrittenSeries[] =>
    ['a', 'b', 'c'].map((pod, p) => ({
      labels: { __name__: 'sold_total', pod },
      samples: Array.from({ length: Math.floor((toMs - fromMs) / 300_000) }, (_, i) => {
        const atMs = fromMs + i * 300_000 + p;
        return [atMs, (atMs / 300_000) % 1000];
      }),
    }));
  for (let day = today - 5 * dayMs; day < today; day += dayMs) await send(...sold(day, day + dayMs));
  await head.cut();
  const engine = { url: 'http://engine', socketPath: store.socketPath, database: telemetryDatabase };
  const kept = { rawMs: 30 * dayMs };
  const parts = { store, engine, kept, logger: silentLogger };
  // The days have been over for long then; late samples have had their time.
  const clock = new ManualClock(today);
  const rollUps = new RollUps({ ...parts, folder, exactlyOnce: exactlyOnceSettings, clock });
  clock.advance(12 * hourMs);
  await rollUps.pass();
  expect(rollUps.metrics()).toMatch(/rolled_up_series_total [1-9]/);
  await send(...sold(today, Date.now()));
  const rolled = openMetrics({ ...parts, head, clock: systemClock });
  for (const expression of ['increase(sold_total[1h])', 'sum(count_over_time(sold_total[2h]))', 'sold_total']) {
    const query = {
      organisation: 'acme',
      expression,
      startMs: today - 5 * dayMs,
      endMs: Math.ceil(Date.now() / hourMs) * hourMs,
      stepMs: hourMs,
    };
    const [got, wanted] = [await rolled.range(query), await metrics.range(query)];
    if (!got.ok || !wanted.ok) throw new Error(JSON.stringify([got, wanted]));
    expect(wanted.value.infos).toEqual([]);
    expect(got.value.infos, expression).toEqual([expect.stringContaining('roll-ups of 1 hour: as from samples')]);
    expect(digits(got.value.value)).toEqual(digits(wanted.value.value));
  }
  await rolled.close();
});

test('names of metrics', async () => {
  const named = await metrics.metricNames({
    organisation: 'acme',
    matchers: [[{ label: 'pod', operator: '!=', value: '' }]],
    startMs: start,
    endMs: Date.now(),
    limit: 0,
  });
  // What is known of a series' end is the end of its block, and a sample may be a little ahead of the clock.
  const nextBlockEnd = blockStartOf(Date.now() + 7_200_000) + 7_200_000;
  expect(named).toMatchObject({
    value: {
      items: [
        { metric: 'late_total', series: 1 },
        { metric: 'native', series: 1 },
        { metric: 'orders_total', series: 400 },
        { metric: 'sold_total', series: 3, lastSeenMs: expect.toSatisfy((ms: number) => ms < nextBlockEnd) },
      ],
    },
  });
});

test('what labels weigh: the series that the head holds', async () => {
  const sent = (i: number, name: string): WrittenSeries => ({
    labels: { __name__: name, pod: `p${i}`, zone: i < 3 ? 'north' : 'süd' },
    samples: [[Date.now(), 1]],
  });
  await head.cut();
  await send(...[0, 1, 2, 3].map((i) => sent(i, 'heavy_a')), sent(0, 'heavy_b'));
  const figures = await metrics.statistics('acme');
  expect(figures.series).toBe(5);
  expect(figures.byLabel).toEqual([
    ['pod', 4],
    ['__name__', 2],
    ['zone', 2],
  ]);
  expect(Object.fromEntries(figures.bytesByLabel)).toEqual({ __name__: 35, pod: 10, zone: 24 });
  expect(figures.byPair.slice(0, 3)).toEqual([
    ['__name__=heavy_a', 4],
    ['zone=north', 4],
    ['pod=p0', 2],
  ]);
  expect(figures.pairs).toBe(8);
});
