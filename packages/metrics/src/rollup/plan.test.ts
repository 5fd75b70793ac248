import type { Grid, KernelCall } from '@sightline/query/promql';
import { describe, expect, test } from 'vitest';
import { planScan } from './plan.ts';
import { dayMs, fiveMinutesMs, hourMs } from './resolutions.ts';
import { rollupStateOf, type RollupState } from './rollup-state.ts';

const minute = 60_000;
const today = 20_000 * dayMs;
const now = today + 10 * hourMs;
/** Two years of roll-ups, those of five minutes for a year, samples for thirty days. */
const state: RollupState = {
  rawFromMs: today - 30 * dayMs,
  firstMs: today - 700 * dayMs,
  upToMs: today - dayMs,
  fiveMinutesFromMs: today - 365 * dayMs,
};

const grid = (startMs: number, endMs: number, stepMs: number): Grid => ({
  startMs,
  stepMs,
  count: stepMs === 0 ? 1 : Math.floor((endMs - startMs) / stepMs) + 1,
});
const call = (name: string, rangeMs = hourMs): KernelCall => ({ name, rangeMs, parameters: [] });
const days = (count: number): number => today - count * dayMs;
const names = { [fiveMinutesMs]: '5m', [hourMs]: '1h' } as const;

function planned(of: Grid, kernel: KernelCall, over: RollupState | undefined = state): string {
  return planScan({ grid: of, kernel }, over)
    .parts.map(({ count, resolutionMs }) => `${count} ${resolutionMs ? names[resolutionMs] : 'raw'}`)
    .join(', ');
}

describe('where every sample is kept', () => {
  test.each<[string, Grid, KernelCall, string]>([
    ['a day is read from samples', grid(days(1), today, hourMs), call('rate'), '25 raw'],
    ['a week by the hour is read from roll-ups of an hour', grid(days(8), days(1), hourMs), call('rate'), '169 1h'],
    [
      'a week every 15 minutes from those of 5 minutes',
      grid(days(8), days(1), 15 * minute),
      call('rate', 15 * minute),
      '673 5m',
    ],
    ['… also up to now', grid(days(8), now, hourMs), call('max_over_time'), '203 1h'],
    ['steps of a minute from samples', grid(days(8), days(1), minute), call('rate'), '10081 raw'],
    ['a window that is no multiple from samples', grid(days(8), days(1), hourMs), call('rate', 7 * minute), '169 raw'],
    [
      'a window of five minutes by the hour from those of 5 minutes',
      grid(days(8), days(1), hourMs),
      call('rate', 5 * minute),
      '169 5m',
    ],
    ['instants need no multiple', grid(days(8), days(1), hourMs), call('last', 7 * minute), '169 1h'],
    ['steps that do not begin with a bucket from samples', grid(days(8) + 1, days(1), hourMs), call('rate'), '168 raw'],
    ['one instant with a long window', grid(days(1), days(1), 0), call('increase', 20 * dayMs), '1 1h'],
    ['… at any moment, from samples', grid(now + 1, now, 0), call('increase', 20 * dayMs), '1 raw'],
    ['what buckets cannot say from samples', grid(days(8), days(1), hourMs), call('quantile_over_time'), '169 raw'],
    ['a part of roll-ups that is too short to matter', grid(days(3), today, hourMs), call('rate'), '73 raw'],
  ])('%s', (_, of, kernel, wanted) => {
    expect(planned(of, kernel)).toBe(wanted);
  });
});

describe('where samples are gone', () => {
  test.each<[string, Grid, KernelCall, string]>([
    ['roll-ups of an hour where they give the same', grid(days(60), days(40), hourMs), call('rate'), '481 1h'],
    ['else those of five minutes', grid(days(60), days(40), minute), call('rate'), '28801 5m'],
    [
      'as far back as they are kept',
      grid(days(366), days(364), hourMs),
      call('avg_over_time', 30 * minute),
      '25 1h, 24 5m',
    ],
    [
      'and samples from where they are whole',
      grid(days(31), days(29), 10 * minute),
      call('rate', 7 * minute),
      '145 5m, 144 raw',
    ],
    [
      'a window that begins before that counts as gone',
      grid(days(30), days(29), minute),
      call('rate'),
      '60 5m, 1381 raw',
    ],
    ['all three', grid(days(500), now, 6 * hourMs + 1), call('last', fiveMinutesMs), '541 1h, 1340 5m, 121 raw'],
    [
      'a selector that stands still',
      { startMs: days(100) + 1, stepMs: 0, count: 1 },
      call('last', fiveMinutesMs),
      '1 5m',
    ],
    ['nothing before the first day', grid(days(900), days(800), hourMs), call('rate'), '2401 raw'],
    ['what buckets cannot say: what samples there are', grid(days(60), today, hourMs), call('deriv'), '1441 raw'],
  ])('%s', (_, of, kernel, wanted) => {
    expect(planned(of, kernel)).toBe(wanted);
  });
});

