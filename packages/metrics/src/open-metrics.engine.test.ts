import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import type { Answer, QueryFault } from '@sightline/query/promql';
import { telemetryDatabase, type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockMs } from './block.ts';
import { openMetrics, type Metrics } from './open-metrics.ts';
import { givenSeries, type GivenSeries } from './test-support/stored-series.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sightline-metrics-'));
const organisation = 'acme';
const start = 1_795_219_200_000 - (1_795_219_200_000 % blockMs);
const hour = 3_600_000;
let store: EmbeddedStore;
let metrics: Metrics;

/** 300 counters, each 2 a second, over three hours; enough for both threads. */
const series: GivenSeries[] = Array.from({ length: 300 }, (_, i) => {
  const times = Array.from({ length: 360 }, (_, k) => start + k * 30_000);
  return {
    labels: { __name__: 'requests_total', store: `S${i % 3}`, pod: `p${i}` },
    times,
    values: times.map((_, k) => k * 60),
  };
});

const open = (): Metrics =>
  openMetrics({
    store,
    engine: { url: 'http://engine', socketPath: store.socketPath, database: telemetryDatabase },
    head: undefined,
    clock: systemClock,
    logger: silentLogger,
  });

beforeAll(async () => {
  store = await openMigratedStore(folder);
  await givenSeries(store, organisation, series);
  await store.execute(
    `INSERT INTO metric_metadata SELECT 'acme', 'requests_total', 'counter', '1', 'Requests.', 5`,
    {},
    { settings: { insert_deduplicate: 0 } },
  );
  await store.execute(
    `INSERT INTO metric_exemplars SELECT organisation, metric, fp, first_seen + 1000, 0.5, map('trace_id', 'abc')
     FROM metric_series WHERE labels['pod'] = 'p7'`,
    {},
    { settings: { insert_deduplicate: 0 } },
  );
  metrics = open();
});
afterAll(async () => {
  await metrics.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function answered(result: ReturnType<Metrics['range']>): Promise<Answer> {
  const ended = await result;
  if (!ended.ok) throw new Error(`${ended.error.kind}: ${ended.error.message}`);
  return ended.value;
}
async function refused(result: ReturnType<Metrics['range']>): Promise<QueryFault> {
  const ended = await result;
  if (ended.ok) throw new Error('it was answered');
  return ended.error;
}
const range = (expression: string, more = {}) => ({
  organisation,
  expression,
  startMs: start + hour,
  endMs: start + 2 * hour,
  stepMs: 60_000,
  ...more,
});

test('a range query, computed by both threads', async () => {
  const { value, samples } = await answered(metrics.range(range('sum by (store) (rate(requests_total[5m]))')));
  if (value.type !== 'matrix') throw new Error(value.type);
  expect(value.series.map(({ labels }) => labels)).toEqual([{ store: 'S0' }, { store: 'S1' }, { store: 'S2' }]);
  for (const { floats } of value.series) {
    expect(floats.values).toHaveLength(61);
    for (const rate of floats.values) expect(rate).toBeCloseTo(200, 9);
  }
  expect(samples).toBe(300 * 360);
});

test('an instant query, raw samples, a scalar', async () => {
  const at = { organisation, atMs: start + hour };
  const vector = await answered(
    metrics.instant({ ...at, expression: 'topk(2, requests_total + on (pod) requests_total)' }),
  );
  expect(vector.value).toMatchObject({ type: 'vector', samples: [{ value: 14_400 }, { value: 14_400 }] });
  const raw = await answered(metrics.instant({ ...at, expression: 'requests_total{pod="p1"}[2m]' }));
  if (raw.value.type !== 'matrix') throw new Error(raw.value.type);
  expect([...(raw.value.series[0]?.floats.values ?? [])]).toEqual([7020, 7080, 7140, 7200]);
  expect((await answered(metrics.instant({ ...at, expression: 'scalar(count(requests_total)) / 3' }))).value).toEqual({
    type: 'scalar',
    atMs: at.atMs,
    value: 100,
  });
});

describe('scope', () => {
  test('another organisation sees nothing', async () => {
    const { value } = await answered(metrics.range({ ...range('requests_total'), organisation: 'other' }));
    expect(value).toEqual({ type: 'matrix', series: [] });
  });
  test('what is enforced is added to every selector', async () => {
    const enforced = [{ label: 'store', operator: '=' as const, value: 'S1' }];
    const { value } = await answered(
      metrics.range(range('count(requests_total) + count(requests_total)', { enforced })),
    );
    expect(value).toMatchObject({ series: [{ floats: { values: new Float64Array(61).fill(200) } }] });
  });
});

describe('what cannot be answered is told by kind', () => {
  test.each<[string, object, QueryFault['kind'], RegExp]>([
    ['sum(', {}, 'bad_data', /parse error/],
    ['requests_total', { stepMs: 0 }, 'bad_data', /zero or negative/],
    ['requests_total', { stepMs: 100 }, 'bad_data', /maximum resolution/],
    ['requests_total', { bounds: { series: 5 } }, 'execution', /more than 5 series/],
    ['rate(requests_total[5m])', { bounds: { samples: 1000 } }, 'execution', /too many samples/],
    ['rate(requests_total[5m])', { bounds: { values: 1000 } }, 'execution', /300 series of 61 steps/],
    ['requests_total', { bounds: { timeoutMs: 0 } }, 'timeout', /timed out/],
    ['requests_total', { signal: AbortSignal.abort() }, 'canceled', /canceled/],
  ])('%s %j', async (expression, more, kind, message) => {
    const fault = await refused(metrics.range(range(expression, more)));
    expect(fault.kind).toBe(kind);
    expect(fault.message).toMatch(message);
  });

  test('a query that is cancelled on the way ends at once, others go on', async () => {
    const controller = new AbortController();
    const heavy = metrics.range(range('sum(rate(requests_total[5m]))', { signal: controller.signal }));
    const other = metrics.range(range('count(requests_total)'));
    controller.abort();
    expect((await refused(heavy)).kind).toBe('canceled');
    await answered(other);
  });

  test('more queries than may wait are refused, the others are answered', async () => {
    const all = await Promise.all(Array.from({ length: 400 }, () => metrics.range(range('vector(1)'))));
    const kinds = all.map((one) => (one.ok ? 'ok' : one.error.kind));
    expect(kinds.filter((kind) => kind === 'ok').length).toBeGreaterThanOrEqual(256);
    expect(new Set(kinds)).toEqual(new Set(['ok', 'unavailable']));
  });
});

test('names, metadata, exemplars', async () => {
  const query = { organisation, matchers: [], startMs: start, endMs: start + hour, limit: 0 };
  expect(await metrics.metricNames(query)).toMatchObject({
    value: { items: [{ metric: 'requests_total', series: 300 }] },
  });
  expect(await metrics.labelValues({ ...query, label: 'store' })).toMatchObject({
    value: { items: ['S0', 'S1', 'S2'] },
  });
  const known = await metrics.metadata({ organisation, metric: '', limit: 0 });
  expect(known.ok && known.value.get('requests_total')).toEqual([{ type: 'counter', unit: '1', help: 'Requests.' }]);
  const found = await metrics.exemplars({ ...range('rate(requests_total{store="S1"}[5m])'), startMs: start });
  expect(found).toMatchObject({
    value: {
      series: [{ labels: { pod: 'p7' }, exemplars: [{ labels: { trace_id: 'abc' }, value: 0.5, atMs: start + 1000 }] }],
      warnings: [],
    },
  });
});

test('an engine that is killed: queries go on as soon as it is back', async () => {
  const before = store.restarts();
  process.kill(store.pid(), 'SIGKILL');
  const during = await metrics.range(range('count(requests_total)'));
  expect(during.ok || during.error.kind === 'unavailable').toBe(true);
  await expect.poll(() => store.restarts(), { timeout: 30_000 }).toBe(before + 1);
  await expect
    .poll(async () => (await metrics.range(range('count(requests_total)'))).ok, { timeout: 30_000 })
    .toBe(true);
});

test('after a close every query is refused', async () => {
  const another = open();
  const last = another.range(range('count(requests_total)'));
  await another.close();
  expect((await refused(last)).kind).toBe('unavailable');
  expect((await refused(another.range(range('vector(1)')))).kind).toBe('unavailable');
});
