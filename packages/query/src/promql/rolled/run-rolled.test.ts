import { describe, expect, test } from 'vitest';
import { writeStale } from '../kernels/columns.ts';
import { KernelNotes } from '../kernels/kernel.ts';
import { runKernel } from '../kernels/run-kernel.ts';
import type { Grid, KernelCall, SampleColumns } from '../source.ts';
import { RolledColumns, rollUp, widen } from './rolled-columns.ts';
import { canRunRolled, isExactRolled, runRolledInto } from './run-rolled.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = 1_795_219_200_000;

/** Numbers that look random and are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Point = readonly [atMs: number, value: number | 'stale', startedMs?: number];

function columns(points: readonly Point[]): SampleColumns {
  const values = Float64Array.from(points, ([, value]) => (value === 'stale' ? 0 : value));
  for (const [i, [, value]] of points.entries()) if (value === 'stale') writeStale(values, i);
  const starts = points.some((point) => point[2] !== undefined);
  return {
    count: points.length,
    times: Float64Array.from(points, ([at]) => at),
    values,
    ...(starts ? { startTimes: Float64Array.from(points, (point) => point[2] ?? 0) } : {}),
  };
}

/** Three days of samples at about `everyMs`. */
function series(everyMs: number, value: (i: number, random: () => number) => Point[1], jitterMs = 0): Point[] {
  const random = numbers(everyMs + jitterMs);
  const points: Point[] = [];
  for (let i = 0; start + i * everyMs < start + 3 * day; i++) {
    points.push([start + i * everyMs + Math.floor(random() * jitterMs), value(i, random)]);
  }
  return points;
}

let total = 0;
const counter = (i: number, random: () => number): number => {
  if (i === 0 || random() < 0.002) total = Math.floor(random() * 5);
  return (total += Math.floor(random() * 50));
};

const given: Record<string, readonly Point[]> = {
  'a counter that begins anew now and then': series(15_000, counter),
  'the same with unsteady times': series(15_000, counter, 9_000),
  'a counter that begins anew in each bucket': series(20_000, (i) => (i % 7) * 10),
  'a gauge': series(10_000, (i, random) => Math.sin(i / 90) * 40 + random()),
  'a gauge of large and small numbers': series(30_000, (_, random) => (random() - 0.5) * 10 ** (random() * 30 - 10)),
  'a sparse series': series(37 * minute, (_, random) => random() * 10, 5 * minute),
  'a series with gaps and marks of staleness': series(15_000, counter).flatMap((point, i): Point[] => {
    if (i % 900 > 700) return [];
    return i % 900 === 700 ? [[point[0], 'stale']] : [point];
  }),
  'one that goes stale and comes back between two samples': series(minute, (i) => (i % 11 === 3 ? 'stale' : i)),
  'nothing but marks': series(minute, () => 'stale'),
  'values that are no numbers': series(
    minute,
    (i) => [i, Number.NaN, Infinity, Number.NaN, -Infinity][((i / 40) % 5) | 0]!,
  ),
  'samples at the very ends of buckets': series(5 * minute, (i) => i),
  'a counter that says when it began': series(15_000, counter).map(([at, value], i): Point => {
    const began = start + Math.floor(i / 1000) * 1000 * 15_000 - 7_000;
    return [at, typeof value === 'number' ? value + 1 : value, began];
  }),
};

const kernels =
  'rate increase delta sum_over_time count_over_time avg_over_time min_over_time max_over_time present_over_time first_over_time last_over_time ts_of_first_over_time ts_of_last_over_time last timestamp'.split(
    ' ',
  );

function rolled(samples: SampleColumns, resolutionMs: number): RolledColumns {
  const fine = new RolledColumns();
  // In pieces, as blocks come.
  for (let from = 0; from < samples.count; from += 1000) {
    const to = Math.min(samples.count, from + 1000);
    rollUp(
      {
        count: to - from,
        times: samples.times.subarray(from, to),
        values: samples.values.subarray(from, to),
        startTimes: samples.startTimes?.subarray(from, to),
      },
      5 * minute,
      fine,
    );
  }
  if (resolutionMs === 5 * minute) return fine;
  const coarse = new RolledColumns();
  widen(fine, resolutionMs, coarse);
  return coarse;
}