test('nothing is rolled up: samples', () => {
  expect(planned(grid(days(60), today, hourMs), call('rate'), { ...state, firstMs: state.upToMs })).toBe('1441 raw');
  expect(planScan({ grid: grid(days(60), today, hourMs), kernel: call('rate') }, undefined)).toMatchObject({
    parts: [{ first: 0, count: 1441 }],
    annotations: [],
  });
});

test('a query says from what it is answered, and within which bound', () => {
  const said = (of: Grid, kernel: KernelCall): string[] =>
    planScan({ grid: of, kernel }, state).annotations.map(({ level, message }) => `${level}: ${message}`);
  expect(said(grid(days(8), days(1), hourMs), call('rate'))).toEqual([
    'info: PromQL info: answered from roll-ups of 1 hour: as from samples but for rounding, 1e-12 of the greatest value',
  ]);
  expect(said(grid(days(366), days(364), hourMs), call('avg_over_time', 12 * minute))).toEqual([
    expect.stringMatching(
      /^info: .* are answered from roll-ups of 1 hour: each as of the last full 1 hour before it, its range rounded/,
    ),
    expect.stringMatching(
      /^info: .* are answered from roll-ups of 5 minutes: each as of the last full 5 minutes before it, its range rounded/,
    ),
  ]);
  expect(said(grid(days(60), today, hourMs), call('samples'))).toEqual([
    expect.stringMatching(
      /^warning: PromQL warning: samples before .* are kept as roll-ups alone, which cannot give samples themselves/,
    ),
  ]);
  expect(said(grid(days(20), today, minute), call('quantile_over_time'))).toEqual([]);
});

describe('what is there', () => {
  const kept = { rawMs: 30 * dayMs, fiveMinutesMs: 365 * dayMs };
  const of = (...all: readonly (readonly [day: number, chunks: number])[]) =>
    new Map(all.map(([day, chunks]) => [days(day), chunks]));
  test.each<[string, ReturnType<typeof of>, ReturnType<typeof of>, Partial<RollupState> | undefined]>([
    ['nothing', of(), of(), undefined],
    ['samples alone', of([1, 5], [0, 3]), of(), undefined],
    [
      'two days that are done, and today',
      of([2, 5], [1, 5], [0, 3]),
      of([2, 5], [1, 5]),
      { firstMs: days(2), upToMs: today, rawFromMs: days(29) },
    ],
    [
      'a day got samples since',
      of([3, 5], [2, 6], [1, 5]),
      of([3, 5], [2, 5], [1, 5]),
      { firstMs: days(3), upToMs: days(2) },
    ],
    ['a day without samples is no gap', of([3, 5], [1, 5]), of([3, 5], [1, 5]), { upToMs: today }],
    [
      'an old day that is partly gone is read from roll-ups',
      of([31, 2], [1, 5]),
      of([31, 5], [1, 5]),
      { firstMs: days(31), upToMs: today, rawFromMs: days(29) },
    ],
    [
      'an old day that was never rolled up is read from samples',
      of([40, 2], [1, 5]),
      of([50, 5], [1, 5]),
      { rawFromMs: days(40), upToMs: days(40) },
    ],
  ])('%s', (_, held, made, wanted) => {
    const found = rollupStateOf(held, made, kept, now);
    if (wanted === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(wanted);
  });
  test('samples are kept for ever', () => {
    const found = rollupStateOf(
      of([700, 1], [1, 5]),
      of([700, 1], [1, 5]),
      { rawMs: Infinity, fiveMinutesMs: Infinity },
      now,
    );
    expect(found).toEqual({ firstMs: days(700), upToMs: today, rawFromMs: -Infinity, fiveMinutesFromMs: -Infinity });
  });
});
