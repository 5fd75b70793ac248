import type { Grid, KernelCall, SampleColumns, SeriesValues } from '../source.ts';
import { kernelsByName } from './all.ts';
import { sliceSamples, withoutStale } from './columns.ts';
import { firstIndex } from './extended-rate.ts';
import { asStatistics } from './histogram-statistics.ts';
import { type Kernel, KernelNotes, type KernelOutput } from './kernel.ts';
import { last, windowSamples } from './last.ts';
import { runMixed } from './run-mixed.ts';
import { windows } from './windows.ts';

/** How far beyond the window samples are read: `x[5m] anchored` needs the sample before it. */
function reach(call: KernelCall): { readonly beforeMs: number; readonly afterMs: number } {
  const lookbackMs = call.extended ? (call.lookbackMs ?? 0) : 0;
  return { beforeMs: call.rangeMs + lookbackMs, afterMs: call.extended === 'smoothed' ? lookbackMs : 0 };
}

/**
 * Computes a call for every step of a grid over one series' samples, which are in order of time and may reach beyond the grid's
 * windows. `notes.metric` is the series' name. The values are of a new array each time; `runKernelInto` reuses.
 */
export function runKernel(
  call: KernelCall,
  given: SampleColumns,
  grid: Grid,
  notes: KernelNotes = new KernelNotes(),
): SeriesValues {
  const needed = narrowed(given, call, grid);
  const samples = call.statistics && needed.histograms ? asStatistics(needed) : needed;
  const output = { values: new Float64Array(grid.count), present: new Uint8Array(grid.count) };
  if (call.name === 'samples') {
    const kept = call.staleMarks ? samples : withoutStale(samples);
    const { beforeMs, afterMs } = reach(call);
    const taken = windowSamples({ call, grid, samples: kept, notes }, windows(kept, grid, beforeMs, afterMs));
    output.present[0] = taken.count > 0 ? 1 : 0;
    return { ...output, samples: taken };
  }
  const kernel = kernelNamed(call.name);
  if ((kernel.mixed || kernel === last) && samples.histograms?.some((histogram) => histogram !== undefined)) {
    const { beforeMs, afterMs } = reach(call);
    const kept = kernel.readsStale && call.extended === undefined ? samples : withoutStale(samples);
    const smoothed = kernel === last && call.extended === 'smoothed';
    return runMixed(kernel, call, kept, grid, notes, smoothed ? call.rangeMs : beforeMs, afterMs);
  }
  run(kernel, call, samples, grid, notes, output);
  return output;
}

/** The samples that the grid's windows can hold, where that leaves out many: an instant query needs few of a chunk. */
function narrowed(samples: SampleColumns, call: KernelCall, grid: Grid): SampleColumns {
  const { times, count } = samples;
  const { beforeMs, afterMs } = reach(call);
  const firstMs = grid.startMs - beforeMs;
  const lastMs = grid.startMs + (grid.count - 1) * grid.stepMs + afterMs;
  const from = firstIndex(0, count, (i) => times[i]! > firstMs);
  const to = firstIndex(from, count, (i) => times[i]! > lastMs);
  return count - (to - from) < fewSamples ? samples : sliceSamples(samples, from, to);
}

/** To leave out less than so many costs more than to pass over them. */
const fewSamples = 64;

function kernelNamed(name: string): Kernel {
  const kernel = kernelsByName.get(name);
  if (!kernel) throw new Error(`no kernel ${name}`);
  return kernel;
}

/** Steps of a grid: `from` included, `to` not. */
export interface StepSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * The same for a series of floats alone, into arrays that the caller keeps; `present` is cleared first. Returns the steps that may have a
 * value: a series that came late or ended early costs what it has, not what is asked.
 */
export function runKernelInto(
  call: KernelCall,
  given: SampleColumns,
  grid: Grid,
  notes: KernelNotes,
  output: KernelOutput,
): StepSpan {
  output.present.fill(0);
  const kernel = kernelNamed(call.name);
  const samples = narrowed(given, call, grid);
  const span = spanOf(samples, call, grid);
  if (grid.count - (span.to - span.from) < fewSteps) {
    run(kernel, call, samples, grid, notes, output);
    return { from: 0, to: grid.count };
  }
  if (span.from === span.to) return span;
  const part = { ...grid, startMs: grid.startMs + span.from * grid.stepMs, count: span.to - span.from };
  run(kernel, call, samples, part, notes, {
    values: output.values.subarray(span.from, span.to),
    present: output.present.subarray(span.from, span.to),
  });
  return span;
}

/** Views of fewer steps are made only where they leave out so many. */
const fewSteps = 32;

/** The steps whose window can hold a sample; all where steps are told apart by more than their time. */
function spanOf({ times, count }: SampleColumns, call: KernelCall, grid: Grid): StepSpan {
  const { startMs, stepMs, count: steps } = grid;
  const whole = { from: 0, to: steps };
  if (steps <= fewSteps || call.extended || call.parameters.some((parameter) => typeof parameter !== 'number'))
    return whole;
  if (!Number.isInteger(startMs) || !Number.isInteger(stepMs) || stepMs <= 0) return whole;
  if (count === 0) return { from: 0, to: 0 };
  const from = Math.max(0, Math.ceil((times[0]! - startMs) / stepMs));
  const to = Math.min(steps, Math.ceil((times[count - 1]! + call.rangeMs - startMs) / stepMs));
  return from < to ? { from, to } : { from: 0, to: 0 };
}

function run(
  kernel: Kernel,
  call: KernelCall,
  samples: SampleColumns,
  grid: Grid,
  notes: KernelNotes,
  output: KernelOutput,
): void {
  const kept = kernel.readsStale ? samples : withoutStale(samples);
  const { beforeMs, afterMs } = reach(call);
  kernel.floats({ call, grid, samples: kept, notes }, windows(kept, grid, beforeMs, afterMs), output);
}
