import type { Subquery } from '../ast.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { withHint } from '../histogram/histogram.ts';
import type { Grid, SampleColumns } from '../source.ts';
import { timeAt } from './evaluation.ts';
import { shiftGrid } from './selectors.ts';
import type { VectorSeries } from './values.ts';

/**
 * The steps of a subquery's inner expression: all multiples of its step within the windows of the outer grid
 * (https://prometheus.io/docs/prometheus/latest/querying/basics/#subquery).
 */
export function subqueryGrid(node: Subquery, grid: Grid, defaultStepMs: number): Grid {
  const shifted = shiftGrid(grid, node.shift, true);
  const stepMs = node.stepMs > 0 ? node.stepMs : defaultStepMs;
  const afterMs = shifted.startMs - node.rangeMs;
  let startMs = stepMs * Math.trunc(afterMs / stepMs);
  if (startMs <= afterMs) startMs += stepMs;
  const endMs = timeAt(shifted, shifted.count - 1);
  return { startMs, stepMs, count: Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1) };
}

/** A series' values as samples of its steps. A histogram's hint says nothing of neighbours that may not be there. */
export function samplesOf({ values, present, histograms }: VectorSeries, grid: Grid): SampleColumns {
  const times = new Float64Array(values.length);
  const kept = new Float64Array(values.length);
  const keptHistograms: (FloatHistogram | undefined)[] = [];
  let count = 0;
  for (let step = 0; step < values.length; step++) {
    if (present[step] === 0) continue;
    times[count] = timeAt(grid, step);
    kept[count] = values[step]!;
    const histogram = histograms?.[step];
    if (histograms) {
      const hint = histogram?.counterResetHint;
      keptHistograms[count] = histogram && (hint === 1 || hint === 2) ? withHint(histogram, 0) : histogram;
    }
    count++;
  }
  return { count, times, values: kept, ...(histograms && { histograms: keptHistograms }) };
}
