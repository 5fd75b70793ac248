import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import type { MetricEngine, ScanRequest, ScanResult } from '@sightline/query/promql';
import { exactlyOnceSettings, telemetryDatabase, type EmbeddedStore, type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMetrics } from '../open-metrics.ts';
import { ChunkCache } from '../query/chunk-cache.ts';
import { EngineReader } from '../query/engine-reader.ts';
import { EngineSource } from '../query/engine-source.ts';
import { runShare } from '../query/run-share.ts';
import { keepMetrics } from '../retention.ts';
import { StoredIndex } from '../stored-index.ts';
import { givenChunks, givenSeries, type GivenSeries } from '../test-support/stored-series.ts';
import { dayMs, fiveMinutesMs, hourMs } from './resolutions.ts';
import { RollUps } from './roll-ups.ts';
import { heldDays, madeDays, type RollupState, rollupStateOf } from './rollup-state.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sightline-metrics-'));
const organisation = 'acme';
/** The engine's parts are of this moment: seven hours later everything has been quiet for long. */
const later = Date.now() + 7 * hourMs;
const today = Math.floor(later / dayMs) * dayMs;
const clock = new ManualClock(Math.max(later, today + 2 * hourMs));
/** Ten days and a few hours. */
const start = today - 10 * dayMs;
const minute = 60_000;
const end = today + 2 * hourMs;
const rawMs = 30 * dayMs;
const keptAtLast = { rawMs: 4 * dayMs };
let store: EmbeddedStore;
let reader: EngineReader;

const stale = new Float64Array(new Uint32Array([2, 0x7ff00000]).buffer);

/** A counter that begins anew, a gauge, a sparse series, and one that comes and goes with marks of staleness; in some places. */
function series(): GivenSeries[] {
  const all: GivenSeries[] = [];
  for (let place = 0; place < 6; place++) {
    const labels = { store: `S${place % 3}`, pod: `p${place}` };
    const times: number[] = [];
    for (let at = start + place * 1000; at < end; at += 90_000) times.push(at);
    let total = 0;
    const counted = times.map(
      (at, i) => (total = i % (700 + 100 * place) === 650 ? 3 : total + ((at / 1000 + place) % 13)),
    );
    all.push({ labels: { __name__: 'http_requests_total', ...labels }, times, values: counted });
    all.push({
      labels: { __name__: 'temperature', ...labels },
      times,
      values: times.map((at) => Math.sin(at / 7e6 + place) * 20),
    });
    const rare = times.filter((_, i) => i % (31 + place) === 7);
    all.push({ labels: { __name__: 'rare', ...labels }, times: rare, values: rare.map((_, i) => i * 1.5) });
    const some = times.filter((_, i) => i % 500 < 300);
    const values = new Float64Array(some.length);
    for (const [i, at] of some.entries()) {
      if ((some[i + 1] ?? 0) - at > 90_000) values.set(stale, i);
      else values[i] = at % 1000;
    }
    all.push({ labels: { __name__: 'coming_and_going', ...labels }, times: some, values });
  }
  return all;
}

/** Native histograms that grow, every half an hour. */
function latency(): GivenSeries {
  const times = Array.from({ length: 480 }, (_, i) => start + i * 30 * minute + 1000);
  const histograms = times.map((_, i) => ({
    counterResetHint: 0 as const,
    schema: 3,
    zeroThreshold: 0.001,
    zeroCount: 0,
    count: 2 * i + 2,
    sum: i,
    positiveSpans: [{ offset: 0, length: 1 }],
    negativeSpans: [],
    positiveBuckets: [2 * i + 2],
    negativeBuckets: [],
    customValues: [],
  }));
  return { labels: { __name__: 'latency' }, times, values: times.map(() => 0), histograms };
}

/** The same with a float in the middle of each day. */
function bothKinds(): GivenSeries {
  const { times, values, histograms = [] } = latency();
  const float = (i: number): boolean => i % 48 === 24;
  return {
    labels: { __name__: 'both_kinds' },
    times,
    values: values.map((_, i) => i),
    histograms: histograms.map((histogram, i) => (float(i) ? undefined : histogram)),
  };
}

