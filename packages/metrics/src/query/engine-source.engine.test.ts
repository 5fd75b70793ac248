import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ok, type Result } from '@sightline/base';
import {
  GroupReduction,
  QueryFailure,
  runKernel,
  type QueryFault,
  type ScanRequest,
  type ScanResult,
} from '@sightline/query/promql';
import { telemetryDatabase, type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockMs } from '../block.ts';
import { encodeChunk } from '../chunk/chunk.ts';
import type { HeadPieces, Selection, SelectionRequest } from '../selection.ts';
import { StoredIndex } from '../stored-index.ts';
import { fpOf, givenChunks, givenSeries, type GivenSeries } from '../test-support/stored-series.ts';
import { ChunkCache } from './chunk-cache.ts';
import { EngineReader } from './engine-reader.ts';
import { EngineSource } from './engine-source.ts';
import { VectorsLease } from '../vector/vectors.ts';
import { runShare } from './run-share.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sightline-metrics-'));
const organisation = 'acme';
const start = 1_795_219_200_000 - (1_795_219_200_000 % blockMs);
let store: EmbeddedStore;
let reader: EngineReader;

const hour = 3_600_000;
/** Three metrics in forty places over nine hours, every 30 s; some begin late or have gaps. */
const series: GivenSeries[] = [];
for (const metric of ['http_requests_total', 'queue_length', 'temperature']) {
  for (let place = 0; place < 40; place++) {
    const times: number[] = [];
    const values: number[] = [];
    let value = place;
    for (let at = start + (place % 5) * 1000; at < start + 9 * hour; at += 30_000) {
      if (place % 7 === 3 && at > start + 3 * hour && at < start + 6 * hour) continue;
      value = metric === 'http_requests_total' ? value + ((at / 1000 + place) % 13) : Math.sin(at / 1e6 + place) * 10;
      if (metric === 'queue_length') value = Math.round(value * 10) / 10;
      times.push(at);
      values.push(value);
    }
    series.push({ labels: { __name__: metric, store: `S${place % 10}`, pod: `p${place}` }, times, values });
  }
}

