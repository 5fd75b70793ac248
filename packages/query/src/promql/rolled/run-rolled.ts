import type { KernelNotes, KernelOutput } from '../kernels/kernel.ts';
import { noteName } from '../kernels/rate.ts';
import { runKernelInto } from '../kernels/run-kernel.ts';
import type { Grid, KernelCall } from '../source.ts';
import { RolledColumns } from './rolled-columns.ts';

type Run = (run: RolledRun) => void;

interface RolledRun {
  readonly call: KernelCall;
  /** Where every bucket has samples, unless the kernel reads staleness. */
  readonly rolled: RolledColumns;
  readonly resolutionMs: number;
  /** Width of the windows in whole buckets. */
  readonly windowMs: number;
  readonly grid: Grid;
  readonly notes: KernelNotes;
  readonly output: KernelOutput;
}

/** A window of so many milliseconds in whole buckets, at least one. */
export function windowOf(rangeMs: number, resolutionMs: number): number {
  return Math.max(1, Math.round(rangeMs / resolutionMs)) * resolutionMs;
}

/** The kernel `name` over a column, at the buckets' ends: a window holds a bucket where it holds its end. */
function over(name: string, column: (rolled: RolledColumns) => Float64Array, scaled = false): Run {
  return ({ call, rolled, windowMs, grid, notes, output }) => {
    const samples = { count: rolled.count, times: rolled.ends, values: column(rolled) };
    runKernelInto({ name, rangeMs: windowMs, parameters: [] }, samples, grid, notes, output);
    if (scaled && call.rangeMs !== windowMs) scale(output.values, call.rangeMs / windowMs);
  };
}

function scale(values: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
}

/** Seconds of the first or last samples. */
const inSeconds =
  (column: (rolled: RolledColumns) => Float64Array) =>
  (rolled: RolledColumns): Float64Array =>
    column(rolled)
      .subarray(0, rolled.count)
      .map((ms) => ms / 1000);

const average: Run = (run) => {
  const counts = { values: new Float64Array(run.grid.count), present: new Uint8Array(run.grid.count) };
  over('sum_over_time', ({ counts: column }) => column)({ ...run, output: counts });
  over('sum_over_time', ({ sums }) => sums)(run);
  for (let step = 0; step < counts.values.length; step++) run.output.values[step]! /= counts.values[step]!;
};

/** The last bucket of each step, whatever the window. */
function eachLast({ rolled, grid, resolutionMs }: RolledRun, take: (step: number, at: number, atMs: number) => void) {
  const { ends, count } = rolled;
  for (let step = 0, high = 0; step < grid.count; step++) {
    const atMs = grid.startMs + step * grid.stepMs;
    while (high < count && ends[high]! <= atMs) high++;
    if (high > 0) take(step, high - 1, Math.floor(atMs / resolutionMs) * resolutionMs);
  }
}

/** An instant selector as of the last whole bucket: its lookback is the query's own. */
function latest(of: (rolled: RolledColumns, at: number) => number): Run {
  return (run) => {
    const { rolled, call, output } = run;
    eachLast(run, (step, at, atMs) => {
      if (rolled.stale[at] === 1 || !(rolled.lastTimes[at]! > atMs - call.rangeMs)) return;
      output.values[step] = of(rolled, at);
      output.present[step] = 1;
    });
  };
}

/** `rate`, `increase` and `delta`: the difference of a window's samples, extrapolated as over the samples themselves. */
function difference(counter: boolean, perSecond: boolean): Run {
  return (run) => {
    const { rolled, call, resolutionMs, windowMs, grid, output } = run;
    const { ends, counts, firsts, lasts, firstTimes, lastTimes, firstStarts, resets, count } = rolled;
    const lost = counter ? resetsOf(rolled) : [];
    for (let step = 0, low = 0, high = 0, firstLost = 0; step < grid.count; step++) {
      const endMs = Math.floor((grid.startMs + step * grid.stepMs) / resolutionMs) * resolutionMs;
      const startMs = endMs - windowMs;
      while (low < count && ends[low]! <= startMs) low++;
      while (high < count && ends[high]! <= endMs) high++;
      if (high <= low) continue;
      let gaps = -1;
      for (let i = low; i < high; i++) gaps += counts[i]!;
      const first = firsts[low]!;
      const last = high - 1;
      let total = lasts[last]! - first;
      if (counter) {
        while (firstLost < lost.length && lost[firstLost]!.at < low) firstLost++;
        for (let r = firstLost; r < lost.length && lost[r]!.at <= last; r++) {
          total += resets[lost[r]!.at]! + (lost[r]!.at > low ? lost[r]!.before : 0);
        }
      }
      let span = (lastTimes[last]! - firstTimes[low]!) / 1000;
      const mean = gaps > 0 ? span / gaps : 0;
      let before = (firstTimes[low]! - startMs) / 1000;
      let after = (endMs - lastTimes[last]!) / 1000;
      const began = counter ? firstStarts[low]! : 0;
      if (began !== 0 && began > startMs && began < firstTimes[low]!) {
        // The count was zero then: no need to guess where it began.
        before = 0;
        span = (lastTimes[last]! - began) / 1000;
        total += first;
      } else if (gaps === 0) continue;
      else {
        if (before >= mean * 1.1) before = mean / 2;
        if (counter && total > 0 && first >= 0) before = Math.min(before, span * (first / total));
      }
      if (after >= mean * 1.1) after = mean / 2;
      const factor = span === 0 ? 1 : (span + before + after) / span;
      const seconds = windowMs / 1000;
      output.values[step] = perSecond ? (total * factor) / seconds : (total * factor * call.rangeMs) / windowMs;
      output.present[step] = 1;
    }
    if (counter) noteName(run.notes, output);
  };
}