/** The same, ended by a mark of staleness on a day of its own, and back two days later. */
function staleLatency(): GivenSeries {
  const { times, histograms = [] } = latency();
  const kept = times.flatMap((at, i) => (at < start + 3 * dayMs || at > start + 5 * dayMs ? [i] : []));
  const mark = kept.findIndex((i) => (times[i] ?? 0) > start + 3 * dayMs);
  const shownTimes = kept.map((i) => times[i] ?? 0);
  const shownHistograms: (NonNullable<GivenSeries['histograms']>[number] | undefined)[] = kept.map(
    (i) => histograms[i],
  );
  shownTimes.splice(mark, 0, start + 3 * dayMs + minute);
  shownHistograms.splice(mark, 0, undefined);
  const values = new Float64Array(shownTimes.length);
  values.set(stale, mark);
  return { labels: { __name__: 'stale_latency' }, times: shownTimes, values, histograms: shownHistograms };
}

beforeAll(async () => {
  store = await openMigratedStore(folder);
  // So that the last tests find what is too old by then.
  await keepMetrics(store, keptAtLast);
  await store.execute('SYSTEM STOP TTL MERGES metric_chunks');
  await givenSeries(store, organisation, series());
  await givenSeries(store, organisation, [latency(), bothKinds(), staleLatency()]);
  await givenSeries(store, 'other', [{ labels: { __name__: 'temperature' }, times: [start + minute], values: [1e9] }]);
  reader = new EngineReader({ url: 'http://engine', socketPath: store.socketPath, database: telemetryDatabase });
});
afterAll(async () => {
  reader.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function maker(over: Partial<Pick<TelemetryStore, 'execute'>> = {}, busy = (): boolean => false): RollUps {
  return new RollUps({
    store: {
      query: (sql, parameters, limits) => store.query(sql, parameters, limits),
      stream: (sql, parameters, limits) => store.stream(sql, parameters, limits),
      execute: (sql, parameters, limits) => store.execute(sql, parameters, limits),
      healthy: () => store.healthy(),
      close: () => Promise.resolve(),
      ...over,
    },
    engine: { url: 'http://engine', socketPath: store.socketPath, database: telemetryDatabase },
    folder,
    exactlyOnce: exactlyOnceSettings,
    kept: { rawMs },
    busy,
    clock,
    logger: silentLogger,
  });
}

async function state(kept = rawMs): Promise<RollupState | undefined> {
  const chunks = (days: ReadonlyMap<number, { chunks: number }>) =>
    new Map([...days].map(([day, of]) => [day, of.chunks]));
  const [held, made] = [chunks(await heldDays(store)), chunks(await madeDays(store))];
  return rollupStateOf(held, made, { rawMs: kept, fiveMinutesMs: 365 * dayMs }, clock.now());
}

function sourceOf(rollups: RollupState | undefined): EngineSource {
  const here = (share: Parameters<typeof runShare>[0]): ReturnType<typeof runShare> =>
    runShare(share, {
      reader,
      cache: new ChunkCache(1 << 20),
      damaged: (message) => {
        throw new Error(message);
      },
    });
  return new EngineSource(
    { index: new StoredIndex(store), here, there: undefined, lower: true },
    {
      organisation,
      enforced: [],
      bounds: { samples: 1e8, series: 1e5, values: 1e7, steps: 11_000, timeoutMs: 60_000 },
      deadlineMs: Date.now() + 60_000,
      cancelled: new Int32Array(1),
      rollups,
    },
  );
}

function request(metric: string, kernel: string, rangeMs: number, stepMs: number, summed = false): ScanRequest {
  const startMs = start - hourMs;
  return {
    matchers: [{ label: '__name__', operator: '=', value: metric }],
    grid: { startMs, stepMs, count: Math.floor((end + hourMs - startMs) / stepMs) },
    kernel: { name: kernel, rangeMs, parameters: [] },
    ...(summed ? { reduction: { operator: 'sum', grouping: ['store'], without: false, dropName: true } } : {}),
  };
}

const asked: readonly ScanRequest[] = [
  request('http_requests_total', 'rate', hourMs, hourMs),
  request('http_requests_total', 'rate', fiveMinutesMs, 15 * minute, true),
  request('http_requests_total', 'increase', dayMs, 6 * hourMs),
  request('temperature', 'avg_over_time', hourMs, 4 * hourMs),
  request('temperature', 'max_over_time', 2 * hourMs, 2 * hourMs),
  request('temperature', 'last', fiveMinutesMs, hourMs, true),
  request('rare', 'count_over_time', 4 * hourMs, 4 * hourMs),
  request('rare', 'last', fiveMinutesMs, 5 * minute),
  request('coming_and_going', 'sum_over_time', hourMs, hourMs),
  request('coming_and_going', 'last', 10 * minute, 10 * minute),
  request('coming_and_going', 'min_over_time', 30 * minute, 30 * minute),
];

type Shown = Map<string, (number | undefined)[]>;

function shown(result: ScanResult): Shown {
  return new Map(
    result.series.map(({ labels, values, present }): [string, (number | undefined)[]] => [
      JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
      Array.from(values, (value, i) => (present[i] === 1 ? value : undefined)),
    ]),
  );
}

/** As the annotation says: sums are rounded within 1e-12 of their greatest part, which is below 1e5 here. */
function expectSame(got: Shown, wanted: Shown): void {
  expect([...got.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [key, values] of wanted) {
    const own = got.get(key) ?? [];
    const wrong = values.findIndex((value, i) =>
      value === undefined || own[i] === undefined ? value !== own[i] : !(Math.abs(own[i] - value) <= 1e-7),
    );
    if (wrong >= 0) expect([key, wrong, own[wrong]]).toEqual([key, wrong, values[wrong]]);
  }
}

const told = ({ annotations }: ScanResult): string[] => annotations.map(({ message }) => message);
const fromSamples: Shown[] = [];

const rows = (table: string): Promise<{ day: number; series: number }[]> =>
  store.query(
    `SELECT toUInt32(intDiv(t, 86400000)) AS day, toUInt32(count()) AS series FROM ${table} FINAL WHERE organisation = {organisation:String} GROUP BY day ORDER BY day`,
    { organisation },
  );

describe('days are rolled up once, whatever happens', () => {
  test('before anything is, everything is read from samples', async () => {
    expect(await state()).toBeUndefined();
    for (const request of asked) fromSamples.push(shown(await sourceOf(undefined).scan(request)));
    for (const answer of fromSamples) expect(answer.size).toBeGreaterThan(0);
  });

  test('an end in the middle of a day leaves nothing that counts', async () => {
    let inserts = 0;
    const broken = maker({
      execute: async (sql, parameters, limits) => {
        if (sql.includes('metric_rollups_') && ++inserts === 6) throw new Error('the engine is gone');
        await store.execute(sql, parameters, limits);
      },
    });
    // Two inserts for each organisation and day, of which the first has both: the second gets its rows of five minutes alone.
    await expect(broken.pass()).rejects.toThrow('the engine is gone');
    expect([...(await madeDays(store)).keys()]).toEqual([start]);
    expect(await rows('metric_rollups_5m')).toHaveLength(2);
    expect((await state())?.upToMs).toBe(start + dayMs);
    // The same when the process goes, thread and all.
    const killed = maker({
      execute: async (sql, parameters, limits) => {
        await store.execute(sql, parameters, limits);
        if (sql.includes('metric_rollups_5m')) void killed.close();
      },
    });
    await expect(killed.pass()).rejects.toThrow(/ended/);
    expect([...(await madeDays(store)).keys()]).toEqual([start]);
  });

  test('queries that are at work come first, but not for ever', async () => {
    const waiting = maker({}, () => true);
    await waiting.pass();
    clock.advance(2 * minute - 1);
    await waiting.pass();
    expect([...(await madeDays(store)).keys()]).toEqual([start]);
    expect(waiting.metrics()).toContain('sightline_metric_store_rolled_up_days 1\n');
    clock.advance(1);
    await waiting.pass();
    expect(waiting.metrics()).toContain('sightline_metric_store_rolled_up_days 10\n');
  });

  test('every day has its rows once, and a day that is done is left alone', async () => {
    expect([...(await madeDays(store)).keys()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, i) => start + i * dayMs),
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('rollup-'))).toEqual([]);
    for (const table of ['metric_rollups_5m', 'metric_rollups_1h']) {
      const days = await rows(table);
      expect(days).toHaveLength(10);
      // On the fifth day one of 27 is not there.
      expect(days.map(({ series: count }) => count)).toEqual([27, 27, 27, 27, 26, 27, 27, 27, 27, 27]);
    }
    const idle = maker({ execute: () => Promise.reject(new Error('nothing is to be written')) });
    await idle.pass();
    expect(await state()).toMatchObject({ firstMs: start, upToMs: today });
  });
});

describe('a query gets the same from roll-ups as from samples', () => {
  test.each(
    asked.map((request, i) => [`${request.kernel.name} of ${request.matchers[0]?.value ?? ''}`, request, i] as const),
  )('%s', async (_, request, i) => {
    const result = await sourceOf(await state()).scan(request);
    expect(told(result).join()).toMatch(/answered from roll-ups of (1 hour|5 minutes): as from samples/);
    expectSame(shown(result), fromSamples[i] ?? new Map());
  });
});

test('native histograms come from roll-ups as floats do', async () => {
  const asked = request('latency', 'increase', hourMs, hourMs);
  const [got, wanted] = [await sourceOf(await state()).scan(asked), await sourceOf(undefined).scan(asked)];
  expect(wanted.series[0]?.histograms?.filter(Boolean).length).toBeGreaterThan(200);
  expect(got.series).toEqual(wanted.series);
  expect(told(got).join()).toMatch(/answered from roll-ups of 1 hour: as from samples/);
  expect(got.samples).toBeLessThanOrEqual(wanted.samples);
  // A reduction that meets them among the engine's rows is left undone.
  const summed = request('latency', 'increase', hourMs, hourMs, true);
  for (const rollups of [await state(), undefined])
    expect(await sourceOf(rollups).scan(summed)).toMatchObject({ reduced: false, series: wanted.series });
});

test.each([
  ['a sum, for which every histogram is needed', 'latency', 'sum_over_time'],
  ['a series of floats and histograms', 'both_kinds', 'rate'],
])('%s is read from samples, whatever the plan', async (_, metric, kernel) => {
  const asked = request(metric, kernel, hourMs, hourMs);
  const [got, wanted] = [await sourceOf(await state()).scan(asked), await sourceOf(undefined).scan(asked)];
  expect(wanted.series[0]?.present.includes(1)).toBe(true);
  expect(got).toEqual(wanted);
});

test('a day of nothing but a mark of staleness is among days of histograms', async () => {
  const asked = request('stale_latency', 'last', 2 * hourMs, hourMs);
  const [got, wanted] = [await sourceOf(await state()).scan(asked), await sourceOf(undefined).scan(asked)];
  expect(wanted.series[0]?.present.includes(1)).toBe(true);
  expect(told(got).join()).toMatch(/answered from roll-ups/);
  expect(got.series).toEqual(wanted.series);
});

describe('samples that come late for a day that is done', () => {
  const late = {
    labels: { __name__: 'temperature', store: 'S0', pod: 'p0' },
    times: [start + 5 * dayMs + 31_000],
    values: [1000],
  };
  const warmest = request('temperature', 'max_over_time', dayMs, dayMs);
  const most = async (): Promise<number> => {
    const answer = await sourceOf(await state()).scan(warmest);
    return Math.max(...answer.series.flatMap(({ values, present }) => [...values].filter((_, i) => present[i] === 1)));
  };
  test('are seen at once, since days from theirs on are read from samples; then the day is made anew', async () => {
    expect(await most()).toBeLessThan(21);
    await givenChunks(store, organisation, [late]);
    expect((await state())?.upToMs).toBe(start + 5 * dayMs);
    expect(await most()).toBe(1000);
    await maker().pass();
    expect((await state())?.upToMs).toBe(today);
    expect(await most()).toBe(1000);
    // Of both versions of the day's rows the newer counts.
    expect(await rows('metric_rollups_1h')).toHaveLength(10);
  });
});

describe('where samples are gone', () => {
  let engine: MetricEngine & { close(): Promise<void> };
  beforeAll(async () => {
    await store.execute('SYSTEM START TTL MERGES metric_chunks');
    await store.execute('OPTIMIZE TABLE metric_chunks FINAL');
    engine = openMetrics({
      store,
      engine: { url: 'http://engine', socketPath: store.socketPath, database: telemetryDatabase },
      head: undefined,
      kept: keptAtLast,
      clock,
      logger: silentLogger,
    });
  });
  afterAll(() => engine.close());

  test('the engine dropped the days that are older than the retention', async () => {
    const oldest = async () => Math.min(...(await heldDays(store)).keys());
    await expect.poll(oldest, { timeout: 60_000 }).toBeGreaterThan(start + 4 * dayMs);
    expect([...(await heldDays(store)).keys()]).toContain(today);
  });

  async function range(expression: string, startMs: number, endMs: number, stepMs: number) {
    const answer = await engine.range({ organisation, expression, startMs, endMs, stepMs });
    if (!answer.ok || answer.value.value.type !== 'matrix') throw new Error(JSON.stringify(answer));
    return { ...answer.value, series: answer.value.value.series };
  }

  test('questions are answered as before', async () => {
    const i = asked.findIndex(({ matchers }) => matchers[0]?.value === 'http_requests_total');
    const { grid } = asked[i] ?? request('', '', 0, 1);
    const answer = await range('rate(http_requests_total[1h])', grid.startMs, end + hourMs - 1, hourMs);
    expect(answer.infos).toEqual([
      expect.stringMatching(/answered from roll-ups of 1 hour: as from samples but for rounding, 1e-12/),
    ]);
    const wanted = fromSamples[i] ?? new Map<string, (number | undefined)[]>();
    expect(answer.series).toHaveLength(wanted.size);
    for (const { labels, floats } of answer.series) {
      const [, own] = [...wanted].find(([key]) => key.includes(`"${labels.pod}"`)) ?? [];
      const present =
        own?.flatMap((value, step) => (value === undefined ? [] : [[grid.startMs + step * hourMs, value]])) ?? [];
      expect([...floats.times]).toEqual(present.map(([at]) => at));
      for (const [k, value] of floats.values.entries()) expect(value).toBeCloseTo(present[k]?.[1] ?? Number.NaN, 9);
    }
  });

  test('between the ends of buckets the answer is that of the end before, and it says so', async () => {
    const from = start + 2 * dayMs + 3 * hourMs;
    const exact = await range('temperature{pod="p1"}', from, from + hourMs, 5 * minute);
    const between = await range('temperature{pod="p1"}', from + 4 * minute, from + 64 * minute, 5 * minute);
    expect([...(between.series[0]?.floats.values ?? [])]).toEqual([...(exact.series[0]?.floats.values ?? [])]);
    expect(between.infos).toEqual([
      expect.stringMatching(
        /are answered from roll-ups of 5 minutes: each as of the last full 5 minutes before it \(1:1\)$/,
      ),
    ]);
    const odd = await range('max_over_time(temperature{pod="p1"}[7m])', from + minute, from + hourMs, 7 * minute);
    expect(odd.infos).toEqual([expect.stringMatching(/its range rounded to whole multiples of 5 minutes/)]);
  });

  test('a range that reaches to samples goes over from one to the other', async () => {
    const { series: all, infos } = await range(
      'count(temperature)',
      start + dayMs + minute,
      today + hourMs,
      7 * minute,
    );
    expect(infos).toHaveLength(1);
    const floats = all[0]?.floats;
    expect(floats?.times.length).toBe(Math.floor((today + hourMs - start - dayMs - minute) / (7 * minute)) + 1);
    expect(floats?.values.every((value) => value === 6)).toBe(true);
  });

  test('what roll-ups cannot give is left out with a warning', async () => {
    const rates = await range('histogram_count(rate(latency[1h]))', start + dayMs, today, hourMs);
    expect(rates.warnings).toEqual([]);
    expect(Math.min(...(rates.series[0]?.floats.times ?? []))).toBe(start + dayMs);
    const sums = await range('histogram_count(sum_over_time(latency[1h]))', start + dayMs, today, hourMs);
    expect(sums.warnings).toEqual([
      expect.stringMatching(
        /native histograms are answered from samples alone, as roll-ups hold too little of these for it: what was before .*Z is left out/,
      ),
    ]);
    expect(Math.min(...(sums.series[0]?.floats.times ?? []))).toBeGreaterThan(start + 4 * dayMs);
    const { series: all, warnings } = await range(
      'quantile_over_time(0.5, temperature{pod="p1"}[1h])',
      start + dayMs,
      today,
      hourMs,
    );
    expect(warnings).toEqual([
      expect.stringMatching(/are kept as roll-ups alone, which cannot give quantile_over_time/),
    ]);
    expect(Math.min(...(all[0]?.floats.times ?? []))).toBeGreaterThan(start + 4 * dayMs);
  });
});
