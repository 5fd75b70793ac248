import { type FloatsOfWindow, overWindows, sumOf, varianceOf } from './averages.ts';
import { extremeIndex, extremes } from './extremes.ts';
import { type Kernel, type KernelNotes, type MixedWindow, parameterAt } from './kernel.ts';
import { invalidQuantile, medianDeviationOf, quantileOf } from './quantile.ts';
import { ignoredHistograms } from './regression.ts';

/** A kernel that reads floats alone and passes over histograms, saying so. */
function ofFloats(name: string, of: FloatsOfWindow): Kernel {
  return { name, floats: overWindows(of), mixed: onlyFloats((values) => of(values, 0, values.length)) };
}

function onlyFloats(of: (values: readonly number[], window: MixedWindow, notes: KernelNotes) => number) {
  return (window: MixedWindow, notes: KernelNotes): number | undefined => {
    if (window.floats.values.length === 0) return undefined;
    if (window.histograms.values.length > 0) notes.info(ignoredHistograms(notes.metric));
    return of(window.floats.values, window, notes);
  };
}

export const sumFloats = overWindows(sumOf);
export const stddev = ofFloats('stddev_over_time', (values, from, to) => Math.sqrt(varianceOf(values, from, to)));
export const stdvar = ofFloats('stdvar_over_time', varianceOf);
export const mad = ofFloats('mad_over_time', medianDeviationOf);

export const count: Kernel = {
  name: 'count_over_time',
  floats: overWindows((_values, from, to) => to - from),
  mixed: ({ floats, histograms }) => floats.values.length + (histograms.count ?? histograms.values.length),
};

export const present: Kernel = {
  name: 'present_over_time',
  floats: overWindows(() => 1),
  mixed: () => 1,
};

export const first: Kernel = {
  name: 'first_over_time',
  keepsName: true,
  floats: overWindows((values, from) => values[from]!),
  mixed({ floats, histograms }) {
    const histogram = histograms.values[0];
    if (!histogram || (floats.times[0] ?? Infinity) < histograms.times[0]!) return floats.values[0];
    return histogram;
  },
};

export const lastOverTime: Kernel = {
  name: 'last_over_time',
  keepsName: true,
  floats: overWindows((values, _from, to) => values[to - 1]!),
  mixed({ floats, histograms }) {
    const histogram = histograms.values.at(-1);
    if (!histogram || (floats.times.at(-1) ?? -Infinity) > histograms.times.at(-1)!) return floats.values.at(-1);
    return histogram;
  },
};

function extremeKernel(name: string, greatest: boolean, latest: boolean, time: boolean): Kernel {
  return {
    name,
    floats: (input, windows, output) => extremes(input, windows, output, greatest, latest, time),
    mixed: onlyFloats((values, window) => {
      const index = extremeIndex(values, greatest, latest);
      return time ? window.floats.times[index]! / 1000 : values[index]!;
    }),
  };
}
export const max = extremeKernel('max_over_time', true, false, false);
export const min = extremeKernel('min_over_time', false, false, false);
export const tsOfMax = extremeKernel('ts_of_max_over_time', true, true, true);
export const tsOfMin = extremeKernel('ts_of_min_over_time', false, true, true);

export const tsOfFirst: Kernel = {
  name: 'ts_of_first_over_time',
  floats({ samples, grid }, { low, high }, output) {
    for (let step = 0; step < grid.count; step++) {
      if (high[step]! <= low[step]!) continue;
      output.values[step] = samples.times[low[step]!]! / 1000;
      output.present[step] = 1;
    }
  },
  mixed: ({ floats, histograms }) => Math.min(floats.times[0] ?? Infinity, histograms.times[0] ?? Infinity) / 1000,
};

export const tsOfLast: Kernel = {
  name: 'ts_of_last_over_time',
  floats({ samples, grid }, { low, high }, output) {
    for (let step = 0; step < grid.count; step++) {
      if (high[step]! <= low[step]!) continue;
      output.values[step] = samples.times[high[step]! - 1]! / 1000;
      output.present[step] = 1;
    }
  },
  mixed: ({ floats, histograms }) =>
    Math.max(floats.times.at(-1) ?? -Infinity, histograms.times.at(-1) ?? -Infinity) / 1000,
};

function checkQuantile(q: number, notes: KernelNotes): void {
  if (!(q >= 0 && q <= 1)) notes.warn(invalidQuantile(q));
}

export const quantileOverTime: Kernel = {
  name: 'quantile_over_time',
  floats({ samples, grid, call, notes }, { low, high }, output) {
    for (let step = 0; step < grid.count; step++) {
      if (high[step]! <= low[step]!) continue;
      const q = parameterAt(call, 0, step);
      checkQuantile(q, notes);
      output.values[step] = quantileOf(q, samples.values, low[step]!, high[step]!);
      output.present[step] = 1;
    }
  },
  mixed: onlyFloats((values, { call, step }, notes) => {
    const q = parameterAt(call, 0, step);
    checkQuantile(q, notes);
    return quantileOf(q, values, 0, values.length);
  }),
};
