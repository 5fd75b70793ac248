import { describe, expect, test } from 'vitest';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { writeStale } from '../kernels/columns.ts';
import { KernelNotes } from '../kernels/kernel.ts';
import { runKernel } from '../kernels/run-kernel.ts';
import type { KernelCall, SampleColumns } from '../source.ts';
import { kindOf, RolledHistograms, rollUpHistograms } from './rolled-histograms.ts';
import { canRunRolledHistograms, runRolledHistograms } from './run-rolled-histograms.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = 1_795_219_200_000;
const span = 4 * hour;

/** Numbers that look random and are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Point = readonly [atMs: number, histogram: FloatHistogram | 'stale', startedMs?: number];

const histogram = (buckets: readonly number[], more: Partial<FloatHistogram> = {}): FloatHistogram => {
  const zeroCount = more.zeroCount ?? 0;
  return {
    counterResetHint: 0,
    schema: 2,
    zeroThreshold: 0.001,
    zeroCount,
    count: buckets.reduce((sum, count) => sum + count, zeroCount),
    sum: buckets.reduce((sum, count, i) => sum + count * (i + 1) * 1.25, 0),
    positiveSpans: [{ offset: -1, length: buckets.length }],
    negativeSpans: [],
    positiveBuckets: [...buckets],
    negativeBuckets: [],
    customValues: [],
    ...more,
  };
};

/** Samples at about `everyMs`. */
function series(
  everyMs: number,
  value: (i: number, random: () => number) => FloatHistogram | 'stale' | undefined,
  jitterMs = 0,
): Point[] {
  const random = numbers(everyMs + jitterMs);
  const points: Point[] = [];
  for (let i = 0; i * everyMs < span; i++) {
    const at = start + i * everyMs + Math.floor(random() * jitterMs);
    const made = value(i, random);
    if (made) points.push([at, made]);
  }
  return points;
}

/** Counts of four buckets that grow, and begin anew as often as `often` says. */
function growing(often: number, layout: (i: number) => Partial<FloatHistogram> = () => ({})) {
  let counts = [0, 0, 0, 0];
  return (i: number, random: () => number): FloatHistogram => {
    if (i === 0 || random() < often) counts = [0, 0, 0, 0];
    counts = counts.map((count) => count + Math.floor(random() * 4));
    return histogram(counts, layout(i));
  };
}
const schemas = [3, 2, 1, 2, 3, 0];
const bounds = [
  [0.1, 0.5, 1],
  [0.1, 1, 2.5],
];

const given: Record<string, readonly Point[]> = {
  'a counter that never begins anew': series(15_000, growing(0)),
  'one that begins anew now and then, at unsteady times': series(15_000, growing(0.01), 9_000),
  'one that begins anew at every second sample': series(30_000, growing(0.5)),
  'a single bucket falls while the count grows': series(20_000, (i) =>
    histogram([i, 3 * i, i % 23 === 22 ? 0 : 5 * i, 10 * i]),
  ),
  'the resolution changes': series(
    20_000,
    growing(0.01, (i) => ({ schema: schemas[Math.floor(i / 37) % 6] ?? 0 })),
  ),
  'the zero bucket grows and shrinks': series(
    20_000,
    growing(0.005, (i) => ({ zeroThreshold: [0.001, 0.1, 0.5][Math.floor(i / 41) % 3] ?? 0, zeroCount: i })),
  ),
  'buckets below zero': series(
    20_000,
    growing(0.01, (i) => ({ negativeSpans: [{ offset: 2, length: 2 }], negativeBuckets: [i, 2 * i] })),
  ),
  'buckets of bounds of their own': series(
    20_000,
    growing(0.01, (i) => ({
      schema: -53,
      zeroThreshold: 0,
      positiveSpans: [{ offset: 0, length: 4 }],
      customValues: bounds[Math.floor(i / 50) % 2] ?? [],
    })),
  ),
  'own bounds and exponential ones in turn': series(
    20_000,
    growing(0.01, (i) =>
      Math.floor(i / 60) % 2 === 0
        ? {}
        : { schema: -53, zeroThreshold: 0, positiveSpans: [{ offset: 0, length: 4 }], customValues: bounds[0] ?? [] },
    ),
  ),
  'hints that say what is so': series(20_000, (i) =>
    histogram([i % 50, i % 50, i % 50, i % 50], { counterResetHint: i % 50 === 0 ? 1 : 2 }),
  ),
  'hints that are wrong': series(20_000, (i) =>
    histogram([i % 7, 50 - (i % 11), i, i], { counterResetHint: ([0, 2, 2, 0, 1] as const)[i % 5] ?? 0 }),
  ),
  gauges: series(20_000, (i, random) => histogram([random() * 9, i % 13, 4, 1], { counterResetHint: 3 })),
  'gauges and counters in turn': series(
    20_000,
    growing(0.01, (i) => (Math.floor(i / 50) % 2 === 0 ? { counterResetHint: 3 as const } : {})),
  ),
  'gaps and marks of staleness': series(15_000, (i, random) =>
    i % 300 > 220 ? undefined : i % 300 === 220 ? 'stale' : growing(0.01)(i, random),
  ),
  'one that goes stale and comes back between two samples': series(minute, (i) =>
    i % 11 === 3 ? 'stale' : histogram([i, i, i, i]),
  ),
  'a sparse series': series(37 * minute, growing(0.2), 5 * minute),
  'samples at the very ends of buckets': series(5 * minute, growing(0.1)),
  'a counter that says when it began': series(15_000, growing(0)).map(([at, value], i): Point => [
    at,
    value,
    start + Math.floor(i / 500) * 500 * 15_000 - 7_000,
  ]),
  'starts that overlap': series(20_000, growing(0)).map(([at, value], i): Point => [
    at,
    value,
    start - (i % 90 === 89 ? 5000 : 9000),
  ]),
  'no numbers': series(20_000, (i) =>
    histogram([i, i, i, i], i % 17 === 5 ? { count: Number.NaN, sum: Number.NaN } : {}),
  ),
};

