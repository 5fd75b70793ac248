import type { FloatHistogram } from '../histogram/float-histogram.ts';
import type { Grid, KernelCall, SampleColumns, SeriesValues } from '../source.ts';
import { bitsOf, isStale } from './columns.ts';
import type { Kernel, KernelNotes, MixedWindow } from './kernel.ts';
import { smoothedSample } from './smoothed-histogram.ts';
import { windows, type Windows } from './windows.ts';

/** A kernel over a series that holds histograms: a window of floats alone is computed as if the series were, step by step. */
export function runMixed(
  kernel: Kernel,
  call: KernelCall,
  samples: SampleColumns,
  grid: Grid,
  notes: KernelNotes,
  beforeMs: number,
  afterMs: number,
): SeriesValues {
  const histograms: (FloatHistogram | undefined)[] = Array.from({ length: grid.count });
  const output = { values: new Float64Array(grid.count), present: new Uint8Array(grid.count), histograms };
  const edges = copied(windows(samples, grid, beforeMs, afterMs));
  const bits = bitsOf(samples.values);
  for (let step = 0; step < grid.count; step++) {
    const from = edges.low[step]!;
    const to = edges.high[step]!;
    if (to <= from) continue;
    let result: number | FloatHistogram | undefined;
    if (kernel.readsStale && call.extended === 'smoothed') {
      result = smoothedSample(windowOf(call, samples, grid, step, from, to), notes);
    } else if (kernel.readsStale) {
      // An instant selector takes the latest sample, whatever its kind.
      if (isStale(bits, to - 1)) continue;
      result = samples.histograms?.[to - 1] ?? samples.values[to - 1];
    } else {
      const window = windowOf(call, samples, grid, step, from, to);
      result =
        window.histograms.values.length === 0
          ? ofFloats(kernel, call, samples, grid, step, from, to, notes, beforeMs, afterMs)
          : kernel.mixed?.(window, notes);
    }
    if (result === undefined) continue;
    output.present[step] = 1;
    if (typeof result === 'number') output.values[step] = result;
    else histograms[step] = result;
  }
  return output;
}

function windowOf(
  call: KernelCall,
  samples: SampleColumns,
  grid: Grid,
  step: number,
  from: number,
  to: number,
): MixedWindow {
  const floats = { times: [] as number[], values: [] as number[] };
  const histograms = { times: [] as number[], values: [] as FloatHistogram[] };
  const floatStarts: number[] = [];
  const histogramStarts: number[] = [];
  for (let i = from; i < to; i++) {
    const histogram = samples.histograms?.[i];
    const start = samples.startTimes?.[i];
    if (histogram === undefined) {
      floats.times.push(samples.times[i]!);
      floats.values.push(samples.values[i]!);
      if (start !== undefined) floatStarts.push(start);
    } else {
      histograms.times.push(samples.times[i]!);
      histograms.values.push(histogram);
      if (start !== undefined) histogramStarts.push(start);
    }
  }
  return { call, atMs: grid.startMs + step * grid.stepMs, step, floats, histograms, floatStarts, histogramStarts };
}

function ofFloats(
  kernel: Kernel,
  call: KernelCall,
  samples: SampleColumns,
  grid: Grid,
  step: number,
  from: number,
  to: number,
  notes: KernelNotes,
  beforeMs: number,
  afterMs: number,
): number | undefined {
  const part: SampleColumns = {
    count: to - from,
    times: samples.times.slice(from, to),
    values: samples.values.slice(from, to),
    ...(samples.startTimes && { startTimes: samples.startTimes.slice(from, to) }),
  };
  const one: Grid = { startMs: grid.startMs + step * grid.stepMs, stepMs: 0, count: 1 };
  const parameters = call.parameters.map((given) => (typeof given === 'number' ? given : (given[step] ?? Number.NaN)));
  const output = { values: new Float64Array(1), present: new Uint8Array(1) };
  const input = { call: { ...call, parameters }, grid: one, samples: part, notes };
  kernel.floats(input, windows(part, one, beforeMs, afterMs), output);
  return output.present[0] === 1 ? output.values[0] : undefined;
}

/** Windows are valid until the next call alone, and floats may be computed in between. */
function copied({ low, high }: Windows): Windows {
  return { low: low.slice(), high: high.slice() };
}