beforeAll(async () => {
  store = await openMigratedStore(folder);
  await givenSeries(store, organisation, series);
  await givenSeries(store, 'other', [{ ...series[0]!, values: series[0]!.values.map(() => 1e9) }]);
  reader = new EngineReader({ url: 'http://engine', socketPath: store.socketPath, database: telemetryDatabase });
});
afterAll(async () => {
  reader.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Given {
  /** Selections as the index gives them, changed on the way. */
  readonly change?: (selection: Selection) => Selection;
  readonly cache?: ChunkCache;
  readonly two?: boolean;
  readonly bounds?: { samples?: number; series?: number; values?: number };
  readonly deadlineMs?: number;
  readonly cancelled?: Int32Array;
}

const vectors = new VectorsLease();

function sourceOf(given: Given = {}): EngineSource {
  const stored = new StoredIndex(store);
  const cache = given.cache ?? new ChunkCache(1 << 20);
  const here = (share: Parameters<typeof runShare>[0]): ReturnType<typeof runShare> =>
    runShare(share, {
      reader,
      cache,
      vectors,
      damaged: (message) => {
        throw new Error(message);
      },
    });
  return new EngineSource(
    {
      index: {
        select: async (request: SelectionRequest): Promise<Result<Selection, QueryFault>> => {
          const selected = await stored.select(request);
          return selected.ok && given.change ? ok(given.change(selected.value)) : selected;
        },
        series: (query) => stored.series(query),
        metricNames: (query) => stored.metricNames(query),
        labelNames: (query) => stored.labelNames(query),
        labelValues: (query) => stored.labelValues(query),
        statistics: (of) => stored.statistics(of),
        endLease: () => undefined,
      },
      here,
      there: given.two ? here : undefined,
      lower: true,
    },
    {
      organisation,
      enforced: [],
      bounds: { samples: 1e8, series: 1e5, values: 1e7, steps: 11_000, timeoutMs: 60_000, ...given.bounds },
      deadlineMs: given.deadlineMs ?? Date.now() + 60_000,
      cancelled: given.cancelled ?? new Int32Array(1),
    },
  );
}

const named = (value: string) => ({ label: '__name__', operator: '=' as const, value });

function request(given: Partial<ScanRequest> & { hours?: number; name?: string }): ScanRequest {
  return {
    matchers: given.matchers ?? [named(given.name ?? 'http_requests_total')],
    grid: given.grid ?? { startMs: start + hour, stepMs: 60_000, count: (given.hours ?? 8) * 60 },
    kernel: given.kernel ?? { name: 'rate', rangeMs: 300_000, parameters: [] },
    ...(given.reduction ? { reduction: given.reduction } : {}),
  };
}

/** The same by the kernels alone, samples in memory. */
function expected(asked: ScanRequest, wanted: (s: GivenSeries) => boolean): Map<string, (number | undefined)[]> {
  const all = series.filter(wanted).map(({ labels, times, values }) => ({
    labels,
    ...runKernel(
      asked.kernel,
      { count: times.length, times: Float64Array.from(times), values: Float64Array.from(values) },
      asked.grid,
    ),
  }));
  if (!asked.reduction) return shown(all);
  const reduction = new GroupReduction(asked.reduction, asked.grid.count);
  for (const { labels, ...values } of all) reduction.add(labels, values);
  return shown(reduction.finish());
}

function shown(all: readonly Pick<ScanResult['series'][number], 'labels' | 'values' | 'present'>[]) {
  return new Map(
    all
      .filter(({ present }) => present.includes(1))
      .map(({ labels, values, present }) => [
        JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
        Array.from(values, (v, i) => (present[i] === 1 ? v : undefined)),
      ]),
  );
}

function expectClose(got: ScanResult, wanted: Map<string, (number | undefined)[]>): void {
  const have = shown(got.series);
  expect([...have.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [key, values] of wanted) {
    const own = have.get(key) ?? [];
    for (const [i, value] of values.entries()) {
      if (value === undefined) expect(own[i]).toBeUndefined();
      else expect(Math.abs((own[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(1e-12 * Math.abs(value));
    }
  }
}

const byStore = { operator: 'sum', grouping: ['store'], without: false, dropName: true } as const;
const isMetric =
  (name: string) =>
  ({ labels }: GivenSeries) =>
    labels.__name__ === name;

describe('what the engine holds is computed as if it lay in memory', () => {
  test.each<[string, Parameters<typeof request>[0], (s: GivenSeries) => boolean]>([
    ['rates', {}, isMetric('http_requests_total')],
    ['sums of rates by store', { reduction: byStore }, isMetric('http_requests_total')],
    [
      'the newest of each',
      { name: 'queue_length', kernel: { name: 'last', rangeMs: 300_000, parameters: [] } },
      isMetric('queue_length'),
    ],
    ['one instant', { grid: { startMs: start + 5 * hour, stepMs: 0, count: 1 } }, isMetric('http_requests_total')],
    [
      'several metrics by an expression',
      {
        matchers: [
          { label: '__name__', operator: '=~', value: 'queue.*|temp.+' },
          { label: 'store', operator: '!=', value: 'S1' },
          { label: 'absent', operator: '=', value: '' },
        ],
        kernel: { name: 'max_over_time', rangeMs: 600_000, parameters: [] },
      },
      ({ labels }) => labels.__name__ !== 'http_requests_total' && labels.store !== 'S1',
    ],
    [
      'before anything',
      { grid: { startMs: start - 9 * hour, stepMs: 60_000, count: 60 } },
      isMetric('http_requests_total'),
    ],
  ])('%s', async (_, given, wanted) => {
    const asked = request(given);
    expectClose(await sourceOf().scan(asked), expected(asked, wanted));
    expectClose(await sourceOf({ two: true }).scan(asked), expected(asked, wanted));
  });
});

/** A selection as a head gives it that still holds everything since `from`. */
function withHead(selection: Selection, from: number, stored?: Selection['stored']): Selection {
  const pieces: { i: number; bytes: Uint8Array }[] = [];
  for (const given of series) {
    const i = selection.fps.indexOf(fpOf(given.labels));
    const first = given.times.findIndex((t) => t >= from);
    if (i < 0 || first < 0) continue;
    const all = {
      count: given.times.length,
      times: Float64Array.from(given.times),
      values: Float64Array.from(given.values),
    };
    const middle = first + Math.floor((all.count - first) / 2);
    if (middle > first) pieces.push({ i, bytes: encodeChunk(all, first, middle) });
    pieces.push({ i, bytes: encodeChunk(all, middle) });
  }
  pieces.sort((a, b) => a.i - b.i);
  const head: HeadPieces = {
    series: Uint32Array.from(pieces, ({ i }) => i),
    places: Uint32Array.from(pieces.flatMap(({ bytes }, p) => [p, 0, bytes.length, 0])),
    pages: pieces.map(({ bytes }) => bytes),
  };
  return { ...selection, head, ...(stored ? { stored } : {}) };
}

const storedOf = (lastMs: number, changed: readonly [number, number][] = []): NonNullable<Selection['stored']> => ({
  firstMs: start,
  lastMs,
  changedMs: Float64Array.from(changed, ([ms]) => ms),
  changes: Uint32Array.from(changed, ([, n]) => n),
});

describe('head and engine together', () => {
  const asked = request({ reduction: byStore });
  test.each([
    ['the head goes on where the engine ends', start + 8 * hour],
    ['blocks that are seen in both count once', start + 5 * hour],
    ['everything is in both', start],
  ])('%s', async (_, from) => {
    const change = (selection: Selection): Selection => withHead(selection, from);
    expectClose(await sourceOf({ change }).scan(asked), expected(asked, isMetric('http_requests_total')));
    expectClose(await sourceOf({ change, two: true }).scan(asked), expected(asked, isMetric('http_requests_total')));
  });
  test('nothing is in the engine yet', async () => {
    const change = (selection: Selection): Selection => withHead(selection, start, storedOf(Number.NaN));
    expectClose(await sourceOf({ change }).scan(asked), expected(asked, isMetric('http_requests_total')));
  });
});

describe('the cache', () => {
  test('a block that was read is not read again, until it got a late chunk', async () => {
    const late = { labels: { __name__: 'late_total', pod: 'a' }, times: [start, start + 60_000], values: [1, 3] };
    await givenSeries(store, organisation, [late]);
    const cache = new ChunkCache(1 << 20);
    const asked = request({
      name: 'late_total',
      grid: { startMs: start + 5 * 60_000, stepMs: 0, count: 1 },
      kernel: { name: 'sum_over_time', rangeMs: 600_000, parameters: [] },
    });
    const sum = async (changes: number): Promise<number | undefined> => {
      const change = (selection: Selection): Selection => ({
        ...selection,
        stored: storedOf(start + blockMs, changes === 0 ? [] : [[start, changes]]),
      });
      return (await sourceOf({ change, cache }).scan(asked)).series[0]?.values[0];
    };
    expect(await sum(0)).toBe(4);
    await givenChunks(store, organisation, [{ ...late, times: [start + 30_000], values: [10] }]);
    expect(await sum(0)).toBe(4);
    expect(await sum(1)).toBe(14);
    expect(await sum(1)).toBe(14);
  });
  test('a small one gives the same answers as none', async () => {
    const cache = new ChunkCache(64 * 1024);
    const change = (selection: Selection): Selection => ({ ...selection, stored: storedOf(start + 4 * blockMs) });
    const asked = request({ reduction: byStore });
    for (let round = 0; round < 3; round++) {
      expectClose(await sourceOf({ cache, change }).scan(asked), expected(asked, isMetric('http_requests_total')));
    }
  });
});

describe('limits are faults with a reason', () => {
  test.each<[string, Given, RegExp]>([
    ['samples', { bounds: { samples: 1000 } }, /too many samples/],
    ['series', { bounds: { series: 10 } }, /more than 10 series/],
    ['values', { bounds: { values: 1000 } }, /40 series of 480 steps/],
    ['time', { deadlineMs: Date.now() - 1 }, /timed out/],
    ['a cancelled query', { cancelled: new Int32Array([1]) }, /canceled/],
  ])('%s', async (_, given, message) => {
    await expect(sourceOf(given).scan(request({}))).rejects.toThrow(message);
    await expect(sourceOf(given).scan(request({}))).rejects.toBeInstanceOf(QueryFailure);
  });
  test('an engine that is not there', async () => {
    const away = new EngineReader({
      url: 'http://engine',
      socketPath: path.join(folder, 'nobody.sock'),
      database: 'x',
    });
    await expect(
      away.rows(
        { sql: 'SELECT 1', parameters: {}, timeoutMs: 1000 },
        () => undefined,
        () => undefined,
      ),
    ).rejects.toThrow(/cannot be reached/);
    away.close();
  });
  test('a statement that the engine refuses', async () => {
    await expect(
      reader.rows(
        { sql: 'SELECT fp, t, chunk FROM nowhere', parameters: {}, timeoutMs: 1000 },
        () => undefined,
        () => undefined,
      ),
    ).rejects.toThrow(/did not answer: Code: 60/);
  });
});

test('names, values and figures of the index', async () => {
  const index = new StoredIndex(store);
  const query = { organisation, matchers: [[named('temperature')]], startMs: start, endMs: start + hour, limit: 0 };
  expect((await index.labelNames(query)).items).toEqual(['__name__', 'pod', 'store']);
  expect((await index.labelValues({ ...query, label: 'store' })).items).toHaveLength(10);
  expect((await index.labelValues({ ...query, matchers: [], label: '__name__' })).items).toContain('queue_length');
  expect(await index.series({ ...query, limit: 3 })).toMatchObject({ cut: true, items: { length: 3 } });
  const figures = await index.statistics('other');
  expect(figures.series).toBe(1);
  expect(figures.byLabel).toContainEqual(['pod', 1]);
  expect(figures.byLabel).toContainEqual(['__name__', 1]);
  expect(figures.byPair).toHaveLength(figures.pairs);
});