function columns(points: readonly Point[]): SampleColumns {
  const values = new Float64Array(points.length);
  for (const [i, [, value]] of points.entries()) if (value === 'stale') writeStale(values, i);
  return {
    count: points.length,
    times: Float64Array.from(points, ([at]) => at),
    values,
    histograms: points.map(([, value]) => (value === 'stale' ? undefined : value)),
    ...(points.some((point) => point[2] !== undefined)
      ? { startTimes: Float64Array.from(points, (point) => point[2] ?? 0) }
      : {}),
  };
}

function rolled(samples: SampleColumns, resolutionMs: number): RolledHistograms {
  const made = new RolledHistograms();
  // In two pieces, as days come.
  const middle = Math.floor(samples.count / 2);
  for (const [from, to] of [
    [0, middle],
    [middle, samples.count],
  ] as const)
    rollUpHistograms(
      {
        count: to - from,
        times: samples.times.subarray(from, to),
        values: samples.values.subarray(from, to),
        histograms: samples.histograms?.slice(from, to),
        startTimes: samples.startTimes?.subarray(from, to),
      },
      resolutionMs,
      made,
    );
  return made;
}

const kernels =
  'rate increase delta count_over_time min_over_time max_over_time present_over_time first_over_time last_over_time ts_of_first_over_time ts_of_last_over_time last timestamp'.split(
    ' ',
  );

describe.each(Object.entries(given))('%s', (_, points) => {
  const samples = columns(points);
  test.each([
    [5 * minute, 5 * minute, 5 * minute],
    [5 * minute, 35 * minute, 10 * minute],
    [hour, hour, hour],
    [hour, 2 * hour, hour],
  ])('buckets of %d ms give what samples give: windows of %d ms every %d ms', (resolutionMs, rangeMs, stepMs) => {
    const buckets = rolled(samples, resolutionMs);
    const grid = { startMs: start - hour, stepMs, count: Math.floor((span + 2 * hour) / stepMs) };
    for (const name of kernels)
      for (const statistics of [false, true]) {
        const instant = name === 'last' || name === 'timestamp';
        const call: KernelCall = {
          name,
          rangeMs: instant ? 5 * minute : rangeMs,
          parameters: [],
          ...(statistics ? { statistics } : {}),
        };
        const [own, theirs] = [new KernelNotes(), new KernelNotes()];
        const got = runRolledHistograms(call, buckets, resolutionMs, grid, own);
        const wanted = runKernel(call, samples, grid, theirs);
        expect(got.present, name).toEqual(wanted.present);
        expect(got.values, name).toEqual(wanted.values);
        expect(got.histograms?.filter(Boolean), name).toEqual(wanted.histograms?.filter(Boolean) ?? []);
        expect(own.annotations, name).toEqual(theirs.annotations);
      }
  });
});

test('of a counter that never begins anew two samples of a bucket are kept', () => {
  const { times, count } = rolled(columns(given['a counter that never begins anew'] ?? []), hour);
  expect(times.length).toBeLessThanOrEqual(2 * count + 2);
});

test('a range that is no whole buckets is rounded, what grows with it is brought to it', () => {
  const samples = columns(given['a counter that never begins anew'] ?? []);
  const buckets = rolled(samples, 5 * minute);
  const grid = { startMs: start + 3 * hour + 77_000, stepMs: 0, count: 1 };
  const whole = { startMs: start + 3 * hour, stepMs: 0, count: 1 };
  const call = { name: 'increase', rangeMs: 12 * minute, parameters: [] };
  const got = runRolledHistograms(call, buckets, 5 * minute, grid, new KernelNotes());
  const wanted = runKernel({ ...call, rangeMs: 10 * minute }, samples, whole);
  expect(got.histograms?.[0]?.count).toBeCloseTo((wanted.histograms?.[0]?.count ?? 0) * 1.2, 9);
});

test('what needs every histogram is known, and what kind a series is', () => {
  for (const name of ['sum_over_time', 'avg_over_time', 'irate', 'changes'])
    expect(canRunRolledHistograms({ name, rangeMs: hour, parameters: [] })).toBe(false);
  expect(canRunRolledHistograms({ name: 'rate', rangeMs: hour, parameters: [] })).toBe(true);
  const some: Point[] = [
    [start, histogram([1])],
    [start + 1, 'stale'],
  ];
  expect(kindOf(columns(some))).toBe('histograms');
  expect(kindOf({ ...columns(some), values: Float64Array.of(0, 7) })).toBe('both');
  expect(kindOf(columns([[start, 'stale']]))).toBe('floats');
});