/** Buckets with a reset inside, or before them. */
function resetsOf(rolled: RolledColumns): { readonly at: number; readonly before: number }[] {
  const found: { at: number; before: number }[] = [];
  for (let at = 0; at < rolled.count; at++) {
    const before = at === 0 ? 0 : rolled.lostBefore(at);
    if (before !== 0 || rolled.resets[at] !== 0) found.push({ at, before });
  }
  return found;
}

const runs: ReadonlyMap<string, Run> = new Map<string, Run>([
  ['last', latest(({ lasts }, at) => lasts[at]!)],
  ['timestamp', latest(({ lastTimes }, at) => lastTimes[at]! / 1000)],
  ['info_timestamp', latest(({ lastTimes }, at) => lastTimes[at]! / 1000)],
  ['rate', difference(true, true)],
  ['increase', difference(true, false)],
  ['delta', difference(false, false)],
  ['sum_over_time', over('sum_over_time', ({ sums }) => sums, true)],
  ['count_over_time', over('sum_over_time', ({ counts }) => counts, true)],
  ['avg_over_time', average],
  ['min_over_time', over('min_over_time', ({ mins }) => mins)],
  ['max_over_time', over('max_over_time', ({ maxs }) => maxs)],
  ['present_over_time', over('present_over_time', ({ counts }) => counts)],
  ['first_over_time', over('first_over_time', ({ firsts }) => firsts)],
  ['last_over_time', over('last_over_time', ({ lasts }) => lasts)],
  [
    'ts_of_first_over_time',
    over(
      'first_over_time',
      inSeconds(({ firstTimes }) => firstTimes),
    ),
  ],
  [
    'ts_of_last_over_time',
    over(
      'last_over_time',
      inSeconds(({ lastTimes }) => lastTimes),
    ),
  ],
]);

/** Kernels whose windows may be as narrow as they like: they look for the newest sample. */
export const instants: ReadonlySet<string> = new Set(['last', 'timestamp', 'info_timestamp']);

/** Whether buckets say enough for a kernel's call. */
export function canRunRolled({ name, extended }: KernelCall): boolean {
  return extended === undefined && runs.has(name);
}

/**
 * Whether buckets of this width give the same as the samples at every step, but for the rounding of sums: steps and windows then begin
 * and end with buckets.
 */
export function isExactRolled({ name, rangeMs }: KernelCall, grid: Grid, resolutionMs: number): boolean {
  const whole = (ms: number): boolean => ms % resolutionMs === 0;
  if (!whole(grid.startMs) || (grid.count > 1 && !whole(grid.stepMs))) return false;
  return instants.has(name) || whole(rangeMs);
}

/** How far a call looks back from the end of a bucket, milliseconds. */
export function rolledReachMs({ name, rangeMs }: KernelCall, resolutionMs: number): number {
  return instants.has(name) ? rangeMs : windowOf(rangeMs, resolutionMs);
}

const filled = new RolledColumns();

/**
 * Computes a call for every step of a grid over one series' buckets. A step between two ends is answered as of the end before it, and a
 * range is rounded to whole buckets; sums, counts and differences are then brought to the range that was asked for.
 */
export function runRolledInto(
  call: KernelCall,
  rolled: RolledColumns,
  resolutionMs: number,
  grid: Grid,
  notes: KernelNotes,
  output: KernelOutput,
): void {
  output.present.fill(0);
  const run = runs.get(call.name);
  if (!run) throw new Error(`no kernel ${call.name} over roll-ups`);
  const kept = instants.has(call.name) ? rolled : withSamples(rolled);
  const windowMs = windowOf(call.rangeMs, resolutionMs);
  run({ call, rolled: kept, resolutionMs, windowMs, grid, notes, output });
}

/** Buckets that have samples: the same object where all have, which is the rule. */
function withSamples(rolled: RolledColumns): RolledColumns {
  const { counts, count } = rolled;
  if (!counts.subarray(0, count).includes(0)) return rolled;
  filled.clear();
  for (let i = 0; i < count; i++) if (counts[i] !== 0) filled.take(rolled, i);
  return filled;
}
