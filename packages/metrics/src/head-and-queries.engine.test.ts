import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import {
  exactlyOnceSettings,
  migrate,
  openEmbeddedStore,
  telemetryDatabase,
  type EmbeddedStore,
} from '@sightline/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockStartOf } from './block.ts';
import { openHead, type MetricHead } from './head/open-head.ts';
import { openMetrics, type Metrics } from './open-metrics.ts';
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
  store = await openEmbeddedStore({ dataFolder: data, logger: silentLogger, clock: systemClock });
  await migrate(store, silentLogger);
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

test('names of metrics', async () => {
  const named = await metrics.metricNames({
    organisation: 'acme',
    matchers: [],
    startMs: start,
    endMs: Date.now(),
    limit: 0,
  });
  expect(named).toMatchObject({
    value: {
      items: [
        { metric: 'late_total', series: 1 },
        { metric: 'orders_total', series: 400 },
      ],
    },
  });
});
