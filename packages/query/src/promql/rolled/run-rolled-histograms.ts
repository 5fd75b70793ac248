import { multiplyHistogram } from '../histogram/histogram.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { kernelsByName } from '../kernels/all.ts';
import { asStatistics } from '../kernels/histogram-statistics.ts';
import type { KernelNotes } from '../kernels/kernel.ts';
import type { Grid, KernelCall, SeriesValues } from '../source.ts';
import type { RolledHistograms } from './rolled-histograms.ts';
import { canRunRolled, instants, windowOf } from './run-rolled.ts';

/** Kernels that need every histogram of a window. */
const needAll: ReadonlySet<string> = new Set(['sum_over_time', 'avg_over_time']);
/** Kernels whose value grows with the window. */
const grows: ReadonlySet<string> = new Set(['increase', 'delta', 'count_over_time']);

/** Whether buckets of native histograms say enough for a kernel's call. */
export function canRunRolledHistograms(call: KernelCall): boolean {
  return canRunRolled(call) && !needAll.has(call.name);
}

/**
 * Computes a call for every step of a grid over one series' buckets of histograms, by the kernel that also reads samples. Steps and ranges
 * that are no whole buckets are treated as `runRolledInto` treats them.
 */
export function runRolledHistograms(
  call: KernelCall,
  rolled: RolledHistograms,
  resolutionMs: number,
  grid: Grid,
  notes: KernelNotes,
): SeriesValues {
  const shown: (FloatHistogram | undefined)[] = Array.from({ length: grid.count });
  const output = { values: new Float64Array(grid.count), present: new Uint8Array(grid.count), histograms: shown };
  const kept = call.statistics ? statisticsOf(rolled) : rolled.histograms;
  const instant = instants.has(call.name);
  const windowMs = instant ? resolutionMs : windowOf(call.rangeMs, resolutionMs);
  const scale = !instant && grows.has(call.name) ? call.rangeMs / windowMs : 1;
  for (let step = 0, low = 0, high = 0; step < grid.count; step++) {
    const endMs = Math.floor((grid.startMs + step * grid.stepMs) / resolutionMs) * resolutionMs;
    while (low < rolled.count && rolled.ends[low]! <= endMs - windowMs) low++;
    while (high < rolled.count && rolled.ends[high]! <= endMs) high++;
    const result = instant
      ? latest(call, rolled, kept, high - 1, endMs)
      : overWindow({ ...call, rangeMs: windowMs }, rolled, kept, { low, high, endMs, step }, notes);
    if (result === undefined) continue;
    output.present[step] = 1;
    if (typeof result === 'number') output.values[step] = result * scale;
    else shown[step] = scale === 1 ? result : multiplyHistogram(result, scale);
  }
  return output;
}

/** An instant selector, or when its sample was, as of the last whole bucket. */
function latest(
  call: KernelCall,
  rolled: RolledHistograms,
  kept: readonly FloatHistogram[],
  at: number,
  endMs: number,
): number | FloatHistogram | undefined {
  const last = (rolled.keptTo[at] ?? 0) - 1;
  if (rolled.stale[at] === 1 || !(rolled.times[last]! > endMs - call.rangeMs)) return undefined;
  return call.name === 'last' ? kept[last] : rolled.times[last]! / 1000;
}

function overWindow(
  call: KernelCall,
  rolled: RolledHistograms,
  kept: readonly FloatHistogram[],
  { low, high, endMs, step }: { low: number; high: number; endMs: number; step: number },
  notes: KernelNotes,
): number | FloatHistogram | undefined {
  let count = 0;
  for (let i = low; i < high; i++) count += rolled.counts[i]!;
  if (count === 0) return undefined;
  const from = low === 0 ? 0 : rolled.keptTo[low - 1]!;
  const to = rolled.keptTo[high - 1]!;
  const starts = rolled.starts.slice(from, to);
  const histograms = { times: rolled.times.slice(from, to), values: kept.slice(from, to), count };
  const floats = { times: [], values: [] };
  const histogramStarts = starts.some((start) => start !== 0) ? starts : [];
  const window = { call, atMs: endMs, step, floats, histograms, floatStarts: [], histogramStarts };
  return kernelsByName.get(call.name)?.mixed?.(window, notes);
}

function statisticsOf({ times, histograms }: RolledHistograms): readonly FloatHistogram[] {
  const samples = {
    count: times.length,
    times: Float64Array.from(times),
    values: new Float64Array(times.length),
    histograms,
  };
  return (asStatistics(samples).histograms ?? []).filter((histogram) => histogram !== undefined);
}
