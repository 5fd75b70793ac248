/** One answer out of those of a plan's parts. */
import type { Grid, Labels, ScannedSeries, ScanResult } from '@sightline/query/promql';
import type { PlannedSteps } from './plan.ts';

export interface PartResult {
  readonly part: PlannedSteps;
  readonly result: ScanResult;
}

export function gridOfSteps({ startMs, stepMs }: Grid, { first, count }: PlannedSteps): Grid {
  return { startMs: startMs + first * stepMs, stepMs, count };
}

/** Puts the steps of each series together again; series are in the order in which they are first met. */
export function stitched(parts: readonly PartResult[], steps: number): ScanResult {
  const series = new Map<string, ScannedSeries>();
  for (const { part, result } of parts) {
    for (const one of result.series) {
      const key = keyOf(one.labels);
      let whole = series.get(key);
      if (!whole) {
        whole = { labels: one.labels, values: new Float64Array(steps), present: new Uint8Array(steps) };
        series.set(key, whole);
      }
      whole.values.set(one.values, part.first);
      whole.present.set(one.present, part.first);
      if (!one.histograms) continue;
      const histograms = whole.histograms ?? Array.from({ length: steps });
      for (let step = 0; step < part.count; step++) histograms[part.first + step] = one.histograms[step];
      series.set(key, { ...whole, histograms });
    }
  }
  const annotations = new Map(
    parts.flatMap(({ result }) => result.annotations).map((annotation) => [annotation.message, annotation]),
  );
  return {
    series: [...series.values()],
    reduced: parts.every(({ result }) => result.reduced),
    samples: parts.reduce((sum, { result }) => sum + result.samples, 0),
    annotations: [...annotations.values()],
  };
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
