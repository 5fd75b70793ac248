import { describe, expect, test } from 'vitest';
import type { KernelCall, SampleColumns } from '../source.ts';
import { kernelsByName } from './all.ts';
import { writeStale } from './columns.ts';
import { KernelNotes } from './kernel.ts';
import { runKernel, runKernelInto } from './run-kernel.ts';

/** One sample a minute from 0 on: `_` is none, `stale` a staleness mark. */
function minutes(text: string): SampleColumns {
  const words = text.split(' ');
  const times: number[] = [];
  const values: number[] = [];
  const stale: number[] = [];
  words.forEach((word, index) => {
    if (word === '_') return;
    if (word === 'stale') stale.push(times.length);
    times.push(index * 60_000);
    values.push(Number(word === 'stale' ? 'NaN' : word));
  });
  const columns = { count: times.length, times: Float64Array.from(times), values: Float64Array.from(values) };
  for (const index of stale) writeStale(columns.values, index);
  return columns;
}

function run(name: string, samples: string, rangeMinutes: number, at: string, extra: Partial<KernelCall> = {}) {
  const steps = at.split(' ').map((minute) => Number(minute) * 60_000);
  const grid = { startMs: steps[0]!, stepMs: steps.length > 1 ? steps[1]! - steps[0]! : 0, count: steps.length };
  const call = { name, rangeMs: rangeMinutes * 60_000, parameters: [], ...extra };
  const { values, present } = runKernel(call, minutes(samples), grid, new KernelNotes());
  return [...values].map((value, step) => (present[step] === 1 ? String(value) : '_')).join(' ');
}

