import type { KernelInput, KernelOutput } from './kernel.ts';
import type { Windows } from './windows.ts';

/** Index of the first of `times[from..to)` for which `after` holds, else `to`. */
export function firstIndex(from: number, to: number, after: (index: number) => boolean): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (after(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** On the line between two samples; a counter that fell began at zero. */
export function interpolate(
  beforeMs: number,
  before: number,
  afterMs: number,
  after: number,
  atMs: number,
  counter: boolean,
): number {
  const from = counter && after < before ? 0 : before;
  return from + ((after - from) * (atMs - beforeMs)) / (afterMs - beforeMs);
}

/** Where an extended window begins and ends: indexes of its boundary samples and the values at its edges. */
export interface ExtendedEdges {
  readonly first: number;
  readonly last: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Edges of an `anchored` or `smoothed` window among samples `low` to `high - 1`
 * (https://prometheus.io/docs/prometheus/latest/querying/basics/#range-vector-selectors); undefined where it holds nothing.
 */
export function extendedEdges(
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  low: number,
  high: number,
  startMs: number,
  endMs: number,
  smoothed: boolean,
  counter: boolean,
): ExtendedEdges | undefined {
  if (high <= low) return undefined;
  let last = high - 1;
  const first = Math.max(low, firstIndex(low, last, (i) => times[i]! > startMs) - 1);
  if (smoothed) last = firstIndex(low, last, (i) => times[i]! >= endMs);
  if (times[last]! <= startMs || (smoothed && times[first]! > endMs)) return undefined;
  const left =
    smoothed && times[first]! < startMs
      ? interpolate(times[first]!, values[first]!, times[first + 1]!, values[first + 1]!, startMs, counter)
      : values[first]!;
  const right =
    smoothed && last > low && times[last]! > endMs
      ? interpolate(times[last - 1]!, values[last - 1]!, times[last]!, values[last]!, endMs, counter)
      : values[last]!;
  return { first, last, left, right };
}

/**
 * `rate`, `increase`, `delta` of `anchored` and `smoothed` windows: no extrapolation, the edges have values. Beyond Prometheus, whose anchored
 * windows do not look at start timestamps yet, an anchored counter that began within the window counts from zero.
 */
export function extendedRate(
  input: KernelInput,
  { low, high }: Windows,
  output: KernelOutput,
  counter: boolean,
  rate: boolean,
): void {
  const { samples, grid, call } = input;
  const { times, values, startTimes } = samples;
  const smoothed = call.extended === 'smoothed';
  for (let step = 0; step < grid.count; step++) {
    const endMs = grid.startMs + step * grid.stepMs;
    const startMs = endMs - call.rangeMs;
    const edges = extendedEdges(times, values, low[step]!, high[step]!, startMs, endMs, smoothed, counter);
    if (!edges) continue;
    // A counter that is known to have begun within the window was zero then: its first value is growth.
    const firstMs = times[edges.first]!;
    const beganMs = counter && !smoothed && firstMs > startMs ? (startTimes?.[edges.first] ?? 0) : 0;
    const left = beganMs >= startMs && beganMs > 0 && beganMs < firstMs ? 0 : edges.left;
    let result = edges.right - left;
    if (counter) {
      const from = times[edges.first]! <= startMs ? edges.first + 1 : edges.first;
      const to = times[edges.last]! >= endMs ? edges.last - 1 : edges.last;
      let previous = left;
      for (let i = from; i <= to; i++) {
        if (values[i]! < previous) result += previous;
        previous = values[i]!;
      }
      if (edges.right < previous) result += previous;
    }
    output.values[step] = rate ? result / (call.rangeMs / 1000) : result;
    output.present[step] = 1;
  }
}
