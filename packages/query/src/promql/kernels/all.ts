import { averageFloats } from './averages.ts';
import { changesOfFloats, resetsOfFloats } from './changes.ts';
import { HistogramMean, HistogramSum } from '../histogram/histogram.ts';
import { histogramChanges, histogramResets } from './histogram-changes.ts';
import { histogramTotal } from './histogram-totals.ts';
import { idelta, irate } from './instant-rate.ts';
import type { Kernel } from './kernel.ts';
import { infoTimestamp, last, startTimestamp, timestamp } from './last.ts';
import * as overTime from './over-time.ts';
import { delta, increase, rate } from './rate.ts';
import { deriv, predictLinear } from './regression.ts';
import { doubleExponentialSmoothing } from './smoothing.ts';

/** Every computation over a series' samples, by name: PromQL's range functions, and those of selectors. */
const kernels: readonly Kernel[] = [
  last,
  timestamp,
  infoTimestamp,
  startTimestamp,
  rate,
  increase,
  delta,
  irate,
  idelta,
  deriv,
  predictLinear,
  doubleExponentialSmoothing,
  { name: 'changes', floats: changesOfFloats, mixed: histogramChanges },
  { name: 'resets', floats: resetsOfFloats, mixed: histogramResets },
  {
    name: 'sum_over_time',
    floats: overTime.sumFloats,
    mixed: (window, notes) => histogramTotal(window, notes, HistogramSum),
  },
  {
    name: 'avg_over_time',
    floats: averageFloats,
    mixed: (window, notes) => histogramTotal(window, notes, HistogramMean),
  },
  overTime.count,
  overTime.present,
  overTime.first,
  overTime.lastOverTime,
  overTime.min,
  overTime.max,
  overTime.stddev,
  overTime.stdvar,
  overTime.mad,
  overTime.quantileOverTime,
  overTime.tsOfFirst,
  overTime.tsOfLast,
  overTime.tsOfMin,
  overTime.tsOfMax,
];

export const kernelsByName: ReadonlyMap<string, Kernel> = new Map(kernels.map((kernel) => [kernel.name, kernel]));
