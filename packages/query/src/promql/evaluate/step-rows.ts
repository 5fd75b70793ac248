import type { VectorSeries } from './values.ts';

/** The floats of one step: `values[i]` is of member `members[i]`. Valid until the next row. */
export interface StepRow {
  readonly values: Float64Array;
  readonly members: Int32Array;
}

/** As many steps as share a cache line, twice: reading step by step would fetch a line for every value. */
const blockSteps = 16;

/** Goes through the steps of a group that have a float, in order; `onHistogram` is told of others. */
export function eachRow(
  members: readonly VectorSeries[],
  steps: number,
  take: (step: number, row: StepRow) => void,
  onHistogram: () => void,
): void {
  const width = members.length;
  const values = new Float64Array(width * blockSteps);
  const indexes = new Int32Array(width * blockSteps);
  const counts = new Int32Array(blockSteps);
  for (let from = 0; from < steps; from += blockSteps) {
    const length = Math.min(blockSteps, steps - from);
    counts.fill(0);
    for (let index = 0; index < width; index++) {
      const { values: own, present, histograms } = members[index]!;
      for (let at = 0; at < length; at++) {
        if (present[from + at] === 0) continue;
        if (histograms?.[from + at]) {
          onHistogram();
          continue;
        }
        const place = at * width + counts[at]!++;
        values[place] = own[from + at]!;
        indexes[place] = index;
      }
    }
    for (let at = 0; at < length; at++) {
      const count = counts[at]!;
      if (count === 0) continue;
      const start = at * width;
      take(from + at, {
        values: values.subarray(start, start + count),
        members: indexes.subarray(start, start + count),
      });
    }
  }
}
