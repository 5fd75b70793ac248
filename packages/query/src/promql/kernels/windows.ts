import type { Grid, SampleColumns } from '../source.ts';

/** Samples `low[step]` to `high[step] - 1` are inside the window of a step. Valid until the next call of `windows`. */
export interface Windows {
  readonly low: Int32Array;
  readonly high: Int32Array;
}

let scratch = new Int32Array(8192);

/** At `into[at + step]`: how many samples are not later than `startMs + step * stepMs`. */
function writeEdges(
  samples: SampleColumns,
  startMs: number,
  stepMs: number,
  steps: number,
  into: Int32Array,
  at: number,
): void {
  const { times, count } = samples;
  let edge = 0;
  let end = count;
  while (edge < end) {
    const middle = (edge + end) >>> 1;
    if (times[middle]! <= startMs) edge = middle + 1;
    else end = middle;
  }
  into[at] = edge;
  // Samples come at a steady pace: the advance of the step before is nearly always right.
  let advance = 0;
  for (let step = 1; step < steps; step++) {
    const time = startMs + step * stepMs;
    let guess = edge + advance;
    if (guess > count) guess = count;
    if (guess < count && times[guess]! <= time) {
      do guess++;
      while (guess < count && times[guess]! <= time);
    } else {
      while (guess > edge && times[guess - 1]! > time) guess--;
    }
    advance = guess - edge;
    edge = guess;
    into[at + step] = edge;
  }
}

/**
 * The left-open windows `(t - beforeMs, t + afterMs]` of each step. Where `beforeMs` is a multiple of the step the left edges
 * are right edges of earlier steps, so that the samples are passed once.
 */
export function windows(samples: SampleColumns, grid: Grid, beforeMs: number, afterMs = 0): Windows {
  const { startMs, stepMs, count: steps } = grid;
  const shift = stepMs > 0 ? (beforeMs + afterMs) / stepMs : -1;
  const shared = Number.isInteger(shift) && shift >= 0 && shift <= steps;
  const needed = shared ? steps + shift : 2 * steps;
  if (scratch.length < needed) scratch = new Int32Array(needed * 2);
  if (shared) {
    writeEdges(samples, startMs - beforeMs, stepMs, needed, scratch, 0);
    return { low: scratch.subarray(0, steps), high: scratch.subarray(shift, shift + steps) };
  }
  writeEdges(samples, startMs - beforeMs, stepMs, steps, scratch, 0);
  writeEdges(samples, startMs + afterMs, stepMs, steps, scratch, steps);
  return { low: scratch.subarray(0, steps), high: scratch.subarray(steps, 2 * steps) };
}