describe('kernels over windows', () => {
  test.each([
    ['last', '1 2 _ _ 5', 2, '0 1 2 3 4', '1 2 2 _ 5'],
    ['last', '1 stale 3', 5, '0 1 2', '1 _ 3'],
    ['last', '1 NaN', 5, '0 1', '1 NaN'],
    ['timestamp', '1 2 _ 4', 5, '0 1 2 3', '0 60 60 180'],
    ['increase', '0 60 120 180 240', 4, '4', '240'],
    ['rate', '0 60 120 180 240', 4, '4', '0.9999999999999999'],
    ['increase', '0 10 0 10 20', 5, '4', '30'],
    ['delta', '10 8 6 4', 3, '3', '-6'],
    ['rate', '5', 5, '0', '_'],
    ['irate', '0 60 30', 3, '1 2', '1 0.5'],
    ['idelta', '0 60 30', 3, '1 2', '60 -30'],
    ['sum_over_time', '1 2 3 4 stale', 2, '0 1 2 3 4', '1 3 5 7 4'],
    ['sum_over_time', '1e100 1 -1e100', 3, '2', '1'],
    ['avg_over_time', '1e308 1e308 1e308', 3, '2', '1e+308'],
    ['avg_over_time', '1 2 3 4 _ 6', 2, '0 1 2 3 4 5', '1 1.5 2.5 3.5 4 6'],
    ['avg_over_time', '1 1e308 1e308 2 4', 2, '1 2 3 4', '5e+307 1e+308 5e+307 3'],
    ['avg_over_time', '1 Infinity 1 NaN 3 _ _ 7', 2, '1 2 3 4 5 6 7', 'Infinity Infinity NaN NaN 3 _ 7'],
    ['count_over_time', '1 _ 3', 2, '0 1 2 3 4', '1 1 1 1 _'],
    ['max_over_time', '1 5 2 NaN 4', 2, '0 1 2 3 4', '1 5 5 2 4'],
    ['min_over_time', 'NaN NaN 2', 2, '0 1 2', 'NaN NaN 2'],
    ['ts_of_max_over_time', '1 5 5 0', 4, '3', '120'],
    ['stdvar_over_time', '0 8 8 2 3', 5, '4', '10.559999999999999'],
    ['mad_over_time', '4 6 2 1 999', 5, '4', '2'],
    ['changes', '1 1 2 NaN NaN 3', 6, '5', '3'],
    ['resets', '1 2 1 0 5', 3, '2 3 4', '1 2 1'],
    ['deriv', '0 60 120', 3, '2', '1'],
    ['first_over_time', '1 2 3', 2, '1 2', '1 2'],
  ])('%s of %s over %d min at %s', (name, samples, range, at, expected) => {
    expect(run(name, samples, range, at)).toBe(expected);
  });

  test('the narrow and the wide way find the same extremes', () => {
    let seed = 7;
    const next = () => (seed = (seed * 16_807) % 2_147_483_647);
    const samples = Array.from({ length: 300 }, () => (next() % 20 === 0 ? 'NaN' : String(next() % 50))).join(' ');
    const at = Array.from({ length: 300 }, (_, minute) => minute).join(' ');
    for (const name of ['max_over_time', 'min_over_time', 'ts_of_max_over_time', 'ts_of_min_over_time']) {
      const wide = run(name, samples, 40, at).split(' ');
      const narrow = Array.from({ length: 300 }, (_, minute) => {
        const window = samples.split(' ').map((word, index) => (index > minute || index <= minute - 40 ? '_' : word));
        return run(name, window.slice(0, minute + 1).join(' '), 1000, String(minute));
      });
      // A window of NaNs alone gives the time of its last one either way.
      expect(wide, name).toEqual(narrow);
    }
  });

  test('quantile and prediction take parameters, one a step if need be', () => {
    const q = { parameters: [Float64Array.from([0, 1])] };
    expect(run('quantile_over_time', '3 1 2', 5, '2 3', q)).toBe('1 3');
    expect(run('predict_linear', '0 60 120', 5, '2', { parameters: [60] })).toBe('180');
    expect(run('double_exponential_smoothing', '1 2 3 4', 5, '3', { parameters: [0.5, 0.5] })).toBe('4');
  });

  test.each([
    ['within the window', 150_000, '7'],
    ['before the window: what it counted then is not known', 30_000, '4'],
    ['not known', 0, '4'],
  ])('an anchored counter that began %s', (_, beganMs, expected) => {
    const samples = { ...minutes('_ _ _ 3 5 7'), startTimes: new Float64Array(3).fill(beganMs) };
    const grid = { startMs: 300_000, stepMs: 0, count: 1 };
    const call = {
      name: 'increase',
      rangeMs: 180_000,
      parameters: [],
      extended: 'anchored',
      lookbackMs: 300_000,
    } as const;
    expect(runKernel(call, samples, grid, new KernelNotes()).values[0]).toBe(Number(expected));
  });
  test('extended windows read beyond the edges', () => {
    const anchored = { extended: 'anchored', lookbackMs: 300_000 } as const;
    const smoothed = { extended: 'smoothed', lookbackMs: 300_000 } as const;
    expect(run('increase', '1 2 _ 4 _ _ 7', 2, '3', anchored)).toBe('2');
    expect(run('increase', '1 2 _ 4 _ _ 7', 2, '5', smoothed)).toBe('2');
    expect(run('last', '1 _ 3', 5, '0 1 2', smoothed)).toBe('1 2 3');
  });

  test('a start timestamp stands for a zero', () => {
    const samples = { ...minutes('10 20 30'), startTimes: Float64Array.from([0, 30_000, 90_000]) };
    const grid = { startMs: 120_000, stepMs: 0, count: 1 };
    const call = { name: 'increase', rangeMs: 100_000, parameters: [] };
    // Each sample counts from zero anew: 20 since 30 s, and 30 since 90 s; nothing is guessed on the left.
    expect([...runKernel(call, samples, grid).values]).toEqual([50]);
  });

  test.each([...kernelsByName.keys()])('%s of a short series is the same whatever steps are passed over', (name) => {
    const parameters = name === 'double_exponential_smoothing' ? [0.5, 0.5] : [0.5];
    for (const samples of [minutes('3 1 _ stale 7 8'), minutes('5'), minutes('stale')])
      for (const stepMs of [7000, 15_000, 60_000])
        for (const startMs of [-3_000_000, -1, 0, 120_000, 900_000]) {
          const grid = { startMs, stepMs, count: 300 };
          const call = { name, rangeMs: 180_000, parameters };
          const output = { values: new Float64Array(300), present: new Uint8Array(300).fill(1) };
          const { from, to } = runKernelInto(call, samples, grid, new KernelNotes(), output);
          const whole = runKernel(call, samples, grid, new KernelNotes());
          expect(output).toEqual({ values: whole.values, present: whole.present });
          expect(output.present.subarray(0, from).includes(1) || output.present.subarray(to).includes(1)).toBe(false);
        }
  });

  test('a name that is no counter is noted once it has a value', () => {
    const notes = new KernelNotes();
    notes.metric = 'temperature';
    runKernel(
      { name: 'rate', rangeMs: 300_000, parameters: [] },
      minutes('1 2 3'),
      { startMs: 120_000, stepMs: 0, count: 1 },
      notes,
    );
    expect(notes.annotations).toEqual([
      {
        level: 'info',
        message:
          'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "temperature"',
      },
    ]);
  });
});
