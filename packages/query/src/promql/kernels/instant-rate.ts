import { histogramInstantRate } from './histogram-instant-rate.ts';
import type { Kernel } from './kernel.ts';
import { isStartReset } from './start-times.ts';

/** `irate` and `idelta`: the last two samples alone. */
function instantKernel(name: string, rate: boolean): Kernel {
  return {
    name,
    floats({ samples, grid }, { low, high }, output) {
      const { times, values, startTimes } = samples;
      for (let step = 0; step < grid.count; step++) {
        const last = high[step]! - 1;
        const before = last - 1;
        if (before < low[step]!) continue;
        const gap = times[last]! - times[before]!;
        if (gap === 0) continue;
        const reset =
          rate &&
          (values[last]! < values[before]! ||
            (startTimes !== undefined &&
              isStartReset(startTimes[before]!, times[before]!, startTimes[last]!, times[last]!)));
        const difference = reset ? values[last]! : values[last]! - values[before]!;
        output.values[step] = rate ? difference / (gap / 1000) : difference;
        output.present[step] = 1;
      }
    },
    mixed: (window, notes) => histogramInstantRate(window, notes, rate),
  };
}

export const irate = instantKernel('irate', true);
export const idelta = instantKernel('idelta', false);