function ofRolled(call: KernelCall, buckets: RolledColumns, resolutionMs: number, grid: Grid) {
  const output = { values: new Float64Array(grid.count), present: new Uint8Array(grid.count) };
  runRolledInto(call, buckets, resolutionMs, grid, new KernelNotes(), output);
  return output;
}

/** Sums of a window may be rounded otherwise: by so much of the greatest value that was added. */
const bound = 1e-12;

function expectSame(
  got: { values: Float64Array; present: Uint8Array },
  wanted: { values: Float64Array; present: Uint8Array },
  greatest: number,
): void {
  const wrong = [...wanted.values].findIndex((value, i) => {
    if (wanted.present[i] !== got.present[i]) return true;
    if (wanted.present[i] === 0) return false;
    const own = got.values[i]!;
    if (!Number.isFinite(value)) return !Object.is(own, value);
    return !(Math.abs(own - value) <= bound * Math.max(greatest, Math.abs(value)));
  });
  if (wrong >= 0)
    expect([got.present[wrong], got.values[wrong]]).toEqual([wanted.present[wrong], wanted.values[wrong]]);
  expect(wrong).toBe(-1);
}

const greatestOf = ({ values }: SampleColumns): number =>
  values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);

describe.each(Object.entries(given))('%s', (_, points) => {
  const samples = columns(points);
  const greatest = greatestOf(samples);
  test.each([
    [5 * minute, 5 * minute, 5 * minute],
    [5 * minute, hour, 15 * minute],
    [5 * minute, 50 * minute, 6 * hour],
    [hour, hour, hour],
    [hour, 24 * hour, 3 * hour],
  ])('buckets of %d ms give what samples give: windows of %d ms every %d ms', (resolutionMs, rangeMs, stepMs) => {
    const buckets = rolled(samples, resolutionMs);
    const grid = { startMs: start - hour, stepMs, count: Math.floor((3 * day + 3 * hour) / stepMs) };
    for (const name of kernels) {
      const call = { name, rangeMs: name === 'last' || name === 'timestamp' ? 5 * minute : rangeMs, parameters: [] };
      expect(isExactRolled(call, grid, resolutionMs), name).toBe(true);
      expectSame(ofRolled(call, buckets, resolutionMs, grid), runKernel(call, samples, grid), greatest);
    }
  });

  test('between the ends of buckets: as of the end before, ranges rounded', () => {
    const buckets = rolled(samples, 5 * minute);
    const grid = { startMs: start + 7 * minute, stepMs: 4 * minute, count: 250 };
    for (const name of kernels) {
      const [rangeMs, whole] =
        name === 'last' || name === 'timestamp' ? [8 * minute, 8 * minute] : [13 * minute, 15 * minute];
      const call = { name, rangeMs, parameters: [] };
      const got = ofRolled(call, buckets, 5 * minute, grid);
      const scaled = ['sum_over_time', 'count_over_time', 'increase', 'delta'].includes(name) ? rangeMs / whole : 1;
      for (let step = 0; step < grid.count; step++) {
        const startMs = Math.floor((grid.startMs + step * grid.stepMs) / (5 * minute)) * 5 * minute;
        const wanted = runKernel({ ...call, rangeMs: whole }, samples, { startMs, stepMs: 0, count: 1 });
        expectSame(
          { values: got.values.subarray(step, step + 1), present: got.present.subarray(step, step + 1) },
          { values: wanted.values.map((value) => value * scaled), present: wanted.present },
          greatest,
        );
      }
    }
  });
});

test('what buckets cannot say is known', () => {
  for (const name of ['irate', 'quantile_over_time', 'stddev_over_time', 'changes', 'deriv', 'samples', 'resets'])
    expect(canRunRolled({ name, rangeMs: hour, parameters: [] })).toBe(false);
  expect(canRunRolled({ name: 'rate', rangeMs: hour, parameters: [], extended: 'anchored' })).toBe(false);
  const grid = { startMs: start, stepMs: hour, count: 3 };
  expect(isExactRolled({ name: 'rate', rangeMs: 90 * minute, parameters: [] }, grid, hour)).toBe(false);
  expect(isExactRolled({ name: 'rate', rangeMs: hour, parameters: [] }, { ...grid, startMs: start + 1 }, hour)).toBe(
    false,
  );
  expect(isExactRolled({ name: 'rate', rangeMs: hour, parameters: [] }, { ...grid, stepMs: minute }, hour)).toBe(false);
});
